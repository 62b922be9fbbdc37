"""Who is acting, and under which request: carried beside the call, for events, audit and logs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_actor: ContextVar[str] = ContextVar("actor", default="system")
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def actor_name() -> str:
    """`staff:E0001`, `openid:…`, `reaction:…` or `system`; never a person's name or phone."""
    return _actor.get()


def request_id() -> str | None:
    return _request_id.get()


def set_actor(name: str) -> None:
    """For the rest of this request or job."""
    _actor.set(name[:80])


def set_request_id(value: str | None) -> None:
    _request_id.set(value)


@contextmanager
def acting(name: str) -> Iterator[None]:
    """Act under a name for the length of a block."""
    token = _actor.set(name[:80])
    try:
        yield
    finally:
        _actor.reset(token)

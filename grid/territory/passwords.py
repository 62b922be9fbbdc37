"""Passwords: argon2id in two threads of their own, so that a flood of guesses starves nothing."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from grid.kit.refusals import TemporarilyUnavailable

#: OWASP's memory-lean profile of argon2id: 19 MiB, two passes, one lane; about 30 ms here.
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, type=Type.ID)
#: The hash of a random password that nobody knows: unknown names cost the same work.
UNKNOWN_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$1qf2VZBlD9unJiFv1rpKrQ"
    "$nEQS1rHXR5NSH7+KZXmT4vbxUjsNFHKP9//FV0RsbWY"
)
#: Verifications that may wait for a thread; at 30 ms each the last one waits about a second.
WAITING_MAX = 64
#: Letters and digits that people do not mix up on paper.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"

T = TypeVar("T")

_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


class _Queue:
    waiting: int = 0


async def verify(password_hash: str, password: str) -> bool:
    """Whether the password fits. Raises TemporarilyUnavailable when too many wait already."""
    return await _in_thread(_fits, password_hash, password)


async def hashed(password: str) -> str:
    """The argon2id hash to store. Raises TemporarilyUnavailable when too many wait already."""
    return await _in_thread(HASHER.hash, password)


def new_password() -> str:
    """A first password of 12 readable characters (59 bits), to be changed at the first sign-in."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(3))


def _fits(password_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


async def _in_thread(work: Callable[..., T], *args: str) -> T:
    if _Queue.waiting >= WAITING_MAX:
        raise TemporarilyUnavailable("登录的人太多,请稍后再试", waiting_max=WAITING_MAX)
    _Queue.waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, work, *args)
    finally:
        _Queue.waiting -= 1

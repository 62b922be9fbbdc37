"""Who asks in a browser: a signed cookie that names a session, and proof that our page asks.

The cookie holds nothing but the session's id; the session row is read on every request, so a
disabled person's page ends at once. A new sign-in always makes a new session: a cookie planted
before it is worth nothing afterwards.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.middleware.authentication import (
    AbstractAuthenticationMiddleware,
    AuthenticationResult,
)

from backend.console.forms import fields_of
from backend.keys import Key
from backend.settings import settings
from grid.kit import context
from grid.kit.refusals import NotSignedIn, Refusal
from grid.territory.policies import CONSOLE_SESSION
from grid.territory.sign_in import load_actor
from grid.territory.types import Audience, StaffActor

#: A request of somebody who is signed in to the console.
ConsoleRequest: TypeAlias = Request[StaffActor, Any, Any]

COOKIE = "wangge_console"
#: Names the browser in the person's device list, and binds the form of the sign-in page to it.
DEVICE_COOKIE = "wangge_console_device"
#: The field of a form, and the header of a fetch, that carry the proof.
TOKEN_FIELD = "csrf_token"  # noqa: S105 - the name of a field
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105 - the name of a header
#: Pages that somebody with a first password may see.
FIRST_PASSWORD_PATHS = frozenset({"/console/password", "/console/sign-out"})

_PATH = "/console"
_DEVICE_AGE_S = 365 * 86400
_DEVICE = re.compile(r"^[A-Za-z0-9_-]{22}$")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class PasswordMustChange(Refusal):
    """The first password allows nothing but being changed."""

    status = 403
    title = "请先修改初始密码"


class FormExpired(Refusal):
    """The form is older than the sign-in, or another site sent it."""

    status = 403
    title = "页面已过期或来源不明，请返回刷新后再提交"


class ConsoleAuthentication(AbstractAuthenticationMiddleware):
    """The session cookie to the StaffActor in `request.user`."""

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        session_id = session_of(connection)
        actor = None if session_id is None else await load_actor(session_id)
        if actor is None or actor.audience is not Audience.CONSOLE:
            raise NotSignedIn()
        context.set_actor(actor.subject)
        path = connection.scope["path"].rstrip("/")
        if actor.must_change_password and path not in FIRST_PASSWORD_PATHS:
            raise PasswordMustChange()
        return AuthenticationResult(user=actor, auth=session_id)


def session_of(connection: ASGIConnection[Any, Any, Any, Any]) -> UUID | None:
    """The session that the request's cookie names, or None for a missing or forged one."""
    value = connection.cookies.get(COOKIE, "")
    if len(value) > 300 or value.count(".") < 2:
        return None
    text, signature = value.rsplit(".", 1)
    kid, hexadecimal = text.rsplit(".", 1)
    key = settings().cookie_keys.find(kid)
    if key is None or not hmac.compare_digest(_sign(key, f"session:{text}"), signature.encode()):
        return None
    try:
        return UUID(hex=hexadecimal)
    except ValueError:
        return None


def session_cookie(session_id: UUID) -> Cookie:
    """The cookie of a fresh session."""
    key = settings().cookie_keys.signing
    text = f"{key.kid}.{session_id.hex}"
    value = f"{text}.{_sign(key, f'session:{text}').decode()}"
    return _cookie(COOKIE, value, int(CONSOLE_SESSION.total_seconds()))


def no_session_cookie() -> Cookie:
    """What takes the cookie out of the browser."""
    return _cookie(COOKIE, "", 0)


def device_of(request: Request[Any, Any, Any]) -> str | None:
    """What the browser calls itself, or None when it has no usable name yet."""
    name = request.cookies.get(DEVICE_COOKIE, "")
    return name if _DEVICE.match(name) else None


def new_device() -> str:
    """A fresh name for a browser."""
    return secrets.token_urlsafe(16)


def device_cookie(name: str) -> Cookie:
    """The cookie by which a browser is known again."""
    return _cookie(DEVICE_COOKIE, name, _DEVICE_AGE_S)


def form_token(holder: str) -> str:
    """The proof that a form was made for `holder` (a session's id or a browser's name)."""
    key = settings().cookie_keys.signing
    return f"{key.kid}.{_sign(key, f'form:{holder}').decode()}"


async def require_own_page(request: Request[Any, Any, Any]) -> None:
    """Before every request that may write: it comes from a page of ours. Raises FormExpired."""
    if request.method in _SAFE_METHODS:
        return
    session_id = request.scope.get("auth")
    holder = device_of(request) if session_id is None else str(session_id)
    shown = request.headers.get(TOKEN_HEADER)
    if shown is None:
        shown = (await fields_of(request)).get(TOKEN_FIELD, "")
    if holder is None or not _same_site(request) or not _token_fits(shown, holder):
        raise FormExpired()


def _same_site(request: Request[Any, Any, Any]) -> bool:
    """Browsers say where a request comes from; programs that say nothing still need the token."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    ours = {urlsplit(settings().base_url).netloc, request.headers.get("Host", "")}
    return urlsplit(origin).netloc in ours


def _token_fits(shown: str, holder: str) -> bool:
    kid, _, signature = shown.rpartition(".")
    key = settings().cookie_keys.find(kid)
    return key is not None and hmac.compare_digest(
        _sign(key, f"form:{holder}"), signature.encode("utf-8", "replace")
    )


def _sign(key: Key, text: str) -> bytes:
    digest = hmac.digest(key.secret.reveal().encode(), text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=")


def _cookie(name: str, value: str, age_s: int) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        path=_PATH,
        max_age=age_s,
        httponly=True,
        secure=settings().base_url.startswith("https://"),
        samesite="strict",
    )

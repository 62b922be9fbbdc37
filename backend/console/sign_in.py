"""Signing in and out of the console, and changing a password.

Without a script the page asks for all three things again when the code is missing: the password is
never sent back to a browser. With a script the password stays in its field and only the code is
asked for.
"""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Redirect

from backend.console.forms import command_of, fields_of
from backend.console.pages import public_page
from backend.console.problems import SIGN_IN, wants_page
from backend.console.session import (
    ConsoleRequest,
    device_cookie,
    device_of,
    form_token,
    new_device,
    no_session_cookie,
    session_cookie,
    session_of,
)
from backend.http.budgets import budgets
from backend.http.staff import PUBLIC
from grid.kit.refusals import Refusal
from grid.territory import sign_in as verbs
from grid.territory.types import Audience, SignedIn, SignIn

#: Sign-in tries from one address in a minute, over all names; the lock per name is the room's.
_TRIES_PER_MINUTE = 30
_HOME = "/console"
_WORDS = {"employee_no": "工号", "password": "密码", "code": "动态口令"}

_RequestAny = Request[Any, Any, Any]


class _Location(msgspec.Struct, frozen=True):
    location: str


@get("/sign-in", opt={PUBLIC: True}, include_in_schema=False)
async def sign_in_page(request: _RequestAny) -> Response[Any]:
    """The form; somebody who is signed in already goes on."""
    wanted = safe_next(request.query_params.get("next"))
    session_id = session_of(request)
    actor = None if session_id is None else await verbs.load_actor(session_id)
    if actor is not None and actor.audience is Audience.CONSOLE:
        return Redirect(wanted, status_code=303)
    return _form(request, 200, wanted)


@post("/sign-in", opt={PUBLIC: True}, include_in_schema=False)
async def sign_in(request: _RequestAny) -> Response[Any]:
    """Open a session and set its cookie; whatever session the browser had before ends."""
    address = request.client.host if request.client else "unknown"
    fields = await fields_of(request)
    wanted = safe_next(fields.get("next"))
    try:
        await budgets().need("console_sign_in", address, _TRIES_PER_MINUTE, 60)
        signed_in = await _signed_in(request, fields)
    except Refusal as refusal:
        if not wants_page(request):
            raise
        return _form(request, refusal.status, wanted, fields.get("employee_no", ""), refusal)
    await _end_session_before(request, signed_in)
    answer: Response[Any] = (
        Redirect(wanted, status_code=303)
        if wants_page(request)
        else Response(_Location(wanted), status_code=200)
    )
    answer.set_cookie(session_cookie(signed_in.session_id))
    return answer


async def _signed_in(request: _RequestAny, fields: dict[str, str]) -> SignedIn:
    device = device_of(request)
    given = {name: fields[name] for name in _WORDS if name in fields}
    command = command_of(SignIn, {**given, "device_id": device or new_device()}, _WORDS)
    agent = request.headers.get("User-Agent", "")[:200] or None
    return await verbs.sign_in(command, Audience.CONSOLE, agent)


async def _end_session_before(request: _RequestAny, signed_in: SignedIn) -> None:
    session_id = session_of(request)
    if session_id is None or session_id == signed_in.session_id:
        return
    before = await verbs.load_actor(session_id)
    if before is not None:
        await verbs.sign_out(before)


@post("/sign-out", status_code=303, include_in_schema=False)
async def sign_out(request: ConsoleRequest) -> Redirect:
    """End the session here."""
    await verbs.sign_out(request.user)
    answer = Redirect(SIGN_IN, status_code=303)
    answer.set_cookie(no_session_cookie())
    return answer


def safe_next(wanted: str | None) -> str:
    """Where to go after signing in: a page of the console, or its board."""
    if wanted is None or len(wanted) > 400 or not wanted.isprintable():
        return _HOME
    ours = wanted == _HOME or wanted.startswith((f"{_HOME}/", f"{_HOME}?"))
    return wanted if ours and "\\" not in wanted and "//" not in wanted else _HOME


def _form(
    request: _RequestAny,
    status: int,
    wanted: str,
    employee_no: str = "",
    refusal: Refusal | None = None,
) -> Response[str]:
    device = device_of(request)
    shown = device or new_device()
    answer = public_page(
        request,
        "sign_in.html",
        status,
        form_token=form_token(shown),
        employee_no=employee_no,
        wanted=wanted,
        problem=None if refusal is None else refusal.detail,
        code_asked=isinstance(refusal, verbs.SecondFactorNeeded),
    )
    if device is None:
        answer.set_cookie(device_cookie(shown))
    return answer


#: The routes of these pages.
ROUTES = (
    sign_in_page,
    sign_in,
    sign_out,
)

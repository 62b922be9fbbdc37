"""Errors on the console: a readable page for people, the one problem shape for scripts."""

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap

from backend.console.pages import public_page
from backend.console.session import TOKEN_HEADER, PasswordMustChange
from backend.http.problems import EXCEPTION_HANDLERS, refused
from grid.kit.refusals import NotFound, NotSignedIn

SIGN_IN = "/console/sign-in"
_PASSWORD = "/console/password"  # noqa: S105 - an address

_RequestAny = Request[Any, Any, Any]


def wants_page(request: _RequestAny) -> bool:
    """Whether a person waits for a page; our scripts always show their token."""
    return (
        "text/html" in request.headers.get("Accept", "")
        and TOKEN_HEADER.lower() not in request.headers
    )


def _for_people(handler: Any) -> Any:
    """The same answer as a page, when a person asks."""

    def answer(request: _RequestAny, error: Exception) -> Response[Any]:
        found: Response[bytes] = handler(request, error)
        if not wants_page(request):
            return found
        body = msgspec.json.decode(found.content)
        page = public_page(
            request,
            "error.html",
            found.status_code or 500,
            title=body["title"],
            detail=body["detail"],
            request_id=body["request_id"],
            code=body["code"],
        )
        if "Retry-After" in found.headers:
            page.headers["Retry-After"] = found.headers["Retry-After"]
        return page

    return answer


def not_signed_in(request: _RequestAny, error: NotSignedIn) -> Response[Any]:
    """To the sign-in page and back to where somebody wanted to go."""
    if not wants_page(request):
        return refused(request, error)
    target = SIGN_IN
    if request.method == "GET" and request.scope["path"].startswith("/console/"):
        query = request.scope["query_string"].decode("latin-1")
        wanted = request.scope["path"] + (f"?{query}" if query else "")
        target = f"{SIGN_IN}?next={quote(wanted, safe='')}" if len(wanted) < 400 else SIGN_IN
    return Redirect(target, status_code=303)


def password_must_change(request: _RequestAny, error: PasswordMustChange) -> Response[Any]:
    """To the page on which the first password is changed."""
    return Redirect(_PASSWORD, status_code=303) if wants_page(request) else refused(request, error)


def by_address(handler: Any) -> Any:
    """For what no router took: a page under `/console`, the one problem shape elsewhere."""
    for_people = _for_people(refused)

    def answer(request: _RequestAny, error: Exception) -> Any:
        if request.scope["path"].startswith("/console") and wants_page(request):
            return for_people(request, NotFound("没有这个页面"))
        return handler(request, error)

    return answer


CONSOLE_EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    **{kind: _for_people(handler) for kind, handler in EXCEPTION_HANDLERS.items()},
    NotSignedIn: not_signed_in,
    PasswordMustChange: password_must_change,
}

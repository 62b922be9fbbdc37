"""Every error of every route is one shape: `application/problem+json` (RFC 9457).

`{type, title, status, detail, code, request_id}` and small facts such as `field`. An unexpected
error says nothing of its inside; the log holds its kind and place under the same request id.
"""

import re
from http import HTTPStatus
from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from grid.kit import context
from grid.kit.faults import fault_place, fault_words
from grid.kit.refusals import Refusal

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger()


class Problem(msgspec.Struct, kw_only=True):
    """What every error looks like; `field` names a bad input, other facts may stand beside."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None
    field: str | None = None


#: PostgreSQL or the pool cannot serve now: the client may try the same again.
_BUSY: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What asyncpg itself says when its connection dies in the middle of a conversation.
    asyncpg.InternalClientError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.TooManyConnectionsError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    OSError,
    TimeoutError,
)


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    facts: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """An answer in the one shape."""
    body = {
        "type": f"urn:wangge:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": context.request_id(),
        **{key: value for key, value in (facts or {}).items() if key not in _RESERVED},
    }
    return Response(
        msgspec.json.encode(body), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )


#: msgspec names a missing or unknown field only in its sentence.
_NAMED = re.compile(r"(?:missing required|contains unknown) field `([^`]+)`")
_RESERVED = frozenset({"type", "title", "status", "detail", "code", "request_id"})
_RequestAny = Request[Any, Any, Any]


def refused(_: _RequestAny, refusal: Refusal) -> Response[bytes]:
    """A refusal of the business, named for its fact."""
    headers = {"WWW-Authenticate": "Bearer"} if refusal.status == 401 else None
    return problem(
        refusal.status, refusal.code, refusal.title, refusal.detail, dict(refusal.facts), headers
    )


def invalid(request: _RequestAny, error: ValidationException) -> Response[bytes]:
    """A body or parameter that does not fit; the first bad field is named."""
    first = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    words = str(first.get("message") or error.detail)
    named = _NAMED.search(words)
    field = named[1] if named else str(first.get("key") or first.get("source") or "body")
    facts = {"field": field, "errors": error.extra if isinstance(error.extra, list) else []}
    return problem(400, "invalid", "填写的内容不正确", f"{field}: {words}", facts)


def http_error(request: _RequestAny, error: HTTPException) -> Response[bytes]:
    """Litestar's own: 404, 405, 413, malformed bodies, a body that ends in the middle."""
    cut_off = error.detail == _CUT_OFF
    status = HTTPStatus.BAD_REQUEST if cut_off else HTTPStatus(error.status_code)
    code = _CODES.get(status, status.name.lower())
    headers = {key: value for key, value in (error.headers or {}).items() if key.lower() == "allow"}
    detail = _DETAILS.get(status, error.detail if status < 500 else "")
    return problem(status, code, status.phrase, detail or status.phrase, None, headers)


#: Litestar's word for a client that left in the middle of its body: no fault of ours.
_CUT_OFF = "client disconnected prematurely"
_CODES = {
    HTTPStatus.BAD_REQUEST: "invalid",
    HTTPStatus.UNAUTHORIZED: "not_signed_in",
    HTTPStatus.FORBIDDEN: "not_allowed",
}
_DETAILS = {
    HTTPStatus.NOT_FOUND: "没有这个地址",
    HTTPStatus.METHOD_NOT_ALLOWED: "这个地址不支持这种请求方法",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "请求内容过大",
}


def unstorable(_: _RequestAny, error: Exception) -> Response[bytes]:
    """Text that PostgreSQL cannot hold (NUL, half a surrogate) or a number out of its range."""
    log.info("unstorable_value", error=type(error).__name__)
    return problem(
        400, "invalid", "填写的内容不正确", "内容中有无法保存的字符或数值", {"field": "body"}
    )


def too_deep(_: _RequestAny, error: RecursionError) -> Response[bytes]:
    """JSON that is nested deeper than anything of ours."""
    return problem(400, "invalid", "填写的内容不正确", "内容嵌套过深", {"field": "body"})


def busy(request: _RequestAny, error: Exception) -> Response[bytes]:
    """The database does not answer in time: nothing was changed, or the key tells."""
    log.warning("database_busy", path=request.scope["path"], error=fault_words(error))
    return problem(
        503,
        "temporarily_unavailable",
        "系统暂时不可用",
        "请稍后再试",
        None,
        {"Retry-After": "2"},
    )


def unexpected(request: _RequestAny, error: Exception) -> Response[bytes]:
    """Anything else is our mistake: 500 without inner text, logged with kind and place."""
    log.error(
        "unexpected_error",
        path=request.scope["path"],
        error=fault_words(error),
        place=fault_place(error),
    )
    return problem(500, "unexpected", "系统出错", "系统出错了,请稍后再试或联系运维人员")


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    Refusal: refused,
    ValidationException: invalid,
    HTTPException: http_error,
    RecursionError: too_deep,
    asyncpg.DataError: unstorable,
    UnicodeError: unstorable,
    Exception: unexpected,
    **dict.fromkeys(_BUSY, busy),
}

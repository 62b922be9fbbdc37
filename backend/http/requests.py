"""Around every request: an id, the log line, and refusal of bytes that nothing of ours contains."""

import re
import time
from typing import Any

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from grid.kit import context
from grid.kit.ids import new_id

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
#: Paths that are asked every few seconds and would drown the log.
_QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})


def requests_middleware(app: ASGIApp) -> ASGIApp:
    """Give the request an id, answer with it, and log path template, method, status and time.

    Bodies, query strings, headers and cookies are never logged.
    """

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        request_id = _request_id(scope)
        context.set_request_id(request_id)
        context.set_actor("nobody")
        started = time.perf_counter()
        seen: dict[str, Any] = {"status": 499}

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                headers = MutableScopeHeaders.from_message(message)
                headers["X-Request-Id"] = request_id
                # Answers hold tokens and personal data: nothing keeps one unless it says it may.
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        try:
            await app(scope, receive, send_with_id)
        finally:
            if scope["path"] not in _QUIET:
                log.info(
                    "request",
                    method=scope["method"],
                    path=scope.get("path_template") or "(none)",
                    status=seen["status"],
                    ms=round((time.perf_counter() - started) * 1000, 1),
                    request_id=request_id,
                    actor=context.actor_name(),
                )

    return middleware


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if _REQUEST_ID.match(given):
                return given
    return str(new_id())

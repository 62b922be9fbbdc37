"""The platform's interface: one gate that checks what is common, then one function per path."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from litestar import Request, Response

from bot.simulator.errors import PlatformError
from bot.simulator.faults import OrderFault
from bot.simulator.world import World

LARGEST_JSON_BYTES = 256 * 1024
AnyRequest = Request[Any, Any, Any]
Act = Callable[[World, AnyRequest], Awaitable[Any]]


@dataclass(slots=True, frozen=True)
class Endpoint:
    """One path: its method, whether it needs an access token, the quota it draws on."""

    method: Literal["GET", "POST", "ANY"]
    act: Act
    needs_token: bool = True
    quota: str | None = None


async def read_json(request: AnyRequest) -> dict[str, Any]:
    """The body as a JSON object; PlatformError 44002 when empty, 47001 when malformed."""
    body = await request.body()
    if not body.strip():
        raise PlatformError(44002)
    if len(body) > LARGEST_JSON_BYTES:
        raise PlatformError(47001, "too large")
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PlatformError(47001) from error
    if not isinstance(document, dict):
        raise PlatformError(47001)
    return document


def string_in(document: dict[str, Any], key: str, *, code: int = 47001) -> str:
    """A non-empty string member; PlatformError `code` otherwise."""
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise PlatformError(code)
    return value


async def pass_gate(
    world: World, request: AnyRequest, path: str, endpoint: Endpoint
) -> Response[Any]:
    """Answer one call as the platform would: errors are HTTP 200 with `errcode`."""
    world.calls[path] += 1
    try:
        broken = await _misbehave(world, path)
        if broken is not None:
            return broken
        answer = await _allowed(world, request, endpoint)
    except PlatformError as error:
        world.errors[str(error.code)] += 1
        return as_json(error.body())
    return answer if isinstance(answer, Response) else as_json(answer)


def as_json(document: Any) -> Response[bytes]:
    """The platform's content type is not the usual one; clients must cope."""
    return Response(
        msgspec.json.encode(document),
        status_code=200,
        media_type="application/json; encoding=utf-8",
    )


async def _allowed(world: World, request: AnyRequest, endpoint: Endpoint) -> Any:
    if endpoint.method != "ANY" and request.method != endpoint.method:
        raise PlatformError(43001 if endpoint.method == "GET" else 43002)
    if endpoint.needs_token:
        world.tokens.check(request.query_params.get("access_token"))
    if endpoint.quota is not None:
        world.quotas.spend(endpoint.quota)
    return await endpoint.act(world, request)


async def _misbehave(world: World, path: str) -> Response[Any] | None:
    """Carry out the faults ordered for this call; None when the call goes on."""
    for order in world.faults.take(path):
        if order.kind == "latency":
            await asyncio.sleep(order.value / 1000)
        else:
            return _broken(order)
    return None


def _broken(order: OrderFault) -> Response[Any]:
    if order.kind == "errcode":
        raise PlatformError(order.value, "ordered")
    if order.kind == "http_status":
        return Response(b"", status_code=order.value, media_type="text/plain")
    page = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
    if order.kind == "html":
        return Response(page, status_code=200, media_type="text/html")
    # A promised body that never comes whole: the server cuts the connection.
    return CutOff(b'{"errc', status_code=200, media_type="application/json")


class CutOff(Response[bytes]):
    """A response that ends in the middle, so that the web server closes the connection."""

    def to_asgi_response(self, *arguments: Any, **options: Any) -> Any:
        """The usual start, half of the body, and then nothing."""
        return _cut_off


async def _cut_off(_scope: Any, _receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"errc', "more_body": True})

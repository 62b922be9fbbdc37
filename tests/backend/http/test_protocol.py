"""A request that does not arrive: too big a head, too slow a visitor. On a real socket."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from backend.http import protocol
from backend.http.protocol import HEAD_MAX_BYTES, BoundedProtocol

_HEAD = b"POST /x HTTP/1.1\r\nHost: x\r\n"


async def _counting(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answers with the number of bytes of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": False})
    await send({"type": "http.response.body", "body": str(size).encode(), "more_body": False})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server whose visitors have a second to say what they want."""
    monkeypatch.setattr(protocol, "ARRIVAL_MAX_S", 1.0)
    config = uvicorn.Config(_counting, port=0, http=BoundedProtocol, ws="none", log_config=None)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


async def _said(port: int, *pieces: bytes) -> bytes:
    """Everything the server says to these bytes until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.transport.abort()


async def test_headers_without_end_are_refused(port: int) -> None:
    # The last piece is small, so that nothing unread is left when the server hangs up.
    answer = await _said(port, _HEAD + b"X: " + b"a" * HEAD_MAX_BYTES, b"aaa")
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_headers_within_the_limit_and_a_big_body_pass(port: int) -> None:
    size = 8 * HEAD_MAX_BYTES
    head = _HEAD + b"X: " + b"a" * (HEAD_MAX_BYTES // 2) + b"\r\nConnection: close\r\n"
    whole = head + b"Content-Length: %d\r\n\r\n" % size + b"b" * size
    assert b"\r\n%d\r\n" % size in await _said(port, whole)


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        (b"", b"HTTP/1.1 408 "),
        (b"\r\n", b"HTTP/1.1 408 "),
        (_HEAD, b"HTTP/1.1 408 "),
        (_HEAD + b"Content-Length: 10\r\n\r\nabc", b""),
    ],
)
async def test_who_does_not_go_on_is_hung_up(port: int, told: bytes, answer: bytes) -> None:
    assert (await _said(port, told)).startswith(answer)


async def test_a_connection_serves_one_request_after_the_other(port: int) -> None:
    request = _HEAD + b"Content-Length: 3\r\n\r\nabc"
    last = _HEAD + b"Connection: close\r\nContent-Length: 4\r\n\r\nabcd"
    answer = await _said(port, request, request, last)
    assert answer.count(b"HTTP/1.1 200 OK") == 3

"""HTTP/1.1 as uvicorn reads it, with a limit on how long and how big a request's arrival may be.

httptools itself takes headers without end and waits for them for ever: one visitor could fill the
memory of a process, and many could hold its connections, before any guard of ours is asked.
"""

from asyncio import TimerHandle, Transport

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

#: Bytes of request line and headers together; what arrives in one piece may pass it by that piece.
HEAD_MAX_BYTES = 64 * 1024
#: Seconds from a request's first byte, or from the connection, to its last. The largest body in
#: that time is 140 kbit/s, which a phone on the old network reaches.
ARRIVAL_MAX_S = 60.0


class BoundedProtocol(HttpToolsProtocol):
    """Ends a connection whose request does not arrive within the limits."""

    _in_head = True
    _head_bytes = 0
    _arrival: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_arrival()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._await_arrival()
        super().data_received(data)
        if self._in_head and self._arrival is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_MAX_BYTES and not self.transport.is_closing():
                self._refuse(431)

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self._await_arrival()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self._arrived()
        super().on_message_complete()

    def _await_arrival(self) -> None:
        if self._arrival is None:
            self._arrival = self.loop.call_later(ARRIVAL_MAX_S, self._too_late)

    def _arrived(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _too_late(self) -> None:
        self._arrival = None
        if self.transport.is_closing():
            return
        if self._in_head:
            self._refuse(408)
        else:
            self.transport.close()

    def _refuse(self, status: int) -> None:
        self.transport.write(
            STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n"
        )
        self.transport.close()

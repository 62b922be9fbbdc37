"""Live hints: "read again", pushed to boards and phones as server-sent events.

A hint holds ids and a version, never personal data. Hints travel through Valkey's publish and
subscribe and may be lost; after a lost connection every stream gets `resync`, and clients read
again. Streams of a person who was disabled, or of a session that ended, end at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis

from grid.kit.refusals import TooMany
from grid.territory.authority import Action, visible
from grid.territory.service import grid_ids_of_stations
from grid.territory.sign_in import load_actor
from grid.territory.types import StaffActor

#: The channel that the relay publishes to.
CHANNEL = "wangge:live"
#: Silence after which a stream shows that it lives, and its session is looked at again.
HEARTBEAT_S = 10.0
#: Hints that may wait for a slow client before it is told to read everything again.
_QUEUE = 100
#: Streams one process serves, and one person may hold.
STREAMS_MAX = 2000
STREAMS_PER_PERSON = 6

log = structlog.get_logger()


class _Hint(msgspec.Struct):
    kind: str
    body: dict[str, Any]


class _Stream:
    """One open stream and what its reader may hear of."""

    def __init__(self, actor: StaffActor, everything: bool, grid_ids: frozenset[str]) -> None:
        self.actor = actor
        self.everything = everything
        self.grid_ids = grid_ids
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE)

    def hears(self, body: dict[str, Any]) -> bool:
        mine = body.get("staff_id") == str(self.actor.staff_id)
        return self.everything or mine or body.get("grid_id") in self.grid_ids

    def put(self, message: bytes | None) -> None:
        try:
            self.waiting.put_nowait(message)
        except asyncio.QueueFull:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.waiting.put_nowait(_message("resync", {}))


class Hub:
    """The streams of one process, fed by one subscription."""

    def __init__(self) -> None:
        self._streams: set[_Stream] = set()
        self._stopping = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    async def start(self, redis_url: str) -> None:
        self._stopping.clear()
        self._listener = asyncio.create_task(self._listen(redis_url))

    async def stop(self) -> None:
        self.end_all()
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener

    def end_all(self) -> None:
        """End every stream; called by the signal handler before the server waits for requests."""
        self._stopping.set()
        for stream in list(self._streams):
            stream.put(None)

    def count(self) -> int:
        return len(self._streams)

    async def stream(self, actor: StaffActor) -> AsyncIterator[bytes]:
        """The messages of one reader until the session ends or the process stops."""
        reach = visible(actor, Action.READ_WORK_ORDERS)
        of_stations = await grid_ids_of_stations(reach.station_ids)
        grids = frozenset(str(grid) for grid in (*of_stations, *reach.grid_ids))
        if self._is_full_for(actor):
            raise TooMany("打开的实时连接太多", limit=STREAMS_PER_PERSON)
        return self._messages(_Stream(actor, reach.everything, grids))

    def _is_full_for(self, actor: StaffActor) -> bool:
        own = sum(other.actor.staff_id == actor.staff_id for other in self._streams)
        return own >= STREAMS_PER_PERSON or len(self._streams) >= STREAMS_MAX

    async def _messages(self, stream: _Stream) -> AsyncIterator[bytes]:
        # Asked again: many that were opened in one moment all found room a moment ago.
        if self._is_full_for(stream.actor):
            return
        self._streams.add(stream)
        try:
            yield _message("resync", {})
            while not self._stopping.is_set():
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        message = await stream.waiting.get()
                except TimeoutError:
                    if await load_actor(stream.actor.session_id) is None:
                        return
                    yield b": alive\n\n"
                    continue
                if message is None:
                    return
                yield message
        finally:
            self._streams.discard(stream)

    async def _listen(self, redis_url: str) -> None:
        """Subscribe for ever; a lost connection is made anew, and readers are told to resync."""
        wait_s, lost = 0.1, False
        while not self._stopping.is_set():
            client: Redis = Redis.from_url(
                redis_url, socket_connect_timeout=2, socket_keepalive=True
            )
            try:
                async with client.pubsub() as subscription:
                    await subscription.subscribe(CHANNEL)
                    wait_s = 0.1
                    if lost:
                        self._tell_all(_message("resync", {}))
                        log.info("live_subscription_back")
                    lost = False
                    async for message in subscription.listen():
                        if message["type"] == "message":
                            self._hear(message["data"])
            except asyncio.CancelledError:
                raise
            except Exception as error:
                if not lost:
                    log.warning("live_subscription_lost", error=type(error).__name__)
                lost = True
            finally:
                with suppress(Exception):
                    await client.aclose()
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, 2.0)

    def _tell_all(self, message: bytes) -> None:
        for stream in list(self._streams):
            stream.put(message)

    def _hear(self, data: bytes) -> None:
        try:
            hint = msgspec.json.decode(data, type=_Hint)
        except msgspec.MsgspecError:
            log.warning("live_hint_unreadable")
            return
        if hint.kind in ("territory.StaffDisabled", "territory.SessionEnded"):
            self._end_streams_of(hint.body)
            return
        if not hint.kind.startswith("work_orders.") or _is_kept_quiet(hint.body):
            return
        message = _message("hint", _shown(hint))
        for stream in list(self._streams):
            if stream.hears(hint.body):
                stream.put(message)

    def _end_streams_of(self, body: dict[str, Any]) -> None:
        session_id = body.get("session_id")
        for stream in list(self._streams):
            of_session = session_id == str(stream.actor.session_id)
            of_person = session_id is None and body.get("staff_id") == str(stream.actor.staff_id)
            if of_session or of_person:
                stream.put(None)


def _is_kept_quiet(body: dict[str, Any]) -> bool:
    """Nobody hears live that a complaint or a tip-off exists: it may be about who listens (W5)."""
    return bool(body.get("sealed")) or body.get("kind") in ("complaint", "tip_off")


def _shown(hint: _Hint) -> dict[str, Any]:
    """What a reader gets: the kind, the ids and the version."""
    kind = hint.kind.split(".", 1)[1]
    keep = ("work_order_id", "ticket_id", "version", "event", "state")
    return {"kind": kind, **{key: hint.body[key] for key in keep if key in hint.body}}


def _message(event: str, data: dict[str, Any]) -> bytes:
    return f"event: {event}\ndata: {msgspec.json.encode(data).decode()}\n\n".encode()


HUB = Hub()


def stop_streams() -> None:
    """End every open stream of this process, so that an ordered stop does not wait for them."""
    HUB.end_all()

"""What every customer received and wrote: the chat page and `/control/messages` read it."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from bot.simulator.clock import VirtualClock, iso

TOTAL_MESSAGES = 200_000

Direction = Literal["received", "sent"]


@dataclass(slots=True, frozen=True)
class Message:
    """One message; `via` says how it came: reply, custom, template, subscribe, platform, push."""

    id: int
    openid: str
    at_s: float
    direction: Direction
    type: str
    via: str
    fields: dict[str, Any]
    raw: Any

    def view(self) -> dict[str, Any]:
        """The item of `/control/messages`: the fixed keys and those of the message's type."""
        return {
            "id": self.id,
            "openid": self.openid,
            "at": iso(self.at_s),
            "direction": self.direction,
            "type": self.type,
            "via": self.via,
            **self.fields,
            "raw": self.raw,
        }


class Mailbox:
    """Bounded twice: the last N messages of each follower and 200,000 over all.

    Ids grow over all followers together, so one cursor serves one follower or everybody.
    """

    def __init__(self, clock: VirtualClock, per_follower: int, total: int = TOTAL_MESSAGES) -> None:
        self._clock = clock
        self._per_follower = per_follower
        self._total = total
        self._of: dict[str, deque[Message]] = {}
        self._all: deque[Message] = deque()
        # Ids go on growing over restarts, so a reader's old cursor never hides new messages.
        self._last_id = int(time.time() * 1000)
        self.on_new: Callable[[Message], None] | None = None

    def __len__(self) -> int:
        return sum(len(messages) for messages in self._of.values())

    def put(
        self,
        openid: str,
        type_: str,
        fields: dict[str, Any],
        *,
        via: str,
        raw: Any = None,
        direction: Direction = "received",
    ) -> Message:
        """Keep one message and return it; the oldest one gives way when a bound is reached."""
        self._last_id += 1
        message = Message(
            self._last_id, openid, self._clock.now(), direction, type_, via, fields, raw
        )
        self.restore(message)
        if self.on_new is not None:
            self.on_new(message)
        return message

    def restore(self, message: Message) -> None:
        """Keep a message that has its id already."""
        self._last_id = max(self._last_id, message.id)
        self._of.setdefault(message.openid, deque(maxlen=self._per_follower)).append(message)
        self._all.append(message)
        if len(self._all) > self._total:
            self._forget(self._all.popleft())

    def after(
        self, openid: str | None, after: int, *, both_directions: bool, limit: int
    ) -> list[Message]:
        """Messages with an id above `after`, oldest first, of one follower or (None) of all."""
        pool = self._all if openid is None else self._of.get(openid, ())
        hits = (
            message
            for message in pool
            if message.id > after and (both_directions or message.direction == "received")
        )
        return list(islice(hits, limit))

    def kept(self) -> Iterator[Message]:
        """Every message that is still shown, oldest first."""
        return (message for message in self._all if self._of[message.openid][0].id <= message.id)

    def _forget(self, oldest: Message) -> None:
        messages = self._of.get(oldest.openid)
        if messages and messages[0].id == oldest.id:
            messages.popleft()
            if not messages:
                del self._of[oldest.openid]

"""What the province knows: messages by id, nonces it has seen, and its present mood."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from backend.keys import KeyRing
from backend.province.signing import Asked, Untrusted, check
from backend.province.simulator.types import Kept, Mood
from grid.partners.types import Feedback

#: Longer than anybody waits for an answer.
HANG_S = 30.0


class Office:
    """The province's side of the feedback, without HTTP."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._nonces: set[str] = set()
        self._bodies: dict[UUID, bytes] = {}
        self._kept: dict[UUID, Kept] = {}
        self.mood = Mood.ACKNOWLEDGE

    def kept(self) -> list[Kept]:
        """Every message that it has, in the order in which they came."""
        return list(self._kept.values())

    def mark(self, message_id: UUID) -> None:
        """A message was acknowledged."""
        self._kept[message_id] = msgspec.structs.replace(self._kept[message_id], acknowledged=True)

    async def take(self, headers: Any, asked: Asked) -> Response[dict[str, Any]]:
        """Answer one message as the mood says; whatever the mood, a foreign one is refused."""
        try:
            nonce = check(self._keys, headers, asked, datetime.now(UTC), "127.0.0.1")
        except Untrusted:
            return _answer(403, "untrusted", None)
        if nonce in self._nonces:
            return _answer(403, "replayed", None)
        self._nonces.add(nonce)
        if self.mood is Mood.AWAY:
            return _answer(503, "away", None)
        try:
            feedback = msgspec.json.decode(asked.body, type=Feedback)
        except msgspec.MsgspecError as error:
            return _answer(400, "refused", None, str(error))
        return await self._keep(feedback, asked.body)

    async def _keep(self, feedback: Feedback, body: bytes) -> Response[dict[str, Any]]:
        known = self._bodies.get(feedback.message_id)
        if known is not None and known != body:
            return _answer(409, "refused", feedback, "the id came before with another content")
        if self.mood is Mood.REFUSE:
            return _answer(422, "refused", feedback, "no such order here")
        if self.mood is Mood.FORGET:
            return _answer(202, "received", feedback)
        before = self._kept.get(feedback.message_id)
        self._bodies[feedback.message_id] = body
        self._kept[feedback.message_id] = Kept(
            feedback=feedback,
            times=1 if before is None else before.times + 1,
            acknowledged=self.mood is Mood.ACKNOWLEDGE,
        )
        if self.mood is Mood.HANG:
            await asyncio.sleep(HANG_S)
        if self.mood is Mood.ACKNOWLEDGE:
            return _answer(200, "acknowledged", feedback)
        return _answer(202, "received", feedback)


def _answer(
    status: int, result: str, feedback: Feedback | None, reason: str | None = None
) -> Response[dict[str, Any]]:
    message_id = "" if feedback is None else str(feedback.message_id)
    return Response(
        {"message_id": message_id, "result": result, "reason": reason}, status_code=status
    )

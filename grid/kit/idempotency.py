"""A command that comes twice is carried out once, and answered the same both times.

The key is made by the client and stored for ever, in the transaction of the command's effect:
either both exist or neither. The same key with another body is refused (L5, Y10, Y11).
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch_one, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import Refusal

T = TypeVar("T")


class IdempotencyKeyReused(Refusal):
    """The key was used before, with another body: nothing was done."""

    status = 409
    title = "这个请求编号已用于另一次操作"


def fingerprint(name: str, command: object) -> bytes:
    """What must be equal for two requests to be the same: the verb and its whole body."""
    return hashlib.sha256(name.encode() + b"\x00" + msgspec.msgpack.encode(command)).digest()


async def once(
    subject: str,
    key: str | None,
    name: str,
    command: object,
    verb: Callable[[], Awaitable[T]],
    answer: type[T],
) -> T:
    """Run `verb` at most once for (subject, key) and give every later caller its first answer.

    Without a key the verb simply runs. Two at the same time: the second waits for the first's
    commit and then reads its answer. A refusal rolls back the key too, so it may be tried again.
    Raises IdempotencyKeyReused when the same key comes with another command.
    """
    if key is None:
        return await verb()
    body = fingerprint(name, command)
    async with transaction():
        claimed = await execute(
            "INSERT INTO idempotency_key (id, subject, idempotency_key, fingerprint, created_at)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (subject, idempotency_key) DO NOTHING",
            new_id(),
            subject,
            key,
            body,
            machine_now(),
        )
        if not claimed:
            return await _first_answer(subject, key, body, answer)
        result = await verb()
        await execute(
            "UPDATE idempotency_key SET answer = $3 WHERE subject = $1 AND idempotency_key = $2",
            subject,
            key,
            msgspec.json.encode(result).decode(),
        )
        return result


async def _first_answer(subject: str, key: str, body: bytes, answer: type[T]) -> T:
    row = await fetch_one(
        "SELECT fingerprint, answer FROM idempotency_key"
        " WHERE subject = $1 AND idempotency_key = $2",
        subject,
        key,
    )
    if row is None or row["fingerprint"] != body:
        raise IdempotencyKeyReused()
    return msgspec.json.decode(row["answer"], type=answer)

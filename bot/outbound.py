"""Messages that are sent later: queued in the transaction that wants them, sent outside of it.

One message of a customer is sent at a time, in the order they were queued. A send that may work
later is tried again with growing waits; one that cannot reach the customer any more is given up
and keeps its reason. Killed between the platform's answer and our mark, a message is sent twice;
it is never lost.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog

from bot.platform import Platform
from bot.platform_errors import PlatformAway, PlatformRefused, Remedy
from bot.tables import OutboundState
from grid.customers import service as customers
from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch
from grid.kit.ids import new_id

#: Customers written to in one round, and rounds in one run of the schedule.
AT_ONCE, ROUNDS_MAX = 10, 20
#: After this long without a mark another worker may try the message.
LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 7
_WAIT_MAX_S = 600
#: The platform's codes for "not following any more" and "no such follower".
_GONE = frozenset({40003, 43004})

log = structlog.get_logger()


class Text(msgspec.Struct, frozen=True, tag="text", tag_field="kind"):
    """A customer-service text."""

    text: str


class Menu(msgspec.Struct, frozen=True, tag="menu", tag_field="kind"):
    """A question with answers to tap, each (id, words)."""

    head: str
    choices: tuple[tuple[str, str], ...]
    tail: str


Body = Text | Menu
_BODY = msgspec.json.Decoder(Body)


async def queue(cause: str, openid: str, body: Body) -> None:
    """Want a message sent; the same cause again is the same message."""
    now = machine_now()
    await execute(
        "INSERT INTO bot_outbound (id, cause, openid, body, state, attempts, due_at, created_at)"
        " VALUES ($1, $2, $3, $4, $5, 0, $6, $6) ON CONFLICT (cause) DO NOTHING",
        new_id(),
        cause,
        openid,
        msgspec.json.encode(body).decode(),
        OutboundState.WAITING.value,
        now,
    )


class Wanted(NamedTuple):
    """A message to want: what it is for, whom it goes to, its body."""

    cause: str
    openid: str
    body: Body


async def queue_many(wanted: Sequence[Wanted]) -> None:
    """Want many messages sent, by one statement; the same cause again is the same message."""
    await execute(
        "INSERT INTO bot_outbound (id, cause, openid, body, state, attempts, due_at, created_at)"
        " SELECT w.id, w.cause, w.openid, w.body, 'waiting', 0, $5, $5"
        " FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[])"
        " AS w(id, cause, openid, body) ON CONFLICT (cause) DO NOTHING",
        [new_id() for _ in wanted],
        [one.cause for one in wanted],
        [one.openid for one in wanted],
        [msgspec.json.encode(one.body).decode() for one in wanted],
        machine_now(),
    )


async def send_waiting(platform: Platform) -> int:
    """Send what is due; returns how many messages were tried."""
    tried = 0
    for _ in range(ROUNDS_MAX):
        rows = await _claim()
        if not rows:
            break
        await asyncio.gather(*(_send(platform, row) for row in rows))
        tried += len(rows)
    return tried


async def _claim() -> list[Any]:
    """The oldest waiting message of each customer, if it is due; leased to us."""
    now = machine_now()
    return await fetch(
        "UPDATE bot_outbound SET due_at = $2, attempts = attempts + 1 WHERE id IN ("
        " SELECT o.id FROM bot_outbound o WHERE o.state = 'waiting' AND o.due_at <= $1"
        " AND NOT EXISTS (SELECT 1 FROM bot_outbound e WHERE e.openid = o.openid"
        "  AND e.state = 'waiting' AND e.id < o.id)"
        " ORDER BY o.id LIMIT $3 FOR UPDATE SKIP LOCKED)"
        " RETURNING id, openid, body, attempts",
        now,
        now + LEASE,
        AT_ONCE,
    )


async def _send(platform: Platform, row: Any) -> None:
    try:
        body = _BODY.decode(row["body"])
        if isinstance(body, Menu):
            await platform.send_menu_choice(row["openid"], body.head, body.choices, body.tail)
        else:
            await platform.send_text(row["openid"], body.text)
    except (PlatformRefused, PlatformAway) as error:
        await _failed(row, error)
    else:
        await _mark(row["id"], OutboundState.SENT, None)


async def _failed(row: Any, error: PlatformRefused | PlatformAway) -> None:
    """Try later where that can help; else give up, and let a person know when it is our fault."""
    if isinstance(error, PlatformRefused) and error.code in _GONE:
        await customers.unfollow(row["openid"])
    can_help = error.remedy in (Remedy.LATER, Remedy.RENEW_TOKEN)
    if can_help and row["attempts"] < MAX_ATTEMPTS:
        wait_s = min(_WAIT_MAX_S, 2 ** row["attempts"])
        await execute(
            "UPDATE bot_outbound SET due_at = $2, last_error = $3"
            " WHERE id = $1 AND state = 'waiting'",
            row["id"],
            machine_now() + timedelta(seconds=wait_s),
            str(error)[:100],
        )
        return
    if error.remedy is not Remedy.UNREACHABLE:
        log.error("wechat_message_given_up", error=str(error), attempts=row["attempts"])
    await _mark(row["id"], OutboundState.GIVEN_UP, str(error)[:100])


async def _mark(message_id: UUID, state: OutboundState, error: str | None) -> None:
    sent = state is OutboundState.SENT
    await execute(
        "UPDATE bot_outbound SET state = $2, last_error = $3, sent_at = $4"
        " WHERE id = $1 AND state = 'waiting'",
        message_id,
        state.value,
        error,
        machine_now() if sent else None,
    )

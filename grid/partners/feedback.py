"""What the province is told: queued with the step that it is about, sent by the worker, chased.

A message is frozen when it is queued: sent again it is the same bytes under the same id. Killed
between the province's answer and our mark, it is sent twice and means the same; it is never lost.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks.types import Subject
from grid.kit.clock import business_now, machine_now
from grid.kit.database import execute, fetch, fetch_one, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import NotFound
from grid.partners.policies import acknowledge_limit
from grid.partners.port import Province, ProvinceAway, ProvinceRefused, Receipt
from grid.partners.rules import (
    CHASE_EVERY_S,
    Reached,
    TicketStepTaken,
    stages_reached,
    wait_s,
)
from grid.partners.types import Acknowledge, Feedback, MessageState, Stage
from grid.supervision.matters import lock_matter
from grid.supervision.opening import NewOrder, open_once
from grid.supervision.types import Cause
from grid.work_orders.words import TicketEvent, TicketKind

#: Messages sent side by side, rounds in one run, messages chased in one run.
AT_ONCE, ROUNDS_MAX, CHASED_MAX = 8, 10, 50
#: After this long without a mark another worker may try the message.
LEASE = timedelta(seconds=30)


async def queue_reached(ticket_id: UUID, now: datetime) -> int:
    """Queue what the province was not yet told of a ticket; gives how many messages.

    Runs in the transaction of the step or of the reaction to it. Told again, in any order, it
    queues nothing twice: a stage is one message of one order and round.
    """
    orders = await fetch(
        "SELECT o.id, o.number, o.received_at, t.kind, t.sealed, t.answer FROM partner_order o"
        " JOIN ticket t ON t.id = o.ticket WHERE o.ticket = $1 AND o.urged_number IS NULL",
        ticket_id,
    )
    if not orders:
        return 0
    steps = await fetch(
        "SELECT event, at FROM ticket_transition WHERE ticket = $1 AND event IN ('intake',"
        " 'dispatch', 'arrive', 'handle', 'reply', 'archive', 'cancel', 'reopen')"
        " ORDER BY version LIMIT 500",
        ticket_id,
    )
    taken = [TicketStepTaken(TicketEvent(row["event"]), row["at"]) for row in steps]
    reached = stages_reached(TicketKind(orders[0]["kind"]), taken)
    rows = [_row(order, one) for order in orders for one in reached]
    return await _insert(rows, now)


def _row(order: Record, reached: Reached) -> tuple[UUID, UUID, Reached, str]:
    message_id = new_id()
    if reached.stage is Stage.ACCEPTED:
        # The ticket's history begins when the province took the matter; we took it later.
        reached = reached._replace(at=order["received_at"])
    told = reached.stage is Stage.REPLIED and not order["sealed"]
    body = Feedback(
        message_id=message_id,
        number=order["number"],
        stage=reached.stage,
        round=reached.round,
        occurred_at=reached.at,
        words=order["answer"] if told else None,
    )
    return message_id, order["id"], reached, msgspec.json.encode(body).decode()


async def _insert(rows: Sequence[tuple[UUID, UUID, Reached, str]], now: datetime) -> int:
    return await execute(
        "INSERT INTO partner_message (id, partner_order, stage, round, body, state, attempts,"
        " next_try_at, occurred_at, queued_at) SELECT r.id, r.o, r.stage, r.round, r.body,"
        " 'waiting', 0, $7, r.at, $8 FROM unnest($1::uuid[], $2::uuid[], $3::text[],"
        " $4::smallint[], $5::timestamptz[], $6::text[]) AS r(id, o, stage, round, at, body)"
        " ON CONFLICT (partner_order, stage, round) DO NOTHING",
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2].stage.value for row in rows],
        [row[2].round for row in rows],
        [row[2].at for row in rows],
        [row[3] for row in rows],
        machine_now(),
        now,
    )


async def send_waiting(province: Province) -> int:
    """Send what is due, of each order the oldest first; gives how many messages were tried."""
    tried = 0
    for _ in range(ROUNDS_MAX):
        rows = await _claim()
        if not rows:
            break
        await asyncio.gather(*(_send(province, row) for row in rows))
        tried += len(rows)
    return tried


async def _claim() -> list[Any]:
    """Due messages, leased to us; a later one of an order waits for the earlier one's answer."""
    now = machine_now()
    return await fetch(
        "UPDATE partner_message SET next_try_at = $2, attempts = attempts + 1 WHERE id IN ("
        " SELECT m.id FROM partner_message m WHERE m.state IN ('waiting', 'chasing')"
        " AND m.next_try_at <= $1 AND NOT EXISTS (SELECT 1 FROM partner_message e"
        "  WHERE e.partner_order = m.partner_order AND e.state IN ('waiting', 'chasing')"
        "  AND e.id < m.id AND e.sent_at IS NULL)"
        " ORDER BY m.id LIMIT $3 FOR UPDATE SKIP LOCKED)"
        " RETURNING id, body, state, attempts",
        now,
        now + LEASE,
        AT_ONCE,
    )


async def _send(province: Province, row: Any) -> None:
    try:
        receipt = await province.tell(row["body"].encode())
    except ProvinceRefused as refused:
        await _end(row["id"], MessageState.REFUSED, str(refused))
    except ProvinceAway as away:
        await _try_later(row, wait_s(row["attempts"]), str(away))
    else:
        if receipt is Receipt.ACKNOWLEDGED:
            await _end(row["id"], MessageState.ACKNOWLEDGED, None)
        else:
            await _mark_sent(row)


async def _mark_sent(row: Any) -> None:
    """The province has it and owes an acknowledgement; one that is chased is sent on and on."""
    await execute(
        "UPDATE partner_message SET sent_at = coalesce(sent_at, $2), last_error = NULL,"
        " state = CASE WHEN state = 'waiting' THEN 'sent' ELSE state END, next_try_at = $3"
        " WHERE id = $1 AND state IN ('waiting', 'chasing')",
        row["id"],
        await business_now(),
        machine_now() + timedelta(seconds=CHASE_EVERY_S),
    )


async def _try_later(row: Any, seconds: int, why: str) -> None:
    await execute(
        "UPDATE partner_message SET next_try_at = $2, last_error = $3"
        " WHERE id = $1 AND state IN ('waiting', 'chasing')",
        row["id"],
        machine_now() + timedelta(seconds=seconds),
        why[:200],
    )


async def _end(message_id: UUID, state: MessageState, why: str | None) -> int:
    """Acknowledged or refused: a conditional update, so that the first answer stands."""
    now = await business_now()
    return await execute(
        "UPDATE partner_message SET state = $2::varchar, last_error = $3,"
        " sent_at = coalesce(sent_at, $4), acknowledged_at ="
        " CASE WHEN $2::varchar = 'acknowledged' THEN $4::timestamptz END"
        " WHERE id = $1 AND state IN ('waiting', 'sent', 'chasing')",
        message_id,
        state.value,
        None if why is None else why[:200],
        now,
    )


async def acknowledge(command: Acknowledge) -> None:
    """The province's word on a message of ours; said again it changes nothing.

    Raises NotFound for a message that we never made.
    """
    state = MessageState.ACKNOWLEDGED if command.accepted else MessageState.REFUSED
    if await _end(command.message_id, state, command.reason):
        return
    known = await fetch_one("SELECT 1 FROM partner_message WHERE id = $1", command.message_id)
    if known is None:
        raise NotFound("没有这条反馈")


async def chase_unacknowledged() -> int:
    """Ask again for what was not acknowledged in time, and let somebody answer for it.

    One supervision order per ticket while one is open. Gives how many messages are chased now.
    """
    now = await business_now()
    due = await fetch(
        "SELECT m.id, o.ticket FROM partner_message m JOIN partner_order o ON o.id ="
        " m.partner_order WHERE m.state IN ('waiting', 'sent') AND m.queued_at < $1"
        " ORDER BY m.queued_at LIMIT $2",
        now - await acknowledge_limit(now),
        CHASED_MAX,
    )
    chased = 0
    for row in due:
        chased += await _chase(row["id"], row["ticket"], now)
    return chased


async def _chase(message_id: UUID, ticket_id: UUID, now: datetime) -> int:
    async with transaction():
        matter = await lock_matter(Subject.TICKET, ticket_id)
        claimed = await execute(
            "UPDATE partner_message SET state = 'chasing', chased_at = $2, next_try_at = $3"
            " WHERE id = $1 AND state IN ('waiting', 'sent')",
            message_id,
            now,
            machine_now(),
        )
        if claimed:
            new = NewOrder(
                Cause.UNACKNOWLEDGED,
                f"message:{message_id}",
                "向省 95598 的反馈未得到确认",
                "system:province",
            )
            await open_once(matter, new)
    return claimed

"""The steps of a handover: accepted there, reminded, returned; what comes back is our work again.

Lock order: job, ticket, handover, clocks.
"""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.clocks.service import apply_effects
from grid.clocks.types import DecidePause, Subject
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_one, fetch_value, transaction
from grid.kit.refusals import NotFound, StaleVersion
from grid.partners.handover_reading import view_one
from grid.partners.handovers import locked_ticket, write_entry
from grid.partners.rules import HANDOVER_EFFECTS, THOUGHT_DONE, next_handover_state
from grid.partners.types import (
    Direction,
    DoHandover,
    HandoverEvent,
    HandoverState,
    HandoverView,
)
from grid.territory.types import StaffActor
from grid.work_orders.tickets.recording import TicketStep, write_ticket_step
from grid.work_orders.tickets.rules import TICKET_TRANSITIONS
from grid.work_orders.times.pausing import end_pause
from grid.work_orders.words import TicketEvent, TicketKind, TicketState

_E = HandoverEvent


async def take_handover_step(
    actor: StaffActor, handover_id: UUID, event: HandoverEvent, command: DoHandover
) -> HandoverView:
    """One step of a handover: accept (they took it), remind, return (it came back, or we answer).

    What comes back from the government reopens our work. Raises NotFound, NotAllowed,
    StaleVersion, HandoverStepNotPossible.
    """
    if event is _E.HAND_OVER:
        raise NotFound("没有这个操作")
    async with transaction():
        ticket_id = await fetch_value("SELECT ticket FROM handover WHERE id = $1", handover_id)
        if ticket_id is None:
            raise NotFound("没有这个移交单")
        ticket = await locked_ticket(actor, ticket_id)
        row = await fetch_one("SELECT * FROM handover WHERE id = $1 FOR UPDATE", handover_id)
        assert row is not None, "handovers are never deleted"
        if command.version not in (None, row["version"]):
            raise StaleVersion(version=row["version"])
        direction = Direction(row["direction"])
        state = next_handover_state(event, HandoverState(row["state"]), direction)
        now = await business_now()
        await _write_step(actor, row, event, state, command, now)
        if event is _E.RETURN and direction is Direction.OUT:
            await _work_again(actor, row, ticket, command.words, now)
        return await view_one(actor, handover_id)


async def _write_step(
    actor: StaffActor,
    row: Record,
    event: HandoverEvent,
    state: HandoverState,
    command: DoHandover,
    now: datetime,
) -> None:
    version = int(row["version"]) + 1
    due_at: datetime | None = row["due_at"]
    effects = HANDOVER_EFFECTS.get(event)
    if effects is not None:
        due_at = await apply_effects(Subject.HANDOVER, row["id"], effects, now)
    await execute(
        "UPDATE handover SET state = $2, version = $3, due_at = $4,"
        " their_number = coalesce($5, their_number), reminders = reminders + $6,"
        " accepted_at = coalesce(accepted_at, $7), returned_at = $8, outcome = $9 WHERE id = $1",
        row["id"],
        state.value,
        version,
        due_at,
        command.their_number,
        1 if event is _E.REMIND else 0,
        now if event is _E.ACCEPT else None,
        now if event is _E.RETURN else None,
        command.words if event is _E.RETURN else None,
    )
    await write_entry(actor, row["id"], event, command, version, now)


async def _work_again(
    actor: StaffActor, row: Record, ticket: Record, words: str, now: datetime
) -> None:
    """What came back is our work again: the pause ends, what was thought done is reopened."""
    kind, state = TicketKind(ticket["kind"]), TicketState(ticket["state"])
    reason = f"政府网格退回:{words}"[:500]
    event = TicketEvent.REOPEN if state in THOUGHT_DONE else TicketEvent.COMMENT
    if (event, state) not in TICKET_TRANSITIONS[kind]:
        event = TicketEvent.COMMENT
    await write_ticket_step(actor, ticket, TicketStep(event, now, reason=reason))
    if row["pause"] is not None:
        running = await fetch_value(
            "SELECT 1 FROM sla_pause WHERE id = $1 AND ended_at IS NULL"
            " AND state IN ('requested', 'running')",
            row["pause"],
        )
        if running:
            await end_pause(actor, row["pause"], DecidePause(words=reason))

"""Writing a step of a ticket: its row, its history, its clocks, its events.

Runs inside a verb's transaction. Where the step follows a job, the job's row is locked already;
the ticket is locked here, before its clocks.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks.ledger import GIVE_UP_ALL, Effects
from grid.clocks.service import apply_effects
from grid.clocks.types import Subject, Target
from grid.kit import context
from grid.kit.database import execute, fetch_one
from grid.kit.ids import new_id
from grid.kit.outbox import Event, say
from grid.kit.refusals import NotFound
from grid.territory.types import Actor
from grid.work_orders.events import TicketChanged, TicketClosed, TicketReplied
from grid.work_orders.tickets.rules import DRIVEN_BY_JOB, TICKET_TRANSITIONS, next_ticket_state
from grid.work_orders.words import (
    CallbackOutcome,
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderEvent,
    WorkOrderState,
)

_E, _W, _T = TicketEvent, WorkOrderEvent, Target

#: The moment that each event stamps on the ticket.
_STAMPS = {
    _E.DISPATCH: "dispatched_at",
    _E.TAKE: "taken_at",
    _E.ARRIVE: "arrived_at",
    _E.HANDLE: "handled_at",
    _E.REPLY: "replied_at",
    _E.CALLBACK: "called_back_at",
    _E.ARCHIVE: "closed_at",
    _E.CANCEL: "closed_at",
}
_FORGET = "dispatched_at = NULL, taken_at = NULL, arrived_at = NULL"
#: Given back or become another matter: it waits for somebody again.
_FORGET_HANDLER = f"{_FORGET}, handled_at = NULL, handler = NULL"
_FORGET_ON_REOPEN = (
    f"{_FORGET_HANDLER}, replied_at = NULL, called_back_at = NULL, closed_at = NULL,"
    " callback = NULL"
)

TICKET_CLOCK_EFFECTS: dict[TicketEvent, Effects] = {
    _E.CONTACT: Effects(stop=(_T.FIRST_CONTACT,)),
    _E.REPLY: Effects(stop=(_T.ANSWER, _T.FIRST_CONTACT), start=(_T.CALLBACK,)),
    _E.CALLBACK: Effects(stop=(_T.CALLBACK,)),
    _E.ARCHIVE: GIVE_UP_ALL,
    _E.CANCEL: GIVE_UP_ALL,
    _E.REOPEN: Effects(again=(_T.ANSWER,), renew=(_T.CALLBACK,)),
}
#: The clocks of a ticket that run from intake on.
TICKET_FROM_INTAKE = (_T.FIRST_CONTACT, _T.ANSWER)

#: The ticket's steps that follow a step of its job; what its table does not have is left out. The
#: office leads every kind but a fault: of its jobs only the end counts (`_FOLLOWS_OTHERS`).
FOLLOWS: dict[WorkOrderEvent, tuple[TicketEvent, ...]] = {
    _W.ASSIGN: (_E.DISPATCH,),
    _W.REASSIGN: (_E.RETURN, _E.DISPATCH),
    _W.ACCEPT: (_E.TAKE,),
    _W.DECLINE: (_E.RETURN,),
    _W.SILENCE: (_E.RETURN,),
    _W.RELEASE: (_E.RETURN,),
    _W.ARRIVE: (_E.ARRIVE,),
    _W.RESTORE: (_E.HANDLE,),
    _W.COMPLETE: (_E.HANDLE, _E.REPLY),
    _W.CANCEL: (_E.CANCEL,),
    _W.REOPEN: (_E.REOPEN,),
    _W.CLOSE: (_E.CALLBACK, _E.ARCHIVE),
}
_FOLLOWS_OTHERS: dict[WorkOrderEvent, tuple[TicketEvent, ...]] = {_W.COMPLETE: (_E.HANDLE,)}


class TicketStep(NamedTuple):
    """A step that was judged and is about to be written."""

    event: TicketEvent
    at: datetime
    reason: str | None = None
    device_at: datetime | None = None
    staff_id: UUID | None = None
    answer: str | None = None
    outcome: CallbackOutcome | None = None
    facts: Mapping[str, object] = MappingProxyType({})


async def lock_ticket(ticket_id: UUID) -> Record:
    """The ticket's row, locked for this transaction. Raises NotFound."""
    row = await fetch_one("SELECT * FROM ticket WHERE id = $1 FOR UPDATE", ticket_id)
    if row is None:
        raise NotFound("没有这个报修")
    return row


async def write_ticket_step(actor: Actor, row: Record, step: TicketStep) -> TicketState:
    """Write one step of a locked ticket; gives the state after it. Raises TicketStepNotPossible.

    `row` must hold `id, kind, state, version, grid, sealed`; take it anew for a further step.
    """
    kind, state = TicketKind(row["kind"]), TicketState(row["state"])
    to_state = next_ticket_state(kind, step.event, state)
    version = int(row["version"]) + 1
    sets, values = _changes(step)
    effects = TICKET_CLOCK_EFFECTS.get(step.event)
    if effects is not None:
        values.append(await apply_effects(Subject.TICKET, row["id"], effects, step.at))
        sets += f", due_at = ${len(values) + 3}"
    await execute(
        f"UPDATE ticket SET state = $2, version = $3{sets} WHERE id = $1",  # noqa: S608 - ours
        row["id"],
        to_state.value,
        version,
        *values,
    )
    await write_ticket_history(actor, row, step, to_state, version)
    await _say(row, step, to_state, version)
    return to_state


def _changes(step: TicketStep) -> tuple[str, list[object]]:
    sets, values = "", list[object]()
    if step.event in (_E.RETURN, _E.RECLASSIFY):
        sets += f", {_FORGET_HANDLER}"
    if step.event is _E.REOPEN:
        sets += f", {_FORGET_ON_REOPEN}"
    if step.event is _E.URGE:
        sets += ", urges = urges + 1"
    if step.event is _E.CONTACT:
        values.append(step.at)
        sets += f", first_contact_at = coalesce(first_contact_at, ${len(values) + 3})"
    stamp = _STAMPS.get(step.event)
    for name, value in (
        (stamp, step.at if stamp else None),
        ("handler", step.staff_id if step.event in (_E.DISPATCH, _E.TAKE) else None),
        ("answer", step.answer),
        ("callback", None if step.outcome is None else step.outcome.value),
    ):
        if value is not None:
            values.append(value)
            sets += f", {name} = ${len(values) + 3}"
    return sets, values


async def write_ticket_history(
    actor: Actor, row: Record, step: TicketStep, to_state: TicketState, version: int
) -> None:
    """One line of the append-only history, with server time and device time."""
    await execute(
        "INSERT INTO ticket_transition (id, ticket, version, event, from_state, to_state, actor,"
        " staff, at, device_at, reason, facts)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new_id(),
        row["id"],
        version,
        step.event.value,
        row["state"],
        to_state.value,
        "sealed" if row["sealed"] and not actor.subject.startswith("staff:") else actor.subject,
        step.staff_id,
        step.at,
        step.device_at,
        step.reason,
        msgspec.json.encode(dict(step.facts)).decode(),
    )


async def _say(row: Record, step: TicketStep, to_state: TicketState, version: int) -> None:
    kind = TicketKind(row["kind"])
    changed = TicketChanged(
        ticket_id=row["id"],
        kind=kind,
        grid_id=row["grid"],
        version=version,
        event=step.event,
        state=to_state,
        sealed=row["sealed"],
    )
    await say_of(row, changed)
    if step.event is _E.REPLY:
        await say_of(row, TicketReplied(ticket_id=row["id"], kind=kind))
    if step.event is _E.ARCHIVE:
        await say_of(row, TicketClosed(ticket_id=row["id"]))


async def say_of(row: Record, event: Event) -> None:
    """Say something of a ticket; of a sealed one nobody is named as who said it."""
    if not row["sealed"]:
        await say(event)
        return
    with context.acting("sealed"):
        await say(event)


async def follow_job(actor: Actor, job: Record, event: WorkOrderEvent, step: TicketStep) -> None:
    """Move the ticket of a job whose step is being written; `step` gives moment and reason.

    `job` is the job's row before its step. What the ticket's table does not have is left out. A
    complaint's job ends without answering it, and cancelling the job does not cancel the complaint.
    """
    if event not in FOLLOWS or job["ticket"] is None:
        return
    if event is _W.CLOSE and job["state"] != WorkOrderState.COMPLETED:
        return
    ticket = await lock_ticket(job["ticket"])
    kind = TicketKind(ticket["kind"])
    follows = FOLLOWS if kind in DRIVEN_BY_JOB else _FOLLOWS_OTHERS
    for number, one in enumerate(follows.get(event, ())):
        if number:
            ticket = await lock_ticket(job["ticket"])
        if (one, TicketState(ticket["state"])) not in TICKET_TRANSITIONS[kind]:
            continue
        outcome = None
        if one is _E.CALLBACK:
            outcome = step.outcome or CallbackOutcome.NO_ANSWER
        await write_ticket_step(
            actor,
            ticket,
            step._replace(
                event=one, outcome=outcome, answer=step.answer if one is _E.REPLY else None
            ),
        )

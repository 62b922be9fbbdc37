"""Writing a step of a job: its row, its history, its assignment, its ticket, its events.

Lock order everywhere in this room: the work order, then its ticket, then its assignment.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks.service import apply_effects
from grid.clocks.types import Subject
from grid.kit.database import fetch_one
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.refusals import NotFound
from grid.territory.types import Actor
from grid.work_orders.events import (
    WorkOrderAccepted,
    WorkOrderArrived,
    WorkOrderChanged,
    WorkOrderCompleted,
    WorkOrderNeedsSomebody,
)
from grid.work_orders.job_rows import (
    GIVEN,
    MOVED,
    append_line,
    of_first,
    write_job_rows,
)
from grid.work_orders.kinds import KINDS
from grid.work_orders.rules import ASSIGNMENT_TRANSITIONS, OPEN_ASSIGNMENT, effects_of
from grid.work_orders.tickets.recording import TicketStep, follow_job
from grid.work_orders.types import DoVerb
from grid.work_orders.words import (
    ArrivalGrade,
    CallbackOutcome,
    Capacity,
    TicketEvent,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderState,
)

_E = WorkOrderEvent

#: The moment that each event stamps on the job.
_STAMPS = {
    _E.ACCEPT: "accepted_at",
    _E.DEPART: "departed_at",
    _E.ARRIVE: "arrived_at",
    _E.START: "started_at",
    _E.RESTORE: "restored_at",
    _E.COMPLETE: "completed_at",
    _E.CANNOT_COMPLETE: "completed_at",
    _E.CLOSE: "closed_at",
    _E.CANCEL: "closed_at",
}
#: Where a job is left by whoever has it, nothing of their way is kept on it.
_FORGET_ON_RETURN = (
    "assignee = NULL, accepted_at = NULL, departed_at = NULL, dispatched_at = NULL,"
    " customer_code = NULL, "
)
_FORGET_ON_REOPEN = (
    f"{_FORGET_ON_RETURN}arrived_at = NULL, started_at = NULL, restored_at = NULL,"
    " completed_at = NULL, closed_at = NULL, arrival_grade = NULL, arrival_proof = NULL,"
    " resolution = NULL, permit_no = NULL, second_person = NULL, left_open_at = NULL, "
)
_RETURNS = (_E.DECLINE, _E.SILENCE, _E.RELEASE)
#: Signs of life of somebody on site: each gives another while until the next is due.
_ALIVE = (_E.ARRIVE, _E.START, _E.RESTORE, _E.RESUME)
#: Who waits for parts has left, who is done went home.
_GONE = (_E.HOLD, _E.COMPLETE, _E.CANNOT_COMPLETE, _E.REASSIGN)
_CODES = 10_000


class Step(NamedTuple):
    """A step that was judged and is about to be written; `staff_id` is whom it gives the job.

    `also`: further columns of the job with their values. `facts`: what its line of history keeps.
    `check_in_min`: how long the person may be silent on site, where that is watched.
    """

    event: WorkOrderEvent
    to_state: WorkOrderState
    at: datetime
    command: DoVerb
    distance_m: float | None = None
    grade: ArrivalGrade | None = None
    staff_id: UUID | None = None
    also: Mapping[str, object] = MappingProxyType({})
    facts: Mapping[str, object] = MappingProxyType({})
    check_in_min: int | None = None


async def lock(work_order_id: UUID) -> Record:
    """The job's row, locked for this transaction. Raises NotFound."""
    row = await fetch_one("SELECT * FROM work_order WHERE id = $1 FOR UPDATE", work_order_id)
    if row is None:
        raise NotFound("没有这个工单")
    return row


async def write_step(
    actor: Actor, row: Record, step: Step, outcome: CallbackOutcome | None = None
) -> int:
    """Write a judged step: the job, its history, its assignment, its ticket, its events.

    Runs inside the verb's transaction with the job's row locked; returns the new version.
    `outcome`: what the customer said, where the step is their answer.
    """
    version = int(row["version"]) + 1
    sets = _changes(row, step)
    effects = effects_of(step.event, step.grade)
    if effects is not None:
        sets["due_at"] = await apply_effects(Subject.WORK_ORDER, row["id"], effects, step.at)
    forget = _FORGET_ON_RETURN if step.event in _RETURNS else ""
    if step.event is _E.REOPEN:
        forget = _FORGET_ON_REOPEN
    await _write(row, forget, sets, _line(actor, row, step, version), step)
    await follow_job(
        actor,
        row,
        step.event,
        TicketStep(
            TicketEvent.COMMENT,
            step.at,
            reason=step.command.reason,
            device_at=step.command.occurred_at,
            answer=step.command.resolution,
            outcome=outcome,
        ),
    )
    await _say_step(row, step, version)
    return version


def _changes(row: Record, step: Step) -> dict[str, object]:
    """The columns that a step sets, beside state, version and the next limit."""
    sets: dict[str, object] = {"state": step.to_state.value, "version": int(row["version"]) + 1}
    if step.event in _STAMPS:
        sets[_STAMPS[step.event]] = step.at
    if step.event is _E.REOPEN:
        sets["clock_from"] = step.at
    if step.event is _E.SUPERVISE:
        sets["supervised"] = True
    if step.event is _E.SCHEDULE:
        sets["starts_at"] = step.command.starts_at
    if step.event is _E.ACCEPT and row["ticket"] is not None:
        sets |= {"customer_code": f"{secrets.randbelow(_CODES):04d}", "code_tries": 0}
    if step.grade is not None:
        sets["arrival_grade"] = step.grade.value
    if step.event is _E.COMPLETE:
        sets["resolution"] = step.command.resolution
    sets |= _check_in(row, step)
    return sets | dict(step.also)


def _check_in(row: Record, step: Step) -> dict[str, object]:
    """When the next sign of life is due of somebody who is alone on site."""
    if step.event in _GONE and row["check_in_due_at"] is not None:
        return {"check_in_due_at": None}
    if step.event not in _ALIVE or not KINDS[WorkOrderKind(row["kind"])].check_in:
        return {}
    alone = step.also.get("second_person", row["second_person"]) is None
    if not alone or step.check_in_min is None:
        return {"check_in_due_at": None}
    return {"check_in_due_at": step.at + timedelta(minutes=step.check_in_min)}


def _line(actor: Actor, row: Record, step: Step, version: int) -> list[object]:
    """One line of the append-only history, with server time, device time and position."""
    position = step.command.position
    facts: dict[str, object] = {}
    if step.event is _E.SCHEDULE:
        facts["starts_at"] = step.command.starts_at
    if position is not None and position.mock:
        facts["mock"] = True
    return [
        new_id(),
        row["id"],
        version,
        step.event.value,
        row["state"],
        step.to_state.value,
        actor.subject,
        step.staff_id or row["assignee"],
        step.at,
        step.command.occurred_at,
        step.command.reason,
        None if position is None else position.lat,
        None if position is None else position.lon,
        None if position is None else position.accuracy_m,
        step.distance_m,
        None if step.grade is None else step.grade.value,
        msgspec.json.encode({**facts, **step.facts}).decode(),
    ]


async def write_history(actor: Actor, row: Record, step: Step, version: int) -> None:
    """A line of history alone, for what happens beside the steps of a job."""
    await append_line(_line(actor, row, step, version))


class Choice(NamedTuple):
    """Who was chosen, in which capacity, and why."""

    staff_id: UUID
    capacity: Capacity
    reason: str | None


async def write_given(
    actor: Actor, row: Record, step: Step, sets: Mapping[str, object], choice: Choice
) -> None:
    """A job with its new assignment and the line of history, in one statement."""
    version = int(row["version"]) + 1
    sets = {**sets, "state": step.to_state.value, "version": version}
    # What is not offered by dispatch is planned for somebody: silence does not take it away.
    is_offered = KINDS[WorkOrderKind(row["kind"])].offered
    more = (
        new_id(),
        choice.staff_id,
        choice.capacity.value,
        step.at,
        is_offered,
        choice.reason,
        actor.subject,
    )
    line = _line(actor, row, step, version)
    await write_job_rows(row["id"], "", sets, line, of_first(GIVEN, sets, len(more)), more)


async def _write(
    row: Record, forget: str, sets: Mapping[str, object], line: Sequence[object], step: Step
) -> None:
    """The job, its line of history and its open assignment in one statement."""
    moves = {
        before.value: after
        for (event, before), after in ASSIGNMENT_TRANSITIONS.items()
        if event is step.event
    }
    if not moves:
        await write_job_rows(row["id"], forget, sets, line, "", ())
        return
    (state,) = set(moves.values())
    is_over = state not in OPEN_ASSIGNMENT
    more = (
        state.value,
        step.at if is_over else None,
        step.command.reason if is_over else None,
        list(moves),
    )
    await write_job_rows(row["id"], forget, sets, line, of_first(MOVED, sets, len(more)), more)


async def say_changed(row: Record, step: Step, version: int) -> None:
    """Say that boards and phones should read the job again; `staff_id` has it, or had it."""
    await say(
        WorkOrderChanged(
            work_order_id=row["id"],
            grid_id=row["grid"],
            version=version,
            event=step.event,
            state=step.to_state,
            staff_id=step.staff_id or row["assignee"],
        )
    )


async def _say_step(row: Record, step: Step, version: int) -> None:
    job, ticket, staff = row["id"], row["ticket"], row["assignee"]
    await say_changed(row, step, version)
    if step.event in (*_RETURNS, _E.REOPEN):
        await say(WorkOrderNeedsSomebody(work_order_id=job, grid_id=row["grid"], version=version))
    elif step.event is _E.ACCEPT:
        await say(WorkOrderAccepted(work_order_id=job, ticket_id=ticket, staff_id=staff))
    elif step.event is _E.ARRIVE:
        await say(WorkOrderArrived(work_order_id=job, ticket_id=ticket, staff_id=staff))
    elif step.event is _E.COMPLETE:
        await say(WorkOrderCompleted(work_order_id=job, ticket_id=ticket))

"""Writing a step of a job: its row, its history, its assignment, its ticket, its events.

Lock order everywhere in this room: the work order, then its ticket, then its assignment.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks.service import apply_effects
from grid.clocks.types import Subject
from grid.kit.database import execute, fetch_one
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
from grid.work_orders.rules import effects_of
from grid.work_orders.ticket_recording import TicketStep, follow_job
from grid.work_orders.types import DoVerb
from grid.work_orders.words import (
    ArrivalGrade,
    AssignmentState,
    CallbackOutcome,
    TicketEvent,
    WorkOrderEvent,
    WorkOrderState,
)

_E, _A = WorkOrderEvent, AssignmentState

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
#: What each event makes of the open assignment.
_ASSIGNMENT = {
    _E.ACCEPT: _A.ACCEPTED,
    _E.DECLINE: _A.DECLINED,
    _E.SILENCE: _A.RELEASED,
    _E.DEPART: _A.EN_ROUTE,
    _E.ARRIVE: _A.ON_SITE,
    _E.START: _A.WORKING,
    _E.COMPLETE: _A.FINISHED,
    _E.CANNOT_COMPLETE: _A.FINISHED,
    _E.CANCEL: _A.RELEASED,
}
_ENDED = (_A.DECLINED, _A.RELEASED, _A.FINISHED)
_FORGET_ON_REOPEN = (
    "assignee = NULL, accepted_at = NULL, departed_at = NULL, arrived_at = NULL,"
    " started_at = NULL, restored_at = NULL, completed_at = NULL, closed_at = NULL,"
    " arrival_grade = NULL, resolution = NULL, dispatched_at = NULL, "
)
_FORGET_ON_RETURN = "assignee = NULL, accepted_at = NULL, dispatched_at = NULL, "


class Step(NamedTuple):
    """A step that was judged and is about to be written; `staff_id` is whom it gives the job."""

    event: WorkOrderEvent
    to_state: WorkOrderState
    at: datetime
    command: DoVerb
    distance_m: float | None = None
    grade: ArrivalGrade | None = None
    staff_id: UUID | None = None


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
    sets, values = _changes(step)
    effects = effects_of(step.event, step.grade)
    if effects is not None:
        due_at = await apply_effects(Subject.WORK_ORDER, row["id"], effects, step.at)
        values.append(due_at)
        sets += f"due_at = ${len(values) + 3}, "
    await execute(
        f"UPDATE work_order SET {sets} state = $2, version = $3 WHERE id = $1",  # noqa: S608 - ours
        row["id"],
        step.to_state.value,
        version,
        *values,
    )
    await write_history(actor, row, step, version)
    state = _ASSIGNMENT.get(step.event)
    if state is not None:
        await end_assignment(row["id"], state, step.at, step.command.reason)
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


def _changes(step: Step) -> tuple[str, list[object]]:
    sets = ""
    values: list[object] = []
    if step.event in (_E.DECLINE, _E.SILENCE):
        sets += _FORGET_ON_RETURN
    if step.event is _E.REOPEN:
        values.append(step.at)
        sets += f"{_FORGET_ON_REOPEN}clock_from = $4, "
    if step.event is _E.SUPERVISE:
        sets += "supervised = true, "
    stamp = _STAMPS.get(step.event)
    if stamp is not None:
        values.append(step.at)
        sets += f"{stamp} = ${len(values) + 3}, "
    if step.grade is not None:
        values.append(step.grade.value)
        sets += f"arrival_grade = ${len(values) + 3}, "
    if step.command.resolution is not None and step.event is _E.COMPLETE:
        values.append(step.command.resolution)
        sets += f"resolution = ${len(values) + 3}, "
    return sets, values


async def write_history(actor: Actor, row: Record, step: Step, version: int) -> None:
    """One line of the append-only history, with server time, device time and position."""
    position = step.command.position
    facts: dict[str, object] = {}
    if step.event is _E.SCHEDULE:
        facts["starts_at"] = step.command.starts_at
    if position is not None and position.mock:
        facts["mock"] = True
    await execute(
        "INSERT INTO work_order_transition (id, work_order, version, event, from_state, to_state,"
        " actor, staff, at, device_at, reason, lat, lon, accuracy_m, distance_m, grade, facts)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
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
        msgspec.json.encode(facts).decode(),
    )


async def end_assignment(
    work_order_id: UUID, state: AssignmentState, at: datetime, reason: str | None
) -> None:
    """Move the open assignment of a job on; an ended one keeps when and why."""
    await execute(
        "UPDATE assignment SET state = $2, ended_at = $3, reason = coalesce($4, reason)"
        " WHERE work_order = $1"
        " AND state IN ('offered', 'accepted', 'en_route', 'on_site', 'working')",
        work_order_id,
        state.value,
        at if state in _ENDED else None,
        reason if state in _ENDED else None,
    )


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
    if step.event in (_E.DECLINE, _E.SILENCE, _E.REOPEN):
        await say(WorkOrderNeedsSomebody(work_order_id=job, grid_id=row["grid"], version=version))
    elif step.event is _E.ACCEPT:
        await say(WorkOrderAccepted(work_order_id=job, ticket_id=ticket, staff_id=staff))
    elif step.event is _E.ARRIVE:
        await say(WorkOrderArrived(work_order_id=job, ticket_id=ticket, staff_id=staff))
    elif step.event is _E.COMPLETE:
        await say(WorkOrderCompleted(work_order_id=job, ticket_id=ticket))

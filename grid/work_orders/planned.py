"""Planned jobs: many opened at once for people chosen beforehand, moved, and taken back.

Nobody is asked whether they accept within minutes, so nothing moves on by silence. The clocks of a
planned job begin on its day. Everything is written set by set: a county's month is thousands.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record
from piccolo.table import Table

from grid.clocks.ledger import ClockRow, Effects, after, next_due, opened
from grid.clocks.policies import Facts, chosen, policies_of
from grid.clocks.rules import Ticking
from grid.clocks.service import begin_at, ticking_for
from grid.clocks.tables import SlaClock
from grid.clocks.types import Limit, Subject
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch, insert_many, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say_all
from grid.kit.refusals import Invalid
from grid.territory.types import Actor
from grid.work_orders import tables
from grid.work_orders.events import WorkOrderChanged
from grid.work_orders.kinds import KINDS, KindNotPossible
from grid.work_orders.recording import Step, lock, say_changed, write_history, write_step
from grid.work_orders.rules import FROM_INTAKE, WorkOrderStepNotPossible, next_state
from grid.work_orders.types import DoVerb
from grid.work_orders.words import (
    AssignmentState,
    Capacity,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderState,
)

_E, _S = WorkOrderEvent, WorkOrderState

#: Jobs in one call; a grid's month has a few hundred.
PLANNED_MAX = 5000


class PlannedJob(NamedTuple):
    """A job that was planned for somebody and a moment, and is about to be opened."""

    id: UUID
    account_id: UUID
    grid_id: UUID
    station_id: UUID
    station_code: str
    place_class: str
    lat: float
    lon: float
    tags: tuple[str, ...]
    staff_id: UUID
    capacity: Capacity
    starts_at: datetime
    description: str


async def open_planned(actor: Actor, kind: WorkOrderKind, jobs: Sequence[PlannedJob]) -> None:
    """Open planned jobs in state assigned, with history, clocks and events; nine statements.

    Joins the caller's transaction. Raises KindNotPossible, Invalid naming `jobs` for too many.
    """
    if KINDS[kind].refused is not None:
        raise KindNotPossible(KINDS[kind].refused or "")
    if len(jobs) > PLANNED_MAX:
        raise Invalid("jobs", f"一次最多安排 {PLANNED_MAX} 个工单", limit=PLANNED_MAX)
    if not jobs:
        return
    async with transaction():
        now = await business_now()
        clocks = await _clocks(kind, jobs, now)
        await _write_jobs(kind, jobs, now, {key: next_due(rows) for key, rows in clocks.items()})
        await _write_clocks(clocks)
        await _write_assignments(actor, jobs, now)
        await _write_histories(actor, jobs, now)
        await say_all([_changed(job) for job in jobs])


async def _clocks(
    kind: WorkOrderKind, jobs: Sequence[PlannedJob], now: datetime
) -> dict[UUID, list[ClockRow]]:
    """The clocks of each job, begun on its day; what is due is computed once for jobs alike."""
    policies = await policies_of(kind.value, now)
    priority = KINDS[kind].priority.value
    limits: dict[Facts, list[Limit]] = {}
    alike: dict[tuple[Facts, datetime], list[ClockRow]] = {}
    every = [
        Facts(kind.value, job.place_class, priority, job.tags, job.station_code) for job in jobs
    ]
    for facts in set(every):
        limits[facts] = chosen(policies, facts)
    ticking = await ticking_for([limit for one in limits.values() for limit in one])
    found: dict[UUID, list[ClockRow]] = {}
    for job, facts in zip(jobs, every, strict=True):
        key = (facts, job.starts_at)
        if key not in alike:
            alike[key] = _begun(limits[facts], job.starts_at, ticking)
        found[job.id] = [_copy(row) for row in alike[key]]
    return found


def _begun(limits: Sequence[Limit], at: datetime, ticking: Ticking) -> list[ClockRow]:
    rows = [opened(limit) for limit in limits]
    begun = {row.id: row for row in after(rows, Effects(start=FROM_INTAKE), at, (), ticking)}
    return [begun.get(row.id, row) for row in rows]


def _copy(row: ClockRow) -> ClockRow:
    values = {name: getattr(row, name) for name in ClockRow.__slots__}
    return ClockRow(**{**values, "id": new_id()})


async def _write_jobs(
    kind: WorkOrderKind,
    jobs: Sequence[PlannedJob],
    now: datetime,
    due: Mapping[UUID, datetime | None],
) -> None:
    numbers = await fetch(
        "SELECT nextval('work_order_number') AS running FROM generate_series(1, $1)", len(jobs)
    )
    day = f"{business_day(now):%Y%m%d}"
    priority = KINDS[kind].priority.value
    await _copy_in(
        tables.WorkOrder,
        [
            {
                "id": job.id,
                "number": f"GD{day}{number['running']:06d}",
                "kind": kind.value,
                "state": _S.ASSIGNED.value,
                "priority": priority,
                "description": job.description,
                "account": job.account_id,
                "grid": job.grid_id,
                "station": job.station_id,
                "place_class": job.place_class,
                "lat": job.lat,
                "lon": job.lon,
                "assignee": job.staff_id,
                "supervised": False,
                "live_work": False,
                "starts_at": job.starts_at,
                "reported_at": now,
                "clock_from": job.starts_at,
                "dispatched_at": now,
                "due_at": due[job.id],
                "version": 1,
            }
            for job, number in zip(jobs, numbers, strict=True)
        ],
    )


async def _copy_in(table: type[Table], rows: Sequence[Mapping[str, object]]) -> None:
    """COPY rows that all have the same fields."""
    if rows:
        await insert_many(table, list(rows[0]), [list(row.values()) for row in rows])


async def _write_clocks(clocks: Mapping[UUID, Sequence[ClockRow]]) -> None:
    names = [name for name in ClockRow.__slots__ if name not in ("target", "hours")]
    await insert_many(
        SlaClock,
        ["subject", "subject_id", "target", "hours", *names],
        [
            (
                Subject.WORK_ORDER.value,
                job_id,
                row.target.value,
                row.hours.value,
                *(getattr(row, name) for name in names),
            )
            for job_id, rows in clocks.items()
            for row in rows
        ],
    )


async def _write_assignments(actor: Actor, jobs: Sequence[PlannedJob], now: datetime) -> None:
    rows = [_assignment(actor, job.id, job.staff_id, job.capacity, now) for job in jobs]
    await _copy_in(tables.Assignment, rows)


def _assignment(
    actor: Actor,
    job_id: UUID,
    staff_id: UUID,
    capacity: Capacity,
    now: datetime,
    reason: str | None = None,
) -> dict[str, object]:
    """Offered without a limit: silence takes no planned job away."""
    return {
        "id": new_id(),
        "work_order": job_id,
        "staff": staff_id,
        "capacity": capacity.value,
        "state": AssignmentState.OFFERED.value,
        "offered_at": now,
        "reason": reason,
        "chosen_by": actor.subject,
    }


async def _write_histories(actor: Actor, jobs: Sequence[PlannedJob], now: datetime) -> None:
    rows: list[dict[str, object]] = []
    for job in jobs:
        line = {"work_order": job.id, "actor": actor.subject, "at": now}
        intake = {"version": 0, "event": _E.INTAKE.value, "to_state": _S.TRIAGED.value}
        given = {"version": 1, "event": _E.ASSIGN.value, "to_state": _S.ASSIGNED.value}
        starts_at = msgspec.json.encode({"starts_at": job.starts_at}).decode()
        rows.append(
            {"id": new_id(), **line, **intake, "from_state": None, "staff": None, "facts": "{}"}
        )
        rows.append(
            {
                "id": new_id(),
                **line,
                **given,
                "from_state": _S.TRIAGED.value,
                "staff": job.staff_id,
                "facts": starts_at,
            }
        )
    await _copy_in(tables.WorkOrderTransition, rows)


def _changed(job: PlannedJob) -> WorkOrderChanged:
    return WorkOrderChanged(
        work_order_id=job.id,
        grid_id=job.grid_id,
        version=1,
        event=_E.ASSIGN,
        state=_S.ASSIGNED,
        staff_id=job.staff_id,
    )


async def move_planned(
    actor: Actor, job_id: UUID, starts_at: datetime, staff_id: UUID, reason: str
) -> None:
    """Another day, or another person, for a planned job that nobody has begun.

    Its clocks begin on the new day. Joins the caller's transaction and locks the job. Raises
    WorkOrderStepNotPossible when somebody accepted it already.
    """
    async with transaction():
        row = await lock(job_id)
        if row["state"] != _S.ASSIGNED or row["starts_at"] is None:
            raise WorkOrderStepNotPossible("这个工单已经开始,不能再改日子", state=row["state"])
        now, version = await business_now(), int(row["version"]) + 1
        due_at = await begin_at(Subject.WORK_ORDER, job_id, starts_at, now)
        await execute(
            "UPDATE work_order SET starts_at = $2, clock_from = $2, due_at = $3, assignee = $4,"
            " version = $5 WHERE id = $1",
            job_id,
            starts_at,
            due_at,
            staff_id,
            version,
        )
        if staff_id != row["assignee"]:
            await _give_to(actor, row, staff_id, now, reason)
        event = _E.COMMENT if staff_id == row["assignee"] else _E.REASSIGN
        command = DoVerb(version=row["version"], reason=reason)
        step = Step(event, _S.ASSIGNED, now, command, staff_id=staff_id)
        await write_history(actor, row, step, version)
        await say_changed(row, step, version)


async def _give_to(actor: Actor, row: Record, staff_id: UUID, now: datetime, reason: str) -> None:
    await execute(
        "UPDATE assignment SET state = 'released', ended_at = $2, reason = $3"
        " WHERE work_order = $1 AND state = 'offered'",
        row["id"],
        now,
        reason,
    )
    row_of = _assignment(actor, row["id"], staff_id, Capacity.BY_HAND, now, reason)
    await _copy_in(tables.Assignment, [row_of])


async def cancel_planned(actor: Actor, job_id: UUID, reason: str) -> None:
    """Take a planned job back before anybody is on site; the caller asked for the right to it.

    Raises WorkOrderStepNotPossible.
    """
    async with transaction():
        row = await lock(job_id)
        to_state = next_state(_E.CANCEL, WorkOrderState(row["state"]))
        command = DoVerb(version=row["version"], reason=reason)
        await write_step(actor, row, Step(_E.CANCEL, to_state, await business_now(), command))

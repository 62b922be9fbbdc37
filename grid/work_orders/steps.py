"""The steps of a job: each checks right, version, state and fields before it is written."""

from uuid import UUID

from asyncpg import Record

from grid.evidence.service import counted
from grid.kit.clock import business_now
from grid.kit.database import fetch_one, transaction
from grid.kit.refusals import NotAllowed, NotFound, Refusal
from grid.territory.authority import Action, require
from grid.territory.types import Actor, StaffActor
from grid.work_orders import policies
from grid.work_orders.kinds import KINDS, check_evidence
from grid.work_orders.last_step import stale
from grid.work_orders.on_site import arrival
from grid.work_orders.on_site.safety_gate import gate
from grid.work_orders.reading import view_one
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.rules import (
    ASSIGNEE_ONLY,
    IN_PLACE_OF,
    RIGHT,
    STEPS,
    NotRestoredYet,
    WorkOrderStepNotPossible,
    check_fields,
    check_position,
    check_times,
    next_state,
    reaches,
)
from grid.work_orders.tickets.accused import is_accused
from grid.work_orders.times import pausing
from grid.work_orders.types import DoVerb, WorkOrderView
from grid.work_orders.words import WorkOrderEvent, WorkOrderKind, WorkOrderState

_E = WorkOrderEvent


async def take_step(
    actor: Actor, work_order_id: UUID, event: WorkOrderEvent, command: DoVerb
) -> WorkOrderView:
    """Take one step of a job and give the job as it is then.

    Raises NotFound (not yours to see), NotAllowed, StaleVersion, WorkOrderStepNotPossible,
    Invalid naming the missing field, ArrivalNotProved, SafetyGateClosed, NotRestoredYet,
    EvidenceMissing. `assign` and `reassign` are verbs of `dispatch`; `intake`, `silence` and
    `release` happen without a verb: here they are not possible.
    """
    if event not in STEPS:
        raise WorkOrderStepNotPossible(event=event.value)
    async with transaction():
        row = await lock(work_order_id)
        try:
            check_right(actor, row, event)
            if row["version"] != command.version:
                raise await stale(row)
            step = await _judge(actor, row, event, command)
        except Refusal:
            await _tell_the_accused_nothing(actor, row)
            raise
        if event is _E.HOLD:
            await pausing.on_hold(actor, row, command, step.at)
        await write_step(actor, row, step)
        if event in pausing.ENDS_PAUSES:
            await pausing.on_resume(row, step.at)
        return await view_one(actor, work_order_id)


async def _tell_the_accused_nothing(actor: Actor, row: Record) -> None:
    """Raises NotFound: whom the job's complaint is about learns no state from a refusal (W5)."""
    if isinstance(actor, StaffActor) and await is_accused(row["ticket"], actor.staff_id):
        raise NotFound("没有这个工单")


def check_right(actor: Actor, row: Record, event: WorkOrderEvent) -> None:
    """Raises NotFound when the job is not the actor's to see, NotAllowed when not theirs to do.

    Who has the job may do its work wherever their post is: a neighbour helps out in another grid.
    """
    mine = isinstance(actor, StaffActor) and row["assignee"] == actor.staff_id
    grid_id, station_id = row["grid"], row["station"]
    if not mine and not reaches(actor, Action.READ_WORK_ORDERS, grid_id, station_id):
        raise NotFound("没有这个工单")
    instead = IN_PLACE_OF.get(event)
    if instead is not None and reaches(actor, instead, grid_id, station_id):
        return
    if event in ASSIGNEE_ONLY:
        if not mine:
            raise NotAllowed("只有接到这个工单的人才能操作", action=event.value)
        require(actor, Action.DO_WORK)
    elif mine and event is _E.COMMENT:
        require(actor, Action.READ_WORK_ORDERS)
    elif not reaches(actor, RIGHT[event], grid_id, station_id):
        raise NotAllowed(action=RIGHT[event].value)


async def _judge(actor: Actor, row: Record, event: WorkOrderEvent, command: DoVerb) -> Step:
    now = await business_now()
    state, kind = WorkOrderState(row["state"]), WorkOrderKind(row["kind"])
    to_state = next_state(event, state)
    check_fields(event, command)
    check_times(now, occurred_at=command.occurred_at, starts_at=command.starts_at)
    check_position(command.position)
    if event is _E.RESTORE and not KINDS[kind].restores:
        raise WorkOrderStepNotPossible("这类工单没有恢复供电这一步", event=event.value)
    if event is _E.RESTORE and row["restored_at"] is not None:
        # A second tap would move the moment of restoration, which takes two people (W2).
        raise WorkOrderStepNotPossible("已经登记过恢复供电", event=event.value, state=state.value)
    if event is _E.REOPEN and await _has_later_job(row):
        raise WorkOrderStepNotPossible("这个报修已有新的工单", event=event.value, state=state.value)
    if event is _E.ARRIVE:
        return await arrival.judge(actor, row, command, now)
    if event is _E.COMPLETE:
        await _check_done(row, kind)
    also = await gate(actor, row, command, now) if event is _E.START else {}
    watched = event in (_E.START, _E.RESTORE, _E.RESUME) and KINDS[kind].check_in
    check_in_min = await policies.check_in_minutes(now) if watched else None
    return Step(event, to_state, now, command, also=also, check_in_min=check_in_min)


async def _check_done(row: Record, kind: WorkOrderKind) -> None:
    """Raises NotRestoredYet, or EvidenceMissing naming what the kind asks for."""
    if KINDS[kind].restores and row["restored_at"] is None:
        raise NotRestoredYet()
    if KINDS[kind].evidence:
        check_evidence(kind, await counted(row["id"]))


async def _has_later_job(row: Record) -> bool:
    """Whether the ticket went on with a further job: then this one rests."""
    later = await fetch_one(
        "SELECT 1 FROM work_order WHERE ticket = $1 AND id > $2", row["ticket"], row["id"]
    )
    return later is not None

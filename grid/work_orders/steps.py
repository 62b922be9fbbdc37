"""The steps of a job: each checks right, version, state and fields before it is written."""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.geography.distance import distance_m
from grid.geography.types import Place
from grid.kit.clock import business_now
from grid.kit.database import fetch_one, transaction
from grid.kit.refusals import NotAllowed, NotFound, StaleVersion
from grid.territory.authority import Action, require
from grid.territory.types import Actor, StaffActor
from grid.work_orders import policies
from grid.work_orders.reading import view_one
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.rules import (
    ASSIGNEE_ONLY,
    IN_PLACE_OF,
    RIGHT,
    STEPS,
    ArrivalNotProved,
    NotRestoredYet,
    WorkOrderStepNotPossible,
    check_fields,
    check_times,
    judge_arrival,
    next_state,
    reaches,
)
from grid.work_orders.types import DevicePosition, DoVerb, WorkOrderView
from grid.work_orders.words import ArrivalGrade, WorkOrderEvent, WorkOrderState

_E = WorkOrderEvent


async def take_step(
    actor: Actor, work_order_id: UUID, event: WorkOrderEvent, command: DoVerb
) -> WorkOrderView:
    """Take one step of a job and give the job as it is then.

    Raises NotFound (not yours to see), NotAllowed, StaleVersion, WorkOrderStepNotPossible,
    Invalid naming the missing field, ArrivalNotProved, NotRestoredYet. `assign` and `reassign` are
    verbs of `dispatch`, `intake` and `silence` happen without a verb: here they are not possible.
    """
    if event not in STEPS:
        raise WorkOrderStepNotPossible(event=event.value)
    async with transaction():
        row = await lock(work_order_id)
        check_right(actor, row, event)
        if row["version"] != command.version:
            raise StaleVersion(version=row["version"])
        await write_step(actor, row, await _judge(row, event, command))
        return await view_one(actor, work_order_id)


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


async def _judge(row: Record, event: WorkOrderEvent, command: DoVerb) -> Step:
    now = await business_now()
    state = WorkOrderState(row["state"])
    to_state = next_state(event, state)
    check_fields(event, command)
    check_times(command, now)
    if event is _E.RESTORE and row["restored_at"] is not None:
        # A second tap would move the moment of restoration, which takes two people (W2).
        raise WorkOrderStepNotPossible("已经登记过恢复供电", event=event.value, state=state.value)
    if event is _E.COMPLETE and row["restored_at"] is None:
        raise NotRestoredYet()
    if event is _E.REOPEN and await _has_later_job(row):
        raise WorkOrderStepNotPossible("这个报修已有新的工单", event=event.value, state=state.value)
    if event is _E.ARRIVE:
        return await _judge_arrival(row, to_state, command, now)
    return Step(event, to_state, now, command)


async def _judge_arrival(
    row: Record, to_state: WorkOrderState, command: DoVerb, now: datetime
) -> Step:
    found = command.position
    distance = _distance_m(row, found)
    limits = await policies.arrival_limits(now)
    grade = judge_arrival(
        distance,
        None if found is None else found.accuracy_m,
        found is not None and found.mock,
        limits,
    )
    if grade is ArrivalGrade.DISPUTED and command.reason is None:
        shown = None if distance is None else round(distance)
        raise ArrivalNotProved(distance_m=shown, radius_m=limits.radius_m)
    return Step(_E.ARRIVE, to_state, now, command, distance, grade)


async def _has_later_job(row: Record) -> bool:
    """Whether the ticket went on with a further job: then this one rests."""
    later = await fetch_one(
        "SELECT 1 FROM work_order WHERE ticket = $1 AND id > $2", row["ticket"], row["id"]
    )
    return later is not None


def _distance_m(row: Record, position: DevicePosition | None) -> float | None:
    if position is None or row["lat"] is None:
        return None
    there = Place(lat=row["lat"], lon=row["lon"])
    return distance_m(Place(lat=position.lat, lon=position.lon), there)

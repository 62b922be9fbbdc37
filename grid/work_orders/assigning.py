"""Giving a job to somebody: offered by dispatch, or by hand with a reason."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_one, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.refusals import Invalid, NotFound, Refusal
from grid.territory.authority import Action, may, require
from grid.territory.types import Actor, StaffActor
from grid.work_orders.reading import view_one
from grid.work_orders.rules import OVER, WAITING, WorkOrderStepNotPossible, next_state
from grid.work_orders.steps import Step, end_assignment, lock, write_history
from grid.work_orders.types import (
    AssignByHand,
    AssignmentState,
    Capacity,
    DoVerb,
    WorkOrderChanged,
    WorkOrderEvent,
    WorkOrderState,
    WorkOrderView,
)

_E = WorkOrderEvent


class WorkOrderAlreadyTaken(Refusal):
    """Somebody else was chosen in the meantime."""

    title = "工单已派给别人"


class StaffNotAvailable(Refusal):
    """The person is disabled, or the account belongs to a relative of theirs."""

    title = "这位同事不能接这个工单"


class Choice(NamedTuple):
    """Who was chosen, in which capacity, by whom and why."""

    staff_id: UUID
    capacity: Capacity
    reason: str | None


async def offer_to(actor: Actor, work_order_id: UUID, choice: Choice) -> int:
    """Offer a waiting job to somebody; returns its new version.

    Raises NotFound, WorkOrderAlreadyTaken when it waits no longer, StaffNotAvailable.
    """
    async with transaction():
        row = await lock(work_order_id)
        if WorkOrderState(row["state"]) not in WAITING:
            raise WorkOrderAlreadyTaken()
        return await _give(actor, row, choice, _E.ASSIGN)


async def assign(actor: StaffActor, work_order_id: UUID, command: AssignByHand) -> WorkOrderView:
    """A dispatcher chooses by hand; a job that somebody has already is taken from them (reassign).

    Raises NotFound, NotAllowed, Invalid naming `reason` when a job is taken from somebody without
    one, StaffNotAvailable, WorkOrderStepNotPossible when the work has begun or is over.
    """
    async with transaction():
        row = await lock(work_order_id)
        place = {"grid_id": row["grid"], "station_id": row["station"]}
        if not may(actor, Action.READ_WORK_ORDERS, **place):
            raise NotFound("没有这个工单")
        require(actor, Action.ASSIGN_WORK, **place)
        waiting = WorkOrderState(row["state"]) in WAITING
        if not waiting and command.reason is None:
            raise Invalid("reason", "改派需要填写原因")
        event = _E.ASSIGN if waiting else _E.REASSIGN
        choice = Choice(command.staff_id, Capacity.BY_HAND, command.reason)
        await _give(actor, row, choice, event)
        return await view_one(actor, work_order_id)


async def _give(actor: Actor, row: Record, choice: Choice, event: WorkOrderEvent) -> int:
    state = WorkOrderState(row["state"])
    if state in OVER:
        raise WorkOrderStepNotPossible(event=event.value, state=state.value)
    to_state = next_state(event, state)
    await _check_person(row, choice.staff_id)
    now = await business_now()
    version = int(row["version"]) + 1
    if event is _E.REASSIGN:
        await end_assignment(row["id"], AssignmentState.RELEASED, now, choice.reason)
    await execute(
        "UPDATE work_order SET state = $2, assignee = $3, dispatched_at = $4, accepted_at = NULL,"
        " departed_at = NULL, arrived_at = NULL, arrival_grade = NULL, version = $5 WHERE id = $1",
        row["id"],
        to_state.value,
        choice.staff_id,
        now,
        version,
    )
    await _open_assignment(actor, row, choice, now)
    command = DoVerb(version=row["version"], reason=choice.reason, staff_id=choice.staff_id)
    await write_history(actor, row, Step(event, to_state, now, command), version)
    await say(
        WorkOrderChanged(
            work_order_id=row["id"],
            grid_id=row["grid"],
            version=version,
            event=event,
            state=to_state,
            staff_id=choice.staff_id,
        )
    )
    return version


async def _check_person(row: Record, staff_id: UUID) -> None:
    """W5 and the relatives' rule: nobody handles the account of a declared relative."""
    person = await fetch_one(
        "SELECT s.state, EXISTS (SELECT 1 FROM relative_account r"
        " JOIN service_account a ON a.account_no = r.account_no"
        " WHERE r.staff = s.id AND a.id = $2) AS is_relative FROM staff s WHERE s.id = $1",
        staff_id,
        row["account"],
    )
    if person is None:
        raise Invalid("staff_id", "没有这位同事")
    if person["state"] != "active":
        raise StaffNotAvailable("这位同事的账号已停用")
    if person["is_relative"]:
        raise StaffNotAvailable("这是该同事亲属的用电户,请派给其他人")


async def _open_assignment(actor: Actor, row: Record, choice: Choice, now: datetime) -> None:
    await execute(
        "INSERT INTO assignment (id, work_order, staff, capacity, state, offered_at,"
        " accept_due_at, reason, chosen_by) VALUES ($1, $2, $3, $4, 'offered', $5, $6, $7, $8)",
        new_id(),
        row["id"],
        choice.staff_id,
        choice.capacity.value,
        now,
        now + timedelta(seconds=row["accept_limit_s"]),
        choice.reason,
        actor.subject,
    )

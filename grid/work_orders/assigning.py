"""Giving a job to somebody: offered by dispatch, or by hand with a reason."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.clocks.service import apply_effects
from grid.clocks.types import Subject
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch_one, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal, StaleVersion
from grid.territory.authority import ALLOWED, Action
from grid.territory.types import Actor, StaffActor
from grid.work_orders.reading import view_one
from grid.work_orders.recording import Step, end_assignment, lock, say_changed, write_history
from grid.work_orders.rules import CLOCK_EFFECTS, WAITING, next_state, reaches
from grid.work_orders.ticket_recording import TicketStep, follow_job
from grid.work_orders.types import AssignByHand, DoVerb, WorkOrderView
from grid.work_orders.words import (
    AssignmentState,
    Capacity,
    TicketEvent,
    WorkOrderEvent,
    WorkOrderState,
)

_E = WorkOrderEvent


class WorkOrderAlreadyTaken(Refusal):
    """Somebody else was chosen in the meantime."""

    title = "工单已派给别人"


class StaffNotAvailable(Refusal):
    """Disabled, without a post in the field, or a relative of the customer."""

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
    one, StaleVersion, StaffNotAvailable, WorkOrderStepNotPossible when the work has begun or is
    over.
    """
    async with transaction():
        row = await lock(work_order_id)
        if not reaches(actor, Action.READ_WORK_ORDERS, row["grid"], row["station"]):
            raise NotFound("没有这个工单")
        if not reaches(actor, Action.ASSIGN_WORK, row["grid"], row["station"]):
            raise NotAllowed(action=Action.ASSIGN_WORK.value)
        if command.version not in (None, row["version"]):
            raise StaleVersion(version=row["version"])
        waiting = WorkOrderState(row["state"]) in WAITING
        if not waiting and command.reason is None:
            raise Invalid("reason", "改派需要填写原因")
        event = _E.ASSIGN if waiting else _E.REASSIGN
        choice = Choice(command.staff_id, Capacity.BY_HAND, command.reason)
        await _give(actor, row, choice, event)
        return await view_one(actor, work_order_id)


async def _give(actor: Actor, row: Record, choice: Choice, event: WorkOrderEvent) -> int:
    state = WorkOrderState(row["state"])
    to_state = next_state(event, state)
    now = await business_now()
    await _check_person(row, choice.staff_id, business_day(now))
    version = int(row["version"]) + 1
    if event is _E.REASSIGN:
        await end_assignment(row["id"], AssignmentState.RELEASED, now, choice.reason)
    due_at = await apply_effects(Subject.WORK_ORDER, row["id"], CLOCK_EFFECTS[event], now)
    await execute(
        "UPDATE work_order SET state = $2, assignee = $3, dispatched_at = $4, accepted_at = NULL,"
        " departed_at = NULL, arrived_at = NULL, arrival_grade = NULL, version = $5, due_at = $6"
        " WHERE id = $1",
        row["id"],
        to_state.value,
        choice.staff_id,
        now,
        version,
        due_at,
    )
    await _open_assignment(actor, row, choice, now)
    command = DoVerb(version=row["version"], reason=choice.reason)
    step = Step(event, to_state, now, command, staff_id=choice.staff_id)
    await write_history(actor, row, step, version)
    await follow_job(actor, row, event, TicketStep(TicketEvent.DISPATCH, now, choice.reason))
    await say_changed(row, step, version)
    return version


async def _check_person(row: Record, staff_id: UUID, on: date) -> None:
    """Somebody in service, with a post that works in the field, and no relative of the customer."""
    person = await fetch_one(
        "SELECT s.state, EXISTS (SELECT 1 FROM relative_account r"
        " JOIN service_account a ON a.account_no = r.account_no"
        " WHERE r.staff = s.id AND a.id = $2) AS is_relative,"
        " EXISTS (SELECT 1 FROM grid_appointment p WHERE p.staff = s.id AND p.from_day <= $3"
        " AND (p.until_day IS NULL OR p.until_day > $3) AND p.role = ANY($4::text[]))"
        " OR EXISTS (SELECT 1 FROM staff_role_grant g WHERE g.staff = s.id AND g.from_day <= $3"
        " AND (g.until_day IS NULL OR g.until_day > $3) AND g.role = ANY($4::text[])) AS in_field"
        " FROM staff s WHERE s.id = $1",
        staff_id,
        row["account"],
        on,
        [role.value for role in ALLOWED[Action.DO_WORK]],
    )
    if person is None:
        raise Invalid("staff_id", "没有这位同事")
    if person["state"] != "active":
        raise StaffNotAvailable("这位同事的账号已停用")
    if not person["in_field"]:
        raise StaffNotAvailable("这位同事没有现场工作的岗位")
    if person["is_relative"]:
        raise StaffNotAvailable("这是该同事亲属的用电户,请派给其他人")


async def _open_assignment(actor: Actor, row: Record, choice: Choice, now: datetime) -> None:
    await execute(
        "INSERT INTO assignment (id, work_order, staff, capacity, state, offered_at,"
        " accept_due_at, reason, chosen_by) VALUES ($1, $2, $3, $4, 'offered', $5,"
        " (SELECT max(due_at) FROM sla_clock WHERE subject_id = $2 AND target = 'accept'"
        " AND stopped_at IS NULL AND given_up_at IS NULL), $6, $7)",
        new_id(),
        row["id"],
        choice.staff_id,
        choice.capacity.value,
        now,
        choice.reason,
        actor.subject,
    )

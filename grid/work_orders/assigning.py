"""Giving a job to somebody: offered by dispatch, or by hand with a reason."""

from datetime import date
from uuid import UUID

from asyncpg import Record

from grid.clocks.service import apply_effects
from grid.clocks.types import Subject
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch_one, transaction
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.territory.authority import ALLOWED, Action
from grid.territory.types import Actor, StaffActor
from grid.work_orders.job_rows import end_assignment
from grid.work_orders.kinds import KINDS, SKILL_WORDS
from grid.work_orders.last_step import stale
from grid.work_orders.reading import view_one
from grid.work_orders.recording import (
    Choice,
    Step,
    lock,
    say_changed,
    write_given,
)
from grid.work_orders.rules import CLOCK_EFFECTS, WAITING, next_state, reaches
from grid.work_orders.tickets.accused import refuse_accused
from grid.work_orders.tickets.recording import TicketStep, follow_job
from grid.work_orders.types import AssignByHand, DoVerb, WorkOrderView
from grid.work_orders.words import (
    Capacity,
    TicketEvent,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderState,
)

_E = WorkOrderEvent


class WorkOrderAlreadyTaken(Refusal):
    """Somebody else was chosen in the meantime."""

    title = "工单已派给别人"


class StaffNotAvailable(Refusal):
    """Disabled, without a post in the field, or a relative of the customer."""

    title = "这位同事不能接这个工单"


#: What the next one does anew, and what only the last one was told.
_NEXT_ONE_BEGINS = (
    "accepted_at",
    "departed_at",
    "arrived_at",
    "arrival_grade",
    "arrival_proof",
    "customer_code",
    "check_in_due_at",
)


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
            raise await stale(row)
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
        await end_assignment(row["id"], now, choice.reason)
    due_at = await apply_effects(Subject.WORK_ORDER, row["id"], CLOCK_EFFECTS[event], now)
    command = DoVerb(version=row["version"], reason=choice.reason)
    step = Step(event, to_state, now, command, staff_id=choice.staff_id)
    await write_given(
        actor,
        row,
        step,
        {
            "assignee": choice.staff_id,
            "dispatched_at": now,
            "due_at": due_at,
            **dict.fromkeys(_NEXT_ONE_BEGINS),
        },
        choice,
    )
    await follow_job(actor, row, event, TicketStep(TicketEvent.DISPATCH, now, choice.reason))
    await say_changed(row, step, version)
    return version


_PERSON = """
SELECT s.state, EXISTS (SELECT 1 FROM relative_account r JOIN service_account a
        ON a.account_no = r.account_no WHERE r.staff = s.id AND a.id = $2) AS is_relative,
    ARRAY(SELECT p.role FROM grid_appointment p WHERE p.staff = s.id AND p.from_day <= $3
        AND (p.until_day IS NULL OR p.until_day > $3)
        UNION SELECT g.role FROM staff_role_grant g WHERE g.staff = s.id AND g.from_day <= $3
        AND (g.until_day IS NULL OR g.until_day > $3)) AS roles,
    ARRAY(SELECT k.skill FROM staff_skill k WHERE k.staff = s.id AND k.valid_until >= $3) AS skills
FROM staff s WHERE s.id = $1
"""


async def _check_person(row: Record, staff_id: UUID, on: date) -> None:
    """Somebody in service whose post does such work, certified on the day, and no relative.

    Raises Invalid naming `staff_id` for nobody, AccusedMayNotHandle, StaffNotAvailable with the
    reason.
    """
    person = await fetch_one(_PERSON, staff_id, row["account"], on)
    if person is None:
        raise Invalid("staff_id", "没有这位同事")
    await refuse_accused(row["ticket"], staff_id)
    if person["state"] != "active":
        raise StaffNotAvailable("这位同事的账号已停用")
    roles = set(person["roles"])
    if not roles & {role.value for role in ALLOWED[Action.DO_WORK]}:
        raise StaffNotAvailable("这位同事没有现场工作的岗位")
    spec = KINDS[WorkOrderKind(row["kind"])]
    if not roles & {role.value for role in spec.may_do}:
        raise StaffNotAvailable(f"这位同事的岗位不能做“{spec.title}”工单")
    lacking = [SKILL_WORDS[skill] for skill in spec.skills if skill not in person["skills"]]
    if lacking:
        raise StaffNotAvailable(f"这位同事没有有效的{'、'.join(lacking)}资格")
    if person["is_relative"]:
        raise StaffNotAvailable("这是该同事亲属的用电户,请派给其他人")

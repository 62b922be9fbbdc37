"""The steps of a ticket: each checks seal, right, version, state and fields before it is written.

Lock order: the ticket's last job, then the ticket.
"""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.clocks.policies import limits_at
from grid.clocks.service import relimit
from grid.clocks.types import Subject
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch_one, transaction
from grid.kit.refusals import Invalid, NotAllowed, NotFound, StaleVersion
from grid.territory.authority import ALLOWED, Action
from grid.territory.types import StaffActor
from grid.work_orders.locating import located_as
from grid.work_orders.opening import facts_of
from grid.work_orders.recording import Step, write_step
from grid.work_orders.rules import OVER, next_state
from grid.work_orders.tickets.accused import (
    AccusedMayNotHandle,
    hands_of,
    is_accused,
    mark_accused,
    reaches_ticket,
    refuse_accused,
    staff_ids_of,
)
from grid.work_orders.tickets.callbacks import record_callback
from grid.work_orders.tickets.followed import lock_with_job
from grid.work_orders.tickets.reading import TICKET_ROWS, view_of
from grid.work_orders.tickets.recording import TicketStep, write_ticket_step
from grid.work_orders.tickets.rules import (
    BY_JOB,
    DRIVEN_BY_JOB,
    ENDS_COMPLAINT,
    HANDLERS_OWN,
    NOT_BY_HANDS,
    NOT_ENDED_BY_HANDS,
    NOT_WHILE_JOB_RUNS,
    TICKET_RIGHT,
    TicketStepNotPossible,
    check_reclassified,
    check_ticket_fields,
    next_ticket_state,
)
from grid.work_orders.tickets.types import DoTicketVerb, StaffTicketView
from grid.work_orders.tickets.urging import write_urge
from grid.work_orders.types import DoVerb
from grid.work_orders.words import (
    Priority,
    TicketEvent,
    TicketKind,
    TicketLevel,
    TicketState,
    WorkOrderEvent,
    WorkOrderState,
)

_E = TicketEvent
#: Jobs in these states can be opened again for the same matter.
_AGAIN = (WorkOrderState.COMPLETED, WorkOrderState.CLOSED)


class NotByWhomItWasHandled(NotAllowed):
    """Somebody else asks the customer; of a complaint somebody else decides that it is nothing."""

    title = "经手人不能做这一步,请由其他同事办理"


async def take_ticket_step(
    actor: StaffActor, ticket_id: UUID, event: TicketEvent, command: DoTicketVerb
) -> StaffTicketView:
    """Take one step of a ticket and give the ticket as it is then.

    Raises NotFound (not yours to see, or about you), NotAllowed, NotByWhomItWasHandled,
    StaleVersion that says who was first, TicketStepNotPossible, Invalid naming the missing field,
    AccusedMayNotHandle. Steps that follow a job are no verbs: `arrive`, `merge`, `split`.
    """
    if event not in TICKET_RIGHT:
        raise TicketStepNotPossible(event=event.value)
    async with transaction():
        job, row = await lock_with_job(ticket_id)
        await check_ticket_right(actor, row, event)
        if row["version"] != command.version:
            raise await stale(row)
        now = await business_now()
        check_ticket_fields(event, command, now)
        _check_job(row, job, event)
        next_ticket_state(TicketKind(row["kind"]), event, TicketState(row["state"]))
        await _write(actor, job, row, event, command, now)
        fresh = await fetch_one(f"{TICKET_ROWS} WHERE t.id = $1", ticket_id)
        assert fresh is not None, "the ticket is locked"
        return view_of(fresh, actor, now)


async def check_ticket_right(actor: StaffActor, row: Record, event: TicketEvent) -> None:
    """Raises NotFound when the ticket is not the actor's to see, NotAllowed when not theirs to do.

    Of a sealed ticket everything is the county auditors'; whom it is about never finds it (W5).
    """
    mine = row["handler"] == actor.staff_id and not row["sealed"]
    sees = mine or reaches_ticket(actor, Action.READ_WORK_ORDERS, row)
    if not sees or await is_accused(row["id"], actor.staff_id):
        raise NotFound("没有这个单号")
    right = TICKET_RIGHT[event]
    if event in HANDLERS_OWN and row["handler"] not in (None, actor.staff_id):
        raise NotAllowed("已由其他同事处理", action=right.value)
    own = mine and right in (Action.HANDLE_TICKETS, Action.READ_WORK_ORDERS)
    if not own and not reaches_ticket(actor, right, row):
        raise NotAllowed(action=right.value)
    ends = event in ENDS_COMPLAINT and row["kind"] in NOT_ENDED_BY_HANDS
    if (event in NOT_BY_HANDS or ends) and actor.staff_id in await hands_of(row["id"]):
        raise NotByWhomItWasHandled(action=right.value)


async def stale(row: Record) -> StaleVersion:
    """The refusal that says who was first, and with what."""
    last = await fetch_one(
        "SELECT h.event, h.actor, s.name, s.employee_no FROM ticket_transition h"
        " LEFT JOIN staff s ON 'staff:' || s.employee_no = h.actor"
        " WHERE h.ticket = $1 ORDER BY h.version DESC, h.at DESC, h.id DESC LIMIT 1",
        row["id"],
    )
    if last is None:
        return StaleVersion(version=row["version"])
    who = last["name"] or ("客户" if last["actor"].startswith("openid:") else "系统")
    return StaleVersion(
        f"{who}刚刚更新过这个单,请刷新后再操作",
        version=row["version"],
        won_by=last["employee_no"],
        won_event=last["event"],
    )


def _check_job(row: Record, job: Record | None, event: TicketEvent) -> None:
    """Raises TicketStepNotPossible for what only the job may do, or while the job still runs."""
    if event in BY_JOB and row["kind"] in DRIVEN_BY_JOB:
        raise TicketStepNotPossible("这类单随工单进展,请在工单上操作", event=event.value)
    runs = job is not None and job["state"] not in OVER
    if runs and event in NOT_WHILE_JOB_RUNS:
        raise TicketStepNotPossible("还有没结束的工单,请先处理工单", event=event.value)


async def _write(
    actor: StaffActor,
    job: Record | None,
    row: Record,
    event: TicketEvent,
    command: DoTicketVerb,
    now: datetime,
) -> None:
    if event is _E.CALLBACK:
        await record_callback(actor, job, row, command, now)
    elif event is _E.RECLASSIFY:
        await _reclassify(actor, row, command, now)
    elif event is _E.REOPEN and row["kind"] in DRIVEN_BY_JOB:
        await _reopen_job(actor, job, command, now)
    elif event is _E.URGE:
        await write_urge(actor, job, row, _step(event, command, now, None))
    else:
        staff_id = await _new_handler(actor, row, event, command, now)
        await write_ticket_step(actor, row, _step(event, command, now, staff_id))


def _step(
    event: TicketEvent, command: DoTicketVerb, now: datetime, staff_id: UUID | None
) -> TicketStep:
    return TicketStep(
        event,
        now,
        reason=command.words or command.reason,
        device_at=command.occurred_at,
        staff_id=staff_id,
        answer=command.words if event is _E.REPLY else None,
    )


async def _new_handler(
    actor: StaffActor, row: Record, event: TicketEvent, command: DoTicketVerb, now: datetime
) -> UUID | None:
    if event is _E.DISPATCH:
        assert command.staff_id is not None, "checked with the fields"
        await _check_handler(row, command.staff_id, now)
        return command.staff_id
    return actor.staff_id if event is _E.TAKE else None


#: Whether somebody may handle a ticket here: by a post of the county, the station, or the grid.
_MAY_HANDLE = """
SELECT s.state, EXISTS (SELECT 1 FROM staff_role_grant g WHERE g.staff = s.id
        AND g.role = ANY($2::text[]) AND (g.station IS NULL OR g.station = $3)
        AND g.from_day <= $5 AND (g.until_day IS NULL OR g.until_day > $5))
    OR EXISTS (SELECT 1 FROM grid_appointment p WHERE p.staff = s.id AND p.grid = $4
        AND p.role = ANY($2::text[]) AND p.from_day <= $5
        AND (p.until_day IS NULL OR p.until_day > $5)) AS handles
FROM staff s WHERE s.id = $1
"""


async def _check_handler(row: Record, staff_id: UUID, now: datetime) -> None:
    """Raises AccusedMayNotHandle, or Invalid naming `staff_id`."""
    await refuse_accused(row["id"], staff_id)
    level, sealed = row["level"], row["sealed"]
    right = Action.READ_SEALED if sealed else Action.HANDLE_TICKETS
    known = not sealed and level != TicketLevel.COUNTY
    person = await fetch_one(
        _MAY_HANDLE,
        staff_id,
        [role.value for role in ALLOWED[right]],
        row["station"] if known else None,
        row["grid"] if known and level != TicketLevel.STATION else None,
        business_day(now),
    )
    if person is None or person["state"] != "active":
        raise Invalid("staff_id", "没有这位同事,或账号已停用")
    if not person["handles"]:
        detail = "举报只能由县公司稽查员处理" if sealed else "这位同事的岗位不处理这里的单"
        raise Invalid("staff_id", detail)


async def _reopen_job(
    actor: StaffActor, job: Record | None, command: DoTicketVerb, now: datetime
) -> None:
    """A fault opens again with its job; the ticket follows."""
    if job is None or job["state"] not in _AGAIN:
        raise TicketStepNotPossible("没有可以重新打开的工单", event=_E.REOPEN.value)
    told = DoVerb(version=job["version"], reason=command.reason)
    to_state = next_state(WorkOrderEvent.REOPEN, WorkOrderState(job["state"]))
    await write_step(actor, job, Step(WorkOrderEvent.REOPEN, to_state, now, told))


async def _reclassify(actor: StaffActor, row: Record, command: DoTicketVerb, now: datetime) -> None:
    """Another kind with the limits of that kind, counted from the same beginning.

    What it was stays in the history's facts, which an indicator counts.
    """
    assert command.kind is not None, "checked with the fields"
    kind = TicketKind(row["kind"])
    check_reclassified(kind, command.kind)
    accused = await staff_ids_of(command.about or ())
    if actor.staff_id in accused:
        raise AccusedMayNotHandle("这件事与您有关,请由其他同事办理")
    facts = {
        "from_kind": kind.value,
        "to_kind": command.kind.value,
        "from_class": row["complaint_class"],
    }
    step = TicketStep(_E.RECLASSIFY, now, command.reason, command.occurred_at, facts=facts)
    await write_ticket_step(actor, row, step)
    located = await located_as(row)
    priority = Priority.DANGER if row["danger"] else Priority.NORMAL
    limits = await limits_at(now, await facts_of(command.kind.value, located, priority, now))
    due_at = await relimit(Subject.TICKET, row["id"], limits, now)
    is_complaint = command.kind is TicketKind.COMPLAINT and command.complaint_class is not None
    await execute(
        "UPDATE ticket SET kind = $2, complaint_class = $3, due_at = $4 WHERE id = $1",
        row["id"],
        command.kind.value,
        command.complaint_class.value if is_complaint and command.complaint_class else None,
        due_at,
    )
    await mark_accused(row["id"], accused, business_day(now))

"""Intake: what somebody told becomes a ticket with its job, in one transaction."""

from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_one, fetch_value, transaction
from grid.kit.refusals import Invalid, NotAllowed, NotFound, TooMany
from grid.territory.authority import Action
from grid.territory.types import Actor, CustomerActor, StaffActor
from grid.work_orders import policies
from grid.work_orders.kinds import check_opener
from grid.work_orders.locating import Located, locate, located_as
from grid.work_orders.on_site.safety_gate import declare_live
from grid.work_orders.opening import NewJob, NewTicket, one_at_a_time, write_job, write_ticket
from grid.work_orders.reading import view_one
from grid.work_orders.recording import Step, say_changed, write_history
from grid.work_orders.rules import OVER, check_times
from grid.work_orders.tickets.accused import is_accused, reaches_ticket
from grid.work_orders.tickets.followed import ticket_view
from grid.work_orders.tickets.recording import TicketStep, lock_ticket, write_ticket_step
from grid.work_orders.tickets.rules import DRIVEN_BY_JOB, MAY_HAVE_JOBS, TICKET_TRANSITIONS
from grid.work_orders.tickets.types import ReportFault, TicketView
from grid.work_orders.types import DoVerb, OpenWorkOrder, WorkOrderView
from grid.work_orders.words import (
    Channel,
    Priority,
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderState,
)

#: A fault waits for its customer's word after a repair: only what was not solved is gone on with.
_FAULT_OVER = (WorkOrderState.CANNOT_COMPLETE, WorkOrderState.CLOSED)
#: A telephone call began at most so long ago.
CALL_AGE_MAX = timedelta(days=1)


def check_called_at(called_at: datetime | None, now: datetime) -> None:
    """Raises Invalid naming `called_at` when the call is yet to come or older than a day."""
    if called_at is not None and not now - CALL_AGE_MAX <= called_at <= now:
        raise Invalid("called_at", "来电时间应在最近一天之内,不能晚于现在")


async def report_fault(actor: Actor, command: ReportFault) -> TicketView:
    """Take a fault: a ticket, its job with the limits of this moment, and the events.

    A customer may name only an account they are linked to; telling the same account's fault again
    gives the ticket that is already open, with a line in its history. Raises NotFound (account not
    yours), NotAllowed, TooMany (open tickets of one openid), Invalid naming `phone` or `address`
    when staff report for nobody knows whom.
    """
    async with transaction():
        now = await business_now()
        check_called_at(command.called_at, now)
        await one_at_a_time(actor.subject)
        located = await locate(actor, command, now)
        if located.account_id is not None:
            await one_at_a_time(f"account:{located.account_id}")
        if command.account_no is not None and not command.danger:
            again = await _told_again(actor, located, command)
            if again is not None:
                return again
        await _check_budget(actor, command)
        ticket_id = await write_ticket(actor, _fault(actor, command, located), now)
        await write_job(actor, _repair(ticket_id, command, located), now)
        return await ticket_view(ticket_id)


def _fault(actor: Actor, command: ReportFault, located: Located) -> NewTicket:
    return NewTicket(
        kind=TicketKind.FAULT,
        channel=command.channel,
        description=command.description,
        located=located,
        priority=Priority.DANGER if command.danger else Priority.URGENT,
        danger=command.danger,
        openid=actor.openid if isinstance(actor, CustomerActor) else None,
        phone=command.phone,
        address=command.address,
        raw_place=command.raw_place,
        called_at=command.called_at,
        reporter_name=command.reporter_name,
        form=command.form,
    )


def _repair(ticket_id: UUID, command: ReportFault, located: Located) -> NewJob:
    return NewJob(
        kind=WorkOrderKind.FAULT_REPAIR,
        located=located,
        priority=Priority.DANGER if command.danger else Priority.URGENT,
        ticket_id=ticket_id,
    )


async def open_work_order(actor: StaffActor, command: OpenWorkOrder) -> WorkOrderView:
    """A job by hand: for a ticket, a fault that somebody told, or any other kind at a place.

    Raises KindNotPossible, NotFound, NotAllowed, Invalid naming the field.
    """
    async with transaction():
        now = await business_now()
        check_times(now, starts_at=command.starts_at)
        if command.ticket_id is not None:
            job_id = await _job_for_ticket(actor, command.ticket_id, command, now)
        elif command.kind is WorkOrderKind.FAULT_REPAIR:
            ticket = await report_fault(actor, _as_told(command))
            if ticket.work_order_id is None:
                raise NotFound("没有这个工单")
            job_id = ticket.work_order_id
            if command.live_work:
                await declare_live(actor, job_id)
        else:
            job_id = await _job_alone(actor, command, now)
        return await view_one(actor, job_id)


def _as_told(command: OpenWorkOrder) -> ReportFault:
    return ReportFault(
        description=command.description,
        channel=Channel.STAFF,
        account_no=command.account_no,
        place=command.place,
        address=command.address,
        phone=command.phone,
        danger=command.danger,
    )


async def _job_alone(actor: StaffActor, command: OpenWorkOrder, now: datetime) -> UUID:
    """A job of its own, without a customer who asked for it."""
    located = await locate(actor, _as_told(command), now)
    return await _open_checked(actor, command, located, None, now)


async def _open_checked(
    actor: StaffActor,
    command: OpenWorkOrder,
    located: Located,
    ticket_id: UUID | None,
    now: datetime,
) -> UUID:
    grid = located.grid
    grid_id, station_id = (None, None) if grid is None else (grid.grid_id, grid.station_id)
    check_opener(actor, command.kind, grid_id, station_id)
    danger = Priority.DANGER if command.danger else command.priority
    new = NewJob(
        kind=command.kind,
        located=located,
        description=command.description,
        priority=danger,
        ticket_id=ticket_id,
        starts_at=command.starts_at,
        live_work=command.live_work,
    )
    return await write_job(actor, new, now)


async def _told_again(actor: Actor, located: Located, command: ReportFault) -> TicketView | None:
    job = await fetch_one(
        "SELECT w.* FROM ticket t JOIN work_order w ON w.ticket = t.id"
        " WHERE t.account = $1 AND t.kind = 'fault' AND t.state IN"
        " ('accepted', 'dispatched', 'in_hand', 'on_site', 'handled')"
        " AND w.state NOT IN ('closed', 'cancelled', 'completed', 'cannot_complete')"
        " ORDER BY t.id DESC LIMIT 1 FOR UPDATE OF w",
        located.account_id,
    )
    if job is None:
        return None
    # The moment is that after the lock, so that the history stays in order. The version stays: a
    # second call must not make the step of the person at work stale.
    now = await business_now()
    state, version = WorkOrderState(job["state"]), int(job["version"])
    reason = f"再次报修:{command.description}"[:500]
    step = Step(WorkOrderEvent.COMMENT, state, now, DoVerb(version=version, reason=reason))
    await write_history(actor, job, step, version)
    await say_changed(job, step, version)
    if isinstance(actor, CustomerActor):
        # A fault that staff took by telephone becomes the customer's own to follow and rate.
        await execute(
            "UPDATE ticket SET openid = $2, version = version + 1 WHERE id = $1 AND openid IS NULL",
            job["ticket"],
            actor.openid,
        )
    return await ticket_view(job["ticket"])


async def _check_budget(actor: Actor, command: ReportFault) -> None:
    if not isinstance(actor, CustomerActor) or command.danger:
        return
    limit = (await policies.ticket_limits(await business_now())).open_tickets
    waiting = await fetch_value(
        "SELECT count(*) FROM ticket WHERE openid = $1 AND closed_at IS NULL", actor.openid
    )
    if waiting >= limit:
        raise TooMany("您还有多个报修正在处理,请先等待处理结果", limit=limit)


async def _job_for_ticket(
    actor: StaffActor, ticket_id: UUID, command: OpenWorkOrder, now: datetime
) -> UUID:
    """A job for an open ticket that has none under way: the first, or one after the last ended."""
    ticket = await fetch_one("SELECT * FROM ticket WHERE id = $1", ticket_id)
    if (
        ticket is None
        or not reaches_ticket(actor, Action.READ_WORK_ORDERS, ticket)
        or await is_accused(ticket_id, actor.staff_id)
    ):
        raise NotFound("没有这个单号")
    if ticket["kind"] not in MAY_HAVE_JOBS:
        raise Invalid("ticket_id", "这类单不开工单")
    if not reaches_ticket(actor, Action.ASSIGN_WORK, ticket):
        raise NotAllowed(action=Action.ASSIGN_WORK.value)
    last = await _lock_last_job(ticket_id)
    # Read after the lock: what somebody else committed while this one waited is seen here.
    locked = await lock_ticket(ticket_id)
    if locked["closed_at"] is not None:
        raise Invalid("ticket_id", "这个单已经结束,请重新受理")
    kind, state = TicketKind(locked["kind"]), TicketState(locked["state"])
    over = _FAULT_OVER if kind in DRIVEN_BY_JOB else OVER
    if last is not None and last["state"] not in over:
        raise Invalid("ticket_id", "这个单还有未结束的工单")
    event = TicketEvent.COMMENT
    if kind in DRIVEN_BY_JOB and (TicketEvent.RETURN, state) in TICKET_TRANSITIONS[kind]:
        event = TicketEvent.RETURN
    await write_ticket_step(actor, locked, TicketStep(event, now, command.description))
    located = await located_as(ticket) if last is None else await located_as(last)
    return await _open_checked(actor, command, located, ticket_id, now)


async def _lock_last_job(ticket_id: UUID) -> Record | None:
    """The newest job of a ticket, locked: two who add a further job wait for each other here."""
    await one_at_a_time(f"jobs of {ticket_id}")
    return await fetch_one(
        "SELECT * FROM work_order WHERE ticket = $1 ORDER BY id DESC LIMIT 1 FOR UPDATE", ticket_id
    )

"""Intake: what somebody told becomes a ticket with its job, in one transaction."""

from uuid import UUID

from asyncpg import Record

from grid.geography.types import Place
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_one, fetch_value, transaction
from grid.kit.refusals import Invalid, NotAllowed, NotFound, TooMany
from grid.territory.authority import Action
from grid.territory.places import GridOfPlace
from grid.territory.types import Actor, CustomerActor, StaffActor
from grid.work_orders import policies
from grid.work_orders.locating import Located, locate
from grid.work_orders.opening import NewJob, NewTicket, one_at_a_time, write_job, write_ticket
from grid.work_orders.reading import view_one
from grid.work_orders.recording import Step, say_changed, write_history
from grid.work_orders.rules import reaches
from grid.work_orders.ticket_recording import TicketStep, lock_ticket, write_ticket_step
from grid.work_orders.ticket_rules import TICKET_TRANSITIONS
from grid.work_orders.ticket_types import ReportFault, TicketView
from grid.work_orders.tickets import ticket_view
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


async def report_fault(actor: Actor, command: ReportFault) -> TicketView:
    """Take a fault: a ticket, its job with the limits of this moment, and the events.

    A customer may name only an account they are linked to; telling the same account's fault again
    gives the ticket that is already open, with a line in its history. Raises NotFound (account not
    yours), NotAllowed, TooMany (open tickets of one openid), Invalid naming `phone` or `address`
    when staff report for nobody knows whom.
    """
    async with transaction():
        now = await business_now()
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
    )


def _repair(ticket_id: UUID, command: ReportFault, located: Located) -> NewJob:
    return NewJob(
        kind=WorkOrderKind.FAULT_REPAIR,
        located=located,
        priority=Priority.DANGER if command.danger else Priority.URGENT,
        ticket_id=ticket_id,
    )


async def open_work_order(actor: StaffActor, command: OpenWorkOrder) -> WorkOrderView:
    """A job by hand: a further one for a ticket, or a fault that somebody told to staff."""
    async with transaction():
        if command.ticket_id is not None:
            job_id = await _further_job(actor, command.ticket_id, command)
        else:
            told = ReportFault(
                description=command.description,
                channel=Channel.STAFF,
                account_no=command.account_no,
                place=command.place,
                address=command.address,
                phone=command.phone,
                danger=command.danger,
            )
            ticket = await report_fault(actor, told)
            if ticket.work_order_id is None:
                raise NotFound("没有这个工单")
            job_id = ticket.work_order_id
        return await view_one(actor, job_id)


async def _told_again(actor: Actor, located: Located, command: ReportFault) -> TicketView | None:
    job = await fetch_one(
        "SELECT w.* FROM ticket t JOIN work_order w ON w.ticket = t.id"
        " WHERE t.account = $1 AND t.kind = 'fault' AND t.state IN ('accepted', 'in_hand')"
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


async def _further_job(actor: StaffActor, ticket_id: UUID, command: OpenWorkOrder) -> UUID:
    """Another job for a ticket whose last one ended without solving it."""
    ticket = await fetch_one("SELECT * FROM ticket WHERE id = $1", ticket_id)
    if ticket is None or not reaches(
        actor, Action.READ_WORK_ORDERS, ticket["grid"], ticket["station"]
    ):
        raise NotFound("没有这个报修")
    if not reaches(actor, Action.ASSIGN_WORK, ticket["grid"], ticket["station"]):
        raise NotAllowed(action=Action.ASSIGN_WORK.value)
    last = await _lock_last_job(ticket_id)
    if last["state"] not in (WorkOrderState.CANNOT_COMPLETE, WorkOrderState.CLOSED):
        raise Invalid("ticket_id", "这个报修还有未结束的工单")
    place = None if last["lat"] is None else Place(lat=last["lat"], lon=last["lon"])
    grid = None
    if last["grid"] is not None:
        grid = GridOfPlace(last["grid"], last["station"], last["code"], last["place_class"])
    located = Located(last["account"], place, grid, last["place_class"])
    told = ReportFault(
        description=command.description, channel=Channel.STAFF, danger=command.danger
    )
    now = await business_now()
    locked = await lock_ticket(ticket_id)
    if (TicketEvent.RETURN, TicketState(locked["state"])) in TICKET_TRANSITIONS[TicketKind.FAULT]:
        await write_ticket_step(
            actor, locked, TicketStep(TicketEvent.RETURN, now, command.description)
        )
    return await write_job(actor, _repair(ticket_id, told, located), now)


async def _lock_last_job(ticket_id: UUID) -> Record:
    """The newest job of a ticket, locked: two who add a further job wait for each other here."""
    last = await fetch_one(
        "SELECT w.*, s.code FROM work_order w LEFT JOIN supply_station s ON s.id = w.station"
        " WHERE w.ticket = $1 ORDER BY w.id DESC LIMIT 1 FOR UPDATE OF w",
        ticket_id,
    )
    # Read after the lock: what somebody else committed while this one waited is seen here.
    newest = await fetch_one(
        "SELECT w.id, t.closed_at FROM work_order w JOIN ticket t ON t.id = w.ticket"
        " WHERE w.ticket = $1 ORDER BY w.id DESC LIMIT 1",
        ticket_id,
    )
    if last is None or newest is None or last["id"] != newest["id"]:
        raise Invalid("ticket_id", "这个报修还有未结束的工单")
    if newest["closed_at"] is not None:
        raise Invalid("ticket_id", "这个报修已经结束,请重新受理")
    return last

"""Tickets: what the customer follows, rates, and may say is not solved."""

from typing import cast
from uuid import UUID

from asyncpg import Record

from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one, insert, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import NotFound, Refusal
from grid.territory.types import Actor, CustomerActor
from grid.work_orders import tables
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.rules import next_state
from grid.work_orders.ticket_types import RateTicket, TicketView
from grid.work_orders.types import DoVerb
from grid.work_orders.words import TicketKind, TicketState, WorkOrderEvent, WorkOrderState

_SELECT = (
    "SELECT t.*, a.account_no, a.address AS account_address, w.id AS work_order_id,"
    " w.state AS work_order_state, w.arrived_at,"
    " (SELECT max(c.due_at) FROM sla_clock c WHERE c.subject_id = w.id AND c.target = 'arrive'"
    " AND c.stopped_at IS NULL AND c.given_up_at IS NULL) AS arrive_due_at,"
    " p.name AS assignee_name, p.phone AS assignee_phone, r.stars FROM ticket t"
    " LEFT JOIN service_account a ON a.id = t.account"
    " LEFT JOIN LATERAL (SELECT * FROM work_order w WHERE w.ticket = t.id"
    " ORDER BY w.id DESC LIMIT 1) w ON true"
    " LEFT JOIN staff p ON p.id = w.assignee"
    " LEFT JOIN rating r ON r.ticket = t.id"
)


class TicketAlreadyRated(Refusal):
    """One rating per ticket; it is not changed afterwards."""

    title = "这个报修已经评价过,谢谢"


class TicketNotFinished(Refusal):
    """The work is not reported done yet, so there is nothing to rate."""

    title = "这个报修还在处理中,处理完成后再评价"


async def ticket_view(ticket_id: UUID) -> TicketView:
    """A ticket by id, for callers who already know that it is theirs to see."""
    row = await fetch_one(f"{_SELECT} WHERE t.id = $1", ticket_id)
    if row is None:
        raise NotFound("没有这个报修")
    return _view(row)


async def tickets_of_openid(actor: CustomerActor, limit: int = 5) -> list[TicketView]:
    """The customer's own newest tickets, open ones first. Audited."""
    rows = await fetch(
        f"{_SELECT} WHERE t.openid = $1 ORDER BY (t.closed_at IS NULL) DESC, t.id DESC LIMIT $2",
        actor.openid,
        limit,
    )
    await audit.record("tickets.read_own", actor.subject, count=len(rows))
    return [_view(row) for row in rows]


async def rate_ticket(actor: CustomerActor, command: RateTicket) -> TicketView:
    """One to five stars for a ticket of one's own; its job closes, and with it the ticket.

    Raises NotFound (not yours), TicketNotFinished, TicketAlreadyRated.
    """
    async with transaction():
        job = await _lock_job_of(actor, command.ticket_id)
        state = WorkOrderState(job["state"])
        if state not in (WorkOrderState.COMPLETED, WorkOrderState.CLOSED):
            raise TicketNotFinished()
        now = await business_now()
        if await fetch_one("SELECT 1 FROM rating WHERE ticket = $1", command.ticket_id):
            raise TicketAlreadyRated()
        await insert(
            tables.Rating,
            id=new_id(),
            ticket=command.ticket_id,
            work_order=job["id"],
            stars=command.stars,
            comment=command.comment,
            openid=actor.openid,
            rated_at=now,
        )
        if state is WorkOrderState.COMPLETED:
            await close_job(actor, job, f"客户评价 {command.stars} 星")
        return await ticket_view(command.ticket_id)


async def say_still_dark(actor: CustomerActor, ticket_id: UUID) -> TicketView:
    """The customer says that supply is not back: the job is reopened and offered on.

    Raises NotFound (not yours), TicketNotFinished while somebody is still at work.
    """
    async with transaction():
        job = await _lock_job_of(actor, ticket_id)
        state = WorkOrderState(job["state"])
        if state not in (WorkOrderState.COMPLETED, WorkOrderState.CLOSED):
            raise TicketNotFinished("师傅还在处理,请稍等")
        now = await business_now()
        command = DoVerb(version=job["version"], reason="客户反映仍未来电")
        to_state = next_state(WorkOrderEvent.REOPEN, state)
        await write_step(actor, job, Step(WorkOrderEvent.REOPEN, to_state, now, command))
        return await ticket_view(ticket_id)


async def close_job(actor: Actor, job: Record, reason: str) -> None:
    """Close a completed job whose row is locked, and its ticket with it."""
    now = await business_now()
    command = DoVerb(version=job["version"], reason=reason)
    to_state = next_state(WorkOrderEvent.CLOSE, WorkOrderState(job["state"]))
    await write_step(actor, job, Step(WorkOrderEvent.CLOSE, to_state, now, command))


async def _lock_job_of(actor: CustomerActor, ticket_id: UUID) -> Record:
    found = await fetch_one(
        "SELECT w.id FROM work_order w JOIN ticket t ON t.id = w.ticket"
        " WHERE t.id = $1 AND t.openid = $2 ORDER BY w.id DESC LIMIT 1",
        ticket_id,
        actor.openid,
    )
    if found is None:
        raise NotFound("没有这个报修")
    return await lock(cast(UUID, found["id"]))


def _view(row: Record) -> TicketView:
    waiting = row["arrived_at"] is None and row["closed_at"] is None
    job_state = row["work_order_state"]
    return TicketView(
        id=row["id"],
        number=row["number"],
        kind=TicketKind(row["kind"]),
        state=TicketState(row["state"]),
        danger=row["danger"],
        description=row["description"],
        account_no=row["account_no"],
        address=row["account_address"] or row["address"],
        reported_at=row["reported_at"],
        closed_at=row["closed_at"],
        work_order_id=row["work_order_id"],
        work_order_state=None if job_state is None else WorkOrderState(job_state),
        assignee_name=row["assignee_name"],
        assignee_phone=row["assignee_phone"],
        arrive_due_at=row["arrive_due_at"] if waiting else None,
        stars=row["stars"],
    )

"""Tickets: what the customer follows, rates, and may say is not solved."""

from typing import cast
from uuid import UUID

from asyncpg import Record

from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one, insert, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import NotFound, Refusal
from grid.territory.types import CustomerActor
from grid.work_orders import tables
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.rules import next_state
from grid.work_orders.tickets.callbacks import archive, keep_rating
from grid.work_orders.tickets.callbacks import close_job as close_job
from grid.work_orders.tickets.follow_ups import BAD_STARS, open_follow_up
from grid.work_orders.tickets.recording import TicketStep, lock_ticket, write_ticket_step
from grid.work_orders.tickets.rules import DRIVEN_BY_JOB
from grid.work_orders.tickets.types import RateTicket, RateWords, TicketView
from grid.work_orders.types import DoVerb
from grid.work_orders.words import (
    CallbackOutcome,
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderEvent,
    WorkOrderState,
)

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
    """The customer's own newest tickets, sealed ones too, open ones first. Audited."""
    rows = await fetch(
        f"{_SELECT} WHERE t.openid = $1"  # noqa: S608 - ours
        " OR t.id IN (SELECT a.ticket FROM sealed_author a WHERE a.openid = $1)"
        " ORDER BY (t.closed_at IS NULL) DESC, t.id DESC LIMIT $2",
        actor.openid,
        limit,
    )
    await audit.record("tickets.read_own", actor.subject, count=len(rows))
    return [_view(row) for row in rows]


async def rate_ticket(actor: CustomerActor, command: RateTicket) -> TicketView:
    """One to five stars for a ticket of one's own; it closes, and its job with it.

    Few stars open a follow-up. Raises NotFound (not yours), TicketNotFinished, TicketAlreadyRated.
    """
    async with transaction():
        job, row = await _lock_own(actor, command.ticket_id)
        if not _is_answered(job, row):
            raise TicketNotFinished()
        if await fetch_one("SELECT 1 FROM rating WHERE ticket = $1", row["id"]):
            raise TicketAlreadyRated()
        now = await business_now()
        await keep_rating(row, job, command.stars, command.comment, actor.openid, now)
        content = command.stars > BAD_STARS
        said = CallbackOutcome.SATISFIED if content else CallbackOutcome.UNSATISFIED
        reason = f"客户评价 {command.stars} 星"
        if job is not None and job["state"] == WorkOrderState.COMPLETED:
            await close_job(actor, job, reason, said)
        await archive(actor, row["id"], said, TicketStep(TicketEvent.ARCHIVE, now, reason))
        if not content:
            await open_follow_up(actor, row, command.comment, now)
        return await ticket_view(command.ticket_id)


async def add_rating_words(actor: CustomerActor, command: RateWords) -> TicketView:
    """Free words after the stars, once; they go on to the follow-up where there is one.

    Raises NotFound (not yours, or not rated), TicketAlreadyRated when words were said before.
    """
    async with transaction():
        _, row = await _lock_own(actor, command.ticket_id)
        rating = await fetch_one(
            "SELECT r.id, r.comment, c.id AS later FROM rating r"
            " LEFT JOIN rating_comment c ON c.rating = r.id WHERE r.ticket = $1",
            row["id"],
        )
        if rating is None:
            raise NotFound("没有等您说明的评价")
        if rating["comment"] or rating["later"]:
            raise TicketAlreadyRated()
        now = await business_now()
        await insert(
            tables.RatingComment, id=new_id(), rating=rating["id"], words=command.words, said_at=now
        )
        child = await fetch_one(
            "SELECT * FROM ticket WHERE parent = $1 AND closed_at IS NULL ORDER BY id DESC LIMIT 1"
            " FOR UPDATE",
            row["id"],
        )
        if child is not None:
            told = TicketStep(TicketEvent.COMMENT, now, f"客户说明:{command.words}"[:500])
            await write_ticket_step(actor, child, told)
        return await ticket_view(command.ticket_id)


async def say_still_dark(actor: CustomerActor, ticket_id: UUID) -> TicketView:
    """The customer says that supply is not back: the job is reopened and offered on.

    Raises NotFound (not yours), TicketNotFinished while somebody is still at work.
    """
    async with transaction():
        job, _ = await _lock_own(actor, ticket_id)
        if job is None:
            raise NotFound("没有这个报修")
        state = WorkOrderState(job["state"])
        if state not in (WorkOrderState.COMPLETED, WorkOrderState.CLOSED):
            raise TicketNotFinished("师傅还在处理,请稍等")
        now = await business_now()
        command = DoVerb(version=job["version"], reason="客户反映仍未来电")
        to_state = next_state(WorkOrderEvent.REOPEN, state)
        await write_step(actor, job, Step(WorkOrderEvent.REOPEN, to_state, now, command))
        return await ticket_view(ticket_id)


async def lock_with_job(ticket_id: UUID) -> tuple[Record | None, Record]:
    """The ticket's last job, if it has one, and the ticket, locked in this order.

    Raises NotFound.
    """
    last = await fetch_one(
        "SELECT id FROM work_order WHERE ticket = $1 ORDER BY id DESC LIMIT 1", ticket_id
    )
    job = None if last is None else await lock(cast(UUID, last["id"]))
    return job, await lock_ticket(ticket_id)


async def is_own(actor: CustomerActor, row: Record) -> bool:
    """Whether the customer told this ticket, openly or under the seal."""
    if not row["sealed"]:
        return bool(row["openid"] == actor.openid)
    author = await fetch_one(
        "SELECT 1 FROM sealed_author WHERE ticket = $1 AND openid = $2", row["id"], actor.openid
    )
    return author is not None


async def _lock_own(actor: CustomerActor, ticket_id: UUID) -> tuple[Record | None, Record]:
    found = await fetch_one("SELECT * FROM ticket WHERE id = $1", ticket_id)
    if found is None or not await is_own(actor, found):
        raise NotFound("没有这个报修")
    return await lock_with_job(ticket_id)


def _is_answered(job: Record | None, row: Record) -> bool:
    if row["kind"] in DRIVEN_BY_JOB:
        return job is not None and job["state"] in (
            WorkOrderState.COMPLETED,
            WorkOrderState.CLOSED,
        )
    return row["state"] in (TicketState.REPLIED, TicketState.CALLED_BACK, TicketState.CLOSED)


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
        answer=row["answer"],
        urges=row["urges"],
        replied_at=row["replied_at"],
    )

"""Orders of the province: taken, merged with what is open, urges attached; each number once.

Lock order: the number, the account (advisory, as in our own intake), job, ticket, order.
"""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.clocks.changing import Moved
from grid.clocks.service import put_right
from grid.clocks.types import Subject
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, insert, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import NotFound
from grid.partners import tables
from grid.partners.feedback import queue_reached
from grid.partners.matching import same_matter
from grid.partners.policies import merge_limits
from grid.partners.rules import CLASS_OF, KIND_OF, PartnerOrderChanged, check_order, digest_of
from grid.partners.types import OrderOutcome, OrderReceipt, ProvinceKind, ProvinceOrder
from grid.territory.types import SystemActor
from grid.work_orders.locating import Located, locate
from grid.work_orders.opening import NewJob, NewTicket, one_at_a_time, write_job, write_ticket
from grid.work_orders.rules import FROM_INTAKE, OVER
from grid.work_orders.tickets.followed import lock_with_job
from grid.work_orders.tickets.recording import (
    TICKET_FROM_INTAKE,
    TicketStep,
    write_ticket_step,
)
from grid.work_orders.tickets.rules import TICKET_TRANSITIONS
from grid.work_orders.tickets.sealed import seal_author
from grid.work_orders.tickets.types import ReportFault, TakeTicket
from grid.work_orders.tickets.urging import write_urge
from grid.work_orders.words import (
    Channel,
    Priority,
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderKind,
)

PROVINCE = SystemActor(name="province")
_SINCE_INTAKE = (*FROM_INTAKE, *TICKET_FROM_INTAKE)


async def take_order(order: ProvinceOrder, via: str) -> OrderReceipt:
    """Take one order; sent again it changes nothing and gets the same answer.

    `via`: `port` or `file`. Raises Invalid naming the field, PartnerOrderChanged when the number
    came before with another content.
    """
    now = await business_now()
    check_order(order, now)
    async with transaction():
        await one_at_a_time(f"province:{order.urged_number or order.number}")
        before = await fetch_one("SELECT * FROM partner_order WHERE number = $1", order.number)
        if before is not None:
            return await _again(before, order)
        if order.kind is ProvinceKind.URGE:
            return await _take_urge(order, via, now)
        outcome, ticket_id = await _take_or_merge(order, now)
        await _write(order, via, outcome, ticket_id, now)
        await _attach_waiting_urges(order.number, ticket_id, now)
        await queue_reached(ticket_id, now)
        await audit.record("province.order", order.number, outcome=outcome.value)
        return await _receipt(order.number, outcome, ticket_id)


async def _again(before: Record, order: ProvinceOrder) -> OrderReceipt:
    if before["digest"] != digest_of(order):
        raise PartnerOrderChanged(number=order.number)
    return await _receipt(order.number, OrderOutcome.REPEATED, before["ticket"])


async def _receipt(number: str, outcome: OrderOutcome, ticket_id: UUID | None) -> OrderReceipt:
    ours = await fetch_value("SELECT number FROM ticket WHERE id = $1", ticket_id)
    return OrderReceipt(number=number, outcome=outcome, ticket_number=ours)


async def _write(
    order: ProvinceOrder, via: str, outcome: OrderOutcome, ticket_id: UUID | None, now: datetime
) -> None:
    is_urge = order.kind is ProvinceKind.URGE
    await insert(
        tables.PartnerOrder,
        id=new_id(),
        number=order.number,
        kind=order.kind.value,
        urged_number=order.urged_number,
        outcome=outcome.value,
        via=via,
        digest=digest_of(order),
        ticket=ticket_id,
        accepted_at=order.accepted_at,
        received_at=now,
        words=order.description if is_urge else None,
    )


async def _take_or_merge(order: ProvinceOrder, now: datetime) -> tuple[OrderOutcome, UUID]:
    kind = KIND_OF[order.kind]
    if kind is TicketKind.TIP_OFF:
        return OrderOutcome.TAKEN, await _seal(order)
    located = await _located(order, kind, now)
    if located.account_id is not None:
        await one_at_a_time(f"account:{located.account_id}")
    # Mortal danger makes a job of its own, as in our own intake: it must page somebody.
    same = None
    if not order.danger:
        same = await same_matter(order, located, await merge_limits(now))
    if same is not None and await _merge(order, same, now):
        return OrderOutcome.MERGED, same
    return OrderOutcome.TAKEN, await _open(order, kind, located, now)


async def _located(order: ProvinceOrder, kind: TicketKind, now: datetime) -> Located:
    """Where it is, as our own intake would find it; an account we do not know is only a word."""
    told = ReportFault(
        description=order.description,
        channel=Channel.PROVINCE,
        account_no=order.account_no,
        place=order.place,
        address=order.address,
    )
    try:
        return await locate(PROVINCE, told, now)
    except NotFound:
        return await locate(
            PROVINCE,
            ReportFault(
                description=order.description,
                channel=Channel.PROVINCE,
                place=order.place,
                address=order.address,
            ),
            now,
        )


async def _seal(order: ProvinceOrder) -> UUID:
    told = TakeTicket(
        kind=TicketKind.TIP_OFF,
        description=order.description,
        channel=Channel.PROVINCE,
        address=order.address,
        reporter_name=order.reporter_name,
        phone=order.phone,
        anonymous=order.anonymous,
    )
    return await seal_author(PROVINCE, told, set(), order.accepted_at)


async def _merge(order: ProvinceOrder, ticket_id: UUID, now: datetime) -> bool:
    """Both numbers on one ticket; its history says so. False when it was closed meanwhile."""
    job, row = await lock_with_job(ticket_id)
    kind, state = TicketKind(row["kind"]), TicketState(row["state"])
    if (TicketEvent.MERGE, state) not in TICKET_TRANSITIONS[kind]:
        return False
    step = TicketStep(
        TicketEvent.MERGE,
        now,
        reason=f"并入省 95598 工单 {order.number}:{order.description}"[:500],
        facts={"province_number": order.number, "accepted_at": order.accepted_at},
    )
    await write_ticket_step(PROVINCE, row, step)
    if order.accepted_at < row["reported_at"]:
        since = Moved(row["reported_at"], order.accepted_at, starts=_SINCE_INTAKE)
        await _count_from(Subject.TICKET, ticket_id, since, now)
    if job is not None and order.accepted_at < job["clock_from"] and job["state"] not in OVER:
        since = Moved(job["clock_from"], order.accepted_at, starts=_SINCE_INTAKE)
        await _count_from(Subject.WORK_ORDER, job["id"], since, now)
    return True


async def _count_from(subject: Subject, subject_id: UUID, since: Moved, now: datetime) -> None:
    """The customer told the province first: the limits count from then."""
    due_at = await put_right(subject, subject_id, since, now)
    table = "ticket" if subject is Subject.TICKET else "work_order"
    await execute(f"UPDATE {table} SET due_at = $2 WHERE id = $1", subject_id, due_at)  # noqa: S608 - two names of ours


async def _open(order: ProvinceOrder, kind: TicketKind, located: Located, now: datetime) -> UUID:
    """A ticket, of a fault with its job: their limits count from the province's time."""
    began = min(order.accepted_at, now)
    priority = Priority.NORMAL
    if kind is TicketKind.FAULT:
        priority = Priority.DANGER if order.danger else Priority.URGENT
    new = NewTicket(
        kind=kind,
        channel=Channel.PROVINCE,
        description=order.description,
        located=located,
        priority=priority,
        danger=order.danger,
        phone=order.phone,
        reporter_name=order.reporter_name,
        address=order.address,
        called_at=began,
        complaint_class=None if order.complaint_class is None else CLASS_OF[order.complaint_class],
    )
    ticket_id = await write_ticket(PROVINCE, new, began)
    if kind is TicketKind.FAULT:
        job = NewJob(
            WorkOrderKind.FAULT_REPAIR,
            located,
            priority=priority,
            ticket_id=ticket_id,
            clock_from=began,
        )
        await write_job(PROVINCE, job, now)
    return ticket_id


async def _take_urge(order: ProvinceOrder, via: str, now: datetime) -> OrderReceipt:
    """An urge of an order that we have goes into its ticket's history; else it waits for it."""
    ticket_id: UUID | None = await fetch_value(
        "SELECT ticket FROM partner_order WHERE number = $1 AND kind <> $2",
        order.urged_number,
        ProvinceKind.URGE.value,
    )
    outcome = OrderOutcome.URGE_WAITING if ticket_id is None else OrderOutcome.URGED
    if ticket_id is not None:
        await _urge(ticket_id, order.number, order.description, now)
    await _write(order, via, outcome, ticket_id, now)
    return await _receipt(order.number, outcome, ticket_id)


async def _urge(ticket_id: UUID, number: str, words: str, now: datetime) -> None:
    job, row = await lock_with_job(ticket_id)
    reason = f"省 95598 催办 {number}:{words}"[:500]
    kind, state = TicketKind(row["kind"]), TicketState(row["state"])
    facts = {"province_number": number}
    if (TicketEvent.URGE, state) in TICKET_TRANSITIONS[kind]:
        step = TicketStep(TicketEvent.URGE, now, reason=reason, facts=facts)
        await write_urge(PROVINCE, job, row, step)
        return
    # What is over cannot be hurried, but its history keeps that somebody asked.
    step = TicketStep(TicketEvent.COMMENT, now, reason=reason, facts=facts)
    await write_ticket_step(PROVINCE, row, step)


async def _attach_waiting_urges(number: str, ticket_id: UUID, now: datetime) -> None:
    """Urges that came before their order, in the order in which the province took them."""
    waiting = await fetch(
        "SELECT id, number, words FROM partner_order WHERE urged_number = $1"
        " AND outcome = 'urge_waiting' ORDER BY accepted_at, id LIMIT 20 FOR UPDATE",
        number,
    )
    for urge in waiting:
        await _urge(ticket_id, urge["number"], urge["words"], now)
    await execute(
        "UPDATE partner_order SET outcome = 'urged', ticket = $2 WHERE id = ANY($1::uuid[])",
        [urge["id"] for urge in waiting],
        ticket_id,
    )

"""Intake of every kind of ticket: its form is checked, its place found, its limits frozen."""

from datetime import datetime
from uuid import UUID

from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch_one, fetch_value, transaction
from grid.kit.refusals import Invalid, NotFound, TooMany
from grid.territory.authority import Action
from grid.territory.types import Actor, CustomerActor, StaffActor
from grid.work_orders import policies
from grid.work_orders.intake import check_called_at, report_fault
from grid.work_orders.locating import Located, locate
from grid.work_orders.opening import NewTicket, one_at_a_time, write_ticket
from grid.work_orders.tickets.accused import (
    ABOUT_PEOPLE,
    HIDDEN_FROM,
    AccusedMayNotHandle,
    hands_of,
    mark_accused,
    reaches_ticket,
    staff_ids_of,
)
from grid.work_orders.tickets.followed import ticket_view
from grid.work_orders.tickets.forms import check_form
from grid.work_orders.tickets.recording import TicketStep, lock_ticket, write_ticket_step
from grid.work_orders.tickets.sealed import seal_author
from grid.work_orders.tickets.types import ReportFault, TakeTicket, TicketView
from grid.work_orders.words import Priority, TicketEvent, TicketKind


async def take_ticket(actor: Actor, command: TakeTicket) -> TicketView:
    """Take any matter: a ticket with its limits, and whom it is about.

    A fault goes the way of `report_fault`, with its job. The author of a tip-off is sealed.
    Raises Invalid naming the field, NotFound (account or ticket not yours), NotAllowed, TooMany,
    AccusedMayNotHandle when staff would take a complaint about themselves.
    """
    now = await business_now()
    check_fields(command, now)
    if command.kind is TicketKind.FAULT:
        return await report_fault(actor, _as_fault(command))
    async with transaction():
        await one_at_a_time(actor.subject)
        accused = await _accused(actor, command)
        if command.kind is TicketKind.TIP_OFF:
            await _check_budget(actor, now)
            ticket_id = await seal_author(actor, command, accused, now)
            return await ticket_view(ticket_id)
        located = await locate(actor, command, now)
        again = await _same_matter(actor, command, located, now)
        if again is not None:
            await mark_accused(again, accused, business_day(now))
            return await ticket_view(again)
        await _check_budget(actor, now)
        ticket_id = await write_ticket(actor, _ticket(actor, command, located), now)
        await mark_accused(ticket_id, accused, business_day(now))
        return await ticket_view(ticket_id)


def check_fields(command: TakeTicket, now: datetime) -> None:
    """Raises Invalid naming the first field that does not fit the kind."""
    kind = command.kind
    check_form(kind, command.form)
    if kind is TicketKind.COMPLAINT and command.complaint_class is None:
        raise Invalid("complaint_class", "请选择投诉类别")
    if kind is not TicketKind.COMPLAINT and command.complaint_class is not None:
        raise Invalid("complaint_class", "只有投诉分类别")
    if kind not in ABOUT_PEOPLE and (command.about or command.about_ticket_id):
        raise Invalid("about", "只有投诉和举报填写涉及的人")
    if kind is not TicketKind.TIP_OFF and command.anonymous:
        raise Invalid("anonymous", "只有举报可以匿名")
    check_called_at(command.called_at, now)


def _as_fault(command: TakeTicket) -> ReportFault:
    return ReportFault(
        **{name: getattr(command, name) for name in ReportFault.__struct_fields__},
    )


async def _accused(actor: Actor, command: TakeTicket) -> set[UUID]:
    """Whom it is about: those named, and those who had the named ticket in hand (W5)."""
    accused = await staff_ids_of(command.about)
    if command.about_ticket_id is not None:
        await _check_about_ticket(actor, command.about_ticket_id)
        accused |= await hands_of(command.about_ticket_id)
    if isinstance(actor, StaffActor) and actor.staff_id in accused:
        raise AccusedMayNotHandle("这件事与您有关,请由其他同事受理")
    return accused


async def _check_about_ticket(actor: Actor, ticket_id: UUID) -> None:
    row = await fetch_one("SELECT * FROM ticket WHERE id = $1", ticket_id)
    found = row is not None
    if row is not None and isinstance(actor, CustomerActor):
        found = row["openid"] == actor.openid
    elif row is not None:
        found = reaches_ticket(actor, Action.READ_WORK_ORDERS, row)
    if not found:
        raise NotFound("没有这个单号")


async def _same_matter(
    actor: Actor, command: TakeTicket, located: Located, now: datetime
) -> UUID | None:
    """The open ticket that says the same in the same words: told twice, it stays one.

    Never one that is about whoever takes it down: they are not to learn of it (W5).
    """
    openid = actor.openid if isinstance(actor, CustomerActor) else None
    own = actor.staff_id if isinstance(actor, StaffActor) else None
    found: UUID | None = await fetch_value(
        "SELECT id FROM ticket WHERE kind = $1 AND description = $2"  # noqa: S608 - clause is ours
        " AND closed_at IS NULL"
        " AND NOT sealed AND account IS NOT DISTINCT FROM $3"
        " AND (openid = $4 OR ($4::varchar IS NULL AND account IS NOT NULL))"
        f" AND NOT {HIDDEN_FROM.format(ticket='ticket.id', staff='$5::uuid')}"
        " ORDER BY id DESC LIMIT 1",
        command.kind.value,
        command.description,
        located.account_id,
        openid,
        own,
    )
    if found is not None:
        row = await lock_ticket(found)
        await write_ticket_step(actor, row, TicketStep(TicketEvent.MERGE, now, reason="再次反映"))
    return found


async def _check_budget(actor: Actor, now: datetime) -> None:
    """One customer may have so many matters open beside faults; sealed ones count too."""
    if not isinstance(actor, CustomerActor):
        return
    limit = (await policies.ticket_limits(now)).open_matters
    waiting = await fetch_value(
        "SELECT (SELECT count(*) FROM ticket WHERE openid = $1 AND closed_at IS NULL"
        " AND kind <> 'fault') + (SELECT count(*) FROM sealed_author a JOIN ticket t"
        " ON t.id = a.ticket WHERE a.openid = $1 AND t.closed_at IS NULL)",
        actor.openid,
    )
    if waiting >= limit:
        raise TooMany("您还有多件事正在处理,请先等待处理结果", limit=limit)


def _ticket(actor: Actor, command: TakeTicket, located: Located) -> NewTicket:
    return NewTicket(
        kind=command.kind,
        channel=command.channel,
        description=command.description,
        located=located,
        priority=Priority.DANGER if command.danger else Priority.NORMAL,
        danger=command.danger,
        openid=actor.openid if isinstance(actor, CustomerActor) else None,
        phone=command.phone,
        reporter_name=command.reporter_name,
        address=command.address,
        raw_place=command.raw_place,
        called_at=command.called_at,
        complaint_class=command.complaint_class,
        about_ticket=command.about_ticket_id,
        form=command.form,
    )

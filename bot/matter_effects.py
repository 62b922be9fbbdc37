"""Matters that are no faults, as verbs: filed, urged, and the words after few stars."""

from uuid import UUID

from bot.conversation.types import FileMatter, Outcome, SayRatingWords
from grid.customers import service as customers
from grid.territory import service as territory
from grid.territory.types import CustomerActor, GridRole
from grid.work_orders.tickets.followed import add_rating_words
from grid.work_orders.tickets.intake import take_ticket
from grid.work_orders.tickets.types import RateWords, TakeTicket, TicketView
from grid.work_orders.tickets.urging import urge_ticket
from grid.work_orders.words import Channel, ComplaintClass, TicketKind, TicketState

_OVER = (TicketState.CLOSED, TicketState.CANCELLED, TicketState.REPLIED, TicketState.CALLED_BACK)


async def file_matter(actor: CustomerActor, command: FileMatter, own: list[TicketView]) -> Outcome:
    """Take the matter; a complaint about "who came" or "our grid's manager" finds who that is."""
    kind = TicketKind(command.kind)
    about, about_ticket = await _whom(actor, command, own)
    ticket = await take_ticket(
        actor,
        TakeTicket(
            kind=kind,
            description=command.description,
            channel=Channel.WECHAT,
            account_no=None if kind is TicketKind.TIP_OFF else command.account_no,
            phone=command.phone,
            complaint_class=_class(command),
            about=about,
            about_ticket_id=about_ticket,
            anonymous=command.anonymous,
            form={} if command.subject is None else {"subject": command.subject},
        ),
    )
    return Outcome(code="taken", number=ticket.number)


def _class(command: FileMatter) -> ComplaintClass | None:
    return None if command.complaint_class is None else ComplaintClass(command.complaint_class)


async def _whom(
    actor: CustomerActor, command: FileMatter, own: list[TicketView]
) -> tuple[list[str], UUID | None]:
    """Employee numbers, or the ticket whose handling the complaint is about; else nobody."""
    if command.who == "served":
        served = [ticket for ticket in own if ticket.work_order_id is not None]
        return [], max(served, key=lambda ticket: ticket.reported_at).id if served else None
    if command.who != "manager":
        return [], None
    account = await customers.account_for_link(actor.openid)
    grid = None if account is None else await territory.who_serves(account.grid_id)
    held = [] if grid is None else [one for one in grid.people if one.role is GridRole.MANAGER]
    return [one.employee_no for one in held], None


async def urge_latest(actor: CustomerActor, own: list[TicketView]) -> TicketView | None:
    """Urge the newest ticket that still waits for us; None when nothing does."""
    waiting = [ticket for ticket in own if ticket.state not in _OVER]
    if not waiting:
        return None
    newest = max(waiting, key=lambda ticket: ticket.reported_at)
    return await urge_ticket(actor, newest.id, None)


async def say_rating_words(
    actor: CustomerActor, command: SayRatingWords, own: list[TicketView]
) -> Outcome:
    """Words after few stars, for the rated ticket of that number."""
    for ticket in own:
        if ticket.number == command.number and ticket.stars is not None:
            await add_rating_words(actor, RateWords(ticket_id=ticket.id, words=command.text))
            return Outcome(code="said", number=ticket.number)
    return Outcome(code="nothing_to_rate")

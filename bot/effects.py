"""Carrying out what the conversation wants: each command becomes a verb of a room.

Everything runs in the transaction of the callback, so a reply is stored with its effect. A refusal
becomes its code, which the flow turns into a sentence; it is caught here, inside the transaction,
so that what the room wrote with it (a counted try) stays. Anything else that fails rises, and the
whole message is undone.
"""

from datetime import datetime, timedelta

from bot import words
from bot.conversation.types import (
    AccountChoice,
    AnswerOutage,
    BindAccount,
    Command,
    ConfirmRestored,
    FileFault,
    FileMatter,
    FindAccounts,
    FindGridManager,
    FindTickets,
    OutageNote,
    Outcome,
    PageDispatcher,
    Person,
    RateLatest,
    SayRatingWords,
    TicketLine,
    UnbindAccount,
    UrgeLatest,
)
from bot.matter_effects import file_matter, say_rating_words, urge_latest
from grid.customers import service as customers
from grid.customers.types import BindWechat
from grid.geography.datum import wgs84_from_raw
from grid.geography.types import Place, RawPlace
from grid.kit.clock import business_now
from grid.kit.refusals import Refusal
from grid.outages import triage
from grid.outages.joining import answer_by_customer, child_waiting
from grid.territory import service as territory
from grid.territory.types import CustomerActor, GridRole
from grid.work_orders.intake import report_fault
from grid.work_orders.tickets.followed import rate_ticket, say_still_dark, tickets_of_openid
from grid.work_orders.tickets.types import RateTicket, ReportFault, TicketView
from grid.work_orders.words import Channel, TicketKind, TicketState, WorkOrderState

#: The customer's newest tickets that are looked at.
TICKETS_READ = 10
#: One person pages the dispatcher this often in this long; then the dispatcher knows.
PAGES_MAX, PAGES_WITHIN = 3, timedelta(minutes=10)
#: A closed ticket can still be called unsolved, or rated, for this long.
AFTERWARDS = timedelta(days=3)

_WAITING = frozenset(
    {
        WorkOrderState.DRAFT,
        WorkOrderState.TRIAGED,
        WorkOrderState.PENDING_DISPATCH,
        WorkOrderState.SCHEDULED,
    }
)


#: How the report of somebody inside an outage is shown: it has no job of its own.
_INSIDE_OUTAGE = {
    TicketState.IN_HAND: "outage",
    TicketState.ON_SITE: "outage",
    TicketState.HANDLED: "outage",
    TicketState.REPLIED: "completed",
}


class Effects:
    """Carries out commands for one customer. `convert` says that picked places are GCJ-02."""

    def __init__(self, openid: str, *, convert: bool) -> None:
        self._actor = CustomerActor(openid=openid)
        self._convert = convert

    async def carry_out(self, command: Command) -> Outcome:
        """The command's outcome; a refusal's code when the business says no."""
        try:
            return await self._dispatch(command)
        except Refusal as refusal:
            return Outcome(code=refusal.code)

    async def _dispatch(self, command: Command) -> Outcome:
        match command:
            case FindAccounts():
                return await self._find_accounts()
            case BindAccount():
                return await self._bind(command)
            case UnbindAccount():
                await customers.unbind_wechat(self._actor, command.account_no)
                return Outcome(code="unbound")
            case FindGridManager():
                return await self._find_grid_manager()
            case FileFault():
                return await self._file_fault(command)
            case PageDispatcher():
                return await self._page(command)
            case FindTickets():
                return Outcome(code="found", tickets=tuple(map(_line, await self._tickets())))
            case RateLatest():
                return await self._rate(command.stars)
            case SayRatingWords():
                return await say_rating_words(self._actor, command, await self._tickets())
            case FileMatter():
                return await file_matter(self._actor, command, await self._tickets())
            case UrgeLatest():
                return await self._urge()
            case ConfirmRestored():
                return await self._confirm(command.is_back)
            case AnswerOutage():
                return await self._answer_outage(command.is_back)

    async def _find_accounts(self) -> Outcome:
        links = await customers.links_of(self._actor.openid)
        choices = [
            AccountChoice(account_no=link.account_no, address=link.address) for link in links
        ]
        return Outcome(code="found", accounts=tuple(choices))

    async def _bind(self, command: BindAccount) -> Outcome:
        proofs = BindWechat(
            account_no=command.account_no, name=command.name, meter_no=command.meter_no
        )
        await customers.bind_wechat(self._actor, proofs)
        return Outcome(code="bound")

    async def _find_grid_manager(self) -> Outcome:
        account = await customers.account_for_link(self._actor.openid)
        grid = None if account is None else await territory.who_serves(account.grid_id)
        if grid is None:
            return Outcome(code="found")
        for held in grid.people:
            if held.role is GridRole.MANAGER:
                person = Person(name=held.name, phone=held.phone, grid_name=grid.name)
                return Outcome(code="found", person=person)
        return Outcome(code="found")

    async def _file_fault(self, command: FileFault) -> Outcome:
        answer = await triage.report(
            self._actor,
            ReportFault(
                description=command.description,
                channel=Channel.WECHAT,
                account_no=command.account_no,
                place=self._place(command.place),
                raw_place=command.place,
                address=command.address,
                phone=command.phone,
            ),
        )
        number, known = answer.ticket.number, answer.known
        if known is None:
            return Outcome(code="reported", number=number)
        note = OutageNote(
            kind=known.kind.value, cause=known.cause, etr=known.etr, joined=answer.joined
        )
        return Outcome(code="reported", number=number, outage=note)

    async def _page(self, command: PageDispatcher) -> Outcome:
        """A danger ticket; when no place was told, the default account's is better than none."""
        since = await business_now() - PAGES_WITHIN
        paged = [t for t in await self._tickets() if t.danger and t.reported_at > since]
        if len(paged) >= PAGES_MAX:
            return Outcome(code="already_paged", number=paged[0].number)
        account = None
        if command.place is None and command.address is None:
            account = await customers.account_for_link(self._actor.openid)
        ticket = await report_fault(
            self._actor,
            ReportFault(
                description=command.description or words.DANGER_UNTOLD,
                channel=Channel.WECHAT,
                account_no=None if account is None else account.account_no,
                place=self._place(command.place),
                raw_place=command.place,
                address=command.address,
                danger=True,
            ),
        )
        return Outcome(code="paged", number=ticket.number)

    async def _rate(self, stars: int) -> Outcome:
        since = await business_now() - AFTERWARDS
        for ticket in await self._tickets():
            if ticket.stars is None and _is_done(ticket, since):
                await rate_ticket(self._actor, RateTicket(ticket_id=ticket.id, stars=stars))
                return Outcome(code="rated", number=ticket.number)
        return Outcome(code="nothing_to_rate")

    async def _urge(self) -> Outcome:
        ticket = await urge_latest(self._actor, await self._tickets())
        if ticket is None:
            return Outcome(code="nothing_to_urge")
        return Outcome(code="urged", tickets=(_line(ticket),), count=ticket.urges)

    async def _confirm(self, is_back: bool) -> Outcome:
        """Light again: the rating that follows closes the ticket. Still dark: the job reopens."""
        since = await business_now() - AFTERWARDS
        for ticket in await self._tickets():
            repaired = ticket.kind is TicketKind.FAULT and _is_done(ticket, since)
            if ticket.stars is None and repaired:
                if not is_back:
                    await say_still_dark(self._actor, ticket.id)
                return Outcome(code="confirmed", number=ticket.number)
        return await self._answer_outage(is_back)

    async def _answer_outage(self, is_back: bool) -> Outcome:
        """A report that waits inside a restored outage: closed by a yes, on its own by a no."""
        ticket_id = await child_waiting(self._actor.openid)
        if ticket_id is None:
            return Outcome(code="nothing_to_confirm")
        await answer_by_customer(self._actor, ticket_id, is_back)
        return Outcome(code="outage_answered")

    async def _tickets(self) -> list[TicketView]:
        return await tickets_of_openid(self._actor, limit=TICKETS_READ)

    def _place(self, raw: RawPlace | None) -> Place | None:
        """WGS-84 once, at the door; where conversion is switched off the numbers stay as told."""
        if raw is None:
            return None
        return wgs84_from_raw(raw) if self._convert else Place(raw.lat, raw.lon)


def _is_done(ticket: TicketView, since: datetime) -> bool:
    """Repaired or answered, and not so long ago that it means something else."""
    if ticket.kind is not TicketKind.FAULT:
        if ticket.state in (TicketState.REPLIED, TicketState.CALLED_BACK):
            return True
        ended = ticket.closed_at if ticket.state is TicketState.CLOSED else None
        return ended is not None and ended > since
    if ticket.work_order_state is WorkOrderState.COMPLETED:
        return True
    closed_at = ticket.closed_at
    return (
        ticket.work_order_state is WorkOrderState.CLOSED
        and closed_at is not None
        and closed_at > since
    )


#: How far a matter is that the office leads.
_MATTER_SHOWN = {
    TicketState.ACCEPTED: "taken_in",
    TicketState.DISPATCHED: "dispatched",
    TicketState.IN_HAND: "in_hand",
    TicketState.HANDLED: "handled",
    TicketState.REPLIED: "answered",
    TicketState.CALLED_BACK: "answered",
}


def _line(ticket: TicketView) -> TicketLine:
    state = ticket.work_order_state
    if ticket.kind is not TicketKind.FAULT:
        return TicketLine(
            number=ticket.number,
            state=_MATTER_SHOWN.get(ticket.state, ticket.state.value),
            reported_at=ticket.reported_at,
            answer=ticket.answer if ticket.replied_at else None,
        )
    if ticket.state in (TicketState.CLOSED, TicketState.CANCELLED):
        shown = ticket.state.value
    elif ticket.kind is TicketKind.FAULT and state in (None, WorkOrderState.CANCELLED):
        shown = _INSIDE_OUTAGE.get(ticket.state, "waiting")
    elif state is None or state in _WAITING:
        shown = "waiting"
    else:
        shown = state.value
    is_coming = ticket.closed_at is None and shown not in ("waiting", "outage")
    return TicketLine(
        number=ticket.number,
        state=shown,
        reported_at=ticket.reported_at,
        who=ticket.assignee_name if is_coming else None,
        who_phone=ticket.assignee_phone if is_coming else None,
    )

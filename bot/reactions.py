"""What the customer is told when their ticket moves: who comes, who is there, is it back, thanks.

A reaction only queues words and opens the question in the talk; sending is `bot/schedule.py`'s.
Tickets that were not told in WeChat have nobody to write to. Events come in any order: what has
been overtaken is not told any more.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID

from bot import words
from bot.conversation.moves import invite
from bot.inbound import load, lock_customer, save
from bot.outbound import Body, Menu, Text, queue
from grid.kit.clock import business_now
from grid.kit.database import fetch_value
from grid.kit.outbox import reaction
from grid.work_orders.events import (
    TicketClosed,
    WorkOrderAccepted,
    WorkOrderArrived,
    WorkOrderChanged,
    WorkOrderCompleted,
)
from grid.work_orders.on_site.arrival import code_for_customer
from grid.work_orders.tickets.followed import ticket_view
from grid.work_orders.tickets.types import TicketView
from grid.work_orders.times.promising import promise_arrival
from grid.work_orders.words import TicketKind, TicketState, WorkOrderEvent, WorkOrderState

_ON_THE_WAY = frozenset({WorkOrderState.ACCEPTED, WorkOrderState.EN_ROUTE})
_THERE = frozenset({WorkOrderState.ON_SITE, WorkOrderState.IN_PROGRESS, WorkOrderState.ON_HOLD})
_RATED = frozenset({WorkOrderState.COMPLETED, WorkOrderState.CLOSED})
_ENDED: Mapping[WorkOrderEvent, Callable[[str], str]] = {
    WorkOrderEvent.CANCEL: words.ticket_cancelled,
    WorkOrderEvent.CANNOT_COMPLETE: words.not_solved,
}


class _Told(NamedTuple):
    """A ticket and whom to tell about it; `step` counts the job's steps, so causes differ."""

    openid: str
    ticket: TicketView
    step: int

    def cause(self, what: str) -> str:
        return f"{what}:{self.ticket.id}:{self.step}"


@reaction(WorkOrderAccepted)
async def tell_accepted(event: WorkOrderAccepted) -> None:
    """Somebody took the job: who, how to call them, and by when they are there, a promise."""
    told = await _told(event.ticket_id)
    if told is not None and told.ticket.work_order_state in _ON_THE_WAY:
        ticket = told.ticket
        by = await promise_arrival(event.work_order_id)
        code = await code_for_customer(event.work_order_id)
        who, phone = ticket.assignee_name, ticket.assignee_phone
        text = words.accepted(ticket.number, who, phone, by, code)
        await queue(told.cause("accepted"), told.openid, Text(text))


@reaction(WorkOrderArrived)
async def tell_arrived(event: WorkOrderArrived) -> None:
    """Somebody is there."""
    told = await _told(event.ticket_id)
    if told is not None and told.ticket.work_order_state in _THERE:
        await queue(told.cause("arrived"), told.openid, Text(words.arrived(told.ticket.number)))


@reaction(WorkOrderCompleted)
async def ask_whether_it_is_back(event: WorkOrderCompleted) -> None:
    """Repaired, says the staff; the customer is asked whether it is true."""
    told = await _told(event.ticket_id)
    if told is None or told.ticket.kind is not TicketKind.FAULT:
        return
    if told.ticket.work_order_state is WorkOrderState.COMPLETED:
        head = words.repaired(told.ticket.number)
        menu = Menu(head, words.RESTORED_CHOICES, words.MENU_TAIL)
        await _ask(told, "repaired", menu, "restored")


@reaction(TicketClosed)
async def ask_for_a_rating(event: TicketClosed) -> None:
    """Closed without a rating: ask for one. A rating that closed it was thanked in the talk."""
    told = await _told(event.ticket_id)
    if told is None or told.ticket.stars is not None:
        return
    if told.ticket.kind is not TicketKind.FAULT:
        # Asked already, together with the answer.
        return
    if told.ticket.work_order_state not in _RATED:
        # Nobody came for it alone: the child of an outage was thanked when it answered.
        return
    menu = Menu(words.ask_rating(told.ticket.number), words.RATE_CHOICES, words.MENU_TAIL)
    await _ask(told, "rate", menu, "rate")


@reaction(WorkOrderChanged)
async def tell_it_ended_without_repair(event: WorkOrderChanged) -> None:
    """Cancelled, or not solved this time: no customer waits for nothing."""
    sentence = _ENDED.get(event.event)
    if sentence is None:
        return
    ticket_id = await fetch_value(
        "SELECT ticket FROM work_order WHERE id = $1 AND state = $2",
        event.work_order_id,
        event.state.value,
    )
    told = await _told(ticket_id)
    cancelled = event.event is WorkOrderEvent.CANCEL
    if told is not None and (not cancelled or told.ticket.state is TicketState.CANCELLED):
        # A job that ends because its ticket goes on in an outage ends nothing for the customer.
        text = Text(sentence(told.ticket.number))
        await queue(told.cause(event.event.value), told.openid, text)


async def _told(ticket_id: UUID | None) -> _Told | None:
    if ticket_id is None:
        return None
    openid = await fetch_value("SELECT openid FROM ticket WHERE id = $1", ticket_id)
    if openid is None:
        return None
    steps = await fetch_value(
        "SELECT count(*) FROM work_order_transition s JOIN work_order w ON w.id = s.work_order"
        " WHERE w.ticket = $1",
        ticket_id,
    )
    return _Told(openid, await ticket_view(ticket_id), steps)


async def _ask(told: _Told, what: str, body: Body, flow: str) -> None:
    """Queue a question and open it in the talk, unless the customer is busy there."""
    await lock_customer(told.openid)
    now = await business_now()
    before = await load(told.openid)
    after = invite(before, flow, now)
    if after != before:
        await save(told.openid, after, now)
    await queue(told.cause(what), told.openid, body)

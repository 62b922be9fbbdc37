"""Two at once on one ticket: exactly one wins, the other is told who; twice told makes one."""

import asyncio
from collections.abc import Awaitable

import pytest

from grid.kit.database import fetch, fetch_value
from grid.kit.refusals import Refusal, StaleVersion
from grid.work_orders.tickets.followed import TicketAlreadyRated, rate_ticket
from grid.work_orders.tickets.steps import take_ticket_step
from grid.work_orders.tickets.types import DoTicketVerb, RateTicket
from grid.work_orders.words import CallbackOutcome, TicketEvent
from tests.grid.work_orders.matters import answered, make_office, taken_in

pytestmark = pytest.mark.usefixtures("committed")


async def _outcomes(*verbs: Awaitable[object]) -> tuple[list[object], list[Refusal]]:
    """What came back, and what was refused."""
    found = await asyncio.gather(*verbs, return_exceptions=True)
    refused = [one for one in found if isinstance(one, Refusal)]
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, Refusal):
            raise one
    return [one for one in found if not isinstance(one, BaseException)], refused


async def test_of_two_who_dispatch_at_once_one_wins_and_the_other_hears_who() -> None:
    office = await make_office()
    ticket = await taken_in(office, "complaint")
    verbs = [
        take_ticket_step(
            actor,
            ticket.id,
            TicketEvent.DISPATCH,
            DoTicketVerb(version=0, staff_id=office.clerk.staff_id),
        )
        for actor in (office.head, office.county)
    ]
    won, refused = await _outcomes(*verbs)
    assert len(won) == len(refused) == 1
    assert isinstance(refused[0], StaleVersion)
    winner = await fetch_value(
        "SELECT actor FROM ticket_transition WHERE ticket = $1 AND event = 'dispatch'", ticket.id
    )
    assert winner == f"staff:{refused[0].facts['won_by']}"


async def test_a_callback_and_a_rating_at_once_close_it_once() -> None:
    office = await make_office()
    ticket = await answered(office, "opinion")
    version = await fetch_value("SELECT version FROM ticket WHERE id = $1", ticket.id)
    said = DoTicketVerb(version=version, outcome=CallbackOutcome.SATISFIED, stars=4)
    rate = RateTicket(ticket_id=ticket.id, stars=5)
    won, refused = await _outcomes(
        take_ticket_step(office.caller, ticket.id, TicketEvent.CALLBACK, said),
        rate_ticket(office.scene.customer, rate),
    )
    assert won
    assert all(isinstance(one, StaleVersion | TicketAlreadyRated) for one in refused)
    assert await fetch_value("SELECT count(*) FROM rating") == 1
    called = await fetch(
        "SELECT 1 FROM ticket_transition WHERE ticket = $1 AND event = 'callback'", ticket.id
    )
    assert len(called) == 1


async def test_the_same_words_sent_twice_at_once_make_one_ticket() -> None:
    office = await make_office()
    won, refused = await _outcomes(
        *(taken_in(office, "opinion", description="路灯坏了") for _ in range(3))
    )
    assert (len(won), refused) == (3, [])
    assert await fetch_value("SELECT count(*) FROM ticket") == 1

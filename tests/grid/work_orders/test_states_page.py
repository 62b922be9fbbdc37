"""The page of states says what the tables say."""

import pytest

from grid.work_orders.rules import ASSIGNMENT_TRANSITIONS, TRANSITIONS
from grid.work_orders.tickets.rules import TICKET_TRANSITIONS
from grid.work_orders.words import TicketEvent, TicketKind, WorkOrderEvent
from tests.grid.work_orders.states_page import (
    EVERYWHERE,
    PAGE,
    assignment_diagram,
    diagram,
    page,
    ticket_diagram,
)


def drawn(picture: str) -> set[tuple[str, str, str]]:
    """(event, from, to) of every arrow of a picture."""
    return {
        (event, state, to)
        for line in picture.splitlines()
        if ": " in line and "[*]" not in line
        for state, to, events in [line.strip().replace(": ", " --> ").split(" --> ")]
        for event in events.split(", ")
    }


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_row_of_the_table_is_drawn() -> None:
    assert drawn(diagram()) == {
        (event.value, state.value, to.value)
        for (event, state), to in TRANSITIONS.items()
        if event not in EVERYWHERE
    }
    assert drawn(assignment_diagram()) == {
        (event.value, state.value, to.value)
        for (event, state), to in ASSIGNMENT_TRANSITIONS.items()
    }


@pytest.mark.parametrize("kind", TicketKind)
def test_every_step_of_a_kind_of_ticket_is_drawn_or_named(kind: TicketKind) -> None:
    rows = TICKET_TRANSITIONS[kind].items()
    assert drawn(ticket_diagram(kind)) == {
        (event.value, state.value, to.value) for (event, state), to in rows if state is not to
    }
    _, _, part = page().partition(f"### {kind.value}\n")
    named = part.partition("Keep the state: ")[2].partition(".\n")[0]
    assert {event for (event, state), to in rows if state is to} == {
        TicketEvent(one.split("`")[1]) for one in named.split("; ")
    }


def test_every_event_has_its_row() -> None:
    for event in (*WorkOrderEvent, *TicketEvent):
        assert f"| {event.value} |" in page() or f"`{event.value}`" in page()

"""The page of states says what the table says."""

from grid.work_orders.rules import TRANSITIONS
from grid.work_orders.words import WorkOrderEvent
from tests.grid.work_orders.states_page import EVERYWHERE, PAGE, diagram, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_row_of_the_table_is_drawn() -> None:
    drawn = {
        (event, state, to)
        for line in diagram().splitlines()
        if ": " in line and "[*]" not in line
        for state, to, events in [line.strip().replace(": ", " --> ").split(" --> ")]
        for event in events.split(", ")
    }
    assert drawn == {
        (event.value, state.value, to.value)
        for (event, state), to in TRANSITIONS.items()
        if event not in EVERYWHERE
    }


def test_every_event_has_its_row() -> None:
    for event in WorkOrderEvent:
        assert f"| {event.value} |" in page() or f"`{event.value}`" in page()

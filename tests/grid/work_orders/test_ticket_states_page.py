"""The page of a ticket's states says what the tables say."""

from tests.grid.work_orders.ticket_states_page import PAGE, page


def test_the_page_is_written_from_the_tables_in_force() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()

"""Identifiers sort by the time they were made."""

from datetime import UTC, datetime, timedelta

from grid.kit.clock import machine_now
from grid.kit.ids import id_floor, new_id


def test_ids_made_later_sort_later() -> None:
    made = [new_id() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {each.version for each in made} == {7}


def test_the_floor_of_a_moment_lies_between_what_was_made_before_and_after() -> None:
    earlier = new_id()
    assert id_floor(machine_now() - timedelta(seconds=1)) < earlier
    assert earlier < id_floor(machine_now() + timedelta(seconds=1))
    assert id_floor(datetime(2026, 1, 1, tzinfo=UTC)) < id_floor(datetime(2026, 1, 2, tzinfo=UTC))

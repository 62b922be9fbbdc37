"""Which changes of a time are worth another message."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.notices.rules import Materiality, judge_change
from grid.notices.types import Change

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LIMITS = Materiality(later_minutes=15, later_percent=20, earlier_minutes=30, earlier_percent=30)


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("told", "fresh", "change"),
    [
        (None, 60, Change.FIRST),
        (60, 60, Change.SAME),
        (60, 74, Change.SMALL),
        (60, 75, Change.MATERIAL),
        (60, 31, Change.SMALL),
        (60, 30, Change.MATERIAL),
        # Five hours left: twenty percent are an hour, thirty percent an hour and a half.
        (300, 359, Change.SMALL),
        (300, 360, Change.MATERIAL),
        (300, 211, Change.SMALL),
        (300, 210, Change.MATERIAL),
        # The told time has passed: every time ahead is news.
        (-1, 1, Change.MATERIAL),
        (-30, -20, Change.SMALL),
    ],
)
def test_a_change_matters_by_minutes_and_by_the_time_left(
    told: int | None, fresh: int, change: Change
) -> None:
    assert judge_change(None if told is None else at(told), at(fresh), NOW, LIMITS) is change


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(1, 500))
def test_what_is_material_stays_so_when_the_slip_grows(told: int, slip: int, more: int) -> None:
    if judge_change(at(told), at(told + slip), NOW, LIMITS) is Change.MATERIAL:
        later = judge_change(at(told), at(told + slip + more), NOW, LIMITS)
        assert later is Change.MATERIAL

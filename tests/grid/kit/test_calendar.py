"""Working days: what the county stated, else the public calendar, else the weekday rule."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.kit.calendar import (
    KNOWN_FROM_YEAR,
    KNOWN_UNTIL_YEAR,
    Calendar,
    DayKind,
    load_calendar,
    state_days,
)
from grid.kit.refusals import Invalid

UNKNOWN_YEAR = KNOWN_UNTIL_YEAR + 1


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 1, 1), False),
        (date(2026, 1, 4), True),  # a Sunday worked for the new year's Friday
        (date(2026, 2, 17), False),  # the first day of the spring festival
        (date(2026, 2, 14), True),  # a Saturday worked for it
        (date(2026, 3, 2), True),
        (date(2026, 3, 1), False),  # a plain Sunday
        (date(2026, 10, 1), False),
    ],
)
def test_2026_is_known(day: date, works: bool) -> None:
    assert Calendar().kind(day) == DayKind(works, provisional=False)


def first_weekday(year: int, weekday: int) -> date:
    day = date(year, 3, 1)
    while day.weekday() != weekday:
        day += timedelta(days=1)
    return day


def test_a_year_nobody_knows_goes_by_the_weekday_and_says_so() -> None:
    calendar = Calendar()
    assert calendar.kind(first_weekday(UNKNOWN_YEAR, 0)) == DayKind(True, provisional=True)
    assert calendar.kind(first_weekday(UNKNOWN_YEAR, 5)) == DayKind(False, provisional=True)


def test_stated_days_go_before_the_public_calendar() -> None:
    sunday, monday = date(2026, 3, 1), date(2026, 3, 2)
    calendar = Calendar({sunday: True, monday: False})
    assert calendar.kind(sunday) == DayKind(True, provisional=False)
    assert calendar.kind(monday) == DayKind(False, provisional=False)


def test_a_stated_year_is_no_longer_provisional() -> None:
    """The county states the days that differ; the others of that year go by the weekday."""
    festival = first_weekday(UNKNOWN_YEAR, 2)
    calendar = Calendar({festival: False})
    assert calendar.kind(festival) == DayKind(False, provisional=False)
    assert calendar.kind(festival + timedelta(days=1)) == DayKind(True, provisional=False)
    next_year = first_weekday(UNKNOWN_YEAR + 1, 2)
    assert calendar.kind(next_year).provisional


def test_working_days_skip_the_spring_festival() -> None:
    assert Calendar().add_workdays(date(2026, 2, 14), 1) == date(2026, 2, 24)


def test_a_due_day_moves_when_the_year_becomes_known() -> None:
    start = first_weekday(UNKNOWN_YEAR, 0)
    assert Calendar().add_workdays(start, 2) == start + timedelta(days=2)
    known = Calendar({start + timedelta(days=1): False})
    assert known.add_workdays(start, 2) == start + timedelta(days=3)


@pytest.mark.parametrize("count", [0, -1, 367])
def test_counts_are_bounded(count: int) -> None:
    with pytest.raises(Invalid, match="1 到 366"):
        Calendar().add_workdays(date(2026, 1, 1), count)


@given(
    start=st.dates(date(KNOWN_FROM_YEAR + 1, 1, 1), date(KNOWN_UNTIL_YEAR + 5, 12, 31)),
    count=st.integers(1, 60),
)
def test_exactly_so_many_working_days_lie_behind_the_due_day(start: date, count: int) -> None:
    calendar = Calendar()
    due = calendar.add_workdays(start, count)
    between = [start + timedelta(days=n + 1) for n in range((due - start).days)]
    assert sum(calendar.is_workday(day) for day in between) == count
    assert calendar.is_workday(due)


async def test_stated_days_are_stored_and_restated(rolled_back: None) -> None:
    day = first_weekday(UNKNOWN_YEAR, 3)
    assert (await load_calendar()).kind(day).provisional
    assert await state_days([(day, False, "国庆节")], "国办发明电 2026 年第 1 号") == 1
    assert (await load_calendar()).kind(day) == DayKind(False, provisional=False)
    assert await state_days([(day, True, "调休上班")], "更正通知") == 1
    assert (await load_calendar()).kind(day) == DayKind(True, provisional=False)

"""Due times against the slow oracle and at every edge, and how a clock stands."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grid.clocks.rules import (
    PAUSE_RULES,
    OfficeHours,
    Standing,
    Ticking,
    counted_s,
    due_at,
    merged,
    view,
    warn_at,
)
from grid.clocks.types import ClockState, ClockView, Hours, Limit, Pause, PauseReason, Target
from grid.kit.calendar import Calendar
from grid.kit.clock import SHANGHAI
from tests.grid.clocks.oracle import (
    OFFICE,
    TICKING,
    shanghai,
    slow_counted_min,
    slow_due_at,
)

MINUTE, HOUR, DAY = 60, 3600, 86400

#: Weeks with the spring festival, its worked weekends, a plain month, a leap day, a year's end.
_EVENTFUL = (
    shanghai(2026, 2, 12, 0, 0),
    shanghai(2026, 9, 28, 0, 0),
    shanghai(2026, 11, 16, 0, 0),
    shanghai(2024, 2, 27, 0, 0),
    shanghai(2025, 12, 30, 0, 0),
)
starts = st.builds(
    lambda week, minutes: week + timedelta(minutes=minutes),
    st.sampled_from(_EVENTFUL),
    st.integers(0, 5 * 1440),
)
limits_min = st.integers(1, 3 * 1440)
pause_lists = st.lists(st.tuples(st.integers(-600, 6000), st.integers(-30, 2500)), max_size=4)


def _pauses(started_at: datetime, shape: list[tuple[int, int]]) -> list[Pause]:
    return [
        Pause(
            started_at + timedelta(minutes=begins),
            started_at + timedelta(minutes=begins + long),
        )
        for begins, long in shape
    ]


@settings(max_examples=120, deadline=None)
@given(started_at=starts, limit_min=limits_min, hours=st.sampled_from(Hours), shape=pause_lists)
def test_W3_the_due_time_is_that_of_the_slow_oracle(
    started_at: datetime, limit_min: int, hours: Hours, shape: list[tuple[int, int]]
) -> None:
    if hours is Hours.OFFICE:
        limit_min = limit_min % 1500 + 1
    pauses = _pauses(started_at, shape)
    assert due_at(started_at, limit_min * MINUTE, hours, pauses, TICKING) == slow_due_at(
        started_at, limit_min, hours, pauses
    )


@settings(max_examples=60, deadline=None)
@given(
    started_at=starts,
    long=st.integers(0, 4000),
    hours=st.sampled_from(Hours),
    shape=pause_lists,
)
def test_counted_seconds_are_those_of_the_slow_oracle(
    started_at: datetime, long: int, hours: Hours, shape: list[tuple[int, int]]
) -> None:
    pauses, until = _pauses(started_at, shape), started_at + timedelta(minutes=long)
    counted = counted_s(started_at, until, hours, pauses, TICKING)
    assert counted == slow_counted_min(started_at, until, hours, pauses) * MINUTE


@settings(max_examples=100, deadline=None)
@given(started_at=starts, limit_min=limits_min, hours=st.sampled_from(Hours), shape=pause_lists)
def test_exactly_the_limit_is_counted_until_the_due_time(
    started_at: datetime, limit_min: int, hours: Hours, shape: list[tuple[int, int]]
) -> None:
    pauses = _pauses(started_at, shape)
    due = due_at(started_at, limit_min * MINUTE, hours, pauses, TICKING)
    assert counted_s(started_at, due, hours, pauses, TICKING) == limit_min * MINUTE


@settings(max_examples=100, deadline=None)
@given(started_at=starts, limit_min=limits_min, hours=st.sampled_from(Hours), shape=pause_lists)
def test_a_further_pause_never_brings_the_due_time_forward(
    started_at: datetime, limit_min: int, hours: Hours, shape: list[tuple[int, int]]
) -> None:
    pauses = _pauses(started_at, shape)
    fewer = due_at(started_at, limit_min * MINUTE, hours, pauses[1:], TICKING)
    assert due_at(started_at, limit_min * MINUTE, hours, pauses, TICKING) >= fewer


@given(shape=pause_lists)
def test_joined_pauses_are_apart_and_in_order_and_cover_the_same(
    shape: list[tuple[int, int]],
) -> None:
    start = _EVENTFUL[0]
    pauses = _pauses(start, shape)
    joined = merged(pauses)
    assert all(one.until_at < two.from_at for one, two in itertools.pairwise(joined))
    for minute in range(-700, 9000, 7):
        moment = start + timedelta(minutes=minute)
        inside = any(one.from_at <= moment < one.until_at for one in pauses)
        assert inside == any(one.from_at <= moment < one.until_at for one in joined)


@pytest.mark.parametrize(
    ("started", "limit_s", "hours", "due"),
    [
        # round the clock, over midnight, month, year and the leap day
        ((2026, 11, 22, 23, 30), 45 * MINUTE, Hours.ALWAYS, (2026, 11, 23, 0, 15)),
        ((2025, 12, 31, 23, 30), 45 * MINUTE, Hours.ALWAYS, (2026, 1, 1, 0, 15)),
        ((2024, 2, 28, 23, 0), 25 * HOUR, Hours.ALWAYS, (2024, 3, 1, 0, 0)),
        ((2024, 2, 28, 16, 0), 7 * HOUR, Hours.OFFICE, (2024, 2, 29, 16, 0)),
        # 1.5 h on Friday, 3.5 h and 2 h on Monday
        ((2026, 11, 20, 16, 0), 7 * HOUR, Hours.OFFICE, (2026, 11, 23, 16, 0)),
        # lunch is shut
        ((2026, 11, 23, 11, 30), HOUR, Hours.OFFICE, (2026, 11, 23, 14, 30)),
        ((2026, 11, 23, 12, 30), HOUR, Hours.OFFICE, (2026, 11, 23, 15, 0)),
        # used up exactly at closing time: due then, not at the next opening
        ((2026, 11, 23, 8, 30), 7 * HOUR, Hours.OFFICE, (2026, 11, 23, 17, 30)),
        ((2026, 11, 23, 8, 30), 210 * MINUTE, Hours.OFFICE, (2026, 11, 23, 12, 0)),
        ((2026, 11, 20, 8, 30), 7 * HOUR, Hours.OFFICE, (2026, 11, 20, 17, 30)),
        # before opening, after closing, on a Sunday
        ((2026, 11, 23, 6, 0), HOUR, Hours.OFFICE, (2026, 11, 23, 9, 30)),
        ((2026, 11, 23, 20, 0), HOUR, Hours.OFFICE, (2026, 11, 24, 9, 30)),
        ((2026, 11, 22, 10, 0), HOUR, Hours.OFFICE, (2026, 11, 23, 9, 30)),
        # whole working days: Friday noon, five days, two of them a weekend
        ((2026, 11, 20, 12, 0), 5 * DAY, Hours.WORKDAYS, (2026, 11, 27, 12, 0)),
        ((2026, 11, 22, 9, 0), DAY, Hours.WORKDAYS, (2026, 11, 24, 0, 0)),
        # spring festival 2026: off from the 15th to the 23rd, Saturdays the 14th and 28th worked
        ((2026, 2, 13, 12, 0), 2 * DAY, Hours.WORKDAYS, (2026, 2, 24, 12, 0)),
        ((2026, 2, 27, 12, 0), DAY, Hours.WORKDAYS, (2026, 2, 28, 12, 0)),
        # year's end: the first three days of January are off, Sunday the fourth is worked
        ((2025, 12, 31, 12, 0), DAY, Hours.WORKDAYS, (2026, 1, 4, 12, 0)),
    ],
)
def test_due_times_at_the_edges(
    started: tuple[int, ...], limit_s: int, hours: Hours, due: tuple[int, ...]
) -> None:
    assert due_at(shanghai(*started), limit_s, hours, (), TICKING) == shanghai(*due)


def test_a_pause_over_the_weekend_gives_an_office_clock_only_its_office_minutes() -> None:
    friday_16 = shanghai(2026, 11, 20, 16, 0)
    pause = Pause(shanghai(2026, 11, 20, 17, 0), shanghai(2026, 11, 23, 9, 0))
    without = due_at(friday_16, 3 * HOUR, Hours.OFFICE, (), TICKING)
    paused = due_at(friday_16, 3 * HOUR, Hours.OFFICE, (pause,), TICKING)
    assert (without, paused) == (shanghai(2026, 11, 23, 10, 0), shanghai(2026, 11, 23, 11, 0))


def test_the_same_minute_is_never_taken_off_twice() -> None:
    start = shanghai(2026, 11, 23, 9, 0)
    one = Pause(start + timedelta(minutes=10), start + timedelta(minutes=40))
    two = Pause(start + timedelta(minutes=30), start + timedelta(minutes=60))
    assert due_at(start, HOUR, Hours.ALWAYS, (one, two, one), TICKING) == start + timedelta(
        minutes=110
    )


def test_a_limit_used_up_when_a_pause_begins_is_due_then() -> None:
    start = shanghai(2026, 11, 23, 9, 0)
    pause = Pause(start + timedelta(minutes=45), start + timedelta(hours=5))
    assert due_at(start, 45 * MINUTE, Hours.ALWAYS, (pause,), TICKING) == pause.from_at


def test_the_warning_counts_in_the_hours_and_pauses_of_its_clock() -> None:
    limit = Limit(
        target=Target.ANSWER, limit_s=5 * DAY, hours=Hours.WORKDAYS, warn_percent=80, source="x"
    )
    monday = shanghai(2026, 11, 23, 0, 0)
    assert warn_at(monday, limit, (), TICKING) == shanghai(2026, 11, 27, 0, 0)
    pause = Pause(shanghai(2026, 11, 26, 0, 0), shanghai(2026, 11, 27, 0, 0))
    assert warn_at(monday, limit, (pause,), TICKING) == shanghai(2026, 11, 28, 0, 0)


def test_a_calendar_without_working_days_is_an_error_and_no_endless_search() -> None:
    class Idle(Calendar):
        def is_workday(self, day: date) -> bool:
            return False

    with pytest.raises(ValueError, match="no working days"):
        due_at(_EVENTFUL[0], HOUR, Hours.WORKDAYS, (), Ticking(Idle(), OFFICE))


def test_a_clock_keeps_the_office_hours_that_it_began_with() -> None:
    changed = OfficeHours(((time(9), time(12)),))
    ticking = Ticking(Calendar(), OFFICE, ((shanghai(2026, 11, 24, 0, 0), changed),))
    before, after = shanghai(2026, 11, 23, 16, 30), shanghai(2026, 11, 24, 8, 0)
    assert due_at(before, 2 * HOUR, Hours.OFFICE, (), ticking) == shanghai(2026, 11, 24, 9, 30)
    assert due_at(after, HOUR, Hours.OFFICE, (), ticking) == shanghai(2026, 11, 24, 10, 0)


def test_no_reason_excuses_not_having_accepted_or_called() -> None:
    assert set(PAUSE_RULES) == set(PauseReason)
    never = {Target.ACCEPT, Target.FIRST_CONTACT, Target.CALLBACK}
    assert all(rule.targets and not rule.targets & never for rule in PAUSE_RULES.values())


# --- how a clock stands ---------------------------------------------------------------------------

DUE = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
moments = st.timedeltas(timedelta(days=-3), timedelta(days=3)).map(lambda by: DUE + by)
perhaps = st.none() | moments


def stands(
    stopped_at: datetime | None,
    now: datetime,
    given_up_at: datetime | None = None,
    paused_until: datetime | None = None,
) -> ClockView:
    standing = Standing(
        Target.ARRIVE, DUE, None, stopped_at, given_up_at, paused_until, 2700, Hours.ALWAYS, "承诺"
    )
    return view(standing, now)


def state(
    stopped_at: datetime | None, now: datetime, given_up_at: datetime | None = None
) -> ClockState:
    seen = stands(stopped_at, now, given_up_at)
    assert (seen.target, seen.due_at, seen.stopped_at) == (Target.ARRIVE, DUE, stopped_at)
    return seen.state


def test_W3_stopped_exactly_at_the_limit_is_met_and_an_instant_later_breached() -> None:
    assert state(DUE, DUE) == ClockState.MET
    assert state(DUE + INSTANT, DUE + INSTANT) == ClockState.BREACHED


def test_W3_running_until_the_limit_and_breached_an_instant_later() -> None:
    assert state(None, DUE) == ClockState.RUNNING
    assert state(None, DUE + INSTANT) == ClockState.BREACHED


def test_a_stopped_clock_does_not_run_on() -> None:
    assert state(DUE - INSTANT, DUE + timedelta(days=1000)) == ClockState.MET


def test_giving_up_in_time_cancels_and_giving_up_late_keeps_the_breach() -> None:
    later = DUE + timedelta(days=1)
    assert state(None, later, DUE) == ClockState.CANCELLED
    assert state(None, later, DUE + INSTANT) == ClockState.BREACHED
    assert state(DUE - INSTANT, later, DUE) == ClockState.MET


def test_a_clock_is_paused_until_its_pause_ends() -> None:
    now = DUE - timedelta(hours=2)
    assert stands(None, now, None, now + INSTANT).state == ClockState.PAUSED
    assert stands(None, now, None, now).state == ClockState.RUNNING
    assert stands(now, now, None, now + INSTANT).state == ClockState.MET


@given(stopped_at=perhaps, given_up_at=perhaps, now=moments, later=st.timedeltas(timedelta(0)))
def test_W3_a_breach_is_never_taken_back_by_time(
    stopped_at: datetime | None, given_up_at: datetime | None, now: datetime, later: timedelta
) -> None:
    if state(stopped_at, now, given_up_at) == ClockState.BREACHED:
        then = now + min(later, timedelta(days=3000))
        assert state(stopped_at, then, given_up_at) == ClockState.BREACHED


@given(stopped_at=moments, given_up_at=perhaps, first=moments, second=moments)
def test_how_a_stopped_clock_stands_does_not_depend_on_who_asks_when(
    stopped_at: datetime, given_up_at: datetime | None, first: datetime, second: datetime
) -> None:
    assert state(stopped_at, first, given_up_at) == state(stopped_at, second, given_up_at)


def test_due_times_keep_the_zone_that_they_were_given() -> None:
    local = shanghai(2026, 11, 23, 9, 0).astimezone(SHANGHAI)
    assert due_at(local, HOUR, Hours.OFFICE, (), TICKING).tzinfo is SHANGHAI

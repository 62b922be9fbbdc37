"""How a clock stands, at every side of its limit."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from grid.clocks.rules import clock
from grid.clocks.types import ClockState, Target

DUE = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
moments = st.timedeltas(timedelta(days=-3), timedelta(days=3)).map(lambda by: DUE + by)
perhaps = st.none() | moments


def state(stopped_at: datetime | None, now: datetime, given_up_at: datetime | None = None) -> str:
    view = clock(Target.ARRIVE, DUE, stopped_at, now, given_up_at)
    assert (view.target, view.due_at, view.stopped_at) == (Target.ARRIVE, DUE, stopped_at)
    return view.state


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

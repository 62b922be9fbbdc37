"""Clocks in words: every colour has its word."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.console.limits import cost_words, duration, limit_of, next_limit
from grid.clocks.rules import Standing, view
from grid.clocks.types import ClockView, Hours, Target
from grid.dispatch.types import Terms
from grid.work_orders.words import WorkOrderState

OPEN = WorkOrderState.ASSIGNED
NOW = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)


def clock(
    target: Target,
    due_at: datetime,
    stopped_at: datetime | None,
    now: datetime,
    given_up_at: datetime | None = None,
    paused_until: datetime | None = None,
    warn_at: datetime | None = None,
) -> ClockView:
    return view(
        Standing(
            target, due_at, warn_at, stopped_at, given_up_at, paused_until, 60, Hours.ALWAYS, "来源"
        ),
        now,
    )


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@pytest.mark.parametrize(
    ("due", "stopped", "look", "words"),
    [
        (30, None, "fine", "剩 30 分"),
        (15, None, "soon", "将到期，剩 15 分"),
        (0, None, "soon", "将到期，剩 0 分"),
        (-0.5, None, "late", "已超时 1 分"),
        (-95, None, "late", "已超时 1 小时 35 分"),
        (-10, -20, "kept", "按时"),
        (-20, -10, "missed", "完成时已超时 10 分"),
    ],
)
def test_a_clock_says_how_it_stands(
    due: float, stopped: float | None, look: str, words: str
) -> None:
    ended = None if stopped is None else NOW + minutes(stopped)
    limit = limit_of(clock(Target.ARRIVE, NOW + minutes(due), ended, NOW), OPEN, NOW)
    assert (limit.look, limit.words) == (look, words)


def test_the_clocks_of_what_is_over_stand_still() -> None:
    given_up = NOW - minutes(30)
    in_time = clock(Target.ARRIVE, NOW - minutes(5), None, NOW, given_up)
    too_late = clock(Target.ARRIVE, NOW - minutes(50), None, NOW, given_up)
    assert limit_of(in_time, WorkOrderState.CANCELLED, NOW).look == "ended"
    assert limit_of(too_late, WorkOrderState.CANCELLED, NOW).words == "结束时已超时"
    assert next_limit([in_time, too_late], WorkOrderState.CANCELLED, NOW) is None


def test_a_paused_clock_says_so_and_a_warned_one_is_near_before_its_last_minutes() -> None:
    paused = clock(Target.ANSWER, NOW + minutes(90), None, NOW, paused_until=NOW + minutes(30))
    near = clock(Target.ANSWER, NOW + minutes(90), None, NOW, warn_at=NOW - minutes(1))
    assert limit_of(paused, OPEN, NOW).look == "paused"
    assert limit_of(near, OPEN, NOW).look == "soon"


def test_the_next_limit_is_the_earliest_that_nobody_stopped() -> None:
    clocks = [
        clock(Target.ACCEPT, NOW - minutes(60), NOW - minutes(70), NOW),
        clock(Target.ARRIVE, NOW + minutes(20), None, NOW),
        clock(Target.RESTORE, NOW + minutes(5), None, NOW),
    ]
    found = next_limit(clocks, OPEN, NOW)
    assert found is not None
    assert found.target is Target.RESTORE


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 分"), (59, "59 分"), (60, "1 小时 0 分"), (2880, "2 天 0 小时")],
)
def test_durations_are_read_easily(number: int, words: str) -> None:
    assert duration(number) == words


def test_a_cost_is_a_sum_that_adds_up() -> None:
    terms = Terms(travel_s=720, load_s=900, not_own_grid_s=0, position_age_s=0)
    assert cost_words(terms, True) == "路程 12 分 + 手上工单 15 分 = 共 27 分"

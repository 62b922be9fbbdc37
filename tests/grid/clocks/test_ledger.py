"""What events, new limits and corrected moments make of the rows of clocks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.clocks.changing import Moved, Reckoning, moved, relimited
from grid.clocks.ledger import (
    GIVE_UP_ALL,
    ClockRow,
    Effects,
    after,
    computed,
    latest,
    opened,
    reckoned,
)
from grid.clocks.types import Limit, Pause, Target
from tests.grid.clocks.matters import DAY, HOUR, MINUTE, limit
from tests.grid.clocks.oracle import TICKING

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ARRIVE, RESTORE, COMPLETE, ANSWER = (
    Target.ARRIVE,
    Target.RESTORE,
    Target.COMPLETE,
    Target.ANSWER,
)


def later(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def running(*limits: Limit) -> list[ClockRow]:
    return [computed(replace(opened(one), started_at=T0), (), TICKING) for one in limits]


def by(minutes: float, *pauses: Pause) -> Reckoning:
    return Reckoning(later(minutes), pauses, TICKING)


def merged(rows: list[ClockRow], changed: list[ClockRow]) -> dict[Target, ClockRow]:
    return latest(list(({row.id: row for row in rows} | {row.id: row for row in changed}).values()))


targets = st.lists(st.sampled_from(Target), unique=True, max_size=4).map(tuple)
effects = st.builds(Effects, targets, targets, targets, targets, targets)


@given(st.lists(st.tuples(effects, st.integers(1, 3000)), max_size=6))
def test_W3_whatever_happens_rows_change_once_each_and_only_one_of_a_target_is_not_over(
    events: list[tuple[Effects, int]],
) -> None:
    rows = {row.id: row for row in [opened(limit(target, HOUR)) for target in Target]}
    minute = 0
    for effect, gap in events:
        minute += gap
        changed = after(list(rows.values()), effect, later(minute), (), TICKING)
        assert len({row.id for row in changed}) == len(changed)
        for row in changed:
            before = rows.get(row.id)
            assert before is None or not before.is_over, "what is over stays as it is"
            if before is not None and before.started_at is not None:
                assert row.started_at == before.started_at
        rows |= {row.id: row for row in changed}
        for target in Target:
            rounds = [row for row in rows.values() if row.target is target]
            assert sum(not row.is_over for row in rounds) <= 1
            assert sorted(row.round for row in rounds) == list(range(len(rounds)))
        for row in rows.values():
            ended = row.stopped_at or row.given_up_at
            late = ended is not None and row.due_at is not None and ended > row.due_at
            assert (row.breached_at is not None) == late
            assert (row.due_at is None) == (row.started_at is None)


def test_a_step_that_meets_one_target_and_ends_all_meets_that_one() -> None:
    rows = running(limit(COMPLETE, HOUR), limit(ARRIVE, HOUR))
    step = Effects(stop=(COMPLETE,), give_up=tuple(Target))
    found = merged(rows, after(rows, step, later(30), (), TICKING))
    assert (found[COMPLETE].stopped_at, found[COMPLETE].given_up_at) == (later(30), None)
    assert (found[ARRIVE].stopped_at, found[ARRIVE].given_up_at) == (None, later(30))


def test_a_pause_holds_only_for_its_targets() -> None:
    pause = Pause(later(10), later(40), frozenset({RESTORE}))
    arrive, restore = running(limit(ARRIVE, HOUR), limit(RESTORE, HOUR))
    assert computed(arrive, [pause], TICKING).due_at == later(60)
    assert computed(restore, [pause], TICKING).due_at == later(90)


def test_an_approved_pause_takes_back_a_breach_that_it_undoes_and_no_other() -> None:
    (row,) = running(limit(RESTORE, HOUR))
    breached = replace(row, breached_at=row.due_at)
    pause = Pause(later(30), later(150))
    assert reckoned(breached, later(100), [pause], TICKING).breached_at is None
    short = Pause(later(30), later(40))
    assert reckoned(breached, later(100), [short], TICKING).breached_at == later(60)


# --- other limits ---------------------------------------------------------------------------------


def test_W3_a_new_limit_that_has_passed_stands_and_is_breached_at_the_change() -> None:
    rows = running(limit(ARRIVE, 90 * MINUTE))
    (row,) = relimited(rows, [limit(ARRIVE, 45 * MINUTE)], by(50))
    assert (row.id, row.started_at) == (rows[0].id, T0)
    assert (row.due_at, row.breached_at) == (later(45), later(50))
    (row,) = relimited([row], [limit(ARRIVE, 30 * MINUTE)], by(60))
    assert (row.due_at, row.breached_at) == (later(30), later(50)), "breached once"


def test_W3_a_limit_that_was_missed_is_not_forgotten_by_a_longer_one() -> None:
    rows = running(limit(ARRIVE, 45 * MINUTE))
    changed = relimited(rows, [limit(ARRIVE, 120 * MINUTE)], by(50))
    old, new = sorted(changed, key=lambda row: row.round)
    assert (old.breached_at, old.given_up_at) == (later(45), later(50))
    assert (new.started_at, new.due_at, new.breached_at) == (T0, later(120), None)


def test_limits_that_vanish_are_given_up_and_new_ones_count_from_intake() -> None:
    rows = running(limit(ANSWER, DAY))
    wanted = [limit(Target.FIRST_CONTACT, HOUR), limit(COMPLETE, DAY), limit(RESTORE, HOUR)]
    found = merged(rows, relimited(rows, wanted, by(120)))
    assert found[ANSWER].given_up_at == later(120)
    assert (found[COMPLETE].started_at, found[COMPLETE].breached_at) == (T0, None)
    contact = found[Target.FIRST_CONTACT]
    assert (contact.due_at, contact.breached_at) == (later(60), later(120))
    assert found[RESTORE].started_at is None, "it waits for its beginning"


def test_what_was_met_keeps_the_limit_that_it_was_met_under() -> None:
    rows = running(limit(ARRIVE, HOUR), limit(Target.ACCEPT, HOUR))
    met = after(rows, Effects(stop=(ARRIVE,), give_up=(Target.ACCEPT,)), later(50), (), TICKING)
    changed = relimited(met, [limit(ARRIVE, MINUTE), limit(Target.ACCEPT, 2 * HOUR)], by(55))
    (again,) = changed
    assert (again.target, again.round, again.started_at) == (Target.ACCEPT, 1, None)
    assert again.limit_s == 2 * HOUR


def test_the_same_limits_change_nothing() -> None:
    rows = running(limit(ARRIVE, HOUR))
    assert relimited(rows, [limit(ARRIVE, HOUR)], by(500)) == []


@given(
    first=st.integers(1, 600),
    second=st.integers(1, 600),
    at=st.integers(0, 800),
    pause=st.tuples(st.integers(0, 300), st.integers(0, 300)),
)
def test_after_a_change_the_due_time_is_what_it_would_be_from_the_beginning(
    first: int, second: int, at: int, pause: tuple[int, int]
) -> None:
    held = Pause(later(pause[0]), later(pause[0] + pause[1]))
    before = computed(running(limit(RESTORE, first * MINUTE))[0], [held], TICKING)
    wanted = limit(RESTORE, second * MINUTE)
    found = merged([before], relimited([before], [wanted], by(at, held)))[RESTORE]
    fresh = computed(running(wanted)[0], [held], TICKING)
    assert (found.due_at, found.warn_at) == (fresh.due_at, fresh.warn_at)


# --- moments put right ----------------------------------------------------------------------------


def test_W2_an_earlier_arrival_undoes_a_breach_and_moves_what_began_with_it() -> None:
    rows = running(limit(ARRIVE, HOUR), limit(COMPLETE, DAY))
    rows.append(opened(limit(RESTORE, HOUR)))
    arrived = Effects(stop=(ARRIVE,), start=(RESTORE,))
    before = merged(rows, after(rows, arrived, later(70), (), TICKING))
    assert before[ARRIVE].breached_at == later(60)
    moment = Moved(later(70), later(55), (ARRIVE,), (RESTORE,))
    found = merged(list(before.values()), moved(list(before.values()), moment, by(100)))
    assert (found[ARRIVE].stopped_at, found[ARRIVE].breached_at) == (later(55), None)
    assert (found[RESTORE].started_at, found[RESTORE].due_at) == (later(55), later(115))
    assert found[COMPLETE] == before[COMPLETE]


@pytest.mark.parametrize("ended", [False, True])
def test_W2_a_disputed_arrival_that_is_confirmed_ends_its_clock_then(ended: bool) -> None:
    rows = running(limit(ARRIVE, HOUR))
    if ended:
        rows = after(rows, GIVE_UP_ALL, later(90), (), TICKING)
    (row,) = moved(rows, Moved(later(40), later(40), (ARRIVE,), (RESTORE,)), by(100))
    assert (row.stopped_at, row.given_up_at, row.breached_at) == (later(40), None, None)


def test_W2_a_later_completion_is_breached_and_ends_what_ended_with_it() -> None:
    rows = running(limit(COMPLETE, HOUR), limit(ARRIVE, 2 * HOUR))
    done = Effects(stop=(COMPLETE,), give_up=tuple(Target))
    rows = after(rows, done, later(50), (), TICKING)
    moment = Moved(later(50), later(130), (COMPLETE,), (), tuple(Target))
    found = merged(rows, moved(rows, moment, by(200)))
    assert (found[COMPLETE].stopped_at, found[COMPLETE].breached_at) == (later(130), later(60))
    assert (found[ARRIVE].given_up_at, found[ARRIVE].breached_at) == (later(130), later(120))

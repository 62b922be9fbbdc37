"""Pure decisions about visits: cycles, spreading, the draw, S5."""

import math
from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grid.customers.types import CustomerTagWord
from grid.kit.ids import new_id
from grid.visits.rules import (
    Cycles,
    Due,
    Slot,
    add_months,
    drawn,
    form_of,
    is_impossible,
    last_of,
    months_of,
    own_part,
    share_of,
    slots_of,
    spread,
    state_after,
)
from grid.visits.words import CheckMethod, CheckOutcome, CheckState, FormWord

_T = CustomerTagWord
CYCLES = Cycles(care=1, business=3, important=4, ordinary=12)
DAYS = [date(2026, 12, 1) + timedelta(days=n) for n in range(20)]
PEOPLE = [UUID(int=1), UUID(int=2)]


@pytest.mark.parametrize(
    ("tags", "months", "form"),
    [
        ([], 12, FormWord.ORDINARY),
        ([_T.SMALL_BUSINESS], 3, FormWord.SMALL_BUSINESS),
        ([_T.GOVERNMENT], 4, FormWord.GOVERNMENT),
        ([_T.IMPORTANT, _T.SMALL_BUSINESS], 3, FormWord.IMPORTANT),
        ([_T.LOW_INCOME], 1, FormWord.SPECIAL_CARE),
        ([_T.SPECIAL_GROUP, _T.MEDICAL], 1, FormWord.MEDICAL_DEVICE),
        ([_T.MEDICAL, _T.SMALL_BUSINESS], 1, FormWord.MEDICAL_DEVICE),
    ],
)
def test_of_several_tags_the_shortest_cycle_and_the_gravest_form_hold(
    tags: list[CustomerTagWord], months: int, form: FormWord
) -> None:
    assert months_of(tags, CYCLES) == months
    assert form_of(tags) is form


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 60))
def test_months_later_is_the_same_day_or_the_last_of_the_month(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == min(day.day, last_of(later.replace(day=1)).day)


households = st.lists(
    st.builds(
        Due,
        account=st.uuids(version=4),
        village=st.sampled_from("abcdef"),
        district=st.sampled_from("123"),
        is_care=st.booleans(),
        form=st.just(FormWord.ORDINARY),
        due_day=st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        not_for=st.sets(st.sampled_from(PEOPLE), max_size=1).map(frozenset),
    ),
    max_size=150,
    unique_by=lambda one: one.account,
)


@given(households, st.integers(1, 10), st.integers(1, 20), st.data())
@settings(max_examples=150)
def test_everybody_is_placed_once_within_capacity_and_never_by_a_relative(
    due: list[Due], per_day: int, days: int, data: st.DataObject
) -> None:
    slots = slots_of(DAYS[:days], PEOPLE)
    taken = data.draw(st.dictionaries(st.sampled_from(slots), st.integers(0, per_day)))
    placed, left = spread(due, slots, per_day, taken)
    assert sorted([one.due.account for one in placed] + [one.account for one in left]) == sorted(
        one.account for one in due
    )
    load = Counter(one.slot for one in placed)
    assert all(load[slot] + taken.get(slot, 0) <= per_day for slot in slots)
    assert all(one.slot.staff not in one.due.not_for for one in placed)
    assert {one.slot for one in placed} <= set(slots)
    free = {slot: per_day - load[slot] - taken.get(slot, 0) for slot in slots}
    for one in left:
        assert all(free[slot] == 0 or slot.staff in one.not_for for slot in slots)


@given(households, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_households_makes_no_difference(due: list[Due], dice: object) -> None:
    slots = slots_of(DAYS, PEOPLE)
    shuffled = list(due)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert spread(due, slots, 8) == spread(shuffled, slots, 8)


@given(households.map(lambda due: [one._replace(not_for=frozenset()) for one in due]))
@settings(max_examples=60)
def test_nobody_in_special_care_is_left_out_for_somebody_who_is_not(due: list[Due]) -> None:
    placed, left = spread(due, slots_of(DAYS[:3], PEOPLE), 5)
    assert not any(one.is_care for one in left) or all(one.due.is_care for one in placed)


def home(number: int, village: str, *, care: bool = False) -> Due:
    return Due(UUID(int=number), village, "1", care, FormWord.ORDINARY, None)


def test_a_village_that_fits_one_round_is_one_round() -> None:
    due = [home(n, "abcdefghij"[n // 4]) for n in range(40)]
    placed, _ = spread(due, slots_of(DAYS, PEOPLE[:1]), 8)
    rounds: dict[str, set[Slot]] = {}
    for one in placed:
        rounds.setdefault(one.due.village, set()).add(one.slot)
    assert all(len(slots) == 1 for slots in rounds.values())


def test_few_households_are_spread_over_the_whole_month() -> None:
    due = [home(n, f"v{n}") for n in range(20)]
    placed, _ = spread(due, slots_of(DAYS, PEOPLE[:1]), 8)
    days = sorted({one.slot.day for one in placed})
    assert len(days) == 5
    assert days[0] == DAYS[0]
    assert days[-1] >= DAYS[15]


def test_special_care_gets_the_early_days_and_its_village_comes_along() -> None:
    due = [home(n, "far" if n % 2 else "near") for n in range(30)]
    due.append(home(99, "far", care=True))
    placed, _ = spread(due, slots_of(DAYS, PEOPLE[:1]), 8)
    (care,) = [one for one in placed if one.due.is_care]
    assert care.slot.day == min(one.slot.day for one in placed)
    assert sum(one.slot == care.slot and one.due.village == "far" for one in placed) > 4


def test_without_slots_everybody_is_left() -> None:
    due = [home(1, "a")]
    assert spread(due, [], 8) == ([], due)


@given(st.integers(1, 100), st.lists(st.integers(0, 60), min_size=1, max_size=6), st.text("0ab"))
def test_K1_the_draw_is_a_subset_at_least_its_share_and_can_be_repeated(
    percent: int, sizes: list[int], seed: str
) -> None:
    jobs = {
        UUID(int=n): {UUID(int=(n << 20) + k) for k in range(size)}
        for n, size in enumerate(sizes, 1)
    }
    chosen = drawn(seed, percent, jobs)
    assert chosen == drawn(seed, percent, {grid: set(own) for grid, own in jobs.items()})
    for own in jobs.values():
        assert math.ceil(len(own) * percent / 100) <= len(chosen & own) <= len(own)
        for job in own - chosen:
            assert share_of(seed, job) * 100 >= percent


def test_another_seed_draws_others() -> None:
    jobs = {new_id(): {UUID(int=n) for n in range(1000)}}
    assert drawn("a", 5, jobs) != drawn("b", 5, jobs)


@pytest.mark.parametrize(
    ("distance_m", "between_s", "impossible"),
    [(900, 0, False), (5000, 0, True), (5000, -60, True), (5000, 60, True), (5000, 600, False)],
)
def test_who_would_have_to_fly_was_not_there(
    distance_m: float, between_s: float, impossible: bool
) -> None:
    assert is_impossible(distance_m, between_s, 120) is impossible


def test_S5_author_assignee_and_manager_have_a_part_in_it() -> None:
    one, two, three, four = (UUID(int=n) for n in range(4))
    assert own_part(one, [one], [two], [three]) == "author"
    assert own_part(two, [one], [two], [three]) == "assignee"
    assert own_part(three, [one], [two], [three]) == "manager"
    assert own_part(four, [one], [two], [three]) is None


def test_whom_a_call_did_not_reach_somebody_goes_to_see() -> None:
    unreachable = CheckOutcome.UNREACHABLE
    assert state_after(CheckMethod.CALL, unreachable) is CheckState.OPEN
    assert state_after(CheckMethod.ON_SITE, unreachable) is CheckState.UNREACHABLE
    assert state_after(CheckMethod.CALL, CheckOutcome.CONFIRMED) is CheckState.CONFIRMED

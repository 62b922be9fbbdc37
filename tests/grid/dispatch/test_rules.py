"""Who is fit, what each costs, and in which order they are asked. Pure."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.dispatch.policies import Weights
from grid.dispatch.rules import Job, Person, rank, terms, why_not
from grid.dispatch.types import CandidateView
from grid.geography.travel import TravelPolicy
from grid.geography.types import Place, PlaceClass
from grid.work_orders.words import Capacity, WorkOrderKind

SKILLED = frozenset({"fault_repair"})
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
JOB = Job(WorkOrderKind.FAULT_REPAIR, Place(lat=29.89, lon=110.03), PlaceClass.RURAL)
WEIGHTS = Weights(
    load_s=900,
    not_own_grid_s=1200,
    unknown_position_s=1800,
    position_old_s=1800,
    open_jobs_max=5,
    ask_again_s=1800,
    travel=TravelPolicy(
        detour_factor=1.6, city_speed_mps=7.0, rural_speed_mps=8.3, remote_speed_mps=5.6
    ),
)


def person(number: int = 1, **facts: object) -> Person:
    """Somebody fit, at the job's place, in the grid's own crew."""
    fit = Person(
        staff_id=UUID(int=number),
        employee_no=f"T{number:04d}",
        name="向明",
        capacity=Capacity.ASSISTANT,
        on_shift=True,
        skills=SKILLED,
        relative=False,
        asked_lately=False,
        open_jobs=0,
        place=JOB.place,
        place_at=NOW,
    )
    return fit._replace(**facts)  # type: ignore[arg-type]


def north(metres: float) -> Place:
    return Place(lat=29.89 + metres / 110_870, lon=110.03)


somebody = st.builds(
    person,
    st.integers(1, 9999),
    capacity=st.sampled_from(list(Capacity)),
    on_shift=st.booleans(),
    skills=st.sampled_from([SKILLED, frozenset()]),
    relative=st.booleans(),
    asked_lately=st.booleans(),
    open_jobs=st.integers(0, 8),
    place=st.none() | st.floats(0, 40_000).map(north),
    place_at=st.integers(0, 86_400).map(lambda age_s: NOW - timedelta(seconds=age_s)),
)
people = st.lists(somebody, max_size=12, unique_by=lambda one: one.staff_id)


def ranked(found: list[CandidateView]) -> list[CandidateView]:
    return [one for one in found if one.rank is not None]


@given(group=people, seed=st.integers())
def test_the_order_of_asking_does_not_depend_on_the_order_of_reading(
    group: list[Person], seed: int
) -> None:
    shuffled = list(group)
    random.Random(seed).shuffle(shuffled)
    assert rank(JOB, shuffled, WEIGHTS, NOW) == rank(JOB, group, WEIGHTS, NOW)


@given(group=people)
def test_everybody_is_shown_once_ranked_or_with_a_reason(group: list[Person]) -> None:
    found = rank(JOB, group, WEIGHTS, NOW)
    assert {one.staff_id for one in found} == {one.staff_id for one in group}
    assert [one.rank for one in ranked(found)] == list(range(1, len(ranked(found)) + 1))
    for one in found:
        assert (one.rank is None) == (one.why_not is not None)
        assert (one.rank is None) == (one.terms is None) == (one.cost_s is None)
        if one.terms is not None:
            assert one.cost_s == pytest.approx(one.terms.total_s, abs=0.05)


@given(group=people)
def test_R3_who_is_not_fit_is_never_ranked(group: list[Person]) -> None:
    fit = {one.staff_id for one in group if why_not(one, WEIGHTS, JOB) is None}
    assert {one.staff_id for one in ranked(rank(JOB, group, WEIGHTS, NOW))} == fit


@given(group=people)
def test_R3_the_grids_own_manager_on_duty_comes_first_and_the_rest_by_cost(
    group: list[Person],
) -> None:
    found = ranked(rank(JOB, group, WEIGHTS, NOW))
    managers = [one for one in found if one.capacity is Capacity.MANAGER]
    assert found[: len(managers)] == managers
    for part in (managers, found[len(managers) :]):
        costs = [one.terms.total_s for one in part if one.terms is not None]
        assert costs == sorted(costs)


@given(group=people.filter(bool), chosen=st.integers(0), more=st.integers(1, 9))
def test_more_load_never_improves_a_rank(group: list[Person], chosen: int, more: int) -> None:
    one = group[chosen % len(group)]
    loaded = [p._replace(open_jobs=p.open_jobs + more) if p is one else p for p in group]
    before = {v.staff_id: v.rank for v in rank(JOB, group, WEIGHTS, NOW)}[one.staff_id]
    after = {v.staff_id: v.rank for v in rank(JOB, loaded, WEIGHTS, NOW)}[one.staff_id]
    assert after is None or (before is not None and after >= before)


@given(near_m=st.floats(0, 30_000), further_m=st.floats(0, 30_000))
def test_R3_the_nearer_of_two_equals_is_asked_first(near_m: float, further_m: float) -> None:
    near, far = sorted((near_m, further_m))
    found = rank(JOB, [person(1, place=north(far)), person(2, place=north(near))], WEIGHTS, NOW)
    cost = {one.employee_no: one.cost_s for one in found}
    first = "T0002" if cost["T0001"] != cost["T0002"] else "T0001"
    assert found[0].employee_no == first


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ({"on_shift": False}, "不在班"),
        ({"skills": frozenset()}, "没有有效的抢修资格"),
        ({"relative": True}, "是本人亲属的用电户"),
        ({"asked_lately": True}, "刚刚退单或未接单"),
        ({"open_jobs": 5}, "手上已有 5 个工单"),
        ({"open_jobs": 4}, None),
        ({}, None),
    ],
)
def test_why_not_is_said_in_words(fact: dict[str, object], words: str | None) -> None:
    assert why_not(person(**fact), WEIGHTS, JOB) == words


def test_equal_costs_go_by_employee_number() -> None:
    found = rank(JOB, [person(3), person(1), person(2)], WEIGHTS, NOW)
    assert [one.employee_no for one in found] == ["T0001", "T0002", "T0003"]


def test_the_terms_of_the_cost() -> None:
    own = terms(JOB, person(place=north(8300 / 1.6), open_jobs=2), WEIGHTS, NOW)
    assert own.travel_s == pytest.approx(1000, rel=0.01)
    assert (own.load_s, own.not_own_grid_s, own.position_age_s) == (1800, 0, 0)
    crew = terms(JOB, person(capacity=Capacity.CREW, place=None), WEIGHTS, NOW)
    assert (crew.travel_s, crew.not_own_grid_s) == (1800, 1200)


@pytest.mark.parametrize(
    ("age_s", "cost_s"), [(0, 0), (1800, 0), (1860, 60), (99_999, 1800), (-300, 0)]
)
def test_an_old_position_is_trusted_less_up_to_none_at_all(age_s: int, cost_s: int) -> None:
    old = person(place_at=NOW - timedelta(seconds=age_s))
    assert terms(JOB, old, WEIGHTS, NOW).position_age_s == cost_s


def test_a_job_of_unknown_place_is_ranked_without_distance() -> None:
    (one,) = rank(JOB._replace(place=None), [person()], WEIGHTS, NOW)
    assert (one.rank, one.distance_m) == (1, None)
    assert one.terms is not None
    assert one.terms.travel_s == 1800


def test_R3_danger_waits_for_no_full_hands() -> None:
    busy = person(open_jobs=WEIGHTS.open_jobs_max)
    assert rank(JOB, [busy], WEIGHTS, NOW)[0].why_not is not None
    assert rank(JOB._replace(danger=True), [busy], WEIGHTS, NOW)[0].rank == 1


@pytest.mark.parametrize(
    ("kind", "capacity", "skills", "words"),
    [
        ("meter_change", "assistant", {"metering"}, "岗位不能做“换表”工单"),
        ("meter_change", "manager", {"fault_repair"}, "没有有效的计量资格"),
        ("meter_change", "neighbour", {"metering"}, None),
        ("outage_work", "crew", {"fault_repair"}, None),
        ("notice_delivery", "crew", set(), None),
        ("notice_delivery", "assistant", set(), "岗位不能做“送达通知”工单"),
    ],
)
def test_a_kind_says_who_may_do_it_with_which_certificate(
    kind: str, capacity: str, skills: set[str], words: str | None
) -> None:
    somebody = person(capacity=Capacity(capacity), skills=frozenset(skills))
    assert why_not(somebody, WEIGHTS, JOB._replace(kind=WorkOrderKind(kind))) == words

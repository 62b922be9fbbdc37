"""How an arrival is graded, without a database (W2)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.geography.types import Place
from grid.work_orders.on_site.rules import (
    ArrivalLimits,
    Fix,
    Seen,
    dwelt,
    judge_arrival,
    leapt,
)
from grid.work_orders.types import DevicePosition
from grid.work_orders.words import ArrivalGrade, ArrivalProof

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
HOME = Place(lat=29.89, lon=110.03)
DEGREE_M = 110_870
LIMITS = ArrivalLimits(radius_m=200, accuracy_strong_m=100, accuracy_weak_m=1000)

metres = st.floats(0, 20_000)
limits_of = st.builds(
    lambda radius, strong, more: ArrivalLimits(radius, strong, strong + more),
    st.integers(20, 2000),
    st.integers(5, 500),
    st.integers(0, 4500),
)
proofs = st.none() | st.sampled_from(ArrivalProof)
sights = st.builds(
    Seen,
    metres | st.none(),
    metres | st.none(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    proofs,
)


@given(seen=sights, limits=limits_of)
def test_W2_strong_is_only_what_is_near_and_dwelt_and_proved_by_more_than_the_phone(
    seen: Seen, limits: ArrivalLimits
) -> None:
    if judge_arrival(seen, limits) is not ArrivalGrade.STRONG:
        return
    assert seen.accuracy_m is not None
    assert seen.distance_m is not None
    assert seen.accuracy_m <= limits.accuracy_strong_m
    assert seen.distance_m <= limits.radius_m + seen.accuracy_m
    assert seen.proof is not None
    assert seen.dwelt
    assert not seen.mock
    assert not seen.leapt


@given(seen=sights, limits=limits_of)
def test_W2_a_position_alone_is_weak_at_best(seen: Seen, limits: ArrivalLimits) -> None:
    assert judge_arrival(seen._replace(proof=None), limits) is not ArrivalGrade.STRONG
    assert judge_arrival(seen._replace(dwelt=False), limits) is not ArrivalGrade.STRONG


@given(seen=sights, limits=limits_of)
def test_W2_no_proof_makes_a_bad_position_good(seen: Seen, limits: ArrivalLimits) -> None:
    for bad in (
        seen._replace(mock=True),
        seen._replace(leapt=True),
        seen._replace(accuracy_m=None),
        seen._replace(accuracy_m=limits.accuracy_weak_m + 0.5),
        seen._replace(accuracy_m=5.0, distance_m=limits.radius_m + 5.1),
    ):
        assert judge_arrival(bad, limits) is ArrivalGrade.DISPUTED


@given(near_m=metres, further_m=metres, seen=sights, limits=limits_of)
def test_W2_going_nearer_never_makes_the_grade_worse(
    near_m: float, further_m: float, seen: Seen, limits: ArrivalLimits
) -> None:
    order = [ArrivalGrade.DISPUTED, ArrivalGrade.WEAK, ArrivalGrade.STRONG]
    near, far = sorted((near_m, further_m))
    grades = [judge_arrival(seen._replace(distance_m=one), limits) for one in (near, far)]
    assert order.index(grades[0]) >= order.index(grades[1])


@pytest.mark.parametrize(
    ("distance_m", "accuracy_m", "grade"),
    [
        (0, 5, "strong"),
        (205, 5, "strong"),
        (206, 5, "disputed"),
        (300, 100, "strong"),
        (301, 101, "weak"),
        (1200, 1000, "weak"),
        (1201, 1000, "disputed"),
        (0, 1001, "disputed"),
        (None, 5, "weak"),
    ],
)
def test_W2_the_edges_of_the_grades(
    distance_m: float | None, accuracy_m: float, grade: str
) -> None:
    seen = Seen(distance_m, accuracy_m, dwelt=True, proof=ArrivalProof.METER_CODE)
    assert judge_arrival(seen, LIMITS) == grade


def fix(metres_north: float, minutes_ago: float, accuracy_m: float = 10.0) -> Fix:
    place = Place(lat=HOME.lat + metres_north / DEGREE_M, lon=HOME.lon)
    return Fix(place, accuracy_m, NOW - timedelta(minutes=minutes_ago))


@pytest.mark.parametrize(
    ("fixes", "is_there", "stood"),
    [
        ([], True, False),
        ([fix(0, 2)], True, True),
        ([fix(0, 2)], False, False),
        ([fix(0, 0.5)], True, False),
        ([fix(0, 3), fix(5, 1)], False, True),
        ([fix(0, 3), fix(900, 2), fix(0, 1)], False, False),
        ([fix(0, 3), fix(900, 2)], True, False),
        ([fix(0, 16)], True, False),
        ([fix(0, 2, accuracy_m=500.0)], True, False),
    ],
)
def test_W2_a_lone_fix_is_no_dwell(fixes: list[Fix], is_there: bool, stood: bool) -> None:
    assert dwelt(fixes, HOME, LIMITS, NOW, is_there=is_there) is stood


@pytest.mark.parametrize(
    ("metres_away", "minutes_ago", "too_fast"),
    [
        (10_000, 10, False),
        (10_000, 4, True),
        (400, 0, False),
        (30_000, 0, True),
        (30_000, -3, True),
    ],
)
def test_W2_nobody_drives_that_fast(metres_away: float, minutes_ago: float, too_fast: bool) -> None:
    here = DevicePosition(lat=HOME.lat, lon=HOME.lon, accuracy_m=10)
    assert leapt(fix(metres_away, minutes_ago), here, NOW, LIMITS) is too_fast
    assert not leapt(None, here, NOW, LIMITS)

"""Travel estimates grow with distance and remoteness, and refuse nonsense."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.geography.travel import TravelPolicy, travel_time_s, travel_times_s
from grid.geography.types import PlaceClass

POLICY = TravelPolicy(
    detour_factor=1.5,
    city_speed_mps=10.0,
    rural_speed_mps=8.0,
    remote_speed_mps=5.0,
    start_s=60.0,
)
distances_m = st.floats(min_value=0, max_value=500_000)
classes = st.sampled_from(list(PlaceClass))


def test_a_known_drive() -> None:
    assert travel_time_s(8_000, PlaceClass.RURAL, POLICY) == 60 + 8_000 * 1.5 / 8
    assert travel_time_s(0, PlaceClass.CITY, POLICY) == 60


@given(distances_m, distances_m, classes)
def test_farther_is_never_sooner(one_m: float, other_m: float, place_class: PlaceClass) -> None:
    near_m, far_m = sorted((one_m, other_m))
    assert travel_time_s(near_m, place_class, POLICY) <= travel_time_s(far_m, place_class, POLICY)


@given(st.lists(st.tuples(distances_m, classes), min_size=1, max_size=20))
def test_many_at_once_equal_one_by_one(targets: list[tuple[float, PlaceClass]]) -> None:
    straight_m = np.array([distance for distance, _ in targets])
    place_classes = [place_class for _, place_class in targets]
    expected = [travel_time_s(distance, place_class, POLICY) for distance, place_class in targets]
    assert travel_times_s(straight_m, place_classes, POLICY) == pytest.approx(expected)
    matrix_s = travel_times_s(np.stack([straight_m, straight_m * 2]), place_classes, POLICY)
    assert matrix_s.shape == (2, len(targets))
    assert matrix_s[0] == pytest.approx(expected)


@pytest.mark.parametrize("bad_m", [-1.0, float("nan"), float("inf")])
def test_a_bad_distance_is_refused(bad_m: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        travel_time_s(bad_m, PlaceClass.CITY, POLICY)
    with pytest.raises(ValueError, match="finite"):
        travel_times_s(np.array([bad_m]), [PlaceClass.CITY], POLICY)


@pytest.mark.parametrize(
    "change", [{"detour_factor": 0.9}, {"rural_speed_mps": 0}, {"start_s": -1}]
)
def test_a_policy_outside_its_bounds_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.structs.asdict(POLICY) | change, TravelPolicy)

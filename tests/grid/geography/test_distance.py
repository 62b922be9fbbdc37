"""The fast distance keeps to the exact one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.geography.distance import EARTH_RADIUS_M, distance_m, distance_matrix_m, distances_m
from grid.geography.types import Place

places = st.builds(
    Place,
    lat=st.floats(min_value=-90, max_value=90),
    lon=st.floats(min_value=-180, max_value=180),
)


@given(places, places)
def test_great_circle_agrees_with_the_ellipsoid(here: Place, there: Place) -> None:
    exact_m = distance_m(here, there)
    fast_m = float(distances_m(here, [there.lat], [there.lon])[0])
    # Below a metre the sphere's rounding shows; nobody ranks by that.
    assert fast_m == pytest.approx(exact_m, rel=0.006, abs=1.0)


@given(places, places)
def test_distance_is_the_same_both_ways_and_zero_at_home(here: Place, there: Place) -> None:
    assert distance_m(here, there) == pytest.approx(distance_m(there, here), abs=1e-6)
    assert distance_m(here, here) == 0.0
    assert float(distances_m(here, [here.lat], [here.lon])[0]) == 0.0


def test_one_degree_of_the_meridian() -> None:
    # The geodesic from 29.5 to 30.5 degrees north on WGS-84 is 110,852 m.
    assert distance_m(Place(29.5, 110), Place(30.5, 110)) == pytest.approx(110_852, abs=2)


def test_the_matrix_has_a_row_for_each_origin() -> None:
    matrix_m = distance_matrix_m([29.9, 30.0], [110.0, 110.1], [29.9, 30.0, 30.1], [110.0] * 3)
    assert matrix_m.shape == (2, 3)
    assert matrix_m[0, 0] == 0.0
    assert matrix_m[1, 2] == distances_m(Place(30.0, 110.1), [30.1], [110.0])[0]


def test_opposite_points_are_half_the_globe_apart() -> None:
    assert distances_m(Place(12.3, 45.6), [-12.3], [-134.4])[0] == pytest.approx(
        np.pi * EARTH_RADIUS_M
    )


def test_nothing_to_measure_gives_an_empty_row() -> None:
    assert distance_matrix_m([29.9], [110.0], [], []).shape == (1, 0)


def test_a_latitude_without_longitude_is_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        distance_matrix_m([29.9], [110.0], [29.9, 30.0], [110.0])

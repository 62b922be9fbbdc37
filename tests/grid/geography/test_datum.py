"""The shift to GCJ-02 and back, against published points and at random."""

import random

import pytest

from grid.geography.datum import gcj02_from_wgs84, is_shifted, wgs84_from_raw
from grid.geography.distance import distance_m
from grid.geography.types import Datum, Place, RawPlace

# place, WGS-84 (lat, lon), GCJ-02 (lat, lon), shift in metres
VECTORS = [
    ("centre of the formula", (35.0, 105.0), (34.99909863, 105.00328624), 316.22),
    ("Beijing", (39.907333, 116.391083), (39.90873416, 116.39732405), 555.88),
    ("Shanghai", (31.2304, 121.4737), (31.22845774, 121.47822306), 481.74),
    ("Guangzhou", (23.134521, 113.358803), (23.13199227, 113.36429200), 628.08),
    ("Shenzhen", (22.5431, 114.0579), (22.54038281, 114.06301400), 606.03),
    ("Chengdu", (30.5728, 104.0668), (30.57034614, 104.06930548), 363.00),
    ("Urumqi", (43.8256, 87.6168), (43.82680539, 87.61964995), 265.50),
    ("Harbin", (45.8038, 126.535), (45.80578153, 126.54104035), 518.63),
    ("Lhasa", (29.652, 91.1721), (29.64921049, 91.17356737), 340.29),
    ("Sanya", (18.2528, 109.5119), (18.25109479, 109.51598429), 471.36),
    ("Wuhan", (30.5928, 114.3055), (30.59039056, 114.31094489), 586.56),
    ("Hong Kong", (22.3027, 114.1772), (22.29993989, 114.18214486), 594.17),
    ("London, outside", (51.5074, -0.1278), (51.5074, -0.1278), 0.0),
]


@pytest.mark.parametrize(("name", "wgs84", "gcj02", "shift_m"), VECTORS)
def test_forward_matches_published_points(
    name: str, wgs84: tuple[float, float], gcj02: tuple[float, float], shift_m: float
) -> None:
    raw = gcj02_from_wgs84(Place(*wgs84))
    assert raw.datum is Datum.GCJ02
    assert raw.lat == pytest.approx(gcj02[0], abs=1e-8), name
    assert raw.lon == pytest.approx(gcj02[1], abs=1e-8), name
    # One part in a hundred: the published shift was taken on a sphere.
    assert distance_m(Place(*wgs84), Place(raw.lat, raw.lon)) == pytest.approx(
        shift_m, rel=0.01, abs=0.01
    )


@pytest.mark.parametrize(("name", "wgs84", "gcj02", "shift_m"), VECTORS)
def test_inverse_matches_published_points(
    name: str, wgs84: tuple[float, float], gcj02: tuple[float, float], shift_m: float
) -> None:
    back = wgs84_from_raw(RawPlace(*gcj02, Datum.GCJ02))
    # The vectors are printed to 1e-8 degrees, half a millimetre.
    assert distance_m(back, Place(*wgs84)) <= 0.001, name


def test_the_inverse_returns_within_a_millimetre_over_4000_points() -> None:
    dice = random.Random(422828)
    worst_m = 0.0
    for _ in range(4_000):
        place = Place(dice.uniform(18, 53), dice.uniform(73.5, 135))
        worst_m = max(worst_m, distance_m(place, wgs84_from_raw(gcj02_from_wgs84(place))))
    assert worst_m <= 0.001


def test_wgs84_passes_through_unchanged() -> None:
    assert wgs84_from_raw(RawPlace(29.89333, 110.02611, Datum.WGS84)) == Place(29.89333, 110.02611)


def test_the_rectangle_includes_its_edge() -> None:
    assert is_shifted(0.8293, 72.004)
    assert is_shifted(55.8271, 137.8347)
    assert not is_shifted(0.8292, 100.0)
    assert not is_shifted(30.0, 137.8348)

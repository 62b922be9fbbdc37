"""The sketched map covers the county without gaps, overlaps or lost villages."""

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from backend.demo import facts, sketch
from tests.backend.demo.counties import whole

KM2_PER_SQUARE_DEGREE = sketch.KM_PER_DEGREE_LAT * sketch.KM_PER_DEGREE_LON


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=0, max_value=2**31))
def test_cells_fit_without_gap_or_overlap(seed: int) -> None:
    villages, cells = sketch.draw(seed, facts.towns(), facts.villages())
    polygons = [cells[village.code] for village in villages]
    assert all(polygon.is_valid and not polygon.is_empty for polygon in polygons)
    assert shapely.coverage_is_valid(polygons)
    for village in villages:
        assert cells[village.code].contains(shapely.Point(village.place.lon, village.place.lat))


def test_the_county_has_about_its_size() -> None:
    areas_km2 = [shape(grid.shape).area * KM2_PER_SQUARE_DEGREE for grid in whole().grids]
    # The real county measures 2,892 km2.
    assert 2_300 < sum(areas_km2) < 3_500


def test_grids_are_in_one_piece_and_cover_the_county_together() -> None:
    shapes = [shape(grid.shape) for grid in whole().grids]
    assert {outline.geom_type for outline in shapes} == {"Polygon"}
    assert all(outline.is_valid for outline in shapes)
    assert shapely.coverage_is_valid(shapes)
    assert not shapely.coverage_union_all(shapes).interiors


def test_every_outline_says_that_it_is_a_sketch() -> None:
    assert {grid.shape["notice"] for grid in whole().grids} == {"示意图，非行政区划界线"}


def test_places_survive_the_plane() -> None:
    for town in facts.towns():
        assert sketch.place_at(sketch.plane_of(town.place)) == town.place


def test_the_facts_are_whole() -> None:
    towns, villages = facts.towns(), facts.villages()
    assert len(towns) == 9
    assert [town.name for town in towns if town.is_approximate] == ["下坪乡"]
    assert len({village.code for village in villages}) == 164
    assert {village.code[:9] for village in villages} == {town.code for town in towns}
    assert all(village.code.startswith(village.town_code) for village in villages)
    assert all(village.name.endswith(("村", "社区")) for village in villages)
    assert sum(village.is_community for village in villages) == 12

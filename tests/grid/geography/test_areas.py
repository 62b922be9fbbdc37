"""Which area holds a point, also on borders and for bad drawings."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.geography.areas import VERTICES_MAX, AreaIndex, UnusableArea
from grid.geography.types import Place


def square(west: float, south: float, size: float = 1.0) -> dict[str, Any]:
    """A GeoJSON square from its south-west corner."""
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


BOARD = {f"{x}{y}": square(110 + x, 29 + y) for x in range(3) for y in range(3)}


@given(
    st.floats(min_value=110, max_value=113, exclude_max=True),
    st.floats(min_value=29, max_value=32, exclude_max=True),
)
def test_every_point_of_a_board_is_held_by_one_square(lon: float, lat: float) -> None:
    held = AreaIndex(BOARD).holding(Place(lat, lon))
    assert held is not None
    assert 110 + int(held[0]) <= lon <= 111 + int(held[0])
    assert 29 + int(held[1]) <= lat <= 30 + int(held[1])


def test_a_point_on_a_border_belongs_to_the_first_key_whatever_the_order() -> None:
    border, corner = Place(29.5, 111.0), Place(30.0, 111.0)
    for areas in (BOARD, dict(reversed(BOARD.items()))):
        index = AreaIndex(areas)
        assert index.holding(border) == "00"
        assert index.holding(corner) == "00"


def test_a_point_outside_is_held_by_none() -> None:
    index = AreaIndex(BOARD)
    assert index.holding_many([28.9, 29.5, 0.0], [110.5, 110.5, 0.0]) == [None, "00", None]
    assert AreaIndex({}).holding(Place(29.5, 110.5)) is None
    assert len(index) == 9


def test_a_hole_is_outside_and_a_second_part_is_inside() -> None:
    holed = square(110, 29, 3.0)
    holed["coordinates"].append(square(111, 30)["coordinates"][0])
    parts = {
        "type": "MultiPolygon",
        "coordinates": [square(120, 29)["coordinates"], square(122, 29)["coordinates"]],
    }
    index = AreaIndex({"holed": holed, "parts": parts})
    assert index.holding(Place(30.5, 111.5)) is None
    assert index.holding(Place(29.5, 110.5)) == "holed"
    assert index.holding(Place(29.5, 121.5)) is None
    assert index.holding(Place(29.5, 122.5)) == "parts"


@pytest.mark.parametrize(
    ("area", "reason"),
    [
        ({"type": "Point", "coordinates": [110, 29]}, "Polygon or MultiPolygon"),
        ({}, "Polygon or MultiPolygon"),
        ({"type": "Polygon"}, "unreadable"),
        ({"type": "Polygon", "coordinates": [[[110, 29], [111, 29]]]}, "unreadable"),
        ({"type": "Polygon", "coordinates": [["a", "b", "c", "d"]]}, "unreadable"),
        ({"type": "Polygon", "coordinates": []}, "empty"),
        (square(29, 110), "off the globe"),
        (
            {
                "type": "Polygon",
                "coordinates": [[[110, 29], [111, 30], [111, 29], [110, 30], [110, 29]]],
            },
            "Self-intersection",
        ),
    ],
)
def test_a_bad_drawing_is_refused_with_its_key(area: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnusableArea, match=f"^area G7: .*{reason}"):
        AreaIndex({"G7": area})


def test_a_drawing_has_a_limit() -> None:
    step = 1.0 / VERTICES_MAX
    ring = [[110 + step * number, 29.0] for number in range(VERTICES_MAX)]
    ring += [[111.0, 30.0], [110.0, 29.0]]
    with pytest.raises(UnusableArea, match="more than"):
        AreaIndex({"fine": {"type": "Polygon", "coordinates": [ring]}})

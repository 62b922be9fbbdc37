"""The sketched map: where each village lies and what its cell looks like.

All nine towns are always drawn, so that one station's grids look the same alone and in the
county. The arithmetic is done in kilometres on a plane around the county; results are rounded to
1e-6 degrees (a decimetre), the same for both sides of a border.
"""

from collections.abc import Mapping, Sequence
from math import cos, pi, radians, sqrt
from typing import Any

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import mapping

from backend.demo.facts import Town, Village
from backend.demo.types import MAP_NOTICE, DemoVillage
from grid.geography.types import GeoJson, Place, PlaceClass

CENTRE = Place(29.95, 110.15)
KM_PER_DEGREE_LAT = 111.195
KM_PER_DEGREE_LON = KM_PER_DEGREE_LAT * cos(radians(CENTRE.lat))
# The county has about 2,892 km2 for 164 villages; towns spread in proportion to their villages.
VILLAGE_AREA_KM2 = 17.6
COMMUNITY_RADIUS_KM = (0.25, 1.1)
VILLAGE_RADIUS_MIN_KM = 1.8
REMOTE_KM = 7.0
CANDIDATES = 24
BORDER_KM = 2.2
HULL_RATIO = 0.35
DECIMALS = 6
COMMUNITY_WEIGHT = 3.0

Point = NDArray[np.float64]
"""A position on the plane, shape (2,): kilometres east and north of the centre."""


def draw(
    seed: int, towns: Sequence[Town], villages: Sequence[Village]
) -> tuple[list[DemoVillage], dict[str, Any]]:
    """Scatter the villages around their towns and cut the county into their cells.

    Gives the villages in the order they came and a shapely polygon (degrees) by village code.
    """
    dice = np.random.default_rng([seed, 1])
    homes = {town.code: plane_of(town.place) for town in towns}
    points = _scatter(dice, homes, villages)
    weights = _weights(dice, villages)
    polygons = _cells(points)
    drawn = [
        DemoVillage(
            code=village.code,
            name=village.name,
            town_code=village.town_code,
            is_community=village.is_community,
            place=place_at(point),
            place_class=_place_class(village, point, homes[village.town_code]),
            weight=weight,
        )
        for village, point, weight in zip(villages, points, weights, strict=True)
    ]
    return drawn, {village.code: cell for village, cell in zip(villages, polygons, strict=True)}


def place_at(point: Point) -> Place:
    """Give the rounded place of a position on the plane."""
    return Place(
        round(CENTRE.lat + float(point[1]) / KM_PER_DEGREE_LAT, DECIMALS),
        round(CENTRE.lon + float(point[0]) / KM_PER_DEGREE_LON, DECIMALS),
    )


def plane_of(place: Place) -> Point:
    """Give the position of a place on the plane, in kilometres."""
    return np.array(
        [
            (place.lon - CENTRE.lon) * KM_PER_DEGREE_LON,
            (place.lat - CENTRE.lat) * KM_PER_DEGREE_LAT,
        ]
    )


def union(cells: Sequence[Any]) -> Any:
    """Merge cells that share exact borders into one geometry."""
    return shapely.coverage_union_all(cells)


def geojson(geometry: Any) -> GeoJson:
    """Give the GeoJSON of a geometry, as JSON has it, with the notice that it is a sketch."""
    answer: GeoJson = msgspec.json.decode(msgspec.json.encode(mapping(geometry)))
    return answer | {"notice": MAP_NOTICE}


def _scatter(
    dice: np.random.Generator, homes: Mapping[str, Point], villages: Sequence[Village]
) -> NDArray[np.float64]:
    """Place each village, shape (villages, 2): of some candidates the one with most room."""
    sizes = {code: sum(village.town_code == code for village in villages) for code in homes}
    placed: list[Point] = []
    for village in villages:
        candidates = _candidates(dice, village, homes, sizes)
        if not placed:
            placed.append(candidates[0])
            continue
        gaps = np.linalg.norm(candidates[:, None, :] - np.array(placed)[None, :, :], axis=2)
        placed.append(candidates[int(gaps.min(axis=1).argmax())])
    return np.array(placed)


def _candidates(
    dice: np.random.Generator,
    village: Village,
    homes: Mapping[str, Point],
    sizes: Mapping[str, int],
) -> NDArray[np.float64]:
    """Draw possible positions, shape (candidates, 2), all in the reach of the village's town."""
    size = sizes[village.town_code]
    nearest_km, farthest_km = (
        COMMUNITY_RADIUS_KM
        if village.is_community
        else (VILLAGE_RADIUS_MIN_KM, sqrt(VILLAGE_AREA_KM2 * size / pi))
    )
    reach = np.array([sqrt(sizes[code]) for code in homes])
    centres = np.array(list(homes.values()))
    own = list(homes).index(village.town_code)
    found: list[Point] = []
    while len(found) < CANDIDATES:
        # Square root: evenly over the ring's area, not crowded at its middle.
        radius_km = sqrt(dice.uniform(nearest_km**2, farthest_km**2))
        angle = dice.uniform(0, 2 * pi)
        point = centres[own] + radius_km * np.array([np.cos(angle), np.sin(angle)])
        # A larger town reaches farther; each village stays on its own town's side.
        if int((np.linalg.norm(centres - point, axis=1) / reach).argmin()) == own:
            found.append(point)
    return np.array(found)


def _place_class(village: Village, point: Point, home: Point) -> PlaceClass:
    """Call the built-up centre city, and what lies far from it remote."""
    if village.is_community:
        return PlaceClass.CITY
    is_far = float(np.linalg.norm(point - home)) > REMOTE_KM
    return PlaceClass.REMOTE if is_far else PlaceClass.RURAL


def _weights(dice: np.random.Generator, villages: Sequence[Village]) -> list[float]:
    """Give each village its share of customers, in villages of average size."""
    spread = dice.uniform(0.6, 1.4, len(villages))
    return [
        float(weight) * (COMMUNITY_WEIGHT if village.is_community else 1.0)
        for village, weight in zip(villages, spread, strict=True)
    ]


def _cells(points: NDArray[np.float64]) -> list[Any]:
    """Cut the county into one polygon a point, in rounded degrees and in the points' order."""
    cloud = shapely.MultiPoint(points)
    border = shapely.concave_hull(cloud, ratio=HULL_RATIO).buffer(BORDER_KM, quad_segs=4)
    diagram = shapely.voronoi_polygons(cloud, extend_to=border, ordered=True)
    return [
        shapely.transform(shapely.intersection(cell, border), _degrees) for cell in diagram.geoms
    ]


def _degrees(kilometres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn plane coordinates (n, 2) into rounded (lon, lat)."""
    scale = np.array([KM_PER_DEGREE_LON, KM_PER_DEGREE_LAT])
    origin = np.array([CENTRE.lon, CENTRE.lat])
    answer: NDArray[np.float64] = np.round(origin + kilometres / scale, DECIMALS)
    return answer

"""Which area holds a point: grids, districts and stations drawn as polygons.

Neighbouring areas share their borders, so a point can lie on two of them. It then belongs to
the one whose key sorts first, on every machine and whatever the order of loading.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry import shape as shape_of

from grid.geography.types import GeoJson, Place

VERTICES_MAX = 20_000
"""The most vertices one area may have; a county border traced to the metre needs fewer."""


class UnusableArea(ValueError):
    """A GeoJSON geometry that cannot say what lies inside it."""


class AreaIndex:
    """Areas by key, ready to be asked many times.

    `areas` maps a key to a GeoJSON Polygon or MultiPolygon in degrees of WGS-84.
    Raises UnusableArea, naming the key, for any other or malformed geometry.
    """

    def __init__(self, areas: Mapping[str, GeoJson]) -> None:
        self._keys: Sequence[str] = sorted(areas)
        geometries = [_geometry(key, areas[key]) for key in self._keys]
        self._tree = shapely.STRtree(geometries)

    def __len__(self) -> int:
        return len(self._keys)

    def holding(self, place: Place) -> str | None:
        """Give the key of the area that holds the place, or None when none does."""
        return self.holding_many([place.lat], [place.lon])[0]

    def holding_many(self, lats: ArrayLike, lons: ArrayLike) -> list[str | None]:
        """Give the key of the holding area for each of n points; lats and lons are (n,) degrees."""
        points = shapely.points(
            np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
        )
        point_numbers, area_numbers = self._tree.query(points, predicate="intersects")
        # Keys are sorted, so the smallest area number is the first key.
        first = np.full(len(points), len(self._keys), dtype=np.int64)
        np.minimum.at(first, point_numbers, area_numbers)
        return [
            self._keys[number] if number < len(self._keys) else None for number in first.tolist()
        ]


def _geometry(key: str, area: GeoJson) -> Any:
    """Build the polygon of one area, or raise UnusableArea with its key and the reason."""
    if area.get("type") not in ("Polygon", "MultiPolygon"):
        raise UnusableArea(f"area {key}: a Polygon or MultiPolygon is needed")
    try:
        geometry = shape_of(area)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise UnusableArea(f"area {key}: unreadable coordinates") from error
    if geometry.is_empty:
        raise UnusableArea(f"area {key}: empty")
    if shapely.get_num_coordinates(geometry) > VERTICES_MAX:
        raise UnusableArea(f"area {key}: more than {VERTICES_MAX} vertices")
    west, south, east, north = geometry.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise UnusableArea(f"area {key}: coordinates off the globe (order is lon, lat)")
    if not geometry.is_valid:
        raise UnusableArea(f"area {key}: {shapely.is_valid_reason(geometry)}")
    return geometry

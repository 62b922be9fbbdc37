"""Transformer districts (台区), and points that stay inside the cell of their village."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from backend.demo.shares import shared_out
from backend.demo.sketch import DECIMALS, KM_PER_DEGREE_LAT, KM_PER_DEGREE_LON
from backend.demo.types import DemoDistrict, DemoGrid, DemoVillage
from grid.geography.types import Place

# Published: 1,189 public districts serve 72,175 low-voltage customers.
COUNTY_DISTRICTS = 1_189
COUNTY_CUSTOMERS = 72_175
SCATTER_ROUNDS_MAX = 60


def districts(
    dice: np.random.Generator,
    customers: int,
    villages: Sequence[DemoVillage],
    grids: Sequence[DemoGrid],
    cells: Mapping[str, Any],
) -> list[DemoDistrict]:
    """Give every village its districts, one at least, in proportion to the customers."""
    wanted = max(len(villages), round(COUNTY_DISTRICTS * customers / COUNTY_CUSTOMERS))
    shares = shared_out(wanted, [village.weight for village in villages], at_least=1)
    grid_of = {code: grid for grid in grids for code in grid.village_codes}
    numbers = {grid.station_code: 0 for grid in grids}
    answer: list[DemoDistrict] = []
    for village, count in zip(villages, shares, strict=True):
        grid, cell = grid_of[village.code], cells[village.code]
        # A third of the cell's width: spread over the village, denser around its point.
        points = scattered(dice, cell, village.place, 0.3 * _width_km(cell), count)
        for number, (lon, lat) in enumerate(points, start=1):
            numbers[grid.station_code] += 1
            answer.append(
                DemoDistrict(
                    district_no=f"{grid.station_code}-{numbers[grid.station_code]:04d}",
                    name=f"{village.name}{number}号台区",
                    village_code=village.code,
                    grid_code=grid.code,
                    place=Place(float(lat), float(lon)),
                    place_class=village.place_class,
                )
            )
    return answer


def scattered(
    dice: np.random.Generator, cell: Any, centre: Place, spread_km: float, count: int
) -> NDArray[np.float64]:
    """Draw rounded points inside a cell around its inner point, shape (count, 2): (lon, lat).

    What does not fit after many rounds falls on the centre itself, which lies inside.
    """
    origin = np.array([centre.lon, centre.lat])
    scale = spread_km / np.array([KM_PER_DEGREE_LON, KM_PER_DEGREE_LAT])
    found = np.empty((0, 2))
    for _ in range(SCATTER_ROUNDS_MAX):
        if len(found) >= count:
            break
        drawn = np.round(origin + scale * dice.standard_normal((2 * count + 4, 2)), DECIMALS)
        found = np.concatenate([found, drawn[shapely.contains_xy(cell, drawn)]])
    missing = max(0, count - len(found))
    return np.concatenate([found[:count], np.tile(origin, (missing, 1))])


def _width_km(cell: Any) -> float:
    """Give the side of a square as large as the cell."""
    return float(np.sqrt(shapely.area(cell) * KM_PER_DEGREE_LAT * KM_PER_DEGREE_LON))

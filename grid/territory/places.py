"""Which grid serves a place: by its drawn shape, else by the nearest village."""

import time
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import numpy as np

from grid.geography.areas import AreaIndex
from grid.geography.distance import distances_m
from grid.geography.types import Place
from grid.kit.database import fetch, fetch_one

#: Grids change a few times a year; a process looks again after this long.
_FRESH_S = 60.0
#: A place farther than this from every village belongs to nobody.
_VILLAGE_FAR_M = 20_000.0


class GridOfPlace(NamedTuple):
    """The grid of a place, with what an order freezes of it."""

    grid_id: UUID
    station_id: UUID
    station_code: str
    place_class: str


class _Known:
    read_at: float = float("-inf")
    index: AreaIndex | None = None
    villages: tuple[list[str], Any, Any] = ([], np.empty(0), np.empty(0))


async def grid_holding(place: Place, on: date) -> GridOfPlace | None:
    """The active grid that holds the place on a day, or None when it lies outside of all."""
    if time.monotonic() - _Known.read_at > _FRESH_S:
        await _read(on)
    grid_id = _Known.index.holding(place) if _Known.index else None
    if grid_id is None:
        grid_id = _of_nearest_village(place)
    return None if grid_id is None else await _facts(UUID(grid_id))


async def grid_of_village_named(text: str, on: date) -> GridOfPlace | None:
    """The grid of the one village whose short name stands in an address, or None."""
    rows = await fetch(
        "SELECT DISTINCT v.grid FROM village v JOIN service_grid g ON g.id = v.grid"
        " WHERE position(regexp_replace(v.name, '(村|社区)?(村民|居民)委员会$', '') IN $1) > 0"
        " AND g.active_from <= $2 AND (g.active_until IS NULL OR g.active_until > $2) LIMIT 2",
        text,
        on,
    )
    return await _facts(rows[0]["grid"]) if len(rows) == 1 else None


def forget_places() -> None:
    """Read the shapes anew at the next question (after an import, or between tests)."""
    _Known.read_at = float("-inf")


async def _read(on: date) -> None:
    active = "g.active_from <= $1 AND (g.active_until IS NULL OR g.active_until > $1)"
    shapes = await fetch(
        f"SELECT g.id, g.shape FROM service_grid g WHERE g.shape IS NOT NULL AND {active}",  # noqa: S608
        on,
    )
    _Known.index = AreaIndex({str(row["id"]): msgspec.json.decode(row["shape"]) for row in shapes})
    villages = await fetch(
        f"SELECT v.grid, v.lat, v.lon FROM village v JOIN service_grid g ON g.id = v.grid"  # noqa: S608
        f" WHERE {active} ORDER BY v.code",
        on,
    )
    _Known.villages = (
        [str(row["grid"]) for row in villages],
        np.array([row["lat"] for row in villages]),
        np.array([row["lon"] for row in villages]),
    )
    _Known.read_at = time.monotonic()


def _of_nearest_village(place: Place) -> str | None:
    grids, lats, lons = _Known.villages
    if not grids:
        return None
    far = distances_m(place, lats, lons)
    nearest = int(np.argmin(far))
    return grids[nearest] if far[nearest] <= _VILLAGE_FAR_M else None


async def _facts(grid_id: UUID) -> GridOfPlace | None:
    row = await fetch_one(
        "SELECT g.id, g.station, s.code, (SELECT d.place_class FROM transformer_district d"
        " WHERE d.grid = g.id GROUP BY d.place_class ORDER BY count(*) DESC, d.place_class LIMIT 1)"
        " AS place_class FROM service_grid g JOIN supply_station s ON s.id = g.station"
        " WHERE g.id = $1",
        grid_id,
    )
    if row is None:
        return None
    return GridOfPlace(row["id"], row["station"], row["code"], row["place_class"] or "rural")

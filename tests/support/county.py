"""Stations, grids with their three roles, districts and villages for tests of any room."""

from datetime import date
from itertools import count
from typing import NamedTuple
from uuid import UUID

import msgspec

from grid.geography.types import Place, PlaceClass
from grid.kit.database import insert, transaction
from grid.kit.ids import new_id
from grid.territory.places import forget_places
from grid.territory.tables import (
    GridAppointment,
    ServiceGrid,
    SupplyStation,
    TransformerDistrict,
    Village,
)
from grid.territory.types import GridRole
from tests.support.staff import make_staff

LONG_AGO = date(2020, 1, 1)
#: Where the first grid of a test lies, WGS-84.
HOME = Place(lat=29.89, lon=110.03)
#: Half the side of a grid's square, in degrees: about a kilometre.
REACH_DEGREES = 0.01
#: Codes are unique in a test process, also between tests that commit.
_numbers = count(1)


class Grid(NamedTuple):
    """A grid on its feet: where it lies, who its people are (staff ids), its one district."""

    id: UUID
    code: str
    station_id: UUID
    place: Place
    village_name: str
    village_id: UUID
    district_id: UUID
    manager: UUID
    assistant: UUID
    supervisor: UUID


async def make_station(place: Place = HOME) -> UUID:
    """A station of its own code and name."""
    number, station_id = next(_numbers), new_id()
    await insert(
        SupplyStation,
        id=station_id,
        code=f"ST{number}",
        name=f"第{number}供电所",
        lat=place.lat,
        lon=place.lon,
    )
    return station_id


async def make_grid(
    station_id: UUID | None = None,
    *,
    place: Place = HOME,
    place_class: PlaceClass = PlaceClass.RURAL,
    on_shift: bool = True,
    skilled: bool = True,
) -> Grid:
    """An active grid: a square around `place`, one village, one district, its three roles.

    Commits at its end when no transaction runs (PostgreSQL checks the roles then, W6); in one that
    runs, it joins. Its people are on shift from an hour ago for half a day, skilled in fault repair
    for years. Makes a station of its own when none is given.
    """
    async with transaction():
        station_id = station_id or await make_station(place)
        number, grid_id = next(_numbers), new_id()
        code = f"GR{number}"
        await insert(
            ServiceGrid,
            id=grid_id,
            code=code,
            name=f"第{number}网格",
            station=station_id,
            shape=msgspec.json.encode(square(place)).decode(),
            active_from=LONG_AGO,
        )
        village_id, village_name = await _village(grid_id, number, place)
        district_id = await make_district(grid_id, village_id, place, place_class)
        people = [
            await make_staff(station_id, on_shift=on_shift, skilled=skilled) for _ in GridRole
        ]
        for role, staff_id in zip(GridRole, people, strict=True):
            await appoint(grid_id, staff_id, role)
    forget_places()
    return Grid(grid_id, code, station_id, place, village_name, village_id, district_id, *people)


def square(place: Place, reach_degrees: float = REACH_DEGREES) -> dict[str, object]:
    """A GeoJSON square around a place."""
    west, east = place.lon - reach_degrees, place.lon + reach_degrees
    south, north = place.lat - reach_degrees, place.lat + reach_degrees
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


async def make_district(
    grid_id: UUID,
    village_id: UUID | None = None,
    place: Place = HOME,
    place_class: PlaceClass = PlaceClass.RURAL,
) -> UUID:
    """One more transformer district of a grid."""
    number, district_id = next(_numbers), new_id()
    await insert(
        TransformerDistrict,
        id=district_id,
        district_no=f"TD{number}",
        name=f"第{number}台区",
        grid=grid_id,
        village=village_id,
        place_class=place_class.value,
        lat=place.lat,
        lon=place.lon,
    )
    return district_id


async def appoint(
    grid_id: UUID,
    staff_id: UUID,
    role: GridRole,
    from_day: date = LONG_AGO,
    until_day: date | None = None,
) -> None:
    """Somebody holds a role of a grid from a day (inclusive) until one (exclusive)."""
    await insert(
        GridAppointment,
        id=new_id(),
        grid=grid_id,
        staff=staff_id,
        role=role.value,
        from_day=from_day,
        until_day=until_day,
        appointed_by="staff:E9998",
        approved_by="staff:E9999",
    )


async def _village(grid_id: UUID, number: int, place: Place) -> tuple[UUID, str]:
    """A village whose name no other village's name is part of."""
    village_id, name = new_id(), f"石{_digits(number)}坡村"
    await insert(
        Village,
        id=village_id,
        code=f"VI{number}",
        name=name,
        grid=grid_id,
        lat=place.lat,
        lon=place.lon,
    )
    return village_id, name


def _digits(number: int) -> str:
    return "".join("零一二三四五六七八九"[int(digit)] for digit in str(number))

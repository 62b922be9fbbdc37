"""Loading stations, grids with their villages, transformer districts, and the calendar from CSV.

Files may be loaded again: known codes are updated. What decides who serves or pays for an address
(the grid of a village or district, the station of a grid) is not changed here once the county is
live, because that takes two people.
"""

from grid.geography.types import PlaceClass
from grid.kit.calendar import state_days
from grid.kit.database import execute, fetch
from grid.territory.csv_files import (
    Column,
    Sheet,
    code,
    day,
    latitude,
    longitude,
    text,
    word,
    yes_no,
)
from grid.territory.places import forget_places
from grid.territory.staging import Check, ImportReport, Merged, import_file

STATIONS = Sheet(
    "stations",
    (
        Column("code", "text", code(20)),
        Column("name", "text", text(60)),
        Column("lat", "float8", latitude),
        Column("lon", "float8", longitude),
    ),
    unique=("code",),
)

GRIDS = Sheet(
    "grids",
    (
        Column("grid_code", "text", code(20)),
        Column("grid_name", "text", text(60)),
        Column("station_code", "text", code(20)),
        Column("village_code", "text", code(20)),
        Column("village_name", "text", text(60)),
        Column("lat", "float8", latitude),
        Column("lon", "float8", longitude),
    ),
    unique=("village_code",),
)

DISTRICTS = Sheet(
    "districts",
    (
        Column("district_no", "text", code(20)),
        Column("name", "text", text(80)),
        Column("grid_code", "text", code(20)),
        Column("village_code", "text", code(20), required=False),
        Column("place_class", "text", word(PlaceClass)),
        Column("lat", "float8", latitude),
        Column("lon", "float8", longitude),
    ),
    unique=("district_no",),
)

CALENDAR = Sheet(
    "calendar",
    (
        Column("day", "date", day),
        Column("is_workday", "bool", yes_no),
        Column("name", "text", text(60)),
    ),
    unique=("day",),
)

_TWO_PEOPLE = "the county is live: this change needs two people"

_GRID_CHECKS = (
    Check(
        "station_code",
        "no such station",
        "SELECT row_no FROM import_grids r WHERE NOT EXISTS"
        " (SELECT 1 FROM supply_station s WHERE s.code = r.station_code)",
    ),
    Check(
        "grid_name",
        "the rows of one grid differ in name or station",
        "SELECT row_no FROM import_grids r WHERE EXISTS (SELECT 1 FROM import_grids o"
        " WHERE o.grid_code = r.grid_code AND o.row_no < r.row_no"
        " AND (o.grid_name, o.station_code) <> (r.grid_name, r.station_code))",
    ),
)
_GRID_CHECKS_LIVE = (
    Check(
        "station_code",
        _TWO_PEOPLE,
        "SELECT r.row_no FROM import_grids r JOIN service_grid g ON g.code = r.grid_code"
        " JOIN supply_station s ON s.code = r.station_code WHERE s.id <> g.station",
    ),
    Check(
        "grid_code",
        _TWO_PEOPLE,
        "SELECT r.row_no FROM import_grids r JOIN village v ON v.code = r.village_code"
        " JOIN service_grid g ON g.id = v.grid WHERE g.code <> r.grid_code",
    ),
)
_DISTRICT_CHECKS = (
    Check(
        "grid_code",
        "no such grid",
        "SELECT row_no FROM import_districts r WHERE NOT EXISTS"
        " (SELECT 1 FROM service_grid g WHERE g.code = r.grid_code)",
    ),
    Check(
        "village_code",
        "no such village in this grid",
        "SELECT row_no FROM import_districts r WHERE village_code IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM village v JOIN service_grid g ON g.id = v.grid"
        "  WHERE v.code = r.village_code AND g.code = r.grid_code)",
    ),
)
_DISTRICT_CHECKS_LIVE = (
    Check(
        "grid_code",
        _TWO_PEOPLE,
        "SELECT r.row_no FROM import_districts r JOIN transformer_district d"
        " ON d.district_no = r.district_no JOIN service_grid g ON g.id = d.grid"
        " WHERE g.code <> r.grid_code",
    ),
)


async def import_stations(source: bytes) -> ImportReport:
    """Load supply stations."""

    async def merge() -> Merged:
        changed = await execute(
            "UPDATE supply_station s SET name = r.name, lat = r.lat, lon = r.lon"
            " FROM import_stations r WHERE s.code = r.code"
            " AND (s.name, s.lat, s.lon) <> (r.name, r.lat, r.lon)"
        )
        added = await execute(
            "INSERT INTO supply_station (id, code, name, lat, lon)"
            " SELECT id, code, name, lat, lon FROM import_stations ON CONFLICT (code) DO NOTHING"
        )
        return Merged(added, changed)

    return await import_file(STATIONS, source, (), merge)


async def import_grids(source: bytes, *, live: bool) -> ImportReport:
    """Load grids and their villages, one row a village; counts are of villages.

    A new grid is not active until its people are known (`import_staff`, `appoint`). `live`:
    customers are served already.
    """
    checks = (*_GRID_CHECKS, *(_GRID_CHECKS_LIVE if live else ()))

    async def merge() -> Merged:
        await execute(
            "UPDATE service_grid g SET name = r.grid_name, station = s.id"
            " FROM import_grids r JOIN supply_station s ON s.code = r.station_code"
            " WHERE g.code = r.grid_code AND (g.name, g.station) <> (r.grid_name, s.id)"
        )
        await execute(
            "INSERT INTO service_grid (id, code, name, station)"
            " SELECT DISTINCT ON (r.grid_code) r.id2, r.grid_code, r.grid_name, s.id"
            " FROM import_grids r JOIN supply_station s ON s.code = r.station_code"
            " ORDER BY r.grid_code, r.row_no ON CONFLICT (code) DO NOTHING"
        )
        changed = await execute(
            "UPDATE village v SET name = r.village_name, grid = g.id, lat = r.lat, lon = r.lon"
            " FROM import_grids r JOIN service_grid g ON g.code = r.grid_code"
            " WHERE v.code = r.village_code"
            " AND (v.name, v.grid, v.lat, v.lon) <> (r.village_name, g.id, r.lat, r.lon)"
        )
        added = await execute(
            "INSERT INTO village (id, code, name, grid, lat, lon)"
            " SELECT r.id, r.village_code, r.village_name, g.id, r.lat, r.lon FROM import_grids r"
            " JOIN service_grid g ON g.code = r.grid_code ON CONFLICT (code) DO NOTHING"
        )
        return Merged(added, changed)

    report = await import_file(GRIDS, source, checks, merge)
    forget_places()
    return report


async def import_districts(source: bytes, *, live: bool) -> ImportReport:
    """Load transformer districts (台区). `live`: customers are served already."""
    checks = (*_DISTRICT_CHECKS, *(_DISTRICT_CHECKS_LIVE if live else ()))
    named = (
        " FROM import_districts r JOIN service_grid g ON g.code = r.grid_code"
        " LEFT JOIN village v ON v.code = r.village_code"
    )

    async def merge() -> Merged:
        changed = await execute(
            "UPDATE transformer_district d SET name = r.name, grid = g.id, village = v.id,"  # noqa: S608
            f" place_class = r.place_class, lat = r.lat, lon = r.lon {named}"
            " WHERE d.district_no = r.district_no"
            " AND (d.name, d.grid, d.village, d.place_class, d.lat, d.lon) IS DISTINCT FROM"
            " (r.name, g.id, v.id, r.place_class, r.lat, r.lon)"
        )
        added = await execute(
            "INSERT INTO transformer_district (id, district_no, name, grid, village, place_class,"
            " lat, lon) SELECT r.id, r.district_no, r.name, g.id, v.id, r.place_class, r.lat, r.lon"
            f" {named} ON CONFLICT (district_no) DO NOTHING"
        )
        return Merged(added, changed)

    return await import_file(DISTRICTS, source, checks, merge)


async def import_calendar(source: bytes, named: str) -> ImportReport:
    """Load days whose kind the county states; `named` (the file's name) is kept as the source."""

    async def merge() -> Merged:
        rows = await fetch("SELECT day, is_workday, name FROM import_calendar ORDER BY day")
        known = await fetch(
            "SELECT calendar_day FROM calendar_day JOIN import_calendar ON day = calendar_day"
        )
        await state_days(
            ((row["day"], row["is_workday"], row["name"]) for row in rows), named[:200]
        )
        return Merged(len(rows) - len(known), len(known))

    return await import_file(CALENDAR, source, (), merge)

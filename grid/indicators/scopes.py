"""Whose figures are asked for, and whether the reader reaches them.

A figure belongs to the county, a station, a grid or a person. Somebody sees what their post
reaches: a grid's manager the grid, a station's head the station with its grids and people, and
everybody their own. What is not yours does not exist.
"""

from typing import NamedTuple
from uuid import UUID

from grid.indicators.types import ScopeKind
from grid.kit.database import fetch, fetch_one
from grid.kit.refusals import Invalid, NotFound
from grid.territory.authority import Action, Visible, require, visible
from grid.territory.types import Actor, StaffActor

_CODE_MAX = 20
_PLACES = {
    ScopeKind.STATION: "SELECT id, id AS station, NULL::uuid AS grid, name,"
    " code AS station_code FROM supply_station WHERE code = $1",
    ScopeKind.GRID: "SELECT g.id, g.station, g.id AS grid, g.name, s.code AS station_code"
    " FROM service_grid g JOIN supply_station s ON s.id = g.station WHERE g.code = $1",
    ScopeKind.STAFF: "SELECT p.id, p.station, NULL::uuid AS grid, p.name, s.code AS station_code"
    " FROM staff p LEFT JOIN supply_station s ON s.id = p.station WHERE p.employee_no = $1",
}


class Scope(NamedTuple):
    """A figure's scope as the reader named it, with its ids."""

    name: str
    kind: ScopeKind
    title: str
    station: UUID | None = None
    grid: UUID | None = None
    staff: UUID | None = None
    station_code: str | None = None

    @property
    def ids(self) -> tuple[UUID | None, UUID | None, UUID | None]:
        """The arguments of SCOPED: station, grid, person."""
        return self.station, self.grid, self.staff


COUNTY = Scope(ScopeKind.COUNTY.value, ScopeKind.COUNTY, "全县")
#: Limits rows `r` to a scope ($8 station, $9 grid, $10 person) and one kind of matter ($11).
SCOPED = (
    "($8::uuid IS NULL OR r.station = $8) AND ($9::uuid IS NULL OR r.grid = $9)"
    " AND ($10::uuid IS NULL OR r.staff = $10) AND ($11::varchar IS NULL OR r.matter = $11)"
)


async def scope_named(actor: Actor, name: str) -> Scope:
    """`county`, `station:CODE`, `grid:CODE` or `staff:NUMBER`.

    Raises NotAllowed (no indicators at all), NotFound (not yours), Invalid naming `scope`.
    """
    kind, _, code = name.partition(":")
    if kind == ScopeKind.STAFF and isinstance(actor, StaffActor) and code == actor.employee_no:
        return Scope(name, ScopeKind.STAFF, actor.name, staff=actor.staff_id)
    require(actor, Action.READ_INDICATORS)
    reach = visible(actor, Action.READ_INDICATORS)
    if name == ScopeKind.COUNTY:
        if not reach.everything:
            raise NotFound("没有这个范围")
        return COUNTY
    if kind not in _PLACES or not 1 <= len(code) <= _CODE_MAX:
        raise Invalid("scope", "范围应写成 county、station:代码、grid:代码 或 staff:工号")
    row = await fetch_one(_PLACES[ScopeKind(kind)], code)
    if row is None or not _reaches(reach, row["station"], row["grid"]):
        raise NotFound("没有这个范围")
    found = Scope(name, ScopeKind(kind), row["name"], station_code=row["station_code"])
    match found.kind:
        case ScopeKind.STATION:
            return found._replace(station=row["id"])
        case ScopeKind.GRID:
            return found._replace(grid=row["id"])
        case _:
            return found._replace(staff=row["id"])


def _reaches(reach: Visible, station: UUID | None, grid: UUID | None) -> bool:
    return reach.everything or station in reach.station_ids or grid in reach.grid_ids


async def widest_scope(actor: Actor) -> str:
    """The widest scope that the actor reaches, for a page that nobody named one for."""
    reach = visible(actor, Action.READ_INDICATORS)
    if reach.everything:
        return COUNTY.name
    row = await fetch_one(
        "SELECT 'station:' || code AS name, 1 AS rank FROM supply_station WHERE id = ANY($1)"
        " UNION ALL SELECT 'grid:' || code, 2 FROM service_grid WHERE id = ANY($2)"
        " ORDER BY rank, name LIMIT 1",
        reach.station_ids,
        reach.grid_ids,
    )
    if row is None:
        require(actor, Action.READ_INDICATORS)
        raise NotFound("没有可看的范围")
    return str(row["name"])


class Choice(NamedTuple):
    """A scope that somebody may choose, with its title."""

    name: str
    title: str


#: More grids than this are found through their stations.
_CHOICES_MAX = 500


async def choices(actor: Actor) -> list[Choice]:
    """Every place that the actor reads figures of, the widest first; one statement."""
    reach = visible(actor, Action.READ_INDICATORS)
    rows = await fetch(
        "SELECT 'station:' || s.code AS name, s.name AS title, s.code AS station, '' AS grid"
        " FROM supply_station s WHERE $1::bool OR s.id = ANY($2::uuid[])"
        " UNION ALL SELECT 'grid:' || g.code, s.name || ' · ' || g.name, s.code, g.code"
        " FROM service_grid g JOIN supply_station s ON s.id = g.station"
        " WHERE $1::bool OR g.station = ANY($2::uuid[]) OR g.id = ANY($3::uuid[])"
        " ORDER BY station, grid LIMIT $4",
        *reach,
        _CHOICES_MAX,
    )
    county = [Choice(COUNTY.name, COUNTY.title)] if reach.everything else []
    return county + [Choice(row["name"], row["title"]) for row in rows]

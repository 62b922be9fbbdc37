"""Reading the territory: who I am, who works here, who serves which grid."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_DEFAULT, LIMIT_MAX, Page, decode_cursor, encode_cursor, page_of
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.territory.authority import Action, may
from grid.territory.types import (
    Actor,
    GridRoleView,
    GridView,
    MeView,
    StaffActor,
    StaffView,
    SystemActor,
)

_PEOPLE = msgspec.json.Decoder(list[GridRoleView])

#: $1 the day, $2 the moment. Somebody is on shift from its start on and not at its end.
_STAFF_SQL = """
SELECT p.id, p.employee_no, p.name, p.phone, s.name AS station,
    ARRAY(SELECT DISTINCT r.role::text FROM staff_role_grant r WHERE r.staff = p.id
        AND r.from_day <= $1 AND (r.until_day IS NULL OR r.until_day > $1) ORDER BY 1) AS roles,
    ARRAY(SELECT g.code::text FROM grid_appointment a JOIN service_grid g ON g.id = a.grid
        WHERE a.staff = p.id AND a.from_day <= $1 AND (a.until_day IS NULL OR a.until_day > $1)
        ORDER BY 1) AS grids,
    ARRAY(SELECT DISTINCT a.role::text FROM grid_appointment a
        WHERE a.staff = p.id AND a.from_day <= $1 AND (a.until_day IS NULL OR a.until_day > $1)
        ORDER BY 1) AS grid_roles,
    EXISTS (SELECT 1 FROM shift h WHERE h.staff = p.id
        AND h.starts_at <= $2 AND h.ends_at > $2) AS on_shift
FROM staff p LEFT JOIN supply_station s ON s.id = p.station
WHERE p.state = 'active'
"""

#: $1 the day. Disabled people are left out: they serve nobody.
_GRID_SQL = """
SELECT g.id, g.code, g.name, s.name AS station,
    ARRAY(SELECT v.name::text FROM village v WHERE v.grid = g.id ORDER BY v.code) AS villages,
    (SELECT coalesce(json_agg(json_build_object('role', a.role, 'staff_id', p.id,
        'employee_no', p.employee_no, 'name', p.name, 'phone', p.phone)
        ORDER BY array_position('{manager,assistant,supervisor}', a.role::text),
            p.employee_no), '[]')
     FROM grid_appointment a JOIN staff p ON p.id = a.staff
     WHERE a.grid = g.id AND a.from_day <= $1 AND (a.until_day IS NULL OR a.until_day > $1)
        AND p.state = 'active') AS people
FROM service_grid g JOIN supply_station s ON s.id = g.station
WHERE g.active_from <= $1 AND (g.active_until IS NULL OR g.active_until > $1)
"""


async def me(actor: StaffActor) -> MeView:
    """The actor, their roles of today, and every action that these allow somewhere."""
    return MeView(
        staff=await staff_view(actor),
        second_factor=actor.second_factor,
        must_change_password=actor.must_change_password,
        roles=list(actor.roles),
        grid_roles=list(actor.grid_roles),
        permissions=[action.value for action in Action if may(actor, action)],
    )


async def staff_view(actor: StaffActor) -> StaffView:
    """The actor as colleagues see them. Raises NotFound when disabled in this very moment."""
    now = await business_now()
    row = await fetch_one(f"{_STAFF_SQL} AND p.id = $3", business_day(now), now, actor.staff_id)
    if row is None:
        raise NotFound("没有这位同事")
    return _staff(row)


async def staff_list(
    actor: Actor,
    on_shift: bool | None = None,
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Page[StaffView]:
    """Colleagues by employee number; all, or those on shift now, or those who are not.

    Raises NotAllowed for anybody but staff, Invalid (cursor, limit).
    """
    _require_colleague(actor)
    _check_limit(limit)
    now = await business_now()
    rows = await fetch(
        f"SELECT * FROM ({_STAFF_SQL} AND ($3::text IS NULL OR p.employee_no > $3)) listed"  # noqa: S608
        " WHERE $4::bool IS NULL OR on_shift = $4 ORDER BY employee_no LIMIT $5",
        business_day(now),
        now,
        _after(cursor),
        on_shift,
        limit + 1,
    )
    last = encode_cursor(rows[:limit][-1]["employee_no"]) if rows else None
    return page_of([_staff(row) for row in rows], limit, last)


async def grids(
    actor: Actor, cursor: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[GridView]:
    """Every active grid by code, with villages and people of today.

    Raises NotAllowed for anybody but staff, Invalid (cursor, limit).
    """
    _require_colleague(actor)
    _check_limit(limit)
    rows = await fetch(
        f"{_GRID_SQL} AND ($2::text IS NULL OR g.code > $2) ORDER BY g.code LIMIT $3",
        business_day(await business_now()),
        _after(cursor),
        limit + 1,
    )
    last = encode_cursor(rows[:limit][-1]["code"]) if rows else None
    return page_of([_grid(row) for row in rows], limit, last)


async def who_serves(grid_id: UUID) -> GridView | None:
    """The people of one active grid, manager first; None when the grid is not active today."""
    row = await fetch_one(f"{_GRID_SQL} AND g.id = $2", business_day(await business_now()), grid_id)
    return None if row is None else _grid(row)


async def grid_ids_of_stations(station_ids: Sequence[UUID]) -> list[UUID]:
    """The grids, active or not, that belong to these stations."""
    if not station_ids:
        return []
    rows = await fetch(
        "SELECT id FROM service_grid WHERE station = ANY($1::uuid[]) ORDER BY code",
        list(station_ids),
    )
    return [row["id"] for row in rows]


def _require_colleague(actor: Actor) -> None:
    if isinstance(actor, StaffActor) and actor.must_change_password:
        raise NotAllowed("请先修改初始密码")
    if not isinstance(actor, StaffActor | SystemActor):
        raise NotAllowed()


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= LIMIT_MAX:
        raise Invalid("limit", f"每页 1 到 {LIMIT_MAX} 条", limit_max=LIMIT_MAX)


def _after(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    (after,) = decode_cursor(cursor, tuple[str])
    return after.replace("\x00", "")


def _staff(row: Record) -> StaffView:
    return StaffView(
        id=row["id"],
        employee_no=row["employee_no"],
        name=row["name"],
        phone=row["phone"],
        station=row["station"],
        roles=[*row["roles"], *row["grid_roles"]],
        grids=row["grids"],
        on_shift=row["on_shift"],
    )


def _grid(row: Record) -> GridView:
    return GridView(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        station=row["station"],
        villages=row["villages"],
        people=_PEOPLE.decode(row["people"]),
    )

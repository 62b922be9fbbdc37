"""Reading the territory: who am I, who serves where, who is on shift."""

from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch
from grid.kit.pages import Page, decode_cursor, encode_cursor
from grid.territory.authority import Action, may
from grid.territory.types import (
    GridRoleView,
    GridView,
    MeView,
    StaffActor,
    StaffView,
)

_STAFF = """
SELECT s.id, s.employee_no, s.name, s.phone, st.name AS station,
    ARRAY(SELECT DISTINCT r.role FROM staff_role_grant r WHERE r.staff = s.id
          AND r.from_day <= $1 AND (r.until_day IS NULL OR r.until_day > $1) ORDER BY 1)
    || ARRAY(SELECT DISTINCT a.role FROM grid_appointment a WHERE a.staff = s.id
          AND a.from_day <= $1 AND (a.until_day IS NULL OR a.until_day > $1) ORDER BY 1) AS roles,
    ARRAY(SELECT g.code FROM grid_appointment a JOIN service_grid g ON g.id = a.grid
          WHERE a.staff = s.id AND a.from_day <= $1
          AND (a.until_day IS NULL OR a.until_day > $1) ORDER BY 1) AS grids,
    EXISTS (SELECT 1 FROM shift f WHERE f.staff = s.id AND f.starts_at <= $2 AND f.ends_at > $2)
        AS on_shift
FROM staff s LEFT JOIN supply_station st ON st.id = s.station
"""

_GRIDS = """
SELECT g.id, g.code, g.name, st.name AS station,
    ARRAY(SELECT v.name FROM village v WHERE v.grid = g.id ORDER BY v.code) AS villages,
    coalesce((SELECT json_agg(json_build_object('role', a.role, 'staff_id', s.id,
        'employee_no', s.employee_no, 'name', s.name, 'phone', s.phone) ORDER BY a.role, s.name)
        FROM grid_appointment a JOIN staff s ON s.id = a.staff WHERE a.grid = g.id
        AND a.from_day <= $1 AND (a.until_day IS NULL OR a.until_day > $1)), '[]') AS people
FROM service_grid g JOIN supply_station st ON st.id = g.station
WHERE g.active_from <= $1 AND (g.active_until IS NULL OR g.active_until > $1)
"""

_PEOPLE = msgspec.json.Decoder(list[GridRoleView])


async def staff_view(actor: StaffActor) -> StaffView:
    """The actor as colleagues see them."""
    now = await business_now()
    rows = await fetch(f"{_STAFF} WHERE s.id = $3", business_day(now), now, actor.staff_id)
    return _staff(rows[0])


async def me(actor: StaffActor) -> MeView:
    """The actor with everything their roles allow, for the phone to show the right buttons."""
    return MeView(
        staff=await staff_view(actor),
        second_factor=actor.second_factor,
        must_change_password=actor.must_change_password,
        roles=list(actor.roles),
        grid_roles=list(actor.grid_roles),
        permissions=[action.value for action in Action if may(actor, action)],
    )


async def grids(actor: StaffActor, cursor: str | None, limit: int) -> Page[GridView]:
    """Every active grid with its people of today: everybody may know who serves where."""
    after = None if cursor is None else decode_cursor(cursor, tuple[str])[0]
    rows = await fetch(
        f"{_GRIDS} AND ($2::varchar IS NULL OR g.code > $2) ORDER BY g.code LIMIT $3",
        business_day(await business_now()),
        after,
        limit + 1,
    )
    views = [
        GridView(
            id=row["id"],
            code=row["code"],
            name=row["name"],
            station=row["station"],
            villages=row["villages"],
            people=_PEOPLE.decode(row["people"]),
        )
        for row in rows[:limit]
    ]
    return Page(items=views, next=encode_cursor(views[-1].code) if len(rows) > limit else None)


async def staff_list(
    actor: StaffActor, on_shift: bool | None, cursor: str | None, limit: int
) -> Page[StaffView]:
    """Colleagues who work here, by employee number; with `on_shift`, only who is (not) on duty."""
    after = None if cursor is None else decode_cursor(cursor, tuple[str])[0]
    now = await business_now()
    rows = await fetch(
        f"SELECT * FROM ({_STAFF} WHERE s.state = 'active') people"  # noqa: S608 - a constant
        " WHERE ($3::bool IS NULL OR on_shift = $3)"
        " AND ($4::varchar IS NULL OR employee_no > $4) ORDER BY employee_no LIMIT $5",
        business_day(now),
        now,
        on_shift,
        after,
        limit + 1,
    )
    views = [_staff(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=views, next=encode_cursor(views[-1].employee_no) if more else None)


async def grid_ids_of_stations(station_ids: list[UUID]) -> list[UUID]:
    """The grids of some stations, for whoever filters by grid what is allowed by station."""
    rows = await fetch("SELECT id FROM service_grid WHERE station = ANY($1::uuid[])", station_ids)
    return [row["id"] for row in rows]


def _staff(row: Record) -> StaffView:
    return StaffView(
        id=row["id"],
        employee_no=row["employee_no"],
        name=row["name"],
        phone=row["phone"],
        station=row["station"],
        roles=row["roles"],
        grids=row["grids"],
        on_shift=row["on_shift"],
    )

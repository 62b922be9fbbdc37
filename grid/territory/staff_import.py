"""Loading people with posts, skills and grid roles from CSV.

Before the county is live a file sets people up at once, and a grid that then has its manager and a
supervisor becomes active. On a live county names, telephone numbers and skills are updated, and
every new person, post and grid role becomes a change that waits for a second person.
"""

import asyncio
from collections.abc import Sequence

import msgspec
from asyncpg import Record

from grid.kit.clock import business_day, business_now, machine_now
from grid.kit.database import execute, fetch
from grid.kit.ids import new_id
from grid.territory import passwords
from grid.territory.appointments import roles_checked
from grid.territory.authority import SECOND_FACTOR_ROLES
from grid.territory.changes import KINDS, Change, Credentials, GrantRole
from grid.territory.csv_files import (
    Column,
    Sheet,
    code,
    day,
    listed,
    pair,
    parse_file,
    phone,
    text,
    word,
)
from grid.territory.rights import credentials
from grid.territory.second_factor import new_secret
from grid.territory.staging import Check, ImportReport, Merged, import_file
from grid.territory.types import Actor, Appoint, GridRole, NewStaff, Skill, StaffRole

SHEET = Sheet(
    "staff",
    (
        Column("employee_no", "text", code(20)),
        Column("name", "text", text(40)),
        Column("phone", "text", phone),
        Column("station_code", "text", code(20), required=False),
        Column("roles", "text[]", listed(word(StaffRole)), required=False),
        Column("skills", "text[]", listed(pair(word(Skill), day)), required=False),
        Column("grid_roles", "text[]", listed(pair(word(GridRole), code(20))), required=False),
    ),
    unique=("employee_no",),
)

#: What a file says of grid roles, one row each: the row, the role and the grid's code.
_ROLES_SQL = (
    "SELECT r.row_no, r.employee_no, split_part(said, ':', 1) AS role,"
    " split_part(said, ':', 2) AS grid_code FROM import_staff r, unnest(r.grid_roles) said"
)
#: $1 the day. Grid roles of the file that are not held yet.
_NEW_ROLES_SQL = (
    f"SELECT f.row_no, f.role, f.employee_no, g.id AS grid, f.grid_code FROM ({_ROLES_SQL}) f"  # noqa: S608
    " JOIN service_grid g ON g.code = f.grid_code"
    " WHERE NOT EXISTS (SELECT 1 FROM grid_appointment a JOIN staff p ON p.id = a.staff"
    "  WHERE a.grid = g.id AND p.employee_no = f.employee_no AND a.role = f.role"
    "  AND (a.until_day IS NULL OR a.until_day > $1))"
)
#: $1 the day. Posts of the file that are not held yet, in the station of the row.
_NEW_POSTS_SQL = (
    "SELECT r.row_no, r.employee_no, said.role, s.id AS station, r.station_code"
    " FROM import_staff r LEFT JOIN supply_station s ON s.code = r.station_code,"
    " unnest(r.roles) AS said(role)"
    " WHERE NOT EXISTS (SELECT 1 FROM staff_role_grant x JOIN staff p ON p.id = x.staff"
    "  WHERE p.employee_no = r.employee_no AND x.role = said.role"
    "  AND x.station IS NOT DISTINCT FROM s.id AND (x.until_day IS NULL OR x.until_day > $1))"
)

_CHECKS = (
    Check(
        "station_code",
        "no such station",
        "SELECT row_no FROM import_staff r WHERE station_code IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM supply_station s WHERE s.code = r.station_code)",
    ),
    Check(
        "grid_roles",
        "no such grid",
        f"SELECT DISTINCT f.row_no FROM ({_ROLES_SQL}) f WHERE NOT EXISTS"  # noqa: S608
        " (SELECT 1 FROM service_grid g WHERE g.code = f.grid_code)",
    ),
    Check(
        "grid_roles",
        "two roles in one grid",
        f"SELECT f.row_no FROM ({_ROLES_SQL}) f GROUP BY f.row_no, f.grid_code HAVING count(*) > 1",  # noqa: S608
    ),
    Check(
        "grid_roles",
        "another row has the manager of this grid",
        f"SELECT f.row_no FROM ({_ROLES_SQL}) f JOIN ({_ROLES_SQL}) o USING (grid_code)"  # noqa: S608
        " WHERE f.role = 'manager' AND o.role = 'manager' AND o.row_no < f.row_no",
    ),
    Check(
        "employee_no",
        "belongs to a disabled person",
        "SELECT row_no FROM import_staff r JOIN staff p USING (employee_no)"
        " WHERE p.state <> 'active'",
    ),
)
#: At first loading a role in the file may not meet another one that is stored.
_CHECKS_NOT_LIVE = (
    Check(
        "grid_roles",
        "the grid has another manager: appoint the new one with two people",
        f"SELECT f.row_no FROM ({_ROLES_SQL}) f JOIN service_grid g ON g.code = f.grid_code"  # noqa: S608
        " JOIN grid_appointment a ON a.grid = g.id AND a.role = 'manager' AND a.until_day IS NULL"
        " JOIN staff p ON p.id = a.staff"
        " WHERE f.role = 'manager' AND p.employee_no <> f.employee_no",
    ),
    Check(
        "grid_roles",
        "the person holds another role in this grid",
        f"SELECT f.row_no FROM ({_ROLES_SQL}) f JOIN service_grid g ON g.code = f.grid_code"  # noqa: S608
        " JOIN staff p ON p.employee_no = f.employee_no"
        " JOIN grid_appointment a ON a.grid = g.id AND a.staff = p.id AND a.role <> f.role"
        " AND a.until_day IS NULL",
    ),
)


async def import_staff(
    actor: Actor, source: bytes, *, live: bool
) -> tuple[ImportReport, list[Credentials]]:
    """Load people; gives the report and the first passwords of those who were added.

    Passwords cost 30 ms each and are made before the transaction; they are stored as hashes only.
    `live`: customers are served already. Raises FileRefused.
    """
    issued = {} if live else await _first_passwords(source)
    shown: list[Credentials] = []

    async def merge() -> Merged:
        changed = await _update_people()
        await _merge_skills()
        if live:
            return Merged(0, changed, await _draft_changes(actor))
        added = await _add_people(issued)
        shown.extend(added)
        await _add_posts_and_roles(actor)
        return Merged(len(added), changed)

    checks = _CHECKS if live else (*_CHECKS, *_CHECKS_NOT_LIVE)
    report = await import_file(SHEET, source, checks, merge)
    return report, shown


async def _first_passwords(source: bytes) -> dict[str, tuple[str, str]]:
    """A password and its hash for each number of the file that nobody has yet."""
    numbers = [str(row[1]) for row in parse_file(SHEET, source).rows]
    rows = await fetch("SELECT employee_no FROM staff WHERE employee_no = ANY($1)", numbers)
    known = {row["employee_no"] for row in rows}
    fresh = {number: passwords.new_password() for number in numbers if number not in known}
    hashes: list[str] = []
    waiting = list(fresh.values())
    # Few at a time: a sign-in that comes in between must not find the queue full.
    for start in range(0, len(waiting), 4):
        batch = waiting[start : start + 4]
        hashes += await asyncio.gather(*(passwords.hashed(password) for password in batch))
    return {
        number: (password, hashed)
        for (number, password), hashed in zip(fresh.items(), hashes, strict=True)
    }


async def _update_people() -> int:
    return await execute(
        "UPDATE staff p SET name = r.name, phone = r.phone, station = s.id"
        " FROM import_staff r LEFT JOIN supply_station s ON s.code = r.station_code"
        " WHERE p.employee_no = r.employee_no"
        " AND (p.name, p.phone, p.station) IS DISTINCT FROM (r.name, r.phone, s.id)"
    )


async def _merge_skills() -> None:
    await execute(
        "INSERT INTO staff_skill (id, staff, skill, valid_until)"
        " SELECT gen_random_uuid(), p.id, split_part(said, ':', 1),"
        " split_part(said, ':', 2)::date"
        " FROM import_staff r JOIN staff p USING (employee_no), unnest(r.skills) said"
        " ON CONFLICT (staff, skill) DO UPDATE SET valid_until = EXCLUDED.valid_until"
    )


async def _add_people(issued: dict[str, tuple[str, str]]) -> list[Credentials]:
    wanted = {role.value for role in SECOND_FACTOR_ROLES}
    rows = await fetch(
        "SELECT employee_no, roles FROM import_staff r WHERE NOT EXISTS"
        " (SELECT 1 FROM staff p WHERE p.employee_no = r.employee_no) ORDER BY row_no"
    )
    added = [
        credentials(
            row["employee_no"],
            issued[row["employee_no"]][0],
            new_secret() if wanted & set(row["roles"]) else None,
        )
        for row in rows
    ]
    await execute(
        "INSERT INTO staff (id, employee_no, name, phone, station, state, password_hash,"
        " must_change_password, totp_secret, failed_tries, created_at)"
        " SELECT r.id, r.employee_no, r.name, r.phone, s.id, 'active', i.password_hash, true,"
        " i.totp_secret, 0, $4 FROM unnest($1::text[], $2::text[], $3::text[])"
        " AS i(employee_no, password_hash, totp_secret) JOIN import_staff r USING (employee_no)"
        " LEFT JOIN supply_station s ON s.code = r.station_code",
        [one.employee_no for one in added],
        [issued[one.employee_no][1] for one in added],
        [one.totp_secret for one in added],
        machine_now(),
    )
    await _merge_skills()
    return added


async def _add_posts_and_roles(actor: Actor) -> None:
    """Give posts and grid roles from today on, and activate the grids that are now complete."""
    today = business_day(await business_now())
    await execute(
        "INSERT INTO staff_role_grant (id, staff, role, station, from_day, granted_by, approved_by)"  # noqa: S608
        f" SELECT gen_random_uuid(), p.id, n.role, n.station, $1, $2, $2 FROM ({_NEW_POSTS_SQL}) n"
        " JOIN staff p USING (employee_no)",
        today,
        actor.subject,
    )
    async with roles_checked():
        await execute(
            "INSERT INTO grid_appointment (id, grid, staff, role, from_day, appointed_by,"  # noqa: S608
            f" approved_by) SELECT gen_random_uuid(), n.grid, p.id, n.role, $1, $2, $2"
            f" FROM ({_NEW_ROLES_SQL}) n JOIN staff p USING (employee_no)",
            today,
            actor.subject,
        )
        await execute(
            "UPDATE service_grid g SET active_from = $1 WHERE active_from IS NULL AND 2 ="
            " (SELECT count(DISTINCT a.role) FROM grid_appointment a WHERE a.grid = g.id"
            "  AND a.role IN ('manager', 'supervisor') AND a.from_day <= $1"
            "  AND a.until_day IS NULL)",
            today,
        )


async def _draft_changes(actor: Actor) -> int:
    """Write down, once, what needs a second person; returns how many changes now wait."""
    today = business_day(await business_now())
    people = await fetch(
        "SELECT * FROM import_staff r WHERE NOT EXISTS"
        " (SELECT 1 FROM staff p WHERE p.employee_no = r.employee_no) ORDER BY row_no"
    )
    fresh = {row["employee_no"] for row in people}
    changes: list[Change] = [_new_person(row) for row in people]
    changes += [
        GrantRole(
            employee_no=row["employee_no"],
            role=StaffRole(row["role"]),
            station_code=row["station_code"],
            from_day=today,
        )
        for row in await fetch(f"{_NEW_POSTS_SQL} ORDER BY r.row_no", today)
        if row["employee_no"] not in fresh
    ]
    changes += [
        Appoint(
            grid_code=row["grid_code"],
            employee_no=row["employee_no"],
            role=GridRole(row["role"]),
            from_day=today,
        )
        for row in await fetch(f"{_NEW_ROLES_SQL} ORDER BY f.row_no", today)
    ]
    return await _propose_all(actor, changes)


async def _propose_all(actor: Actor, changes: Sequence[Change]) -> int:
    return await execute(
        "INSERT INTO staff_change (id, kind, body, state, proposed_by, proposed_at)"
        " SELECT n.id, n.kind, n.body, 'proposed', $4, $5"
        " FROM unnest($1::uuid[], $2::text[], $3::jsonb[]) AS n(id, kind, body)"
        " WHERE NOT EXISTS (SELECT 1 FROM staff_change c WHERE c.kind = n.kind"
        "  AND c.state = 'proposed' AND c.body = n.body)",
        [new_id() for _ in changes],
        [KINDS[type(change)].value for change in changes],
        [msgspec.json.encode(change).decode() for change in changes],
        actor.subject,
        await business_now(),
    )


def _new_person(row: Record) -> NewStaff:
    return NewStaff(
        employee_no=row["employee_no"],
        name=row["name"],
        phone=row["phone"],
        station_code=row["station_code"],
        roles=[StaffRole(role) for role in row["roles"]],
    )

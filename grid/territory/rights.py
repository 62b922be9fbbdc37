"""What an approved change does to people and posts, inside the transaction that approved it."""

from datetime import date
from uuid import UUID

import asyncpg
from asyncpg import Record

from grid.kit import audit
from grid.kit.clock import business_day, business_now, machine_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, insert
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotFound, Refusal
from grid.territory.appointments import AlreadyHasRole, active_staff_id, not_before_today
from grid.territory.authority import needs_second_factor
from grid.territory.changes import Credentials, EndRole, GrantRole, ResetPassword
from grid.territory.second_factor import enrolment_uri, new_secret
from grid.territory.sessions import end_sessions_of
from grid.territory.tables import Staff, StaffRoleGrant
from grid.territory.types import NewStaff, StaffRole, StaffState


class EmployeeNoTaken(Refusal):
    """The employee number belongs to somebody, perhaps disabled; numbers are not used twice."""

    title = "工号已被使用"


class FirstPassword:
    """A password made before the transaction begins, with its hash (30 ms of work)."""

    def __init__(self, password: str, password_hash: str) -> None:
        self.password = password
        self.password_hash = password_hash


async def create_staff(
    command: NewStaff, first: FirstPassword, asked_by: str, approved_by: str
) -> Credentials:
    """Add a person with posts from today on. Raises EmployeeNoTaken, Invalid (station_code)."""
    station_id = await station_id_of(command.station_code)
    secret = new_secret() if needs_second_factor(frozenset(command.roles)) else None
    staff_id = new_id()
    try:
        await insert(
            Staff,
            id=staff_id,
            employee_no=command.employee_no,
            name=command.name,
            phone=command.phone,
            station=station_id,
            state=StaffState.ACTIVE.value,
            password_hash=first.password_hash,
            must_change_password=True,
            totp_secret=secret,
            failed_tries=0,
            created_at=machine_now(),
        )
    except asyncpg.UniqueViolationError as error:
        raise EmployeeNoTaken() from error
    today = business_day(await business_now())
    for role in dict.fromkeys(command.roles):
        await _insert_grant(staff_id, role, station_id, today, asked_by, approved_by)
    await audit.record(
        "territory.staff_created",
        f"staff:{command.employee_no}",
        roles=" ".join(sorted(command.roles)),
    )
    return credentials(command.employee_no, first.password, secret)


async def grant_role(command: GrantRole, asked_by: str, approved_by: str) -> Credentials | None:
    """Give a post; credentials when it brings a first second factor. Raises AlreadyHasRole."""
    staff_id = await active_staff_id(command.employee_no)
    station_id = await station_id_of(command.station_code)
    from_day = await not_before_today(command.from_day)
    held = await fetch_one(
        "SELECT 1 FROM staff_role_grant WHERE staff = $1 AND role = $2"
        " AND station IS NOT DISTINCT FROM $3 AND (until_day IS NULL OR until_day > $4)",
        staff_id,
        command.role.value,
        station_id,
        from_day,
    )
    if held is not None:
        raise AlreadyHasRole("此人已有这个岗位")
    await _insert_grant(staff_id, command.role, station_id, from_day, asked_by, approved_by)
    await _audit_post("territory.role_granted", command, from_day)
    has_secret = await fetch_value(
        "SELECT totp_secret IS NOT NULL FROM staff WHERE id = $1", staff_id
    )
    if has_secret or not needs_second_factor(frozenset({command.role})):
        return None
    secret = new_secret()
    await execute("UPDATE staff SET totp_secret = $2 WHERE id = $1", staff_id, secret)
    return credentials(command.employee_no, None, secret)


async def end_role(command: EndRole) -> None:
    """End a post, or take it back if it has not begun. Raises NotFound when it is not held."""
    until_day = await not_before_today(command.until_day)
    station_id = await station_id_of(command.station_code)
    held = (
        "staff = (SELECT id FROM staff WHERE employee_no = $1) AND role = $2"
        " AND station IS NOT DISTINCT FROM $3 AND (until_day IS NULL OR until_day > $4)"
    )
    values = (command.employee_no, command.role.value, station_id, until_day)
    taken_back = await execute(
        f"DELETE FROM staff_role_grant WHERE {held} AND from_day >= $4",  # noqa: S608
        *values,
    )
    ended = await execute(
        f"UPDATE staff_role_grant SET until_day = $4 WHERE {held} AND from_day < $4",  # noqa: S608
        *values,
    )
    if not taken_back + ended:
        raise NotFound("此人没有这个岗位")
    await _audit_post("territory.role_ended", command, until_day)


async def reset_password(command: ResetPassword, first: FirstPassword) -> Credentials:
    """Give a new first password, a new second factor where posts ask for one; end all sessions."""
    staff_id = await active_staff_id(command.employee_no)
    secret = new_secret() if needs_second_factor(await _posts_to_come(staff_id)) else None
    await execute(
        "UPDATE staff SET password_hash = $2, must_change_password = true, failed_tries = 0,"
        " locked_until = NULL, totp_secret = $3, totp_last_step = NULL WHERE id = $1",
        staff_id,
        first.password_hash,
        secret,
    )
    await end_sessions_of(staff_id, "password_reset")
    await audit.record("territory.password_reset", f"staff:{command.employee_no}")
    return credentials(command.employee_no, first.password, secret)


def credentials(employee_no: str, password: str | None, secret: str | None) -> Credentials:
    return Credentials(
        employee_no=employee_no,
        password=password,
        totp_secret=secret,
        totp_uri=None if secret is None else enrolment_uri(secret, employee_no),
    )


async def station_id_of(code: str | None) -> UUID | None:
    """The id of a station named by its code; None for the whole county. Raises Invalid."""
    if code is None:
        return None
    station_id: UUID | None = await fetch_value(
        "SELECT id FROM supply_station WHERE code = $1", code
    )
    if station_id is None:
        raise Invalid("station_code", "没有这个供电所")
    return station_id


async def person_named(employee_no: str) -> Record:
    """The row of somebody by number. Raises NotFound."""
    row = await fetch_one("SELECT id, station FROM staff WHERE employee_no = $1", employee_no)
    if row is None:
        raise NotFound("没有这个工号")
    return row


async def stations_of_person(employee_no: str) -> set[UUID | None]:
    """Where somebody sits and holds posts now or later; None stands for the whole county."""
    person = await person_named(employee_no)
    rows = await fetch(
        "SELECT station FROM staff_role_grant WHERE staff = $1"
        " AND (until_day IS NULL OR until_day > $2)"
        " UNION SELECT g.station FROM grid_appointment a JOIN service_grid g ON g.id = a.grid"
        " WHERE a.staff = $1 AND (a.until_day IS NULL OR a.until_day > $2)",
        person["id"],
        business_day(await business_now()),
    )
    return {person["station"], *(row["station"] for row in rows)}


async def is_last_operator(staff_id: UUID) -> bool:
    """Whether the person is an operator of the county and nobody else who may sign in is one."""
    rows = await fetch(
        "SELECT DISTINCT p.id FROM staff p JOIN staff_role_grant r ON r.staff = p.id"
        " WHERE p.state = 'active' AND r.role = 'operator' AND r.station IS NULL"
        " AND r.from_day <= $1 AND (r.until_day IS NULL OR r.until_day > $1)",
        business_day(await business_now()),
    )
    return [row["id"] for row in rows] == [staff_id]


async def grids_left_open_by(staff_id: UUID) -> list[str]:
    """Codes of the grids where the person was the only manager, or supervisor, who may work."""
    rows = await fetch(
        "SELECT DISTINCT g.code FROM grid_appointment a JOIN service_grid g ON g.id = a.grid"
        " WHERE a.staff = $1 AND a.role <> 'assistant' AND a.from_day <= $2"
        " AND (a.until_day IS NULL OR a.until_day > $2)"
        " AND NOT EXISTS (SELECT 1 FROM grid_appointment o JOIN staff p ON p.id = o.staff"
        "  WHERE o.grid = a.grid AND o.role = a.role AND p.state = 'active' AND o.staff <> $1"
        "  AND o.from_day <= $2 AND (o.until_day IS NULL OR o.until_day > $2)) ORDER BY g.code",
        staff_id,
        business_day(await business_now()),
    )
    return [row["code"] for row in rows]


async def _posts_to_come(staff_id: UUID) -> frozenset[StaffRole]:
    rows = await fetch(
        "SELECT role FROM staff_role_grant WHERE staff = $1"
        " AND (until_day IS NULL OR until_day > $2)",
        staff_id,
        business_day(await business_now()),
    )
    return frozenset(StaffRole(row["role"]) for row in rows)


async def _insert_grant(
    staff_id: UUID,
    role: StaffRole,
    station_id: UUID | None,
    from_day: date,
    asked_by: str,
    approved_by: str,
) -> None:
    await insert(
        StaffRoleGrant,
        id=new_id(),
        staff=staff_id,
        role=role.value,
        station=station_id,
        from_day=from_day,
        granted_by=asked_by,
        approved_by=approved_by,
    )


async def _audit_post(action: str, command: GrantRole | EndRole, day: date) -> None:
    await audit.record(
        action,
        f"staff:{command.employee_no}",
        role=command.role.value,
        station=command.station_code,
        day=day.isoformat(),
    )

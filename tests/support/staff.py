"""People with skills, shifts and posts, and the actors they are at a door."""

from datetime import date, datetime, timedelta
from itertools import count
from uuid import UUID

from grid.kit.clock import business_day, business_now, machine_now
from grid.kit.database import execute, fetch, fetch_one, insert
from grid.kit.ids import new_id
from grid.territory.tables import RelativeAccount, Shift, Staff, StaffRoleGrant, StaffSkill
from grid.territory.types import (
    Audience,
    GridRole,
    HeldGridRole,
    HeldRole,
    Skill,
    StaffActor,
    StaffRole,
    StaffState,
)

#: Nobody signs in with these; tests of signing in make their own.
_NO_PASSWORD = "$argon2id$no-password"
_numbers = count(1)


async def make_staff(
    station_id: UUID | None = None,
    *,
    on_shift: bool = True,
    skilled: bool = True,
    roles: tuple[StaffRole, ...] = (),
    everywhere: bool = False,
) -> UUID:
    """Somebody of a station; `roles` are granted for it, or for the county when `everywhere`.

    On shift: from an hour ago for twelve hours. Skilled: fault repair for five years.
    """
    number, staff_id = next(_numbers), new_id()
    await insert(
        Staff,
        id=staff_id,
        employee_no=f"T{number:05d}",
        name=f"职工{number}",
        phone=f"139{number:08d}",
        station=station_id,
        state=StaffState.ACTIVE.value,
        password_hash=_NO_PASSWORD,
        must_change_password=False,
        failed_tries=0,
        created_at=machine_now(),
    )
    if on_shift:
        await give_shift(staff_id)
    if skilled:
        await give_skill(staff_id)
    for role in roles:
        await grant_role(staff_id, role, None if everywhere else station_id)
    return staff_id


async def make_crew(station_id: UUID, *, on_shift: bool = True, skilled: bool = True) -> UUID:
    """Somebody of a station's repair crew."""
    return await make_staff(station_id, on_shift=on_shift, skilled=skilled, roles=(StaffRole.CREW,))


async def make_dispatcher(station_id: UUID | None = None) -> StaffActor:
    """A dispatcher of a station, or of the whole county, at the console."""
    staff_id = await make_staff(
        station_id, skilled=False, roles=(StaffRole.DISPATCHER,), everywhere=station_id is None
    )
    return await actor_of(staff_id, audience=Audience.CONSOLE)


async def give_shift(
    staff_id: UUID, starts_at: datetime | None = None, ends_at: datetime | None = None
) -> None:
    """A shift; by default from an hour ago (business time) for twelve hours."""
    starts_at = starts_at or await business_now() - timedelta(hours=1)
    await insert(
        Shift,
        id=new_id(),
        staff=staff_id,
        starts_at=starts_at,
        ends_at=ends_at or starts_at + timedelta(hours=12),
    )


async def give_skill(
    staff_id: UUID, valid_until: date | None = None, skill: Skill = Skill.FAULT_REPAIR
) -> None:
    """A certificate, valid until a day (inclusive); by default for five years."""
    until = valid_until or business_day(await business_now()) + timedelta(days=5 * 365)
    await insert(StaffSkill, id=new_id(), staff=staff_id, skill=skill.value, valid_until=until)


async def grant_role(staff_id: UUID, role: StaffRole, station_id: UUID | None) -> None:
    """A post, in a station or (None) in the whole county."""
    await insert(
        StaffRoleGrant,
        id=new_id(),
        staff=staff_id,
        role=role.value,
        station=station_id,
        from_day=date(2020, 1, 1),
        granted_by="staff:E9998",
        approved_by="staff:E9999",
    )


async def declare_relative(staff_id: UUID, account_no: str) -> None:
    """Somebody said that this account is a relative's."""
    await insert(
        RelativeAccount,
        id=new_id(),
        staff=staff_id,
        account_no=account_no,
        declared_at=machine_now(),
    )


async def disable(staff_id: UUID) -> None:
    """Take somebody out of service, as the database shows it (no session is ended)."""
    await execute(
        "UPDATE staff SET state = 'disabled', disabled_at = $2 WHERE id = $1",
        staff_id,
        machine_now(),
    )


async def end_shifts(staff_id: UUID) -> None:
    """Send somebody home: their shifts are over."""
    await execute(
        "UPDATE shift SET ends_at = greatest(starts_at + interval '1 second', $2)"
        " WHERE staff = $1 AND ends_at > $2",
        staff_id,
        await business_now() - timedelta(seconds=1),
    )


async def actor_of(
    staff_id: UUID, *, audience: Audience = Audience.PHONE, second_factor: bool = True
) -> StaffActor:
    """The actor that a door would hand over for somebody, with the rights in force today."""
    person = await fetch_one("SELECT * FROM staff WHERE id = $1", staff_id)
    assert person is not None
    day = business_day(await business_now())
    in_force = "from_day <= $2 AND (until_day IS NULL OR until_day > $2)"
    posts = await fetch(
        f"SELECT role, station FROM staff_role_grant WHERE staff = $1 AND {in_force}",
        staff_id,
        day,
    )
    held = await fetch(
        "SELECT p.role, p.grid, g.station FROM grid_appointment p"
        f" JOIN service_grid g ON g.id = p.grid WHERE p.staff = $1 AND {in_force}",
        staff_id,
        day,
    )
    return StaffActor(
        staff_id=staff_id,
        employee_no=person["employee_no"],
        name=person["name"],
        station_id=person["station"],
        session_id=new_id(),
        audience=audience,
        second_factor=second_factor,
        roles=tuple(HeldRole(role=StaffRole(r["role"]), station_id=r["station"]) for r in posts),
        grid_roles=tuple(
            HeldGridRole(role=GridRole(r["role"]), grid_id=r["grid"], station_id=r["station"])
            for r in held
        ),
    )

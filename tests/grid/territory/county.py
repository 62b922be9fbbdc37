"""Rows that the tests of territory and customers stand on."""

from datetime import date, timedelta
from uuid import UUID

from grid.kit.clock import business_day, business_now, machine_now
from grid.kit.database import insert
from grid.kit.ids import new_id
from grid.territory import passwords
from grid.territory.tables import (
    GridAppointment,
    ServiceGrid,
    Staff,
    StaffRoleGrant,
    SupplyStation,
    Village,
)
from grid.territory.types import (
    Audience,
    GridRole,
    HeldGridRole,
    HeldRole,
    StaffActor,
    StaffRole,
    StaffState,
)

PASSWORD = "right-password"
#: Made once: thirty milliseconds for each row would make the tests slow.
PASSWORD_HASH = passwords.HASHER.hash(PASSWORD)
LONG_AGO = date(2020, 1, 1)


async def today() -> date:
    return business_day(await business_now())


async def add_station(code: str = "S1") -> UUID:
    station_id = new_id()
    await insert(
        SupplyStation, id=station_id, code=code, name=f"{code}供电所", lat=29.89, lon=110.03
    )
    return station_id


async def add_grid(station_id: UUID, code: str = "G1") -> UUID:
    """A grid that is not active yet."""
    grid_id = new_id()
    await insert(ServiceGrid, id=grid_id, code=code, name=f"{code}网格", station=station_id)
    await insert(
        Village, id=new_id(), code=f"V{code}", name=f"{code}村", grid=grid_id, lat=29.89, lon=110.03
    )
    return grid_id


async def add_staff(
    employee_no: str = "E0001",
    *,
    roles: tuple[StaffRole, ...] = (),
    station_id: UUID | None = None,
    totp_secret: str | None = None,
    name: str | None = None,
) -> UUID:
    staff_id = new_id()
    await insert(
        Staff,
        id=staff_id,
        employee_no=employee_no,
        name=name or f"职工{employee_no}",
        phone="13800000000",
        station=station_id,
        state=StaffState.ACTIVE.value,
        password_hash=PASSWORD_HASH,
        must_change_password=False,
        totp_secret=totp_secret,
        failed_tries=0,
        created_at=machine_now(),
    )
    for role in roles:
        await grant(staff_id, role, station_id)
    return staff_id


async def grant(
    staff_id: UUID, role: StaffRole, station_id: UUID | None, from_day: date = LONG_AGO
) -> None:
    await insert(
        StaffRoleGrant,
        id=new_id(),
        staff=staff_id,
        role=role.value,
        station=station_id,
        from_day=from_day,
        granted_by="staff:E9998",
        approved_by="staff:E9999",
    )


async def add_appointment(
    grid_id: UUID, staff_id: UUID, role: GridRole, from_day: date = LONG_AGO
) -> None:
    await insert(
        GridAppointment,
        id=new_id(),
        grid=grid_id,
        staff=staff_id,
        role=role.value,
        from_day=from_day,
        appointed_by="staff:E9998",
        approved_by="staff:E9999",
    )


def actor(
    staff_id: UUID,
    employee_no: str,
    *,
    roles: tuple[tuple[StaffRole, UUID | None], ...] = (),
    grid_roles: tuple[tuple[GridRole, UUID, UUID], ...] = (),
    second_factor: bool = True,
) -> StaffActor:
    """An actor as a door would hand it over, without a session behind it."""
    return StaffActor(
        staff_id=staff_id,
        employee_no=employee_no,
        name=f"职工{employee_no}",
        station_id=None,
        session_id=new_id(),
        audience=Audience.CONSOLE,
        second_factor=second_factor,
        roles=tuple(HeldRole(role=role, station_id=station) for role, station in roles),
        grid_roles=tuple(
            HeldGridRole(role=role, grid_id=grid, station_id=station)
            for role, grid, station in grid_roles
        ),
    )


async def add_operator(employee_no: str) -> StaffActor:
    """A stored operator of the whole county, and the actor they are at the console."""
    staff_id = await add_staff(employee_no, roles=(StaffRole.OPERATOR,))
    return actor(staff_id, employee_no, roles=((StaffRole.OPERATOR, None),))


def days_from(day: date, count: int) -> date:
    return day + timedelta(days=count)

"""The three roles of a grid over time: exactly one manager, a supervisor, never the same person.

PostgreSQL holds W6 and S5 at every date; here its constraints become refusals. Every change locks
the grid first, then appointments.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from uuid import UUID

import asyncpg
from asyncpg import Record

from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch_one, insert
from grid.kit.ids import new_id
from grid.kit.refusals import NotFound, Refusal
from grid.territory.changes import EndAppointment
from grid.territory.tables import GridAppointment
from grid.territory.types import Appoint, GridRole, StaffState


class AlreadyHasRole(Refusal):
    """The person holds a role in this grid, or this very post, in that time."""

    title = "此人在这段时间已有岗位,请先结束原岗位"


class GridNeedsManager(Refusal):
    """An active grid has a manager at every date (W6)."""

    title = "网格不能没有网格管理员"


class GridNeedsSupervisor(Refusal):
    """An active grid has a supervisor at every date (W6)."""

    title = "网格不能没有监督员"


class GridHasManager(Refusal):
    """Two people would manage one grid on the same day (W6)."""

    title = "网格在这段时间已有网格管理员"


_CONSTRAINTS: dict[str, type[Refusal]] = {
    "grid_appointment_one_role_each": AlreadyHasRole,
    "grid_appointment_one_manager": GridHasManager,
    "grid_appointment_manager_always": GridNeedsManager,
    "grid_appointment_supervisor_always": GridNeedsSupervisor,
}


@asynccontextmanager
async def roles_checked() -> AsyncIterator[None]:
    """Check W6 and S5 at the end of the block, inside the running transaction.

    Raises AlreadyHasRole, GridHasManager, GridNeedsManager, GridNeedsSupervisor; the transaction
    is then lost.
    """
    try:
        yield
        await execute("SET CONSTRAINTS grid_appointment_roles, service_grid_roles IMMEDIATE")
        await execute("SET CONSTRAINTS grid_appointment_roles, service_grid_roles DEFERRED")
    except asyncpg.IntegrityConstraintViolationError as error:
        refusal = _CONSTRAINTS.get(error.constraint_name or "")
        if refusal is None:
            raise
        raise refusal() from error


async def appoint(command: Appoint, asked_by: str, approved_by: str) -> None:
    """Carry out an approved appointment inside the caller's transaction.

    A manager replaces the one before, and whoever was to follow, from that day on (from today, if
    the day has passed meanwhile). A prepared grid that is now complete comes into service.
    """
    grid = await locked_grid(command.grid_code)
    staff_id = await active_staff_id(command.employee_no)
    from_day = await not_before_today(command.from_day)
    async with roles_checked():
        if command.role is GridRole.MANAGER:
            await _make_room(grid["id"], staff_id, from_day)
        await insert(
            GridAppointment,
            id=new_id(),
            grid=grid["id"],
            staff=staff_id,
            role=command.role.value,
            from_day=from_day,
            appointed_by=asked_by,
            approved_by=approved_by,
        )
        await _activate_when_complete(grid["id"])
    await audit.record(
        "territory.appointed",
        f"grid:{command.grid_code}",
        employee_no=command.employee_no,
        role=command.role.value,
        from_day=from_day.isoformat(),
    )


async def _make_room(grid_id: UUID, staff_id: UUID, from_day: date) -> None:
    """End the manager of that day, and take back appointments that were to begin later."""
    held = await fetch_one(
        "SELECT 1 FROM grid_appointment WHERE grid = $1 AND staff = $2 AND role = 'manager'"
        " AND from_day <= $3 AND until_day IS NULL",
        grid_id,
        staff_id,
        from_day,
    )
    if held is not None:
        raise AlreadyHasRole("此人已是这个网格的网格管理员")
    await execute(
        "DELETE FROM grid_appointment WHERE grid = $1 AND role = 'manager' AND from_day >= $2",
        grid_id,
        from_day,
    )
    await execute(
        "UPDATE grid_appointment SET until_day = $2 WHERE grid = $1 AND role = 'manager'"
        " AND from_day < $2 AND (until_day IS NULL OR until_day > $2)",
        grid_id,
        from_day,
    )


async def end_appointment(command: EndAppointment) -> None:
    """Carry out an approved end inside the caller's transaction; raises NotFound if none is held.

    An appointment that would only begin later is taken back.
    """
    grid = await locked_grid(command.grid_code)
    until_day = await not_before_today(command.until_day)
    held = (
        "grid = $1 AND staff = (SELECT id FROM staff WHERE employee_no = $2) AND role = $3"
        " AND (until_day IS NULL OR until_day > $4)"
    )
    values = (grid["id"], command.employee_no, command.role.value, until_day)
    async with roles_checked():
        taken_back = await execute(
            f"DELETE FROM grid_appointment WHERE {held} AND from_day >= $4",  # noqa: S608
            *values,
        )
        ended = await execute(
            f"UPDATE grid_appointment SET until_day = $4 WHERE {held} AND from_day < $4",  # noqa: S608
            *values,
        )
    if not taken_back + ended:
        raise NotFound("此人在这个网格没有这个岗位")
    await audit.record(
        "territory.appointment_ended",
        f"grid:{command.grid_code}",
        employee_no=command.employee_no,
        role=command.role.value,
        until_day=until_day.isoformat(),
    )


async def _activate_when_complete(grid_id: UUID) -> None:
    """A prepared grid is in service from the day on which it has its manager and a supervisor."""
    await execute(
        "UPDATE service_grid SET active_from = f.first FROM"
        " (SELECT count(DISTINCT role) AS roles, max(first) AS first FROM"
        "  (SELECT role, min(from_day) AS first FROM grid_appointment"
        "   WHERE grid = $1 AND role IN ('manager', 'supervisor') AND until_day IS NULL"
        "   GROUP BY role) each_role) f"
        " WHERE id = $1 AND active_from IS NULL AND f.roles = 2",
        grid_id,
    )


async def locked_grid(grid_code: str) -> Record:
    """The grid's row, locked until the transaction ends. Raises NotFound."""
    row = await fetch_one(
        "SELECT id, station FROM service_grid WHERE code = $1 FOR NO KEY UPDATE",
        grid_code,
    )
    if row is None:
        raise NotFound("没有这个网格")
    return row


async def active_staff_id(employee_no: str) -> UUID:
    """The id of somebody who may work, the row locked. Raises NotFound, also for the disabled."""
    row = await fetch_one(
        "SELECT id FROM staff WHERE employee_no = $1 AND state = $2 FOR NO KEY UPDATE",
        employee_no,
        StaffState.ACTIVE.value,
    )
    if row is None:
        raise NotFound("没有这个工号,或者已经停用")
    staff_id: UUID = row["id"]
    return staff_id


async def not_before_today(day: date) -> date:
    """What has been is not changed: a change that was agreed to late begins today."""
    return max(day, business_day(await business_now()))

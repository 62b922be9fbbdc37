"""W6 and S5: one manager, at least one supervisor, never the same person, at any date."""

import asyncio
from datetime import date
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grid.kit.database import execute, fetch, fetch_value, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import NotFound, Refusal
from grid.territory.appointments import (
    AlreadyHasRole,
    GridNeedsManager,
    GridNeedsSupervisor,
    appoint,
    end_appointment,
)
from grid.territory.changes import DecideStaffChange, EndAppointment
from grid.territory.people import decide_staff_change, disable_staff, propose_staff_change
from grid.territory.types import Appoint, GridRole
from tests.grid.territory.county import (
    LONG_AGO,
    add_appointment,
    add_grid,
    add_operator,
    add_staff,
    add_station,
    days_from,
    today,
)

pytestmark = pytest.mark.usefixtures("committed")


async def add_active_grid(station: UUID, code: str, manager: UUID, supervisor: UUID) -> UUID:
    grid = await add_grid(station, code)
    async with transaction():
        await add_appointment(grid, manager, GridRole.MANAGER)
        await add_appointment(grid, supervisor, GridRole.SUPERVISOR)
        await execute("UPDATE service_grid SET active_from = $2 WHERE id = $1", grid, LONG_AGO)
    return grid


async def change(grid_code: str, employee_no: str, role: GridRole, day: date) -> None:
    command = Appoint(grid_code=grid_code, employee_no=employee_no, role=role, from_day=day)
    async with transaction():
        await appoint(command, "staff:A", "staff:B")


async def end(grid_code: str, employee_no: str, role: GridRole, day: date) -> None:
    command = EndAppointment(grid_code=grid_code, employee_no=employee_no, role=role, until_day=day)
    async with transaction():
        await end_appointment(command)


async def holders(grid: UUID, role: GridRole, day: date) -> list[str]:
    rows = await fetch(
        "SELECT p.employee_no FROM grid_appointment a JOIN staff p ON p.id = a.staff"
        " WHERE a.grid = $1 AND a.role = $2 AND a.from_day <= $3"
        " AND (a.until_day IS NULL OR a.until_day > $3) ORDER BY 1",
        grid,
        role.value,
        day,
    )
    return [row["employee_no"] for row in rows]


async def two_people_grid() -> UUID:
    station = await add_station()
    manager, supervisor = await add_staff("E0001"), await add_staff("E0002")
    await add_staff("E0003")
    return await add_active_grid(station, "G1", manager, supervisor)


async def test_W6_a_new_manager_replaces_the_old_one_from_the_day_on() -> None:
    grid = await two_people_grid()
    day = await today()
    await change("G1", "E0003", GridRole.MANAGER, days_from(day, 10))
    assert await holders(grid, GridRole.MANAGER, days_from(day, 9)) == ["E0001"]
    assert await holders(grid, GridRole.MANAGER, days_from(day, 10)) == ["E0003"]
    # An earlier change takes the later one back: there is one line of managers.
    await add_staff("E0004")
    await change("G1", "E0004", GridRole.MANAGER, days_from(day, 5))
    assert await holders(grid, GridRole.MANAGER, days_from(day, 4)) == ["E0001"]
    assert await holders(grid, GridRole.MANAGER, days_from(day, 400)) == ["E0004"]
    with pytest.raises(AlreadyHasRole):
        await change("G1", "E0004", GridRole.MANAGER, days_from(day, 6))


async def test_W6_the_last_manager_and_supervisor_cannot_leave() -> None:
    await two_people_grid()
    day = await today()
    with pytest.raises(GridNeedsManager):
        await end("G1", "E0001", GridRole.MANAGER, day)
    with pytest.raises(GridNeedsSupervisor):
        await end("G1", "E0002", GridRole.SUPERVISOR, day)
    await change("G1", "E0003", GridRole.SUPERVISOR, day)
    await end("G1", "E0002", GridRole.SUPERVISOR, day)
    with pytest.raises(NotFound):
        await end("G1", "E0002", GridRole.SUPERVISOR, day)


async def test_S5_the_supervisor_is_never_the_manager() -> None:
    grid = await two_people_grid()
    day = await today()
    for employee_no, role in (("E0002", GridRole.MANAGER), ("E0001", GridRole.SUPERVISOR)):
        with pytest.raises(AlreadyHasRole):
            await change("G1", employee_no, role, days_from(day, 30))
    assert await holders(grid, GridRole.MANAGER, days_from(day, 30)) == ["E0001"]


async def test_W6_two_supervisors_who_leave_at_once_leave_one() -> None:
    grid = await two_people_grid()
    day = await today()
    await change("G1", "E0003", GridRole.SUPERVISOR, day)
    answers = await asyncio.gather(
        end("G1", "E0002", GridRole.SUPERVISOR, day),
        end("G1", "E0003", GridRole.SUPERVISOR, day),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, GridNeedsSupervisor) for answer in answers) == 1
    assert len(await holders(grid, GridRole.SUPERVISOR, day)) == 1


async def test_W6_the_database_holds_it_against_statements_of_anybody() -> None:
    """Two raw transactions that each end another supervisor: the trigger sees both."""
    grid = await two_people_grid()
    third = await fetch_value("SELECT id FROM staff WHERE employee_no = 'E0003'")
    await add_appointment(grid, third, GridRole.SUPERVISOR)

    async def leave(employee_no: str) -> None:
        async with transaction():
            await execute(
                "DELETE FROM grid_appointment WHERE grid = $1"
                " AND staff = (SELECT id FROM staff WHERE employee_no = $2)",
                grid,
                employee_no,
            )
            # Both are checked before either commits: only a lock can keep them apart.
            await execute("SET CONSTRAINTS ALL IMMEDIATE")
            await asyncio.sleep(0.05)

    answers = await asyncio.gather(leave("E0002"), leave("E0003"), return_exceptions=True)
    assert sum(isinstance(answer, asyncpg.CheckViolationError) for answer in answers) == 1
    assert len(await holders(grid, GridRole.SUPERVISOR, await today())) == 1


async def test_W6_two_managers_appointed_at_once_are_one() -> None:
    grid = await two_people_grid()
    await add_staff("E0004")
    day = days_from(await today(), 1)
    await asyncio.gather(
        change("G1", "E0003", GridRole.MANAGER, day),
        change("G1", "E0004", GridRole.MANAGER, day),
        return_exceptions=True,
    )
    assert len(await holders(grid, GridRole.MANAGER, day)) == 1


async def test_W6_a_prepared_grid_comes_into_service_with_its_people() -> None:
    station = await add_station()
    grid = await add_grid(station, "G1")
    day = await today()
    for employee_no in ("E0001", "E0002", "E0003"):
        await add_staff(employee_no)

    async def active_from() -> object:
        return await fetch_value("SELECT active_from FROM service_grid WHERE id = $1", grid)

    await change("G1", "E0003", GridRole.ASSISTANT, day)
    await change("G1", "E0001", GridRole.MANAGER, day)
    assert await active_from() is None
    await change("G1", "E0002", GridRole.SUPERVISOR, days_from(day, 7))
    assert await active_from() == days_from(day, 7)
    with pytest.raises(GridNeedsManager):
        await end("G1", "E0001", GridRole.MANAGER, days_from(day, 8))


async def test_W6_the_database_refuses_a_grid_in_service_without_its_people() -> None:
    grid = await add_grid(await add_station(), "G1")
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await execute("UPDATE service_grid SET active_from = $2 WHERE id = $1", grid, LONG_AGO)
    assert refused.value.constraint_name == "grid_appointment_manager_always"


async def test_a_change_agreed_to_late_begins_today_and_the_past_stays() -> None:
    grid = await two_people_grid()
    day = await today()
    await change("G1", "E0003", GridRole.MANAGER, days_from(day, -5))
    assert await holders(grid, GridRole.MANAGER, days_from(day, -1)) == ["E0001"]
    assert await holders(grid, GridRole.MANAGER, day) == ["E0003"]


async def test_the_disabled_are_not_appointed() -> None:
    await two_people_grid()
    day = await today()
    await execute("UPDATE staff SET state = 'disabled' WHERE employee_no = 'E0003'")
    with pytest.raises(NotFound):
        await change("G1", "E0003", GridRole.ASSISTANT, day)


async def test_S1_an_appointment_takes_two_people() -> None:
    grid = await two_people_grid()
    first, second = await add_operator("E0101"), await add_operator("E0102")
    day = await today()
    wanted = Appoint(
        grid_code="G1", employee_no="E0003", role=GridRole.MANAGER, from_day=days_from(day, 1)
    )
    asked = await propose_staff_change(first, wanted)
    assert await holders(grid, GridRole.MANAGER, days_from(day, 1)) == ["E0001"]
    await decide_staff_change(second, DecideStaffChange(change_id=asked.id, approve=True))
    assert await holders(grid, GridRole.MANAGER, days_from(day, 1)) == ["E0003"]
    asked = await propose_staff_change(
        first,
        EndAppointment(
            grid_code="G1", employee_no="E0002", role=GridRole.SUPERVISOR, until_day=day
        ),
    )
    with pytest.raises(GridNeedsSupervisor):
        await decide_staff_change(second, DecideStaffChange(change_id=asked.id, approve=True))
    assert await fetch_value("SELECT state FROM staff_change WHERE id = $1", asked.id) == "proposed"


async def test_disabling_names_the_grids_that_are_left_open() -> None:
    await two_people_grid()
    first = await add_operator("E0101")
    await add_operator("E0102")
    assert (await disable_staff(first, "E0001", "left")).grids_left_open == ["G1"]
    assert (await disable_staff(first, "E0003", "left")).grids_left_open == []


STEP = st.tuples(
    st.sampled_from(["appoint", "end"]),
    st.integers(0, 3),
    st.sampled_from(list(GridRole)),
    st.integers(0, 6),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(STEP, min_size=1, max_size=12))
async def test_W6_S5_hold_at_every_date_after_any_sequence(
    steps: list[tuple[str, int, GridRole, int]],
) -> None:
    code = new_id().hex[-12:]
    station = await add_station(f"S{code}")
    numbers = [f"{code}-{n}" for n in range(4)]
    people = [await add_staff(number) for number in numbers]
    grid = await add_active_grid(station, code, people[0], people[1])
    day = await today()
    for kind, who, role, offset in steps:
        verb = change if kind == "appoint" else end
        before = await fetch("SELECT * FROM grid_appointment WHERE grid = $1 ORDER BY id", grid)
        try:
            await verb(code, numbers[who], role, days_from(day, offset))
        except Refusal:
            after = await fetch("SELECT * FROM grid_appointment WHERE grid = $1 ORDER BY id", grid)
            assert before == after
        for ahead in (-1, *range(9), 400):
            at = days_from(day, ahead)
            managers = await holders(grid, GridRole.MANAGER, at)
            supervisors = await holders(grid, GridRole.SUPERVISOR, at)
            assert len(managers) == 1
            assert supervisors
            assert not set(managers) & set(supervisors)

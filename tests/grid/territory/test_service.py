"""Who works here, who serves which grid, and what the actor may do."""

from datetime import timedelta

import msgspec
import pytest

from grid.kit.clock import business_now
from grid.kit.database import connection_of_transaction, execute, insert
from grid.kit.ids import new_id
from grid.kit.pages import encode_cursor
from grid.kit.refusals import Invalid, NotAllowed
from grid.territory.authority import (
    ALLOWED,
    SECOND_FACTOR_ACTIONS,
    Action,
    may,
    require,
    require_visible,
    visible,
)
from grid.territory.service import (
    grid_ids_of_stations,
    grids,
    me,
    staff_list,
    staff_view,
    who_serves,
)
from grid.territory.tables import Shift
from grid.territory.types import CustomerActor, GridRole, StaffActor, StaffRole
from tests.grid.territory.county import (
    LONG_AGO,
    actor,
    add_appointment,
    add_grid,
    add_staff,
    add_station,
    days_from,
    today,
)

pytestmark = pytest.mark.usefixtures("rolled_back")


async def crew() -> StaffActor:
    return actor(await add_staff("E0001"), "E0001", roles=((StaffRole.CREW, None),))


async def activate(code: str) -> None:
    await execute("UPDATE service_grid SET active_from = $2 WHERE code = $1", code, LONG_AGO)


async def test_on_shift_means_from_the_start_on_and_not_at_the_end() -> None:
    now = await business_now()
    reader = await crew()
    for employee_no, starts, ends in (
        ("E0002", -1, 1),
        ("E0003", -9, -1),
        ("E0004", 1, 9),
    ):
        staff = await add_staff(employee_no)
        await insert(
            Shift,
            id=new_id(),
            staff=staff,
            starts_at=now + timedelta(hours=starts),
            ends_at=now + timedelta(hours=ends),
        )
    await add_staff("E0005")
    await execute("UPDATE staff SET state = 'disabled' WHERE employee_no = 'E0005'")

    async def numbers(on_shift: bool | None) -> list[str]:
        return [line.employee_no for line in (await staff_list(reader, on_shift)).items]

    assert await numbers(True) == ["E0002"]
    assert await numbers(False) == ["E0001", "E0003", "E0004"]
    assert await numbers(None) == ["E0001", "E0002", "E0003", "E0004"]


async def test_lists_come_in_pages() -> None:
    reader = await crew()
    for number in range(2, 6):
        await add_staff(f"E000{number}")
    first = await staff_list(reader, limit=3)
    second = await staff_list(reader, cursor=first.next, limit=3)
    assert [line.employee_no for line in (*first.items, *second.items)] == [
        f"E000{number}" for number in range(1, 6)
    ]
    assert second.next is None
    assert (await staff_list(reader, cursor=encode_cursor("\x00"))).items != []
    for limit in (0, 201):
        with pytest.raises(Invalid):
            await staff_list(reader, limit=limit)


async def test_a_grid_is_shown_with_villages_and_the_people_of_today() -> None:
    station = await add_station()
    grid = await add_grid(station, "G1")
    await add_grid(station, "G2")
    await activate("G1")
    reader = await crew()
    for employee_no, role, from_day in (
        ("E0010", GridRole.SUPERVISOR, LONG_AGO),
        ("E0011", GridRole.MANAGER, LONG_AGO),
        ("E0012", GridRole.ASSISTANT, days_from(await today(), 1)),
        ("E0013", GridRole.ASSISTANT, LONG_AGO),
    ):
        await add_appointment(grid, await add_staff(employee_no), role, from_day)
    await execute("UPDATE staff SET state = 'disabled' WHERE employee_no = 'E0013'")
    (view,) = (await grids(reader)).items
    assert (view.code, view.villages, view.station) == ("G1", ["G1村"], "S1供电所")
    assert [(person.role, person.employee_no) for person in view.people] == [
        (GridRole.MANAGER, "E0011"),
        (GridRole.SUPERVISOR, "E0010"),
    ]
    assert await who_serves(grid) == view
    assert await who_serves(new_id()) is None
    assert len(await grid_ids_of_stations([station])) == 2
    assert await grid_ids_of_stations([]) == []


async def test_lists_cost_one_statement_however_long() -> None:
    station = await add_station()
    reader = await crew()
    for number in range(20):
        grid = await add_grid(station, f"G{number}")
        await activate(f"G{number}")
        await add_appointment(grid, await add_staff(f"E1{number:03}"), GridRole.MANAGER)
    statements: list[object] = []
    with connection_of_transaction().query_logger(statements.append):
        assert len((await grids(reader)).items) == 20
        assert len((await staff_list(reader)).items) == 21
    # Besides the two lists the business clock may be read.
    assert len(statements) <= 4


async def test_me_says_who_i_am_and_what_i_may() -> None:
    reader = await crew()
    view = await me(reader)
    assert view.staff == await staff_view(reader)
    assert view.staff.employee_no == "E0001"
    assert set(view.permissions) == {
        action.value for action, roles in ALLOWED.items() if StaffRole.CREW in roles
    }


async def test_customers_and_first_passwords_see_no_colleagues() -> None:
    staff = await add_staff("E0001")
    beginner = msgspec.structs.replace(actor(staff, "E0001"), must_change_password=True)
    for nobody in (CustomerActor(openid="o1"), beginner):
        with pytest.raises(NotAllowed):
            await staff_list(nobody)
        with pytest.raises(NotAllowed):
            await grids(nobody)


# --- authority ------------------------------------------------------------------------------------


def test_every_action_stands_in_the_table() -> None:
    assert set(ALLOWED) == set(Action)


def test_a_role_reaches_its_grid_or_station_and_no_other() -> None:
    grid, station, other = new_id(), new_id(), new_id()
    manager = actor(new_id(), "E1", grid_roles=((GridRole.MANAGER, grid, station),))
    assert may(manager, Action.DO_WORK, grid_id=grid, station_id=station)
    assert not may(manager, Action.DO_WORK, grid_id=other, station_id=station)
    head = actor(new_id(), "E2", roles=((StaffRole.STATION_HEAD, station),))
    assert may(head, Action.ASSIGN_WORK, grid_id=other, station_id=station)
    assert not may(head, Action.ASSIGN_WORK, grid_id=grid, station_id=other)
    county = actor(new_id(), "E3", roles=((StaffRole.DISPATCHER, None),))
    assert may(county, Action.ASSIGN_WORK, grid_id=other, station_id=other)
    assert not may(county, Action.DECIDE_STAFF)


@pytest.mark.parametrize("action", sorted(SECOND_FACTOR_ACTIONS))
def test_rights_over_roles_and_settings_need_the_second_factor(action: Action) -> None:
    posts = tuple((role, None) for role in StaffRole)
    assert may(actor(new_id(), "E1", roles=posts, second_factor=True), action)
    assert not may(actor(new_id(), "E1", roles=posts, second_factor=False), action)


def test_what_is_not_yours_does_not_exist_and_what_is_yours_may_be_forbidden() -> None:
    grid, station = new_id(), new_id()
    assistant = actor(new_id(), "E1", grid_roles=((GridRole.ASSISTANT, grid, station),))
    require_visible(assistant, Action.READ_CUSTOMERS, grid_id=grid, station_id=station)
    with pytest.raises(NotAllowed):
        require(assistant, Action.READ_PHONES, grid_id=grid, station_id=station)
    assert visible(CustomerActor(openid="o"), Action.READ_CUSTOMERS) == (False, [], [])

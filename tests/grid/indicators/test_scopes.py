"""Who reads which figures, and what of their records is hidden."""

from uuid import UUID

import pytest

from grid.indicators.comparing import comparison
from grid.indicators.reading import catalogue, trend, value, values
from grid.indicators.records import records
from grid.indicators.scopes import widest_scope
from grid.indicators.types import Asked, By, Theme
from grid.kit.database import execute, fetch_value, insert
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.territory.types import Audience, StaffActor, StaffRole
from grid.work_orders.tables import TicketAccused
from tests.grid.indicators.world import EDGES, make_world
from tests.support.counting import counted
from tests.support.staff import actor_of, make_dispatcher, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")


async def code_of(table: str, key: UUID) -> str:
    return str(await fetch_value(f"SELECT code FROM {table} WHERE id = $1", key))


async def head_of(station_id: UUID) -> StaffActor:
    staff_id = await make_staff(station_id, skilled=False, roles=(StaffRole.STATION_HEAD,))
    return await actor_of(staff_id, audience=Audience.CONSOLE)


async def make_auditor() -> StaffActor:
    staff_id = await make_staff(None, skilled=False, roles=(StaffRole.AUDITOR,), everywhere=True)
    return await actor_of(staff_id, audience=Audience.CONSOLE)


def asked(scope: str) -> Asked:
    return Asked(period="2024-Q1", scope=scope)


async def test_everybody_reads_what_their_post_reaches() -> None:
    world = await make_world(1, tickets=20)
    here, there = world.grids[0], world.grids[1]
    station = f"station:{await code_of('supply_station', here.station_id)}"
    foreign = f"station:{await code_of('supply_station', there.station_id)}"
    grid, other_grid = f"grid:{here.code}", f"grid:{there.code}"
    sister = f"grid:{world.grids[2].code}"
    manager, head = await actor_of(here.manager), await head_of(here.station_id)
    county = await make_dispatcher()
    for actor, seen, unseen in (
        (manager, [grid], ["county", station, other_grid, sister]),
        (head, [station, grid, sister], ["county", foreign, other_grid]),
        (county, ["county", station, foreign, grid], ["grid:nowhere", "staff:nobody"]),
    ):
        for scope in seen:
            assert (await value(actor, "arrive_met", asked(scope))).scope == scope
            await trend(actor, "arrive_met", asked(scope), 2)
            await comparison(actor, "arrive_met", asked(scope), By.KIND)
            await records(actor, "arrive_met", asked(scope))
        for scope in unseen:
            with pytest.raises(NotFound):
                await value(actor, "arrive_met", asked(scope))
            with pytest.raises(NotFound):
                await records(actor, "arrive_met", asked(scope))
            with pytest.raises(NotFound):
                await comparison(actor, "arrive_met", asked(scope), By.GRID)
            with pytest.raises(NotFound):
                await trend(actor, "arrive_met", asked(scope), 2)
    assert await widest_scope(county) == "county"
    assert await widest_scope(head) == station
    assert await widest_scope(manager) == grid


async def test_a_person_is_read_by_their_station_and_by_themselves() -> None:
    world = await make_world(2, tickets=20)
    grid = world.grids[0]
    scope = f"staff:{world.numbers[grid.manager]}"
    reads = "SELECT count(*) FROM audit_entry WHERE action = 'indicator.read' AND subject = $1"
    before = await fetch_value(reads, scope)
    readers = (
        await actor_of(grid.manager),
        await head_of(grid.station_id),
        await make_dispatcher(),
    )
    for actor in readers:
        await value(actor, "disputed_arrivals", asked(scope))
    assert await fetch_value(reads, scope) == before + len(readers)
    for actor in (await actor_of(grid.supervisor), await head_of(world.grids[1].station_id)):
        with pytest.raises(NotFound):
            await value(actor, "disputed_arrivals", asked(scope))


async def test_who_reads_no_indicators_reads_none_but_their_own() -> None:
    world = await make_world(3, tickets=4)
    crew = await actor_of(world.staff[-1])
    with pytest.raises(NotAllowed):
        await catalogue(crew)
    with pytest.raises(NotAllowed):
        await value(crew, "arrive_met", asked("county"))
    with pytest.raises(NotAllowed):
        await widest_scope(crew)
    own = f"staff:{crew.employee_no}"
    assert (await value(crew, "disputed_arrivals", asked(own))).scope == own


@pytest.mark.parametrize("scope", ["", "village:X", "station:", f"grid:{'x' * 21}", "county:1"])
async def test_what_names_no_scope_is_refused(scope: str) -> None:
    with pytest.raises(Invalid, match="范围"):
        await value(await make_dispatcher(), "arrive_met", asked(scope))


async def test_a_sealed_tip_off_belongs_to_no_station_and_is_shown_to_the_auditor_only() -> None:
    world = await make_world(4)
    sealed = {row["id"] for row in world.of("ticket") if row["sealed"]}
    auditor, county = await make_auditor(), await make_dispatcher()
    seen = (await records(auditor, "answer_met", asked("county"), limit=200)).items
    assert {one.ticket_id for one in seen} & sealed
    assert not any(one.hidden for one in seen)
    masked = (await records(county, "answer_met", asked("county"), limit=200)).items
    assert len(masked) == len(seen)
    assert any(one.hidden for one in masked)
    assert all(one.number is None and one.at is None for one in masked if one.hidden)
    for grid in world.grids:
        head = await head_of(grid.station_id)
        station = f"station:{await code_of('supply_station', grid.station_id)}"
        for name in ("answer_met", "arrive_met", "reopened_soon", "pause_minutes_asked"):
            own = (await records(head, name, asked(station), limit=200)).items
            assert not {one.ticket_id for one in own} & sealed
            assert not any(one.hidden for one in own)


async def test_W5_a_complaint_is_hidden_from_whom_it_is_about() -> None:
    world = await make_world(5)
    grid = world.grids[0]
    accused, other = await head_of(grid.station_id), await head_of(grid.station_id)
    station = f"station:{await code_of('supply_station', grid.station_id)}"
    before = (await records(accused, "complaints", asked(station), limit=200)).items
    assert before
    ticket = before[0].ticket_id
    await insert(TicketAccused, id=new_id(), ticket=ticket, staff=accused.staff_id)
    after = (await records(accused, "complaints", asked(station), limit=200)).items
    assert len(after) == len(before)
    assert after[0].hidden
    assert ticket not in {one.ticket_id for one in after}
    assert (await records(other, "complaints", asked(station), limit=200)).items == before


async def test_looking_at_records_is_written_down() -> None:
    await make_world(6, tickets=4)
    actor = await make_dispatcher()
    count = "SELECT count(*) FROM audit_entry WHERE action = 'indicator.records'"
    before = await fetch_value(count)
    await records(actor, "arrive_met", asked("county"))
    assert await fetch_value(count) == before + 1


async def statements(actor: StaffActor) -> list[int]:
    """How many each reading takes."""
    counts = []
    for reading in (
        lambda: value(actor, "arrive_met", asked("county")),
        lambda: values(actor, Theme.CLOCKS, asked("county")),
        lambda: trend(actor, "arrive_met", asked("county"), 12),
        lambda: comparison(actor, "arrive_met", asked("county"), By.GRID),
        lambda: records(actor, "arrive_met", asked("county"), limit=200),
    ):
        async with counted() as sent:
            await reading()
        counts.append(len(sent))
    return counts


async def test_statements_do_not_grow_with_the_records() -> None:
    actor = await make_dispatcher()
    await value(actor, "arrive_met", asked("county"))
    empty = await statements(actor)
    await make_world(7, tickets=40)
    assert await statements(actor) == empty
    assert max(empty) <= 4


async def test_pages_of_records_hold_each_once() -> None:
    await make_world(8)
    actor = await make_dispatcher()
    await execute(
        "UPDATE sla_clock SET due_at = $1, stopped_at = $1 WHERE due_at IS NOT NULL", EDGES[1]
    )
    whole = (await records(actor, "arrive_met", asked("county"), limit=200)).items
    seen, cursor = [], None
    while True:
        page = await records(actor, "arrive_met", asked("county"), cursor=cursor, limit=7)
        seen += page.items
        cursor = page.next
        if cursor is None:
            break
    assert seen == whole
    assert len(whole) > 20


@pytest.mark.parametrize("cursor", ["eA", "bm90aGluZw", "WzEsMl0"])
async def test_a_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="翻页位置"):
        await records(await make_dispatcher(), "arrive_met", asked("county"), cursor=cursor)

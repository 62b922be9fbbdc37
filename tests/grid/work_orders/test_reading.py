"""Reading jobs: who sees what, phones by role, pages, and how many statements it costs."""

from uuid import UUID

import pytest

from grid.geography.types import Place
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.pages import encode_cursor
from grid.kit.refusals import Invalid, NotFound
from grid.territory.types import StaffActor, StaffRole
from grid.work_orders.intake import report_fault
from grid.work_orders.reading import mask_phone, today, view_one, work_order, work_orders
from grid.work_orders.types import WorkOrderFilter
from tests.grid.work_orders.scene import (
    Scene,
    completed,
    fault,
    job_id,
    make_scene,
    offered,
    step,
    told,
    walked,
)
from tests.support.counting import counted
from tests.support.county import make_grid, make_station
from tests.support.homes import link, make_account, make_customer
from tests.support.staff import actor_of, make_crew, make_dispatcher, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")

NEXT_GRID = Place(lat=29.93, lon=110.03)


async def several(scene: Scene, count: int) -> list[UUID]:
    """Jobs of as many homes, a hundred metres apart to the north, oldest first."""
    jobs = []
    for number in range(count):
        north = Place(lat=scene.grid.place.lat + number * 0.0009, lon=scene.grid.place.lon)
        ticket = await report_fault(make_customer(), fault(place=north, danger=True))
        jobs.append(job_id(ticket))
    return jobs


async def test_assistants_see_masked_phones_until_the_job_is_theirs() -> None:
    scene = await make_scene()
    job = await offered(scene)
    assistant = await actor_of(scene.grid.assistant)
    supervisor = await actor_of(scene.grid.supervisor)
    crew = await actor_of(await make_crew(scene.grid.station_id))
    clear, masked = "13812345678", "138****5678"
    for actor, phone in (
        (scene.manager, clear),
        (scene.dispatcher, clear),
        (crew, clear),
        (assistant, masked),
        (supervisor, masked),
    ):
        assert (await view_one(actor, job.id)).phone == phone
        (listed,) = (await work_orders(actor, WorkOrderFilter())).items
        assert listed.phone == phone
    await step(scene.manager, job, "decline", reason="x")
    await execute("UPDATE work_order SET assignee = $1", scene.grid.assistant)
    assert (await view_one(assistant, job.id)).phone == clear


@pytest.mark.parametrize(
    ("phone", "masked"),
    [(None, None), ("13812345678", "138****5678"), ("1234567", "****"), ("", "****")],
)
def test_a_masked_phone_shows_seven_digits_at_most(phone: str | None, masked: str | None) -> None:
    assert mask_phone(phone) == masked


async def test_row_scope_is_in_the_query() -> None:
    scene = await make_scene()
    mine = job_id(await told(scene))
    other = await make_grid(scene.grid.station_id, place=NEXT_GRID)
    home, customer = await make_account(other), make_customer()
    await link(customer, home)
    theirs = job_id(await report_fault(customer, fault(home)))
    county, foreign = await make_dispatcher(), await make_dispatcher(await make_station())
    crew = await actor_of(await make_crew(scene.grid.station_id))
    clerk = await actor_of(await make_staff(scene.grid.station_id, roles=(StaffRole.FINANCE,)))
    expected: list[tuple[StaffActor, set[UUID]]] = [
        (scene.manager, {mine}),
        (await actor_of(other.manager), {theirs}),
        (scene.dispatcher, {mine, theirs}),
        (crew, {mine, theirs}),
        (county, {mine, theirs}),
        (foreign, set()),
        (clerk, set()),
    ]
    for actor, jobs in expected:
        page = await work_orders(actor, WorkOrderFilter())
        assert {one.id for one in page.items} == jobs
        for job in {mine, theirs} - jobs:
            with pytest.raises(NotFound):
                await work_order(actor, job)


async def test_P1_reading_a_list_of_jobs_is_audited_without_what_was_typed() -> None:
    scene = await make_scene()
    await several(scene, 2)
    await work_orders(scene.dispatcher, WorkOrderFilter())
    await work_orders(scene.dispatcher, WorkOrderFilter(q="田文光"))
    facts = await fetch(
        "SELECT facts::text FROM audit_entry WHERE action = 'work_order.list' ORDER BY id"
    )
    assert ['"shown": 2' in row["facts"] for row in facts] == [True, False]
    assert not any("田文光" in row["facts"] for row in facts)


async def test_reading_one_job_is_audited() -> None:
    scene = await make_scene()
    job = await offered(scene)
    await work_order(scene.manager, job.id)
    entries = await fetch_value(
        "SELECT count(*) FROM audit_entry WHERE action = 'work_order.read' AND subject = $1",
        str(job.id),
    )
    assert entries == 1


async def test_pages_show_every_job_once_newest_first() -> None:
    scene = await make_scene()
    jobs = await several(scene, 7)
    seen: list[UUID] = []
    cursor: str | None = None
    for _ in range(4):
        page = await work_orders(scene.dispatcher, WorkOrderFilter(limit=2, cursor=cursor))
        seen += [one.id for one in page.items]
        cursor = page.next
    assert cursor is None
    assert seen == jobs[::-1]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "电",
        encode_cursor("2026-11-22T00:00:00", str(UUID(int=1))),
        encode_cursor("0001-01-01T00:00:00+14:00", str(UUID(int=1))),
        encode_cursor("2026-11-22T00:00:00Z", "no id"),
        encode_cursor(1, 2),
    ],
)
async def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    scene = await make_scene()
    with pytest.raises(Invalid) as refused:
        await work_orders(scene.dispatcher, WorkOrderFilter(cursor=cursor))
    assert refused.value.field == "cursor"


async def test_near_sorts_by_distance() -> None:
    scene = await make_scene()
    jobs = await several(scene, 4)
    north = Place(lat=scene.grid.place.lat + 0.003, lon=scene.grid.place.lon)
    page = await work_orders(scene.dispatcher, WorkOrderFilter(near=north))
    assert [one.id for one in page.items] == jobs[::-1]
    far_m = [one.distance_m for one in page.items]
    assert far_m == sorted(far_m, key=lambda far: far or 0.0)
    assert far_m[0] == pytest.approx(33, abs=2)
    assert page.next is None


async def test_filters_say_what_they_say() -> None:
    scene = await make_scene()
    done = await completed(scene)
    waiting = job_id(await told(scene))

    async def ids(**wanted: object) -> list[UUID]:
        page = await work_orders(scene.dispatcher, WorkOrderFilter(**wanted))  # type: ignore[arg-type]
        return [one.id for one in page.items]

    assert await ids() == [waiting, done.id]
    assert await ids(status="open") == [waiting]
    assert await ids(status="completed") == [done.id]
    assert await ids(kind="fault_repair") == [waiting, done.id]
    assert await ids(grid=scene.grid.code) == [waiting, done.id]
    assert await ids(grid="ANOTHER") == []
    assert await ids(q=done.number) == [done.id]
    assert await ids(q=scene.home.name) == [waiting, done.id]
    for wild in ("%", "_", "\\", "'; DROP TABLE work_order; --"):
        assert await ids(q=wild) == []
    mine = await work_orders(scene.manager, WorkOrderFilter(mine=True))
    assert [one.id for one in mine.items] == [done.id]


async def test_today_shows_my_open_jobs_danger_first_then_by_limit() -> None:
    scene = await make_scene()
    plain = await offered(scene)
    danger = await offered(scene, danger=True)
    assert [one.id for one in await today(scene.manager)] == [danger.id, plain.id]
    await walked(scene, danger, "complete")
    assert [one.id for one in await today(scene.manager)] == [plain.id]
    assert await today(await actor_of(scene.grid.assistant)) == []


async def test_allowed_are_the_steps_that_would_be_taken() -> None:
    scene = await make_scene()
    job = await offered(scene)
    assert set(job.allowed) == {"accept", "decline", "comment"}
    for_dispatcher = await view_one(scene.dispatcher, job.id)
    assert set(for_dispatcher.allowed) == {"cancel", "reassign", "supervise", "comment"}
    waiting = await view_one(scene.dispatcher, job_id(await told(scene, danger=True)))
    assert set(waiting.allowed) == {"assign", "schedule", "cancel", "supervise", "comment"}
    done = await walked(scene, job, "complete")
    assert set((await view_one(scene.dispatcher, done.id)).allowed) == {
        "close",
        "reopen",
        "supervise",
        "comment",
    }


async def test_the_history_is_whole_however_long() -> None:
    scene = await make_scene()
    job = await offered(scene)
    for number in range(30):
        job = await step(scene.manager, job, "comment", reason=f"第 {number} 次")
    history = (await work_order(scene.manager, job.id)).history
    assert [one.reason for one in history[2:]] == [f"第 {number} 次" for number in range(30)]


async def test_a_list_of_fifty_jobs_is_one_statement_and_its_audit() -> None:
    scene = await make_scene()
    await several(scene, 51)
    for actor in (scene.dispatcher, scene.manager):
        await work_orders(actor, WorkOrderFilter())
        async with counted() as statements:
            page = await work_orders(actor, WorkOrderFilter())
        assert len(page.items) == 50
        assert len(_but_the_clock(statements)) == 2, "jobs, audit"


async def test_P1_today_is_one_statement_and_its_audit() -> None:
    scene = await make_scene()
    await offered(scene)
    async with counted() as statements:
        assert await today(scene.manager)
    assert len(_but_the_clock(statements)) == 2
    shown = await fetch_value(
        "SELECT facts->>'shown' FROM audit_entry WHERE action = 'work_order.today'"
        " ORDER BY id DESC LIMIT 1"
    )
    assert int(shown) >= 1


async def test_one_job_with_its_history_is_three_statements() -> None:
    scene = await make_scene()
    job = await offered(scene)
    async with counted() as statements:
        await work_order(scene.manager, job.id)
    assert len(_but_the_clock(statements)) == 3, "job, history, audit"


async def test_a_step_costs_few_statements() -> None:
    """Lock; the job with its history and assignment; one event; view: four. What moves clocks reads
    and writes them; accepting and arriving move the ticket (lock, row, history, event) and say a
    second event; arriving reads the settings and what is known, starting how long one may be alone.
    """
    scene = await make_scene()
    job = await offered(scene)
    counts = {}
    for verb, fields in (
        ("accept", {}),
        ("depart", {}),
        ("arrive", {"reason": "无定位"}),
        ("start", {}),
    ):
        async with counted() as statements:
            job = await step(scene.manager, job, verb, **fields)
        counts[verb] = len(_but_the_clock(statements))
    most = {"accept": 12, "depart": 4, "arrive": 14, "start": 5}
    assert {verb for verb, count in counts.items() if count > most[verb]} == set(), counts


async def test_taking_a_fault_costs_few_statements() -> None:
    """Two locks, account, same fault, budget's setting and count; for ticket and job each: tags,
    limits, clocks, number, row, history, event; view."""
    scene = await make_scene()
    async with counted() as statements:
        await told(scene)
    assert len(_but_the_clock(statements)) <= 21


def _but_the_clock(statements: list[str]) -> list[str]:
    """Without the clock's own row, which is read only where business time may be pushed."""
    return [sql for sql in statements if "business_clock" not in sql]

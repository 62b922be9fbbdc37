"""W3: what nobody answers goes up one level at a time, and never to the offender alone."""

import random
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest

from grid.kit.clock import advance, business_now
from grid.kit.database import execute
from grid.kit.refusals import NotFound, StaleVersion
from grid.supervision.reactions import ask_about_breach
from grid.supervision.reading import counts, supervision_orders
from grid.supervision.rules import (
    LEVELS,
    NotAskedYet,
    NotForTheOffender,
    SupervisionStepNotPossible,
    asked_from,
)
from grid.supervision.schedule import climb_unanswered
from grid.supervision.service import take_supervision_step
from grid.supervision.types import (
    DoSupervision,
    Level,
    SupervisionEvent,
    SupervisionFilter,
)
from grid.territory.types import GridRole, StaffRole
from tests.grid.supervision.scene import (
    another_job,
    breach_of,
    history_of,
    make_levels,
    orders,
    the_order,
)
from tests.grid.work_orders.scene import make_scene, offered
from tests.support.counting import counted
from tests.support.county import appoint
from tests.support.staff import make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")

ANSWER, CLOSE, REJECT = SupervisionEvent.ANSWER, SupervisionEvent.CLOSE, SupervisionEvent.REJECT
SAID = DoSupervision(words="已安排抢修班前往")


async def test_W3_it_climbs_grid_station_county_and_stays_there_counted() -> None:
    levels = await make_levels()
    await ask_about_breach(await breach_of(levels.job.id))
    seen = [(await the_order())["level"]]
    for minutes in (121, 241, 1441):
        await climb_unanswered()
        assert (await the_order())["level"] == seen[-1]
        await advance(minutes * 60)
        await climb_unanswered()
        seen.append((await the_order())["level"])
    assert seen == ["grid", "station", "county", "county"]
    order = await the_order()
    assert order["state"] == "open"
    assert order["county_missed_at"] is not None
    await advance(86400)
    await climb_unanswered()
    lines = await history_of(order["id"])
    assert [line["event"] for line in lines] == ["open", "escalate", "escalate", "overdue"]
    assert [line["version"] for line in lines] == [0, 1, 2, 3]
    found = await counts(levels.county)
    assert (found.county, found.county_missed, found.late) == (1, 1, 1)


async def test_an_answer_stops_the_climb_and_a_rejected_one_starts_the_level_anew() -> None:
    levels = await make_levels()
    await ask_about_breach(await breach_of(levels.job.id))
    order = await the_order()
    await take_supervision_step(levels.supervisor, order["id"], ANSWER, SAID)
    await advance(7 * 86400)
    await climb_unanswered()
    assert (await the_order())["level"] == "grid"
    view = await take_supervision_step(
        levels.head, order["id"], REJECT, DoSupervision(words="没有说明原因")
    )
    assert view.state.value == "open"
    assert view.answer_due_at - await business_now() > timedelta(minutes=119)
    await advance(121 * 60)
    await climb_unanswered()
    assert (await the_order())["level"] == "station"


async def test_it_closes_only_with_an_answer() -> None:
    levels = await make_levels()
    await ask_about_breach(await breach_of(levels.job.id))
    order = (await the_order())["id"]
    with pytest.raises(SupervisionStepNotPossible):
        await take_supervision_step(levels.head, order, CLOSE, SAID)
    await take_supervision_step(levels.supervisor, order, ANSWER, SAID)
    with pytest.raises(StaleVersion):
        await take_supervision_step(levels.head, order, CLOSE, DoSupervision(words="好", version=0))
    view = await take_supervision_step(levels.head, order, CLOSE, DoSupervision(words="同意"))
    assert (view.state.value, view.answer) == ("closed", SAID.words)
    with pytest.raises(SupervisionStepNotPossible):
        await take_supervision_step(levels.head, order, ANSWER, SAID)


async def test_W3_the_offender_sees_the_order_but_never_answers_or_closes_it() -> None:
    levels = await make_levels()
    await execute(
        "UPDATE assignment SET staff = $2 WHERE work_order = $1",
        levels.job.id,
        levels.head.staff_id,
    )
    await execute(
        "UPDATE work_order SET assignee = $2 WHERE id = $1", levels.job.id, levels.head.staff_id
    )
    await ask_about_breach(await breach_of(levels.job.id))
    order = (await the_order())["id"]
    with pytest.raises(NotForTheOffender):
        await take_supervision_step(levels.head, order, ANSWER, SAID)
    await take_supervision_step(levels.supervisor, order, ANSWER, SAID)
    for event in (CLOSE, REJECT):
        with pytest.raises(NotForTheOffender):
            await take_supervision_step(levels.head, order, event, SAID)
    note = await take_supervision_step(levels.head, order, SupervisionEvent.COMMENT, SAID)
    assert note.allowed == [SupervisionEvent.COMMENT]


async def test_a_level_that_was_passed_may_not_answer_any_more() -> None:
    levels = await make_levels()
    await ask_about_breach(await breach_of(levels.job.id))
    await advance(121 * 60)
    await climb_unanswered()
    order = (await the_order())["id"]
    with pytest.raises(NotAskedYet):
        await take_supervision_step(levels.supervisor, order, ANSWER, SAID)
    await take_supervision_step(levels.county, order, ANSWER, SAID)
    stranger = await make_levels()
    with pytest.raises(NotFound):
        await take_supervision_step(stranger.head, order, CLOSE, SAID)


@pytest.mark.parametrize("seed", range(12))
async def test_W3_whoever_holds_which_posts_the_offender_is_never_alone(seed: int) -> None:
    """Random layouts: posts overlap, levels are empty, the offender may hold any of them."""
    dice = random.Random(seed)
    scene = await make_scene()
    job = await offered(scene)
    station = scene.grid.station_id
    pool = [scene.grid.manager, scene.grid.assistant, scene.grid.supervisor]
    for _ in range(dice.randrange(3)):
        role = dice.choice([StaffRole.STATION_HEAD, StaffRole.DISPATCHER])
        pool.append(await make_staff(station, roles=(role,)))
    for _ in range(dice.randrange(2)):
        role = dice.choice([StaffRole.DISPATCHER, StaffRole.AUDITOR, StaffRole.BACK_OFFICE])
        pool.append(await make_staff(roles=(role,), everywhere=True))
    await execute(
        "UPDATE staff_role_grant SET until_day = '2020-01-02' WHERE staff = $1",
        dice.choice([scene.dispatcher.staff_id, scene.grid.assistant]),
    )
    offender = dice.choice(pool)
    if dice.random() < 0.4 and offender not in pool[:3]:
        await appoint(scene.grid.id, offender, GridRole.SUPERVISOR)
    await execute("UPDATE assignment SET staff = $2 WHERE work_order = $1", job.id, offender)
    await execute("UPDATE work_order SET assignee = $2 WHERE id = $1", job.id, offender)
    await ask_about_breach(await breach_of(job.id))
    for _ in range(4):
        await advance(1441 * 60)
        await climb_unanswered()
    lines = await history_of((await the_order())["id"])
    ranks = [LEVELS.index(Level(line["to_level"])) for line in lines]
    assert ranks[0] == 0
    assert all(later - former in (0, 1) for former, later in pairwise(ranks))
    assert ranks[-1] == 2
    for line, rank in zip(lines, ranks, strict=True):
        asked = [UUID(one) for one in msgspec.json.decode(line["facts"]).get("asked", [])]
        assert offender not in asked
        assert asked or rank == 2 or line is not lines[-1]


def test_a_level_without_anybody_else_is_passed_and_the_county_is_the_end() -> None:
    somebody = {UUID(int=1)}
    assert asked_from(Level.GRID, {Level.GRID: somebody}) == (Level.GRID,)
    assert asked_from(Level.GRID, {Level.COUNTY: somebody}) == LEVELS
    assert asked_from(Level.GRID, {}) == LEVELS
    assert asked_from(Level.STATION, {Level.GRID: somebody}) == LEVELS[1:]


async def test_an_answer_costs_the_same_however_many_are_asked() -> None:
    statements = set()
    for people in (0, 12):
        levels = await make_levels()
        for _ in range(people):
            await make_staff(levels.scene.grid.station_id, roles=(StaffRole.DISPATCHER,))
        async with counted() as opening:
            await ask_about_breach(await breach_of(levels.job.id))
        rows = await orders()
        async with counted() as answering:
            await take_supervision_step(levels.supervisor, rows[-1]["id"], ANSWER, SAID)
        statements.add((len(opening), len(answering)))
    assert len(statements) == 1
    assert next(iter(statements))[1] <= 10


async def test_lists_show_what_waits_for_me_in_a_constant_number_of_statements() -> None:
    statements = set()
    levels = await make_levels()
    for _ in range(3):
        await ask_about_breach(await breach_of(await another_job(levels.scene)))
        async with counted() as sent:
            page = await supervision_orders(levels.supervisor, SupervisionFilter(mine=True))
        statements.add(len(sent))
    assert len(page.items) == 3
    assert statements == {2}
    assert (await supervision_orders(levels.head, SupervisionFilter(mine=True))).items == []
    assert len((await supervision_orders(levels.head, SupervisionFilter())).items) == 3
    assert (
        await supervision_orders(levels.scene.manager, SupervisionFilter(mine=True))
    ).items == []
    first = await supervision_orders(levels.county, SupervisionFilter(limit=2))
    rest = await supervision_orders(levels.county, SupervisionFilter(limit=2, cursor=first.next))
    assert len({one.id for one in (*first.items, *rest.items)}) == 3
    assert rest.next is None

"""Who may take which step, and what a refused step leaves behind: nothing."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from grid.dispatch.service import assign_by_hand, offer
from grid.geography.types import Place
from grid.kit.clock import business_now
from grid.kit.database import connection_of_transaction, fetch_value
from grid.kit.idempotency import IdempotencyKeyReused, once
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal, StaleVersion
from grid.territory.types import CustomerActor
from grid.work_orders.reading import view_one
from grid.work_orders.rules import ArrivalNotProved, WorkOrderStepNotPossible
from grid.work_orders.steps import take_step
from grid.work_orders.types import AssignByHand, DoVerb, WorkOrderView
from grid.work_orders.words import WorkOrderEvent
from tests.grid.work_orders.scene import (
    assignments_of,
    at,
    fault,
    history_of,
    job_id,
    make_scene,
    offered,
    report_fault,
    row_of,
    step,
    traces,
    walked,
)
from tests.support.county import make_grid
from tests.support.homes import make_customer
from tests.support.staff import actor_of, disable, give_shift, make_dispatcher

pytestmark = pytest.mark.usefixtures("rolled_back")

NEXT_GRID = Place(lat=29.93, lon=110.03)
#: 200 metres to the north in degrees of latitude, and a little less and more.
DEGREE_M = 110_870


async def test_W2_an_arrival_is_graded_by_position_and_accuracy() -> None:
    scene = await make_scene()
    for metres, accuracy_m, grade in ((150, 20, "weak"), (900, 800, "weak")):
        job = await walked(scene, await offered(scene, danger=True), "depart")
        there = Place(lat=scene.home.place.lat + metres / DEGREE_M, lon=scene.home.place.lon)
        job = await step(scene.manager, job, "arrive", position=at(there, accuracy_m))
        assert (job.state, job.arrival_grade) == ("on_site", grade)
        last = (await history_of(job.id))[-1]
        assert last["grade"] == grade
        assert last["distance_m"] == pytest.approx(metres, abs=2)
        assert (last["lat"], last["accuracy_m"]) == (there.lat, accuracy_m)
        assert {c.target.value: c.state.value for c in job.clocks}["arrive"] == "met"


async def test_W2_an_arrival_elsewhere_is_refused_and_a_reason_makes_it_disputed() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "depart")
    far = Place(lat=scene.home.place.lat + 1000 / DEGREE_M, lon=scene.home.place.lon)
    before = await traces()
    with pytest.raises(ArrivalNotProved) as refused:
        await step(scene.manager, job, "arrive", position=at(far))
    assert refused.value.facts["radius_m"] == 200
    assert refused.value.facts["distance_m"] == pytest.approx(1000, abs=5)
    for position in (None, at(scene.home.place, mock=True), at(scene.home.place, 5000)):
        with pytest.raises(ArrivalNotProved):
            await step(scene.manager, job, "arrive", position=position)
    assert await traces() == before
    job = await step(scene.manager, job, "arrive", position=at(far), reason="山里定位漂移")
    assert (job.state, job.arrival_grade) == ("on_site", "disputed")
    assert {c.target.value: c.state.value for c in job.clocks}["arrive"] == "running"


async def test_a_stale_version_is_refused_with_the_present_one() -> None:
    scene = await make_scene()
    job = await offered(scene)
    accepted = await step(scene.manager, job, "accept")
    before = await traces()
    with pytest.raises(StaleVersion) as refused:
        await step(scene.manager, job, "depart")
    facts = refused.value.facts
    assert (facts["version"], facts["event"]) == (accepted.version, "accept")
    assert facts["by"] == scene.manager.name
    assert refused.value.detail.startswith(f"{scene.manager.name}已在 ")
    assert await traces() == before


async def test_a_step_that_the_state_does_not_allow_is_refused() -> None:
    scene = await make_scene()
    job = await offered(scene)
    before = await traces()
    for verb in ("depart", "arrive", "start", "restore", "complete", "hold", "cannot-complete"):
        with pytest.raises(WorkOrderStepNotPossible):
            await step(scene.manager, job, verb, reason="x", resolution="x")
    for verb in ("close", "reopen"):
        with pytest.raises(WorkOrderStepNotPossible):
            await step(scene.dispatcher, job, verb, reason="x")
    assert await traces() == before


@pytest.mark.parametrize("event", ["assign", "reassign", "intake", "silence", "release"])
async def test_what_is_no_step_is_refused_as_one(event: str) -> None:
    scene = await make_scene()
    job = await offered(scene)
    with pytest.raises(WorkOrderStepNotPossible):
        await step(scene.dispatcher, job, event, reason="x", staff_id=scene.grid.assistant)


async def test_only_who_has_the_job_works_on_it() -> None:
    scene = await make_scene()
    job = await offered(scene)
    assistant = await actor_of(scene.grid.assistant)
    for actor in (assistant, scene.dispatcher):
        with pytest.raises(NotAllowed):
            await step(actor, job, "accept")
    with pytest.raises(NotAllowed):
        await step(scene.manager, job, "cancel", reason="x")
    with pytest.raises(NotAllowed):
        await step(assistant, job, "supervise", reason="x")


async def test_what_is_not_yours_does_not_exist() -> None:
    scene = await make_scene()
    neighbour = await actor_of((await make_grid(place=NEXT_GRID)).manager)
    job = await offered(scene)
    customer: CustomerActor = make_customer()
    before = await traces()
    for actor in (neighbour, customer):
        for verb in (WorkOrderEvent.ACCEPT, WorkOrderEvent.COMMENT, WorkOrderEvent.CANCEL):
            with pytest.raises(NotFound):
                await take_step(actor, job.id, verb, DoVerb(version=job.version, reason="x"))
    with pytest.raises(NotFound):
        await take_step(scene.manager, new_id(), WorkOrderEvent.ACCEPT, DoVerb(version=0))
    assert await traces() == before


async def test_a_job_of_nowhere_is_no_business_of_any_grid() -> None:
    scene = await make_scene()
    ticket = await report_fault(make_customer(), fault(address="不知道哪里"))
    job, before = job_id(ticket), await traces()
    for actor in (scene.manager, scene.dispatcher):
        for verb in (WorkOrderEvent.COMMENT, WorkOrderEvent.CANCEL, WorkOrderEvent.SUPERVISE):
            with pytest.raises(NotFound):
                await take_step(actor, job, verb, DoVerb(version=0, reason="x"))
        with pytest.raises(NotFound):
            await assign_by_hand(actor, job, AssignByHand(staff_id=scene.grid.manager))
    assert await traces() == before
    county = await make_dispatcher()
    given = await assign_by_hand(county, job, AssignByHand(staff_id=scene.grid.manager))
    assert given.state == "assigned"
    mine = await view_one(scene.manager, job)
    assert await step(scene.manager, mine, "comment", reason="先打电话问位置")


async def test_a_neighbour_with_the_job_may_do_it_all() -> None:
    scene = await make_scene()
    grid = await make_grid(scene.grid.station_id, place=NEXT_GRID)
    neighbour = await actor_of(grid.manager)
    ticket = await report_fault(scene.customer, fault(scene.home))
    choice = AssignByHand(staff_id=grid.manager)
    await assign_by_hand(scene.dispatcher, job_id(ticket), choice)
    job = await view_one(neighbour, job_id(ticket))
    assert "comment" in job.allowed
    job = await step(neighbour, job, "comment", reason="二十分钟到")
    for verb in ("accept", "depart"):
        job = await step(neighbour, job, verb)
    assert job.phone == "13812345678", "who has the job may call"


async def test_a_first_password_does_no_work() -> None:
    scene = await make_scene()
    job = await offered(scene)
    fresh = type(scene.manager)(
        **{name: getattr(scene.manager, name) for name in scene.manager.__struct_fields__}
        | {"must_change_password": True}
    )
    with pytest.raises(NotAllowed):
        await step(fresh, job, "accept")


@pytest.mark.parametrize(
    ("verb", "field"),
    [("decline", "reason"), ("cancel", "reason"), ("supervise", "reason"), ("comment", "reason")],
)
async def test_a_missing_field_is_named(verb: str, field: str) -> None:
    scene = await make_scene()
    job = await offered(scene)
    actor = scene.manager if verb in ("decline", "comment") else scene.dispatcher
    with pytest.raises(Invalid) as refused:
        await step(actor, job, verb)
    assert refused.value.field == field


async def test_the_body_of_a_step_puts_nobody_else_into_the_history() -> None:
    scene = await make_scene()
    job = await offered(scene)
    for staff_id in (scene.grid.supervisor, new_id()):
        job = await step(scene.manager, job, "comment", reason="x", staff_id=staff_id)
    assert {row["staff"] for row in (await history_of(job.id))[1:]} == {scene.manager.staff_id}


async def test_L5_the_same_key_takes_the_step_once() -> None:
    scene = await make_scene()
    job = await offered(scene)

    async def accept(version: int) -> WorkOrderView:
        command = DoVerb(version=version)
        return await once(
            scene.manager.subject,
            "key-1",
            f"accept:{job.id}",
            command,
            lambda: take_step(scene.manager, job.id, WorkOrderEvent.ACCEPT, command),
            WorkOrderView,
        )

    first = await accept(job.version)
    before = await traces()
    assert await accept(job.version) == first
    with pytest.raises(IdempotencyKeyReused):
        await accept(job.version + 1)
    assert await traces() == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE work_order_transition SET actor = 'staff:E0000'",
        "DELETE FROM work_order_transition",
        "TRUNCATE work_order_transition CASCADE",
    ],
)
async def test_W1_the_history_is_append_only_for_the_running_program(change: str) -> None:
    scene = await make_scene()
    await offered(scene)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with connection_of_transaction().transaction():
            await connection_of_transaction().execute(change)


async def test_a_planned_job_waits_for_its_start() -> None:
    scene = await make_scene()
    ticket = await report_fault(scene.customer, fault(scene.home))
    job = await view_one(scene.dispatcher, job_id(ticket))
    starts_at = await business_now() + timedelta(days=1)
    job = await step(scene.dispatcher, job, "schedule", starts_at=starts_at)
    assert job.state == "scheduled"
    assert not await offer(job.id)
    assert (await row_of(job.id))["state"] == "scheduled"


async def test_every_refusal_of_a_step_is_one_of_ours() -> None:
    """Odd bodies against every verb: named refusals, no other error."""
    scene = await make_scene()
    job = await offered(scene)
    odd: list[dict[str, object]] = [
        {"position": at(Place(lat=-90, lon=180), 100_000)},
        {"occurred_at": "0001-01-01T00:00:00+14:00"},
        {"occurred_at": "9999-12-31T23:59:59-14:00"},
        {"starts_at": "9999-12-31T23:59:59-14:00", "reason": "x"},
        {"staff_id": UUID(int=0), "reason": "x", "resolution": "x"},
    ]
    for verb in WorkOrderEvent:
        for fields in odd:
            with suppress(Refusal):
                job = await step(scene.manager, job, verb.value, **fields)
    versions = [row["version"] for row in await history_of(job.id)]
    assert versions == list(range(len(versions)))
    assert await fetch_value("SELECT version FROM work_order WHERE id = $1", job.id) == job.version


async def test_shifts_do_not_matter_once_somebody_has_the_job() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "accept")
    await give_shift(scene.grid.assistant)
    assert (await step(scene.manager, job, "depart")).state == "en_route"


async def test_W1_the_office_may_give_up_the_work_of_somebody_who_left() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "start")
    await disable(scene.manager.staff_id)
    seen = await view_one(scene.dispatcher, job.id)
    assert "cannot-complete" in seen.allowed
    with pytest.raises(NotAllowed):
        await step(await actor_of(scene.grid.supervisor), seen, "cannot-complete", reason="x")
    ended = await step(scene.dispatcher, seen, "cannot-complete", reason="师傅受伤")
    assert ended.state == "cannot_complete"
    (assignment,) = await assignments_of(job.id)
    assert (assignment["state"], assignment["reason"]) == ("finished", "师傅受伤")

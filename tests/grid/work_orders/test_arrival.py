"""Arrivals on the database: what the server knows, further proofs, arrivals that look alike (W2)."""

from datetime import UTC, datetime, timedelta

import pytest

from grid.dispatch.service import assign_by_hand
from grid.geography.types import Place, PlaceClass
from grid.kit.clock import advance, business_now
from grid.kit.database import execute, fetch
from grid.kit.refusals import Invalid, NotAllowed, NotFound, StaleVersion, TooMany
from grid.territory.types import StaffActor, SystemActor
from grid.work_orders.events import WorkOrderArrived
from grid.work_orders.on_site.arrival import head_end_saw, prove_arrival
from grid.work_orders.on_site.arrival_flags import arrival_flags, flag_arrival
from grid.work_orders.reactions import compare_arrival
from grid.work_orders.reading import view_one
from grid.work_orders.rules import ArrivalNotProved, WorkOrderStepNotPossible
from grid.work_orders.types import AssignByHand, ProveArrival, WorkOrderView
from tests.grid.work_orders.jobs import given, opened, signed_in, stands_at
from tests.grid.work_orders.scene import (
    Scene,
    at,
    history_of,
    make_scene,
    offered,
    row_of,
    step,
    traces,
    walked,
)
from tests.support.county import make_grid, make_station
from tests.support.staff import actor_of, make_crew

pytestmark = pytest.mark.usefixtures("rolled_back")

DEGREE_M = 110_870


async def on_the_way(scene: Scene) -> WorkOrderView:
    return await walked(scene, await offered(scene, danger=True), "depart")


async def code_of(job: WorkOrderView) -> str:
    """What the customer was shown."""
    code = (await row_of(job.id))["customer_code"]
    assert isinstance(code, str)
    return code


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10_000:04d}"


async def test_W2_a_position_alone_is_weak_however_good() -> None:
    scene = await make_scene()
    job = await on_the_way(scene)
    await stands_at(scene.manager, scene.home.place, 5, 3, 1)
    job = await step(scene.manager, job, "arrive", position=at(scene.home.place))
    assert (job.arrival_grade, job.arrival_proof) == ("weak", None)


@pytest.mark.parametrize("proof", ["customer_code", "meter_code"])
async def test_W2_strong_needs_dwell_and_a_proof_beside_the_phone(proof: str) -> None:
    scene = await make_scene()
    for dwelt, grade in ((False, "weak"), (True, "strong")):
        job = await on_the_way(scene)
        if dwelt:
            await stands_at(scene.manager, scene.home.place, 4, 2)
        fields = {
            "customer_code": {"customer_code": await code_of(job)},
            "meter_code": {"seal_code": scene.home.meter_no},
        }[proof]
        job = await step(scene.manager, job, "arrive", position=at(scene.home.place), **fields)
        assert (job.arrival_grade, job.arrival_proof) == (grade, proof)


async def test_W2_no_proof_makes_a_mocked_or_far_position_good() -> None:
    scene = await make_scene()
    job = await on_the_way(scene)
    await stands_at(scene.manager, scene.home.place, 4, 2)
    far = Place(lat=scene.home.place.lat + 1000 / DEGREE_M, lon=scene.home.place.lon)
    for position in (None, at(far), at(scene.home.place, mock=True)):
        with pytest.raises(ArrivalNotProved):
            await step(
                scene.manager,
                job,
                "arrive",
                position=position,
                customer_code=await code_of(job),
                seal_code=scene.home.meter_no,
            )
    job = await step(
        scene.manager,
        job,
        "arrive",
        position=at(far),
        seal_code=scene.home.meter_no,
        reason="表箱在村口",
    )
    assert (job.arrival_grade, job.arrival_proof) == ("disputed", "meter_code")


async def test_W2_nobody_arrives_faster_than_anybody_drives() -> None:
    scene = await make_scene()
    job = await on_the_way(scene)
    far = Place(lat=scene.home.place.lat + 30_000 / DEGREE_M, lon=scene.home.place.lon)
    await stands_at(scene.manager, far, 2)
    with pytest.raises(ArrivalNotProved):
        await step(scene.manager, job, "arrive", position=at(scene.home.place))
    await advance(40 * 60)
    job = await step(scene.manager, job, "arrive", position=at(scene.home.place))
    assert job.arrival_grade == "weak"


@pytest.mark.parametrize(
    ("place_class", "metres", "grade"),
    [
        ("city", 180, "disputed"),
        ("rural", 180, "weak"),
        ("rural", 280, "disputed"),
        ("remote", 280, "weak"),
    ],
)
async def test_W2_how_near_is_near_depends_on_the_place(
    place_class: str, metres: int, grade: str
) -> None:
    scene = await make_scene()
    job = await on_the_way(scene)
    await execute(
        "UPDATE work_order SET place_class = $2 WHERE id = $1",
        job.id,
        PlaceClass(place_class).value,
    )
    there = Place(lat=scene.home.place.lat + metres / DEGREE_M, lon=scene.home.place.lon)
    job = await step(scene.manager, job, "arrive", position=at(there, 5), reason="到了")
    assert job.arrival_grade == grade


async def test_the_customers_code_is_the_customers_alone() -> None:
    scene = await make_scene()
    job = await offered(scene)
    assert (await row_of(job.id))["customer_code"] is None
    job = await step(scene.manager, job, "accept")
    code = await code_of(job)
    assert len(code) == 4
    for actor in (scene.manager, scene.dispatcher):
        seen = await view_one(actor, job.id)
        assert not hasattr(seen, "customer_code"), "staff never read what only the customer knows"
    choice = AssignByHand(staff_id=scene.grid.assistant, reason="车坏了")
    await assign_by_hand(scene.dispatcher, job.id, choice)
    assert (await row_of(job.id))["customer_code"] is None, "the next one gets another code"


async def test_W2_a_proof_that_comes_after_the_arrival() -> None:
    scene = await make_scene()
    job = await on_the_way(scene)
    job = await step(scene.manager, job, "arrive", position=at(scene.home.place))
    code = await code_of(job)
    job = await prove_arrival(
        scene.manager, job.id, ProveArrival(version=job.version, customer_code=code)
    )
    assert (job.arrival_grade, job.arrival_proof) == ("weak", "customer_code"), "no dwell yet"
    await stands_at(scene.manager, scene.home.place, 4, 2, 0)
    job = await prove_arrival(scene.manager, job.id, ProveArrival(version=job.version))
    assert (job.arrival_grade, job.arrival_proof) == ("strong", "customer_code")
    with pytest.raises(WorkOrderStepNotPossible):
        await prove_arrival(scene.manager, job.id, ProveArrival(version=job.version))


async def test_W2_a_wrong_code_counts_and_the_tries_are_few() -> None:
    scene = await make_scene()
    job = await on_the_way(scene)
    bad = wrong(await code_of(job))
    job = await step(scene.manager, job, "arrive", position=at(scene.home.place), customer_code=bad)
    assert (job.arrival_grade, job.arrival_proof) == ("weak", None)
    for _ in range(2):
        command = ProveArrival(version=job.version, customer_code=bad)
        job = await prove_arrival(scene.manager, job.id, command)
        assert job.arrival_proof is None
    before = await traces()
    right = ProveArrival(version=job.version, customer_code=await code_of(job))
    with pytest.raises(TooMany):
        await prove_arrival(scene.manager, job.id, right)
    assert await traces() == before
    meter = ProveArrival(version=job.version, seal_code=scene.home.meter_no)
    assert (await prove_arrival(scene.manager, job.id, meter)).arrival_proof == "meter_code"


async def test_W2_the_head_end_proves_that_somebody_is_at_the_meter() -> None:
    scene = await make_scene()
    job = await on_the_way(scene)
    machine = SystemActor(name="head-end")
    assert not await head_end_saw(machine, job.id), "nobody said to be there"
    await stands_at(scene.manager, scene.home.place, 4, 2, 0)
    job = await step(scene.manager, job, "arrive", position=at(scene.home.place))
    assert await head_end_saw(machine, job.id)
    seen = await view_one(scene.manager, job.id)
    assert (seen.arrival_grade, seen.arrival_proof) == ("strong", "head_end")
    assert not await head_end_saw(machine, job.id)


async def test_only_who_has_the_job_proves_their_arrival() -> None:
    scene = await make_scene()
    job = await on_the_way(scene)
    job = await step(scene.manager, job, "arrive", position=at(scene.home.place))
    command = ProveArrival(version=job.version, customer_code=await code_of(job))
    stranger = await actor_of((await make_grid(await make_station())).manager)
    before = await traces()
    for actor, refusal in (
        (scene.dispatcher, NotAllowed),
        (await actor_of(scene.grid.assistant), NotAllowed),
        (stranger, NotFound),
    ):
        with pytest.raises(refusal):
            await prove_arrival(actor, job.id, command)
    with pytest.raises(StaleVersion):
        await prove_arrival(scene.manager, job.id, ProveArrival(version=job.version - 1))
    assert await traces() == before


async def test_R6_device_time_is_kept_and_neither_stops_a_clock_nor_moves_a_moment() -> None:
    scene = await make_scene()
    job = await on_the_way(scene)
    await advance(5500)
    claimed = datetime(2026, 1, 1, tzinfo=UTC)
    job = await step(
        scene.manager, job, "arrive", position=at(scene.home.place), occurred_at=claimed
    )
    line = (await history_of(job.id))[-1]
    assert line["device_at"] == claimed
    assert job.arrived_at == line["at"] > claimed + timedelta(days=1)
    assert {c.target.value: c.state.value for c in job.clocks}["arrive"] == "breached"
    with pytest.raises(Invalid) as refused:
        await step(
            scene.manager, job, "start", occurred_at=await business_now() + timedelta(days=2)
        )
    assert refused.value.field == "occurred_at"


async def arrived(
    scene: Scene, actor: StaffActor, place: Place, *, trace: bool = False
) -> WorkOrderView:
    """Somebody arrives at a job of their own; with `trace`, after the same three fixes."""
    job = await given(scene, await opened(scene, "fault_repair", danger=True), actor.staff_id)
    for verb in ("accept", "depart"):
        job = await step(actor, job, verb)
    if trace:
        for number, ago in ((1, 9), (2, 6), (3, 3)):
            near = Place(lat=place.lat + number / DEGREE_M, lon=place.lon)
            await stands_at(actor, near, ago)
    return await step(actor, job, "arrive", position=at(place))


async def test_W2_one_phone_for_two_people_is_flagged_once() -> None:
    scene = await make_scene()
    crew = await actor_of(await make_crew(scene.grid.station_id))
    one = await signed_in(scene.manager, "phone-1")
    two = await signed_in(crew, "phone-1")
    first = await arrived(scene, one, scene.home.place)
    second = await arrived(scene, two, scene.home.place)
    event = WorkOrderArrived(work_order_id=second.id, ticket_id=None, staff_id=two.staff_id)
    for _ in range(2):
        await compare_arrival(event)
    assert await flag_arrival(first.id) == 0, "only the later one is doubtful"
    supervisor = await actor_of(scene.grid.supervisor)
    (flag,) = (await arrival_flags(supervisor)).items
    assert (flag.kind, flag.work_order_id, flag.other_work_order_id) == (
        "shared_device",
        second.id,
        first.id,
    )
    last = (await history_of(second.id))[-1]
    assert (last["event"], last["actor"]) == ("comment", "system:arrivals")
    assert first.number in last["reason"]
    assert (await view_one(two, second.id)).version == second.version
    assert (await row_of(second.id))["state"] == "on_site", "a flag blocks nobody"


async def test_W2_identical_traces_of_two_people_are_flagged() -> None:
    scene = await make_scene()
    crew = await actor_of(await make_crew(scene.grid.station_id))
    await arrived(scene, await signed_in(scene.manager, "phone-1"), scene.home.place, trace=True)
    second = await arrived(scene, await signed_in(crew, "phone-2"), scene.home.place, trace=True)
    assert await flag_arrival(second.id) == 1
    rows = await fetch("SELECT kind FROM arrival_flag")
    assert [row["kind"] for row in rows] == ["same_trace"]


async def test_two_honest_people_at_one_place_are_not_flagged() -> None:
    scene = await make_scene()
    crew = await actor_of(await make_crew(scene.grid.station_id))
    first = await signed_in(scene.manager, "phone-1")
    await arrived(scene, first, scene.home.place, trace=True)
    second = await signed_in(crew, "phone-2")
    beside = Place(lat=scene.home.place.lat + 0.3 / DEGREE_M, lon=scene.home.place.lon)
    job = await arrived(scene, second, beside, trace=True)
    assert await flag_arrival(job.id) == 0
    again = await arrived(scene, first, scene.home.place)
    assert await flag_arrival(again.id) == 0, "one person may use one phone twice"


async def test_flags_are_for_those_who_supervise_and_never_about_oneself() -> None:
    scene = await make_scene()
    crew = await actor_of(await make_crew(scene.grid.station_id))
    await arrived(scene, await signed_in(scene.manager, "phone-1"), scene.home.place)
    job = await arrived(scene, await signed_in(crew, "phone-1"), scene.home.place)
    assert await flag_arrival(job.id) == 1
    for actor in (scene.manager, crew):
        with pytest.raises(NotAllowed):
            await arrival_flags(actor)
    far = await actor_of((await make_grid(await make_station())).supervisor)
    assert (await arrival_flags(far)).items == []
    assert len((await arrival_flags(scene.dispatcher)).items) == 1
    await execute("UPDATE arrival_flag SET staff = $1", scene.dispatcher.staff_id)
    assert (await arrival_flags(scene.dispatcher)).items == []
    with pytest.raises(Invalid):
        await arrival_flags(scene.dispatcher, "nonsense")

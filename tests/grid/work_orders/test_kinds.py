"""Every kind of job: who opens it, who may do it, what it needs to be complete."""

from datetime import timedelta

import pytest

from grid.dispatch.service import assign_by_hand, candidates, offer, waiting_jobs
from grid.evidence.types import AttachEvidence, EvidencePurpose
from grid.kit.clock import advance, business_day, business_now
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.territory.types import Skill, StaffRole
from grid.work_orders.assigning import StaffNotAvailable
from grid.work_orders.intake import open_work_order
from grid.work_orders.kinds import KINDS, EvidenceMissing, KindNotPossible
from grid.work_orders.on_site.evidence import attach_evidence, evidence_of
from grid.work_orders.reading import view_one, work_order
from grid.work_orders.rules import WorkOrderStepNotPossible
from grid.work_orders.schedule import move_silent_offers_on
from grid.work_orders.types import AssignByHand, OpenWorkOrder
from grid.work_orders.words import WorkOrderKind
from tests.grid.work_orders.jobs import (
    OPEN_KINDS,
    attach,
    given,
    make_skilled_scene,
    opened,
    prove_all,
    walk,
)
from tests.grid.work_orders.scene import history_of, make_scene, offered, row_of, step, traces
from tests.support.county import make_grid, make_station
from tests.support.staff import actor_of, give_skill, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")


@pytest.mark.parametrize("kind", OPEN_KINDS)
async def test_W1_every_kind_lives_from_opened_to_complete(kind: WorkOrderKind) -> None:
    scene = await make_skilled_scene()
    job = await given(scene, await opened(scene, kind))
    assert (job.kind, job.title, job.gate) == (kind, KINDS[kind].title, KINDS[kind].gate)
    done = await walk(scene, job, "complete")
    assert (done.state, done.needs) == ("completed", [])
    assert {clock.state for clock in done.clocks} <= {"met"}
    versions = {row["version"] for row in await history_of(job.id)}
    assert versions == set(range(done.version + 1))


@pytest.mark.parametrize("kind", [kind for kind in OPEN_KINDS if KINDS[kind].evidence])
async def test_W1_complete_names_the_evidence_that_is_missing(kind: WorkOrderKind) -> None:
    scene = await make_skilled_scene()
    job = await given(scene, await opened(scene, kind))
    job = await walk(scene, job, "restore")
    before = await traces()
    with pytest.raises(EvidenceMissing, match="还缺") as refused:
        await step(scene.manager, job, "complete", resolution="好了")
    assert await traces() == before
    listed = str(refused.value.facts["missing"]).split(",")
    assert listed == ["|".join(need.purposes) for need in KINDS[kind].evidence]
    seen = await view_one(scene.manager, job.id)
    assert seen.needs == [list(need.purposes) for need in KINDS[kind].evidence]
    await attach(scene.manager, job.id, EvidencePurpose.OTHER)
    with pytest.raises(EvidenceMissing):
        await step(scene.manager, job, "complete", resolution="好了")
    await prove_all(scene.manager, job)
    assert (await step(scene.manager, job, "complete", resolution="好了")).state == "completed"


async def test_an_onsite_stop_is_refused_with_its_reason() -> None:
    scene = await make_skilled_scene()
    before = await traces()
    with pytest.raises(KindNotPossible, match="停电决策记录"):
        await opened(scene, "onsite_stop")
    assert await traces() == before


async def test_who_may_open_a_kind_and_where() -> None:
    scene = await make_skilled_scene()
    station = scene.grid.station_id
    crew = await actor_of(await make_staff(station, roles=(StaffRole.CREW,)))
    assistant = await actor_of(scene.grid.assistant)
    far = await make_grid(await make_station(), place=scene.grid.place)
    change = OpenWorkOrder(
        description="表坏了", account_no=scene.home.account_no, kind=WorkOrderKind.METER_CHANGE
    )
    for actor in (crew, assistant):
        with pytest.raises(KindNotPossible, match="换表"):
            await open_work_order(actor, change)
    with pytest.raises((KindNotPossible, NotAllowed, NotFound)):
        await open_work_order(await actor_of(far.manager), change)
    assert (await open_work_order(scene.manager, change)).kind == "meter_change"


async def test_what_is_not_offered_stays_with_whom_it_was_given_to() -> None:
    scene = await make_skilled_scene()
    job = await opened(scene, "dunning_visit")
    assert not await offer(job.id)
    assert job.id not in await waiting_jobs()
    job = await given(scene, job)
    await advance(30 * 86400)
    await move_silent_offers_on()
    row = await row_of(job.id)
    assert (row["state"], row["assignee"]) == ("assigned", scene.grid.manager)


async def test_a_job_with_a_start_is_not_offered_before_it() -> None:
    scene = await make_skilled_scene()
    starts_at = await business_now() + timedelta(hours=2)
    job = await opened(scene, "collection_ops", starts_at=starts_at)
    assert job.starts_at == starts_at
    assert not await offer(job.id)
    assert job.id not in await waiting_jobs()
    await advance(2 * 3600)
    assert job.id in await waiting_jobs()
    assert await offer(job.id)
    with pytest.raises(Invalid) as refused:
        await opened(scene, "collection_ops", starts_at=starts_at - timedelta(days=2))
    assert refused.value.field == "starts_at"


async def test_R3_only_the_certified_are_asked_and_only_on_the_day_of_their_certificate() -> None:
    scene = await make_scene()
    today = business_day(await business_now())
    job = await opened(scene, "meter_change")
    why = {one.staff_id: one.why_not for one in await candidates(scene.dispatcher, job.id)}
    assert why[scene.grid.manager] == "没有有效的计量资格"
    assert why[scene.grid.assistant] == "岗位不能做“换表”工单"
    assert not await offer(job.id)
    await give_skill(scene.grid.manager, today - timedelta(days=1), skill=Skill.METERING)
    with pytest.raises(StaffNotAvailable, match="计量"):
        await given(scene, job)
    await give_skill(scene.grid.manager, today, skill=Skill.LOW_VOLTAGE)
    with pytest.raises(StaffNotAvailable, match="计量"):
        await given(scene, job)
    fit = await make_staff(scene.grid.station_id, roles=(StaffRole.CREW,))
    await give_skill(fit, today, skill=Skill.METERING)
    assert await offer(job.id)
    assert (await row_of(job.id))["assignee"] == fit


async def test_an_assistant_is_not_given_by_hand_what_an_assistant_may_not_do() -> None:
    scene = await make_skilled_scene()
    job = await opened(scene, "manual_reading")
    with pytest.raises(StaffNotAvailable, match="补抄"):
        await given(scene, job, scene.grid.assistant)
    visit = await opened(scene, "visit")
    assert (await given(scene, visit, scene.grid.assistant)).state == "assigned"


async def test_a_kind_without_supply_has_no_step_that_restores_it() -> None:
    scene = await make_skilled_scene()
    job = await walk(scene, await given(scene, await opened(scene, "inspection")), "start")
    assert "restore" not in job.allowed
    assert "complete" in job.allowed
    with pytest.raises(WorkOrderStepNotPossible, match="没有恢复供电"):
        await step(scene.manager, job, "restore")


async def test_evidence_is_attached_once_and_told_once() -> None:
    scene = await make_skilled_scene()
    job = await walk(scene, await given(scene, await opened(scene, "inspection")), "arrive")
    before = len(await history_of(job.id))
    first = await attach(scene.manager, job.id, EvidencePurpose.SITE_PHOTO, b"one")
    again = await attach(scene.manager, job.id, EvidencePurpose.SITE_PHOTO, b"one")
    assert first.id == again.id
    lines = await history_of(job.id)
    assert len(lines) == before + 1
    assert (lines[-1]["event"], lines[-1]["reason"]) == ("comment", "上传现场照片")
    assert [item.id for item in await evidence_of(scene.manager, job.id)] == [first.id]
    assert (await view_one(scene.manager, job.id)).version == job.version


async def test_evidence_of_a_job_that_is_not_yours_does_not_exist() -> None:
    scene = await make_skilled_scene()
    job = await walk(scene, await given(scene, await opened(scene, "inspection")), "arrive")
    far = await make_grid(await make_station(), place=scene.grid.place)
    stranger = await actor_of(far.manager)
    before = await traces()
    with pytest.raises(NotFound):
        await attach(stranger, job.id, EvidencePurpose.SITE_PHOTO)
    with pytest.raises(NotFound):
        await evidence_of(stranger, job.id)
    undeclared = AttachEvidence(sha256="0" * 64, purpose=EvidencePurpose.SITE_PHOTO)
    with pytest.raises(NotFound, match="登记"):
        await attach_evidence(scene.manager, job.id, undeclared)
    for field, claim in (
        ("lat", {"lat": 0.0, "lon": 0.0}),
        ("taken_at", {"taken_at": await business_now() + timedelta(days=2)}),
    ):
        told = AttachEvidence(sha256="0" * 64, purpose=EvidencePurpose.SITE_PHOTO, **claim)  # type: ignore[arg-type]
        with pytest.raises(Invalid) as refused:
            await attach_evidence(scene.manager, job.id, told)
        assert refused.value.field == field
    assert await traces() == before


async def test_the_history_says_to_whom_a_job_was_given() -> None:
    scene = await make_scene()
    job = await offered(scene)
    command = AssignByHand(staff_id=scene.grid.assistant, reason="路近")
    await assign_by_hand(scene.dispatcher, job.id, command)
    history = (await work_order(scene.dispatcher, job.id)).history
    names = [(one.event, one.given_to) for one in history]
    assistant = await actor_of(scene.grid.assistant)
    assert names == [
        ("intake", None),
        ("assign", scene.manager.name),
        ("reassign", assistant.name),
    ]

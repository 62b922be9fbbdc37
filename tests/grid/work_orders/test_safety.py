"""The gate before work under voltage, check-ins of somebody alone, calls for help."""

from datetime import timedelta
from uuid import UUID

import pytest

from grid.evidence.types import EvidencePurpose
from grid.geography.types import Place
from grid.kit.clock import advance, business_now
from grid.kit.database import fetch, fetch_value
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.territory.types import Skill, StaffRole
from grid.work_orders.on_site.safety import (
    NoAlarmOpen,
    answer_alarms,
    check_in,
    open_alarms,
    raise_sos,
)
from grid.work_orders.on_site.safety_gate import SafetyGateClosed
from grid.work_orders.reading import view_one
from grid.work_orders.rules import WorkOrderStepNotPossible
from grid.work_orders.schedule import raise_missed_check_ins
from grid.work_orders.types import AnswerAlarm, OnSite
from tests.grid.work_orders.jobs import attach, given, make_skilled_scene, opened, walk
from tests.grid.work_orders.scene import (
    Scene,
    at,
    history_of,
    make_scene,
    offered,
    row_of,
    said,
    step,
    traces,
    walked,
)
from tests.support.county import make_grid, make_station
from tests.support.staff import (
    actor_of,
    declare_relative,
    disable,
    end_shifts,
    give_skill,
    make_crew,
    make_dispatcher,
    make_staff,
)

pytestmark = pytest.mark.usefixtures("rolled_back")

PERMIT = {"permit_no": "GZP-2026-07"}


async def on_site(scene: Scene) -> UUID:
    return (await walked(scene, await offered(scene), "arrive")).id


@pytest.mark.parametrize("kind", ["outage_work", "fault_repair"])
async def test_live_work_starts_only_behind_permit_second_person_and_photo(kind: str) -> None:
    scene = await make_skilled_scene()
    job = await opened(scene, kind, live_work=kind == "fault_repair")
    job = await walk(scene, await given(scene, job), "arrive")
    before = await traces()
    with pytest.raises(SafetyGateClosed) as refused:
        await step(scene.manager, job, "start")
    assert refused.value.facts["missing"] == "permit_no,second_person_id,voltage_absent_photo"
    assert refused.value.detail == "开工前还缺:工作票编号、第二人、验电照片"
    second = {"second_person_id": scene.grid.assistant}
    for fields, missing in (
        (PERMIT, "second_person_id,voltage_absent_photo"),
        (second, "permit_no,voltage_absent_photo"),
        ({**PERMIT, **second}, "voltage_absent_photo"),
    ):
        with pytest.raises(SafetyGateClosed) as refused:
            await step(scene.manager, job, "start", **fields)
        assert refused.value.facts["missing"] == missing
    assert await traces() == before
    await attach(scene.manager, job.id, EvidencePurpose.VOLTAGE_ABSENT_PHOTO)
    job = await step(scene.manager, job, "start", **PERMIT, **second)
    assert (job.state, job.permit_no, job.second_person_id) == (
        "in_progress",
        "GZP-2026-07",
        scene.grid.assistant,
    )


async def test_a_repair_that_is_not_live_starts_without_a_gate() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "start")
    assert (job.state, job.live_work) == ("in_progress", False)


async def test_who_declared_the_work_live_does_not_take_it_back() -> None:
    scene = await make_scene()
    job = await view_one(scene.manager, await on_site(scene))
    await attach(scene.manager, job.id, EvidencePurpose.VOLTAGE_ABSENT_PHOTO)
    live = {**PERMIT, "second_person_id": scene.grid.assistant, "live_work": True}
    job = await step(scene.manager, job, "start", **live)
    assert job.live_work
    job = await step(scene.manager, job, "restore")
    done = await step(scene.manager, job, "complete", resolution="好了")
    back = await step(
        scene.dispatcher, await view_one(scene.dispatcher, done.id), "reopen", reason="又停了"
    )
    again = await walk(scene, await given(scene, back), "arrive")
    assert again.live_work
    assert again.permit_no is None, "a permit holds for one work only"
    with pytest.raises(Invalid) as refused:
        await step(scene.manager, again, "start", live_work=False)
    assert refused.value.field == "live_work"


async def test_what_the_office_declared_live_stays_live() -> None:
    scene = await make_skilled_scene()
    job = await opened(scene, "meter_change", live_work=True)
    job = await walk(scene, await given(scene, job), "arrive")
    with pytest.raises(Invalid) as refused:
        await step(scene.manager, job, "start", live_work=False)
    assert refused.value.field == "live_work"


async def test_the_second_person_is_on_duty_in_the_field_and_somebody_else() -> None:
    scene = await make_scene()
    job = await view_one(scene.manager, await on_site(scene))
    station = scene.grid.station_id
    off, gone, kin = [await make_crew(station) for _ in range(3)]
    await end_shifts(off)
    await disable(gone)
    await declare_relative(kin, scene.home.account_no)
    clerk = await make_staff(station, roles=(StaffRole.BACK_OFFICE,))
    before = await traces()
    for person in (scene.manager.staff_id, off, gone, kin, clerk, new_id()):
        with pytest.raises(Invalid) as refused:
            await step(scene.manager, job, "start", second_person_id=person)
        assert refused.value.field == "second_person_id"
    assert await traces() == before
    fit = await make_crew(station)
    started = await step(scene.manager, job, "start", second_person_id=fit)
    assert (started.second_person_id, started.check_in_due_at) == (fit, None)


async def test_somebody_alone_checks_in_and_every_step_is_a_sign_of_life() -> None:
    scene = await make_scene()
    job = await view_one(scene.manager, await on_site(scene))
    half_an_hour = timedelta(minutes=30)
    now = await business_now()
    assert job.check_in_due_at is not None
    assert half_an_hour - timedelta(seconds=5) <= job.check_in_due_at - now <= half_an_hour
    await advance(1500)
    job = await step(scene.manager, job, "start")
    await advance(1500)
    await raise_missed_check_ins()
    assert await open_alarms(scene.dispatcher) == []
    seen = await check_in(scene.manager, job.id, OnSite(position=at(scene.home.place)))
    assert seen.version == job.version, "a check-in makes no step stale"
    assert seen.check_in_due_at is not None
    last = (await history_of(job.id))[-1]
    assert (last["event"], last["reason"], last["lat"]) == (
        "comment",
        "报平安",
        at(scene.home.place).lat,
    )
    held = await step(scene.manager, job, "hold", reason="等备件")
    assert held.check_in_due_at is None, "who waits for parts has left"
    with pytest.raises(WorkOrderStepNotPossible, match="报平安"):
        await check_in(scene.manager, job.id, OnSite())
    again = await step(scene.manager, held, "resume")
    assert again.check_in_due_at is not None
    again = await step(scene.manager, again, "restore")
    assert (await step(scene.manager, again, "complete", resolution="好了")).check_in_due_at is None


async def test_who_inspects_alone_is_not_watched() -> None:
    scene = await make_skilled_scene()
    job = await walk(scene, await given(scene, await opened(scene, "inspection")), "start")
    assert job.check_in_due_at is None


async def test_a_missed_check_in_pages_once_and_stays_until_somebody_answers() -> None:
    scene = await make_scene()
    job = await on_site(scene)
    await advance(31 * 60)
    for _ in range(3):
        await raise_missed_check_ins()
    assert (await said())["SosRaised"] == 1
    (alarm,) = await open_alarms(scene.dispatcher)
    assert (alarm.missed_check_in, alarm.staff.id) == (True, scene.manager.staff_id)
    await check_in(scene.manager, job, OnSite())
    assert len(await open_alarms(scene.dispatcher)) == 1, "somebody has to look at it"
    await advance(31 * 60)
    await raise_missed_check_ins()
    assert (await said())["SosRaised"] == 1, "one open alarm of a kind"
    answered = await answer_alarms(scene.dispatcher, job, AnswerAlarm(words="电话联系,人没事"))
    assert [(one.answer, one.answered_by) for one in answered] == [
        ("电话联系,人没事", scene.dispatcher.name)
    ]
    assert await open_alarms(scene.dispatcher) == []
    assert (await row_of(job))["check_in_due_at"] is not None, "still alone there"
    await advance(31 * 60)
    await raise_missed_check_ins()
    assert (await said())["SosRaised"] == 2


async def test_a_call_for_help_pages_once_until_answered_by_somebody_else() -> None:
    scene = await make_scene()
    job = await on_site(scene)
    help_ = OnSite(words="触电了,快来", position=at(scene.home.place))
    first = await raise_sos(scene.manager, job, help_)
    assert (await raise_sos(scene.manager, job, help_)).id == first.id
    assert (await said())["SosRaised"] == 1
    assert await fetch_value("SELECT count(*) FROM safety_alarm") == 1
    (shown,) = await open_alarms(scene.dispatcher)
    assert (shown.words, shown.lat, shown.missed_check_in) == (
        "触电了,快来",
        scene.home.place.lat,
        False,
    )
    both = await actor_of(
        await make_staff(scene.grid.station_id, roles=(StaffRole.CREW, StaffRole.STATION_HEAD))
    )
    await answer_alarms(both, job, AnswerAlarm(words="已派人"))
    with pytest.raises(NoAlarmOpen):
        await answer_alarms(both, job, AnswerAlarm(words="再说一次"))
    row = (await fetch("SELECT * FROM safety_alarm"))[0]
    assert (row["answered_by"], row["answer"]) == (both.staff_id, "已派人")


async def test_who_may_call_and_who_may_answer() -> None:
    scene = await make_scene()
    job = await on_site(scene)
    assistant = await actor_of(scene.grid.assistant)
    stranger = await actor_of((await make_grid(await make_station())).manager)
    far = await make_dispatcher(await make_station())
    with pytest.raises(NotAllowed):
        await raise_sos(assistant, job, OnSite())
    with pytest.raises(NotFound):
        await raise_sos(stranger, job, OnSite())
    with pytest.raises(NoAlarmOpen):
        await answer_alarms(scene.dispatcher, job, AnswerAlarm(words="没事"))
    await raise_sos(scene.manager, job, OnSite())
    for actor, refusal in ((scene.manager, NotAllowed), (assistant, NotAllowed), (far, NotFound)):
        with pytest.raises(refusal):
            await answer_alarms(actor, job, AnswerAlarm(words="没事"))
    assert await open_alarms(far) == []
    assert len(await open_alarms(scene.dispatcher)) == 1


async def test_nobody_answers_their_own_call() -> None:
    scene = await make_scene()
    both = await make_staff(scene.grid.station_id, roles=(StaffRole.CREW, StaffRole.STATION_HEAD))
    await give_skill(both, skill=Skill.METERING)
    job = await given(scene, await opened(scene, "fault_repair"), both)
    actor = await actor_of(both)
    await step(actor, job, "accept")
    await raise_sos(actor, job.id, OnSite())
    with pytest.raises(NotAllowed, match="另一人"):
        await answer_alarms(actor, job.id, AnswerAlarm(words="没事"))


async def test_the_second_person_may_call_for_help() -> None:
    scene = await make_scene()
    job = await view_one(scene.manager, await on_site(scene))
    await step(scene.manager, job, "start", second_person_id=scene.grid.assistant)
    alarm = await raise_sos(await actor_of(scene.grid.assistant), job.id, OnSite())
    assert alarm.staff.id == scene.grid.assistant


async def test_where_nobody_is_out_nobody_calls() -> None:
    scene = await make_scene()
    job = await offered(scene)
    with pytest.raises(WorkOrderStepNotPossible):
        await raise_sos(scene.manager, job.id, OnSite())
    await step(scene.manager, job, "accept")
    for odd in (
        OnSite(position=at(Place(lat=-30.0, lon=110.0))),
        OnSite(occurred_at=await business_now() + timedelta(days=3)),
    ):
        with pytest.raises(Invalid):
            await raise_sos(scene.manager, job.id, odd)

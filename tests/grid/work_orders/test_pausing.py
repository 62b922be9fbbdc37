"""Pauses of jobs and tickets: who asks, who decides, what stands still, what ends by itself."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from grid.clocks import schedule as clocks_schedule
from grid.clocks.ledger import latest
from grid.clocks.service import clock_rows
from grid.clocks.types import DecidePause, PauseReason, PauseView, RequestPause, Subject, Target
from grid.kit.clock import advance, business_now
from grid.kit.dated_settings import SamePerson
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.territory.types import StaffActor, StaffRole
from grid.work_orders.reading import view_one
from grid.work_orders.times.correction_reading import open_pauses, pauses_of_matter
from grid.work_orders.times.pausing import (
    NothingToPause,
    PauseAlreadyOpen,
    PauseNotOpen,
    approve_pause,
    end_pause,
    refuse_pause,
    request_pause,
)
from grid.work_orders.times.schedule import end_boxed_pauses
from grid.work_orders.types import WorkOrderView
from tests.grid.work_orders.scene import (
    Scene,
    history_of,
    make_scene,
    offered,
    row_of,
    said,
    step,
    traces,
    walked,
)
from tests.support.county import make_grid
from tests.support.staff import actor_of, make_dispatcher, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")

JOB = Subject.WORK_ORDER
YES, NO = DecidePause(words="情况属实"), DecidePause(words="不属实")


async def at_work(scene: Scene) -> WorkOrderView:
    return await walked(scene, await offered(scene), "start")


async def asked(
    actor: StaffActor, job: UUID, reason: PauseReason = PauseReason.WEATHER, hours: float = 2
) -> PauseView:
    until = await business_now() + timedelta(hours=hours)
    command = RequestPause(reason=reason, words="路被水冲断", until=until)
    return await request_pause(actor, JOB, job, command)


async def restore_due(job: UUID) -> datetime:
    due = latest(await clock_rows(job))[Target.RESTORE].due_at
    assert due is not None
    return due


def about(seconds: float) -> object:
    return pytest.approx(seconds, abs=20)


async def test_a_requested_pause_stops_nothing_and_approved_holds_from_when_it_was_asked() -> None:
    scene = await make_scene()
    job = await at_work(scene)
    county, before = await make_dispatcher(), await restore_due(job.id)
    pause = await asked(scene.manager, job.id)
    assert (pause.state, pause.needs_outside, pause.approved_by) == ("requested", True, None)
    assert await restore_due(job.id) == before
    assert [one.pause.id for one in await open_pauses(county)] == [pause.id]
    await advance(1800)
    pause = await approve_pause(county, pause.id, YES)
    assert (pause.state, pause.approved_by) == ("running", county.subject)
    assert ((await restore_due(job.id)) - before).total_seconds() == about(2 * 3600)
    assert (await row_of(job.id))["due_at"] == min(
        row.due_at for row in await clock_rows(job.id) if row.is_running and row.due_at
    )
    shown = await view_one(scene.manager, job.id)
    assert {one.target: one.state for one in shown.clocks}[Target.RESTORE] == "paused"
    assert await open_pauses(county) == []


async def test_a_pause_of_the_station_is_approved_by_somebody_outside_of_it_only() -> None:
    scene = await make_scene()
    job = await at_work(scene)
    head_id = await make_staff(scene.grid.station_id, roles=(StaffRole.STATION_HEAD,))
    pause = await asked(scene.manager, job.id)
    for inside in (scene.manager, scene.dispatcher, await actor_of(head_id)):
        with pytest.raises(NotAllowed):
            await approve_pause(inside, pause.id, YES)
    elsewhere = await make_dispatcher((await make_grid()).station_id)
    with pytest.raises(NotFound):
        await approve_pause(elsewhere, pause.id, YES)
    assert (await approve_pause(await make_dispatcher(), pause.id, YES)).state == "running"


async def test_W2_nobody_approves_the_pause_that_they_asked_for() -> None:
    scene = await make_scene()
    job, county = await at_work(scene), await make_dispatcher()
    pause = await asked(county, job.id)
    with pytest.raises(SamePerson):
        await approve_pause(county, pause.id, YES)
    with pytest.raises(SamePerson):
        await refuse_pause(county, pause.id, NO)
    assert (await refuse_pause(await make_dispatcher(), pause.id, NO)).decision == "不属实"


async def test_a_refused_pause_leaves_the_clocks_and_is_decided_once() -> None:
    scene = await make_scene()
    job, county = await at_work(scene), await make_dispatcher()
    before = await restore_due(job.id)
    pause = await asked(scene.manager, job.id)
    with pytest.raises(Invalid) as refused:
        await refuse_pause(county, pause.id, DecidePause())
    assert refused.value.field == "words"
    pause = await refuse_pause(county, pause.id, NO)
    assert (pause.state, pause.approved_by, pause.decision) == ("refused", None, "不属实")
    assert await restore_due(job.id) == before
    for verb in (approve_pause, refuse_pause, end_pause):
        with pytest.raises(PauseNotOpen):
            await verb(county, pause.id, NO)
    assert (await asked(scene.manager, job.id)).state == "requested", "it may be asked for again"


async def test_what_the_customer_says_holds_at_once_and_only_for_its_targets() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "depart")
    arrive = latest(await clock_rows(job.id))[Target.ARRIVE].due_at
    pause = await asked(scene.manager, job.id, PauseReason.CUSTOMER_ABSENT)
    assert (pause.state, pause.approved_by) == ("running", None)
    rows = latest(await clock_rows(job.id))
    assert rows[Target.ARRIVE].due_at == arrive, "absence does not excuse a late arrival"
    pause = await asked(scene.manager, job.id, PauseReason.CUSTOMER_ASKED)
    moved = latest(await clock_rows(job.id))[Target.ARRIVE].due_at
    assert moved is not None
    assert arrive is not None
    assert (moved - arrive).total_seconds() == about(2 * 3600)


async def test_overlapping_pauses_are_never_doubled() -> None:
    scene = await make_scene()
    job, before = await at_work(scene), None
    before = await restore_due(job.id)
    await asked(scene.manager, job.id, PauseReason.CUSTOMER_ASKED, hours=2)
    await advance(3600)
    await asked(scene.manager, job.id, PauseReason.CUSTOMER_ABSENT, hours=2)
    assert ((await restore_due(job.id)) - before).total_seconds() == about(3 * 3600)


async def test_a_pause_is_boxed_by_its_reason_and_open_once() -> None:
    scene = await make_scene()
    job = await at_work(scene)
    left = await traces()
    for hours in (-1.0, 49.0):
        with pytest.raises(Invalid) as refused:
            await asked(scene.manager, job.id, hours=hours)
        assert refused.value.field == "until"
    assert await traces() == left
    await asked(scene.manager, job.id, hours=47.9)
    with pytest.raises(PauseAlreadyOpen):
        await asked(scene.manager, job.id)


async def test_nothing_is_paused_where_no_limit_runs_that_the_reason_may_stop() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "complete")
    with pytest.raises(NothingToPause):
        await asked(scene.manager, job.id)
    other = await offered(scene, danger=True)
    with pytest.raises(NothingToPause):
        await asked(scene.manager, other.id, PauseReason.GOVERNMENT)


async def test_who_has_nothing_to_do_with_the_job_neither_asks_nor_sees() -> None:
    scene = await make_scene()
    job = await at_work(scene)
    assistant, stranger = await actor_of(scene.grid.assistant), await make_grid()
    with pytest.raises(NotAllowed):
        await asked(assistant, job.id)
    outsider = await actor_of(stranger.manager)
    with pytest.raises(NotFound):
        await asked(outsider, job.id)
    with pytest.raises(NotFound):
        await pauses_of_matter(outsider, JOB, job.id)
    pause = await asked(scene.manager, job.id)
    assert await open_pauses(outsider) == []
    assert [one.id for one in await pauses_of_matter(assistant, JOB, job.id)] == [pause.id]


async def test_hold_with_a_coded_reason_pauses_and_resume_ends_it() -> None:
    scene = await make_scene()
    job = await at_work(scene)
    before = await restore_due(job.id)
    job = await step(
        scene.manager, job, "hold", reason="等客户回家", pause_reason="customer_absent"
    )
    (pause,) = await pauses_of_matter(scene.manager, JOB, job.id)
    assert (pause.state, pause.words) == ("running", "等客户回家")
    assert pause.box_until - pause.from_at == timedelta(hours=24)
    await advance(3600)
    job = await step(scene.manager, job, "resume")
    (pause,) = await pauses_of_matter(scene.manager, JOB, job.id)
    assert pause.state == "ended"
    assert ((await restore_due(job.id)) - before).total_seconds() == about(3600)
    assert (await row_of(job.id))["due_at"] == next(
        one.due_at for one in job.clocks if one.target is Target.RESTORE
    )


async def test_hold_without_a_coded_reason_lets_the_clocks_run() -> None:
    scene = await make_scene()
    job = await at_work(scene)
    before = await restore_due(job.id)
    await step(scene.manager, job, "hold", reason="去吃饭")
    assert await pauses_of_matter(scene.manager, JOB, job.id) == []
    assert await restore_due(job.id) == before


async def test_hold_for_longer_than_the_box_is_refused_with_its_field() -> None:
    scene = await make_scene()
    job = await at_work(scene)
    until = (await business_now() + timedelta(days=9)).isoformat()
    left = await traces()
    with pytest.raises(Invalid) as refused:
        await step(scene.manager, job, "hold", reason="等", pause_reason="weather", until=until)
    assert refused.value.field == "until"
    assert await traces() == left


async def test_the_box_ends_by_itself_and_a_job_on_hold_goes_on() -> None:
    scene = await make_scene()
    job = await at_work(scene)
    before = await restore_due(job.id)
    until = (await business_now() + timedelta(hours=1)).isoformat()
    job = await step(
        scene.manager, job, "hold", reason="等", pause_reason="customer_absent", until=until
    )
    paused_due = await restore_due(job.id)
    await advance(3500)
    await end_boxed_pauses()
    assert (await row_of(job.id))["state"] == "on_hold"
    await advance(200)
    await end_boxed_pauses()
    row, last = await row_of(job.id), (await history_of(job.id))[-1]
    assert (row["state"], last["event"], last["actor"]) == (
        "in_progress",
        "resume",
        "system:pause_box",
    )
    (pause,) = await pauses_of_matter(scene.manager, JOB, job.id)
    assert (pause.state, pause.ended_at) == ("ended", pause.box_until)
    assert await restore_due(job.id) == paused_due
    assert (paused_due - before).total_seconds() == about(3600)
    left = await traces()
    await end_boxed_pauses()
    assert await traces() == left, "doing it twice does nothing more"


async def test_a_box_that_ends_leaves_a_job_on_hold_while_another_pause_is_open() -> None:
    scene = await make_scene()
    job = await at_work(scene)
    until = (await business_now() + timedelta(hours=1)).isoformat()
    job = await step(
        scene.manager, job, "hold", reason="等", pause_reason="customer_absent", until=until
    )
    await asked(scene.manager, job.id, PauseReason.CUSTOMER_ASKED, hours=5)
    await advance(2 * 3600)
    await end_boxed_pauses()
    assert (await row_of(job.id))["state"] == "on_hold"
    await advance(4 * 3600)
    await end_boxed_pauses()
    assert (await row_of(job.id))["state"] == "in_progress"


async def test_a_pause_approved_after_its_end_counts_what_it_lasted() -> None:
    scene = await make_scene()
    job, county = await at_work(scene), await make_dispatcher()
    before = await restore_due(job.id)
    job = await step(scene.manager, job, "hold", reason="大雨", pause_reason="weather")
    await advance(1800)
    await step(scene.manager, job, "resume")
    (pause,) = await pauses_of_matter(scene.manager, JOB, job.id)
    assert pause.state == "requested"
    await advance(3600)
    pause = await approve_pause(county, pause.id, YES)
    assert pause.state == "ended"
    assert ((await restore_due(job.id)) - before).total_seconds() == about(1800)


async def test_W3_an_approved_pause_takes_the_breach_back_and_one_that_is_none_says_nothing() -> (
    None
):
    scene = await make_scene()
    job, county = await at_work(scene), await make_dispatcher()
    pause = await asked(scene.manager, job.id, hours=8)
    await advance(5 * 3600)
    await clocks_schedule.find_breaches()
    assert latest(await clock_rows(job.id))[Target.RESTORE].breached_at is not None
    assert (await said())["ClockBreached"] == 1
    await approve_pause(county, pause.id, YES)
    assert latest(await clock_rows(job.id))[Target.RESTORE].breached_at is None
    await advance(4 * 3600)
    await clocks_schedule.find_breaches()
    assert (await said())["ClockBreached"] == 1, "eight hours stood still"


async def test_a_pause_is_ended_early_by_who_may_ask_for_one_or_decide() -> None:
    scene = await make_scene()
    job = await at_work(scene)
    before = await restore_due(job.id)
    pause = await asked(scene.manager, job.id, PauseReason.CUSTOMER_ASKED, hours=20)
    await advance(600)
    with pytest.raises(NotAllowed):
        await end_pause(await actor_of(scene.grid.assistant), pause.id, DecidePause())
    pause = await end_pause(await make_dispatcher(), pause.id, DecidePause(words="客户在家"))
    assert pause.state == "ended"
    assert ((await restore_due(job.id)) - before).total_seconds() == about(600)


async def test_every_act_on_a_pause_is_a_line_of_the_history() -> None:
    scene = await make_scene()
    job, county = await at_work(scene), await make_dispatcher()
    pause = await asked(scene.manager, job.id)
    await approve_pause(county, pause.id, YES)
    await end_pause(scene.manager, pause.id, DecidePause())
    lines = (await history_of(job.id))[-3:]
    facts = [msgspec.json.decode(one["facts"]) for one in lines]
    assert [one["pause_state"] for one in facts] == ["requested", "running", "ended"]
    assert {one["pause"] for one in facts} == {str(pause.id)}
    assert [one["actor"] for one in lines] == [
        scene.manager.subject,
        county.subject,
        scene.manager.subject,
    ]
    assert (await row_of(job.id))["version"] == lines[-1]["version"]


async def test_work_that_is_over_ends_its_pauses() -> None:
    scene = await make_scene()
    job = await at_work(scene)
    await asked(scene.manager, job.id, PauseReason.CUSTOMER_ASKED)
    job = await step(scene.manager, await view_one(scene.manager, job.id), "restore")
    await step(scene.manager, job, "complete", resolution="好了")
    (pause,) = await pauses_of_matter(scene.manager, JOB, job.id)
    assert pause.state == "ended"
    assert (await row_of(job.id))["due_at"] is None

"""A recorded time is put right by two people, who see every clock before and after (W2)."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
import pytest

from grid.clocks import schedule as clocks_schedule
from grid.clocks.ledger import latest
from grid.clocks.service import clock_rows
from grid.clocks.types import ClockState, DecidePause, PauseReason, RequestPause, Subject, Target
from grid.geography.types import Place
from grid.kit.clock import advance, business_now
from grid.kit.database import fetch_value
from grid.kit.dated_settings import SamePerson
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.territory.types import ChangeState, StaffActor, StaffRole
from grid.work_orders.reading import view_one
from grid.work_orders.times.correcting import (
    NothingRecorded,
    NothingToCorrect,
    TimeBeforeReport,
    TimeInFuture,
    TimesOutOfOrder,
)
from grid.work_orders.times.correction_reading import corrections
from grid.work_orders.times.corrections import (
    CorrectionAlreadyOpen,
    CorrectionDecided,
    RecordedTimeChanged,
    approve_correction,
    propose_correction,
    refuse_correction,
)
from grid.work_orders.times.pausing import approve_pause, end_pause, request_pause
from grid.work_orders.times.types import (
    ClockLine,
    CorrectedField,
    CorrectionView,
    DecideCorrection,
    ProposeCorrection,
)
from grid.work_orders.types import WorkOrderView
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
from tests.support.county import make_grid
from tests.support.staff import actor_of, grant_role, make_dispatcher, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")

_F = CorrectedField
YES, NO = DecideCorrection(words="已核对"), DecideCorrection(words="没有依据")


class Late(NamedTuple):
    """A job whose arrival was recorded too late, and the two people who put times right."""

    scene: Scene
    job: WorkOrderView
    office: StaffActor
    second: StaffActor


async def late_arrival() -> Late:
    """The phone had no signal: the arrival came through two hours late, past its limit."""
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "depart")
    await advance(2 * 3600)
    job = await step(scene.manager, job, "arrive", position=at(scene.home.place))
    return Late(scene, job, scene.dispatcher, await make_dispatcher())


def correction(field: CorrectedField, new_at: datetime, **more: object) -> ProposeCorrection:
    return msgspec.convert(
        {"field": field.value, "new_at": new_at.isoformat(), "reason": "现场无信号", **more},
        type=ProposeCorrection,
    )


async def proposed(late: Late, minutes_earlier: float = 60) -> CorrectionView:
    arrived = (await row_of(late.job.id))["arrived_at"]
    new_at = arrived - timedelta(minutes=minutes_earlier)
    return await propose_correction(late.office, late.job.id, correction(_F.ARRIVED_AT, new_at))


def state_of(lines: list[ClockLine], target: Target) -> ClockState:
    return next(one.clock.state for one in lines if one.clock.target is target)


async def test_W2_a_proposal_shows_before_and_after_and_changes_nothing() -> None:
    late = await late_arrival()
    left, rows = await traces(), await clock_rows(late.job.id)
    found = await proposed(late)
    assert (found.state, found.proposed_by, found.decided_by) == (
        "proposed",
        late.office.subject,
        None,
    )
    assert state_of(found.before, Target.ARRIVE) == ClockState.BREACHED
    assert state_of(found.after, Target.ARRIVE) == ClockState.MET
    assert await clock_rows(late.job.id) == rows
    assert await traces() == left


async def test_W2_a_second_person_approves_and_the_time_and_its_clocks_are_set() -> None:
    late = await late_arrival()
    found = await proposed(late)
    with pytest.raises(SamePerson):
        await approve_correction(late.office, found.id, YES)
    before = latest(await clock_rows(late.job.id))[Target.RESTORE]
    done = await approve_correction(late.second, found.id, YES)
    assert (done.state, done.decided_by, done.decision) == (
        "approved",
        late.second.subject,
        "已核对",
    )
    row, clocks = await row_of(late.job.id), latest(await clock_rows(late.job.id))
    assert row["arrived_at"] == found.new_at
    assert clocks[Target.ARRIVE].stopped_at == found.new_at
    assert clocks[Target.ARRIVE].breached_at is None
    restore = clocks[Target.RESTORE]
    assert (restore.started_at, restore.limit_s) == (found.new_at, before.limit_s)
    assert restore.due_at == found.new_at + timedelta(seconds=restore.limit_s)
    shown = await view_one(late.scene.dispatcher, late.job.id)
    assert row["due_at"] == min(one.due_at for one in shown.clocks if one.state == "running")


async def test_W2_both_values_stay_in_the_correction_and_in_the_history() -> None:
    late = await late_arrival()
    old_at = (await row_of(late.job.id))["arrived_at"]
    found = await proposed(late)
    done = await approve_correction(late.second, found.id, YES)
    assert (done.old_at, done.new_at) == (old_at, found.new_at)
    arrive = next(one for one in done.before if one.clock.target is Target.ARRIVE)
    assert arrive.breached_at == arrive.clock.due_at, "the breach that was undone is kept"
    last = (await history_of(late.job.id))[-1]
    facts = msgspec.json.decode(last["facts"])
    assert (last["event"], last["actor"], last["reason"]) == (
        "comment",
        late.second.subject,
        "现场无信号",
    )
    assert datetime.fromisoformat(facts["old_at"]) == old_at
    assert datetime.fromisoformat(facts["new_at"]) == found.new_at
    assert (facts["correction"], facts["proposed_by"]) == (str(found.id), late.office.subject)


async def test_W2_a_refused_correction_leaves_everything_as_recorded() -> None:
    late = await late_arrival()
    found, left = await proposed(late), await traces()
    with pytest.raises(Invalid):
        await refuse_correction(late.second, found.id, DecideCorrection())
    done = await refuse_correction(late.second, found.id, NO)
    assert (done.state, done.decision) == ("refused", "没有依据")
    assert await traces() == left
    for verb in (approve_correction, refuse_correction):
        with pytest.raises(CorrectionDecided):
            await verb(late.second, found.id, NO)
    assert (await proposed(late)).state == "proposed", "it may be proposed again"


@pytest.mark.parametrize(
    ("minutes", "refusal", "code"),
    [
        (+10, TimeInFuture, "time_in_future"),
        (-24 * 60, TimeBeforeReport, "time_before_report"),
        (-120.5, TimesOutOfOrder, "times_out_of_order"),
    ],
)
async def test_W2_impossible_times_are_refused_by_name(
    minutes: float, refusal: type[Refusal], code: str
) -> None:
    late = await late_arrival()
    await advance(60)
    arrived = (await row_of(late.job.id))["arrived_at"]
    departed = (await row_of(late.job.id))["departed_at"]
    new_at = arrived + timedelta(minutes=minutes)
    if refusal is TimesOutOfOrder:
        new_at = departed - timedelta(microseconds=1)
    with pytest.raises(refusal) as refused:
        await propose_correction(late.office, late.job.id, correction(_F.ARRIVED_AT, new_at))
    assert (refused.value.code, refused.value.facts["field"]) == (code, "new_at")
    assert (await corrections(late.second)).items == []


async def test_W2_what_was_not_recorded_or_is_the_same_is_no_correction() -> None:
    late = await late_arrival()
    row = await row_of(late.job.id)
    with pytest.raises(NothingRecorded):
        await propose_correction(
            late.office, late.job.id, correction(_F.RESTORED_AT, row["arrived_at"])
        )
    with pytest.raises(NothingToCorrect):
        await propose_correction(
            late.office, late.job.id, correction(_F.ARRIVED_AT, row["arrived_at"])
        )
    await proposed(late)
    with pytest.raises(CorrectionAlreadyOpen):
        await proposed(late, 30)


async def test_W2_a_disputed_arrival_is_confirmed_by_two_people() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "depart")
    far = Place(lat=scene.home.place.lat + 0.01, lon=scene.home.place.lon)
    job = await step(scene.manager, job, "arrive", position=at(far), reason="山里定位不准")
    assert job.arrival_grade == "disputed"
    await advance(600)
    recorded = (await row_of(job.id))["arrived_at"]
    found = await propose_correction(scene.dispatcher, job.id, correction(_F.ARRIVED_AT, recorded))
    assert state_of(found.before, Target.ARRIVE) == ClockState.RUNNING
    assert state_of(found.after, Target.ARRIVE) == ClockState.MET
    await approve_correction(await make_dispatcher(), found.id, YES)
    row = await row_of(job.id)
    assert (row["arrival_grade"], row["arrived_at"]) == ("weak", recorded)
    assert latest(await clock_rows(job.id))[Target.ARRIVE].stopped_at == recorded


async def test_W2_a_later_time_can_make_a_breach_that_is_said_once() -> None:
    late = await late_arrival()
    job = await step(late.scene.manager, late.job, "start")
    await advance(3 * 3600)
    job = await step(late.scene.manager, job, "restore")
    await advance(2 * 3600)
    before = (await said())["ClockBreached"]
    restored = (await row_of(job.id))["restored_at"]
    found = await propose_correction(
        late.office, job.id, correction(_F.RESTORED_AT, restored + timedelta(minutes=90))
    )
    assert (await said())["ClockBreached"] == before
    await approve_correction(late.second, found.id, YES)
    assert latest(await clock_rows(job.id))[Target.RESTORE].breached_at is not None
    await clocks_schedule.find_breaches()
    assert (await said())["ClockBreached"] == before + 1


async def test_W2_a_pause_that_is_over_is_put_right_inside_its_box() -> None:
    late = await late_arrival()
    job = await step(late.scene.manager, late.job, "start")
    began = await business_now()
    asked = RequestPause(
        reason=PauseReason.CUSTOMER_ASKED, words="改期", until=began + timedelta(hours=3)
    )
    pause = await request_pause(late.scene.manager, Subject.WORK_ORDER, job.id, asked)
    with pytest.raises(Invalid) as refused:
        await propose_correction(
            late.office, job.id, correction(_F.PAUSE_UNTIL, began, pause_id=str(pause.id))
        )
    assert refused.value.field == "pause_id", "it runs still"
    await advance(1800)
    await end_pause(late.scene.manager, pause.id, DecidePause())
    await advance(4 * 3600)
    due = latest(await clock_rows(job.id))[Target.RESTORE].due_at
    assert due is not None
    for field, new_at, code in (
        (_F.PAUSE_UNTIL, began + timedelta(hours=4), "times_out_of_order"),
        (_F.PAUSE_UNTIL, began - timedelta(minutes=1), "times_out_of_order"),
        (_F.PAUSE_FROM, began - timedelta(days=2), "time_before_report"),
    ):
        with pytest.raises(Invalid) as refused:
            await propose_correction(
                late.office, job.id, correction(field, new_at, pause_id=str(pause.id))
            )
        assert refused.value.code == code
    found = await propose_correction(
        late.office,
        job.id,
        correction(_F.PAUSE_UNTIL, pause.from_at + timedelta(hours=2), pause_id=str(pause.id)),
    )
    await approve_correction(late.second, found.id, YES)
    moved = latest(await clock_rows(job.id))[Target.RESTORE].due_at
    assert moved is not None
    assert (moved - due).total_seconds() == pytest.approx(90 * 60, abs=20)
    ended = await fetch_value("SELECT ended_at FROM sla_pause WHERE id = $1", pause.id)
    assert ended == pause.from_at + timedelta(hours=2)


async def test_W2_a_pause_that_the_county_granted_only_the_county_lengthens() -> None:
    late = await late_arrival()
    job = await step(late.scene.manager, late.job, "start")
    asked = RequestPause(
        reason=PauseReason.SITE_BLOCKED,
        words="道路塌方",
        until=await business_now() + timedelta(hours=3),
    )
    pause = await request_pause(late.scene.manager, Subject.WORK_ORDER, job.id, asked)
    county = await actor_of(
        await make_staff(None, skilled=False, roles=(StaffRole.DISPATCHER,), everywhere=True)
    )
    await approve_pause(county, pause.id, DecidePause())
    await advance(1800)
    await end_pause(late.scene.manager, pause.id, DecidePause())
    earlier = correction(
        _F.PAUSE_FROM, pause.from_at - timedelta(minutes=1), pause_id=str(pause.id)
    )
    found = await propose_correction(late.office, job.id, earlier)
    of_station = await make_dispatcher(late.scene.grid.station_id)
    with pytest.raises(NotAllowed):
        await approve_correction(of_station, found.id, YES)
    assert (await approve_correction(county, found.id, YES)).state is ChangeState.APPROVED


async def test_W2_a_proposal_about_a_time_that_moved_meanwhile_is_not_approved() -> None:
    late = await late_arrival()
    first = await proposed(late, 60)
    row = await row_of(late.job.id)
    accepted = await propose_correction(
        late.office,
        late.job.id,
        correction(_F.DEPARTED_AT, row["arrived_at"] - timedelta(minutes=30)),
    )
    await approve_correction(late.second, accepted.id, YES)
    with pytest.raises(TimesOutOfOrder):
        await approve_correction(late.second, first.id, YES)
    assert (await row_of(late.job.id))["arrived_at"] == row["arrived_at"]


async def test_W2_whose_time_it_is_does_not_decide_on_it() -> None:
    late = await late_arrival()
    doer = late.scene.grid.manager
    await grant_role(doer, StaffRole.DISPATCHER, None)
    found = await proposed(late)
    with pytest.raises(SamePerson):
        await approve_correction(await actor_of(doer), found.id, YES)


async def test_who_may_not_correct_times_neither_proposes_nor_sees() -> None:
    late = await late_arrival()
    found = await proposed(late)
    new_at = (await row_of(late.job.id))["arrived_at"] - timedelta(minutes=5)
    with pytest.raises(NotAllowed):
        await propose_correction(late.scene.manager, late.job.id, correction(_F.ARRIVED_AT, new_at))
    elsewhere = await make_grid()
    foreign = await make_staff(elsewhere.station_id, roles=(StaffRole.STATION_HEAD,))
    stranger = await actor_of(foreign)
    for attempt in (approve_correction, refuse_correction):
        with pytest.raises(NotFound):
            await attempt(stranger, found.id, NO)
        with pytest.raises(NotFound):
            await attempt(late.second, new_id(), NO)
    assert (await corrections(stranger)).items == []
    assert (await corrections(late.scene.manager)).items == []
    assert [one.id for one in (await corrections(late.second)).items] == [found.id]


async def test_the_list_of_corrections_comes_in_pages_by_state_and_job() -> None:
    late = await late_arrival()
    made: list[UUID] = []
    for minutes in (50, 40, 30):
        found = await proposed(late, minutes)
        await refuse_correction(late.second, found.id, NO)
        made.append(found.id)
    first = await corrections(late.second, ChangeState.REFUSED, late.job.id, limit=2)
    assert first.next is not None
    second = await corrections(late.second, ChangeState.REFUSED, late.job.id, first.next, 2)
    assert [one.id for one in [*first.items, *second.items]] == made[::-1]
    assert second.next is None
    assert (await corrections(late.second, ChangeState.PROPOSED)).items == []
    with pytest.raises(Invalid):
        await corrections(late.second, cursor="bm9uc2Vuc2U")


async def test_W2_after_a_reopening_the_old_moment_is_not_the_one_any_more() -> None:
    late = await late_arrival()
    job = await step(late.scene.manager, late.job, "start")
    job = await step(late.scene.manager, job, "restore")
    job = await step(late.scene.manager, job, "complete", resolution="好了")
    found = await propose_correction(
        late.office,
        job.id,
        correction(
            _F.COMPLETED_AT, (await row_of(job.id))["completed_at"] + timedelta(seconds=0.001)
        ),
    )
    await step(
        late.scene.dispatcher,
        await view_one(late.scene.dispatcher, job.id),
        "reopen",
        reason="没好",
    )
    with pytest.raises((NothingRecorded, RecordedTimeChanged)):
        await approve_correction(late.second, found.id, YES)

"""One test for each defect that other systems' users complain of: here each is answered.

The rows are those of the table of defects in the requirements for clocks; the names say which.
"""

from datetime import UTC, datetime, timedelta

import pytest

from grid.clocks import schedule
from grid.clocks.ledger import GIVE_UP_ALL, Effects, next_due
from grid.clocks.service import apply_effects, clock_rows, relimit
from grid.clocks.types import Hours, PauseReason, Subject, Target
from grid.dispatch.service import reassign
from grid.kit.clock import advance, business_now
from grid.work_orders.types import DoVerb
from tests.grid.clocks.matters import (
    DAY,
    HOUR,
    MINUTE,
    clocks_of,
    limit,
    opened_at,
    paused,
    said,
    said_of_clocks,
)
from tests.grid.clocks.oracle import shanghai
from tests.grid.work_orders.scene import make_scene, offered, row_of, step, walked
from tests.support.staff import actor_of

pytestmark = pytest.mark.usefixtures("rolled_back")

JOB = Subject.WORK_ORDER
T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # a Monday, nine o'clock in the county


def later(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


async def test_sla_defect_a_pause_is_honoured_and_the_clock_does_not_tick_on() -> None:
    matter = await opened_at(T0, limit(Target.COMPLETE, 2 * HOUR))
    await paused(matter, PauseReason.WEATHER, later(30), later(90))
    clock = (await clocks_of(matter))[Target.COMPLETE]
    assert (clock.due_at, clock.warn_at) == (later(180), later(156))
    await apply_effects(JOB, matter, Effects(stop=(Target.COMPLETE,)), later(180))
    assert (await clocks_of(matter))[Target.COMPLETE].breached_at is None


async def test_sla_defect_hold_time_is_added_in_the_hours_of_the_target() -> None:
    office = limit(Target.COMPLETE, 3 * HOUR, Hours.OFFICE)
    friday = shanghai(2026, 11, 20, 16, 0)
    matter = await opened_at(friday, office)
    await paused(
        matter, PauseReason.CUSTOMER_ASKED, shanghai(2026, 11, 20, 17), shanghai(2026, 11, 23, 9)
    )
    # On hold for 64 hours by the wall clock, one of them in office hours.
    assert (await clocks_of(matter))[Target.COMPLETE].due_at == shanghai(2026, 11, 23, 11, 0)


async def test_sla_defect_hold_is_booked_right_whatever_states_the_job_passes() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "start")
    first = (await clocks_of(job.id))[Target.RESTORE].due_at
    assert first is not None
    for _ in range(2):
        held = {"pause_reason": "customer_absent", "reason": "等客户回家"}
        job = await step(scene.manager, job, "hold", **held)
        assert {one.target: one.state for one in job.clocks}[Target.RESTORE] == "paused"
        await advance(600)
        job = await step(scene.manager, job, "comment", reason="还没回来")
        await advance(600)
        job = await step(scene.manager, job, "resume")
        await advance(300)
    due = (await clocks_of(job.id))[Target.RESTORE].due_at
    assert due is not None
    assert due - first == pytest.approx(timedelta(minutes=40), abs=timedelta(seconds=20))
    assert (await row_of(job.id))["due_at"] == due


async def test_sla_defect_a_change_of_priority_or_policy_keeps_the_pause() -> None:
    matter = await opened_at(T0, limit(Target.RESTORE, 4 * HOUR))
    await paused(matter, PauseReason.CUSTOMER_ABSENT, later(60), later(120))
    await relimit(JOB, matter, [limit(Target.RESTORE, 3 * HOUR)], later(130))
    clock = (await clocks_of(matter))[Target.RESTORE]
    assert (clock.started_at, clock.due_at) == (T0, later(240))
    await relimit(JOB, matter, [limit(Target.RESTORE, 5 * HOUR)], later(140))
    assert (await clocks_of(matter))[Target.RESTORE].due_at == later(360)
    assert await said("clocks.ClockBreached") == []


async def test_sla_defect_a_breach_is_judged_in_working_hours() -> None:
    friday = shanghai(2026, 11, 20, 17, 0)
    matter = await opened_at(friday, limit(Target.ANSWER, HOUR, Hours.OFFICE))
    monday = shanghai(2026, 11, 23, 9, 0)
    await apply_effects(JOB, matter, Effects(stop=(Target.ANSWER,)), monday)
    clock = (await clocks_of(matter))[Target.ANSWER]
    assert (clock.due_at, clock.breached_at) == (monday, None), "64 hours by the wall clock"


async def test_sla_defect_a_day_has_several_stretches_and_lunch_is_shut() -> None:
    before_lunch = shanghai(2026, 11, 23, 11, 30)
    matter = await opened_at(before_lunch, limit(Target.ANSWER, HOUR, Hours.OFFICE))
    assert (await clocks_of(matter))[Target.ANSWER].due_at == shanghai(2026, 11, 23, 14, 30)


async def test_sla_defect_clocks_stop_when_it_is_solved_and_hold_when_the_team_changes() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "depart")
    before = (await clocks_of(job.id))[Target.ARRIVE]
    await advance(600)
    view_now = await step(scene.dispatcher, job, "comment", reason="换人")
    command = DoVerb(version=view_now.version, reason="换人", staff_id=scene.grid.assistant)
    job = await reassign(scene.dispatcher, job.id, command)
    after = (await clocks_of(job.id))[Target.ARRIVE]
    assert (after.started_at, after.limit_s, after.due_at) == (
        before.started_at,
        before.limit_s,
        before.due_at,
    )
    helper = scene._replace(manager=await actor_of(scene.grid.assistant))
    job = await walked(helper, job, "complete")
    await advance(30 * DAY)
    await schedule.find_breaches()
    past = await said("clocks.ClockBreached")
    assert [one for one in past if one["subject_id"] == str(job.id)] == []
    assert all(not row.is_running for row in await clock_rows(job.id))


async def test_sla_defect_waiting_escalates_by_itself_first_near_then_past_the_limit() -> None:
    start = await business_now()
    matter = await opened_at(start, limit(Target.ARRIVE, 90 * MINUTE))
    await advance(72 * MINUTE + 1)
    await schedule.find_near_breaches()
    await schedule.find_breaches()
    (near,) = await said("clocks.ClockNearBreach")
    assert (near["subject_id"], near["target"]) == (str(matter), "arrive")
    assert await said("clocks.ClockBreached") == []
    await advance(18 * MINUTE)
    await schedule.find_near_breaches()
    await schedule.find_breaches()
    (past,) = await said("clocks.ClockBreached")
    assert past["clock_id"] == near["clock_id"]
    assert (await clocks_of(matter))[Target.ARRIVE].breached_at == start + timedelta(minutes=90)


async def test_sla_defect_a_later_and_shorter_limit_never_overrules_the_first_response() -> None:
    contact, answer = limit(Target.FIRST_CONTACT, 4 * HOUR), limit(Target.ANSWER, HOUR)
    matter = await opened_at(T0, contact, answer)
    await apply_effects(JOB, matter, Effects(stop=(Target.ANSWER,)), later(30))
    clocks = await clocks_of(matter)
    assert clocks[Target.FIRST_CONTACT].due_at == later(240)
    assert next_due(list(clocks.values())) == later(240)


async def test_sla_defect_a_stored_due_time_is_never_stale_and_every_round_is_kept() -> None:
    matter = await opened_at(T0, limit(Target.ANSWER, HOUR), limit(Target.CALLBACK, DAY))
    due = await apply_effects(JOB, matter, Effects(stop=(Target.ANSWER,)), later(90))
    assert due == (await clocks_of(matter))[Target.CALLBACK].due_at
    # The customer comes back by another channel: the answer is owed anew, the breach stays.
    due = await apply_effects(JOB, matter, Effects(again=(Target.ANSWER,)), later(200))
    rounds = [row for row in await clock_rows(matter) if row.target is Target.ANSWER]
    assert [row.breached_at for row in rounds] == [later(60), None]
    assert [row.stopped_at for row in rounds] == [later(90), None]
    assert due == rounds[1].due_at == later(260)


async def test_sla_defect_a_path_that_skips_a_step_leaves_no_clock_unset() -> None:
    # An on-site restore promises no arrival: its clock does not wait for one.
    restore = limit(Target.RESTORE, 45 * MINUTE)
    matter = await opened_at(T0, restore, limit(Target.COMPLETE, DAY), started=(Target.COMPLETE,))
    assert (await clocks_of(matter))[Target.RESTORE].due_at == later(45)
    # Met before it ever began: the moment is kept, and nothing stays open.
    skipped = await opened_at(T0, limit(Target.CALLBACK, DAY), restore, started=(Target.RESTORE,))
    await apply_effects(JOB, skipped, Effects(stop=(Target.CALLBACK,)), later(10))
    clock = (await clocks_of(skipped))[Target.CALLBACK]
    assert (clock.started_at, clock.stopped_at) == (later(10), later(10))
    await apply_effects(JOB, skipped, GIVE_UP_ALL, later(20))
    assert all(row.is_over for row in await clock_rows(skipped))


async def test_each_event_is_said_of_each_clock_at_most_once() -> None:
    start = await business_now()
    for _ in range(3):
        await opened_at(start, limit(Target.ARRIVE, HOUR), limit(Target.COMPLETE, 2 * HOUR))
    for _ in range(10):
        await advance(15 * MINUTE)
        await schedule.find_near_breaches()
        await schedule.find_breaches()
    assert set((await said_of_clocks("clocks.ClockNearBreach")).values()) == {1}
    past = await said_of_clocks("clocks.ClockBreached")
    assert (len(past), set(past.values())) == (6, {1})

"""What time does to clocks, with several workers, after a kill, and when the calendar changes."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from grid.clocks import schedule
from grid.clocks.ledger import Effects
from grid.clocks.policies import ticking_now
from grid.clocks.reactions import mark_stale
from grid.clocks.rules import due_at
from grid.clocks.service import apply_effects, pauses_of
from grid.clocks.types import DueTimesMoved, Hours, PauseReason, Subject, Target
from grid.kit.calendar import CalendarChanged, state_days
from grid.kit.clock import advance, business_day, business_now
from grid.kit.database import execute, fetch, fetch_value, transaction
from grid.work_orders.times.clock_reactions import copy_due_times
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
from tests.grid.work_orders.scene import make_scene, offered

JOB = Subject.WORK_ORDER
NEAR, PAST = "clocks.ClockNearBreach", "clocks.ClockBreached"


class Killed(Exception):
    """A worker died in the middle."""


async def many(count: int) -> list[UUID]:
    start = await business_now()
    async with transaction():
        return [await opened_at(start, limit(Target.ARRIVE, HOUR)) for _ in range(count)]


async def test_W3_two_workers_say_each_breach_once(committed: None) -> None:
    await many(450)
    await advance(HOUR + 1)
    await asyncio.gather(*(schedule.find_breaches() for _ in range(3)))
    past = await said_of_clocks(PAST)
    assert (len(past), set(past.values())) == (450, {1})
    await schedule.find_breaches()
    assert len(await said(PAST)) == 450


async def test_W3_a_worker_that_is_killed_said_nothing_and_the_next_says_all(
    committed: None,
) -> None:
    (matter,) = await many(1)
    await advance(50 * MINUTE)

    async def die_in_the_middle() -> None:
        async with transaction():
            await schedule.find_near_breaches()
            raise Killed

    with pytest.raises(Killed):
        await die_in_the_middle()
    assert await said(NEAR) == []
    assert (await clocks_of(matter))[Target.ARRIVE].warned_at is None
    await schedule.find_near_breaches()
    await schedule.find_near_breaches()
    assert len(await said(NEAR)) == 1


async def test_W3_a_step_and_the_schedule_in_the_same_moment_say_one_breach(
    committed: None,
) -> None:
    (matter,) = await many(1)
    await advance(HOUR + 60)

    async def arrive() -> None:
        async with transaction():
            arrived = Effects(stop=(Target.ARRIVE,))
            await apply_effects(JOB, matter, arrived, await business_now())

    await asyncio.gather(arrive(), schedule.find_breaches(), schedule.find_breaches())
    assert len(await said(PAST)) == 1
    clock = (await clocks_of(matter))[Target.ARRIVE]
    assert clock.stopped_at is not None
    assert clock.breached_at == clock.due_at


@pytest.mark.usefixtures("rolled_back")
async def test_W3_exactly_at_the_limit_nothing_is_breached() -> None:
    (matter,) = await many(1)
    due = (await clocks_of(matter))[Target.ARRIVE].due_at
    assert due is not None
    marks = schedule._PAST.sql
    assert await fetch(marks, due, 10) == []
    assert len(await fetch(marks, due + timedelta(microseconds=1), 10)) == 1


@pytest.mark.usefixtures("rolled_back")
async def test_a_clock_neither_warns_nor_breaches_while_it_is_paused() -> None:
    (matter,) = await many(1)
    start = await business_now()
    await paused(
        matter,
        PauseReason.CUSTOMER_ASKED,
        start + timedelta(minutes=30),
        start + timedelta(hours=5),
        ended=False,
    )
    for _ in range(9):
        await advance(30 * MINUTE)
        await schedule.find_near_breaches()
        await schedule.find_breaches()
    assert (await said(NEAR), await said(PAST)) == ([], [])
    await advance(30 * MINUTE + 18 * MINUTE)
    await schedule.find_near_breaches()
    assert len(await said(NEAR)) == 1
    await advance(13 * MINUTE)
    await schedule.find_breaches()
    assert len(await said(PAST)) == 1


@pytest.mark.usefixtures("rolled_back")
async def test_a_clock_that_slept_past_both_lines_is_only_breached() -> None:
    await many(1)
    await advance(3 * HOUR)
    await schedule.find_breaches()
    await schedule.find_near_breaches()
    assert (len(await said(NEAR)), len(await said(PAST))) == (0, 1)


@pytest.mark.usefixtures("rolled_back")
async def test_a_stated_holiday_moves_the_clocks_that_count_by_working_days() -> None:
    start = await business_now()
    by_days = await opened_at(start, limit(Target.ANSWER, 3 * DAY, Hours.WORKDAYS))
    over = await opened_at(start, limit(Target.ANSWER, 3 * DAY, Hours.WORKDAYS))
    await apply_effects(JOB, over, Effects(stop=(Target.ANSWER,)), start)
    always = await opened_at(start, limit(Target.ANSWER, 3 * DAY))
    before = [(await clocks_of(one))[Target.ANSWER].due_at for one in (by_days, over, always)]
    off = [business_day(start) + timedelta(days=day) for day in range(40)]
    await state_days([(day, False, "放假") for day in off], "县政府通知")
    (event,) = await said("kit.CalendarChanged")
    assert event == {"days": 40}
    await mark_stale(CalendarChanged(days=40))
    await mark_stale(CalendarChanged(days=40))
    await schedule.reckon_stale()
    after = [(await clocks_of(one))[Target.ANSWER].due_at for one in (by_days, over, always)]
    assert after[1:] == before[1:], "what is over and what runs round the clock stays"
    assert after[0] is not None
    assert business_day(after[0]) > off[-1] + timedelta(days=2)
    assert await fetch_value("SELECT count(*) FROM sla_clock WHERE stale") == 0
    (moved,) = await said("clocks.DueTimesMoved")
    assert moved == {"subject": "work_order", "subject_ids": [str(by_days)]}


@pytest.mark.usefixtures("rolled_back")
async def test_a_holiday_that_begins_in_a_pause_costs_nothing_twice() -> None:
    start = await business_now()
    matter = await opened_at(start, limit(Target.COMPLETE, 2 * DAY, Hours.WORKDAYS))
    await paused(matter, PauseReason.WEATHER, start, start + timedelta(hours=24))
    await state_days([(business_day(start), False, "放假")], "县政府通知")
    await mark_stale(CalendarChanged(days=1))
    await schedule.reckon_stale()
    stored = (await clocks_of(matter))[Target.COMPLETE]
    again = due_at(start, 2 * DAY, Hours.WORKDAYS, await pauses_of(matter), await ticking_now())
    assert stored.due_at == again


@pytest.mark.usefixtures("rolled_back")
async def test_the_copy_of_the_next_limit_follows_the_clocks() -> None:
    scene = await make_scene()
    job = await offered(scene)
    assert job.ticket_id is not None
    due = await business_now() + timedelta(days=3)
    await execute(
        "UPDATE sla_clock SET due_at = $2 WHERE subject_id = $1 AND due_at IS NOT NULL", job.id, due
    )
    event = DueTimesMoved(subject=Subject.WORK_ORDER, subject_ids=[job.id])
    for _ in range(2):
        await copy_due_times(event)
        assert await fetch_value("SELECT due_at FROM work_order WHERE id = $1", job.id) == due
    await copy_due_times(DueTimesMoved(subject=Subject.HANDOVER, subject_ids=[job.id]))

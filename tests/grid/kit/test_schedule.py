"""Schedules run when due, once, inside their limit, and survive their own failures."""

import asyncio
from datetime import timedelta

import pytest
import time_machine

from grid.kit import context
from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch_one, fetch_value
from grid.kit.schedule import LEASE_S, due, prepare, run_claimed, schedule, schedules, wake

runs: list[str] = []
state = {"failing": False, "takes_s": 0.0}


@schedule("tests.every_minute", every_s=60, limit_s=0.2)
async def every_minute() -> None:
    runs.append(context.actor_name())
    await asyncio.sleep(state["takes_s"])
    if state["failing"]:
        raise ValueError("nothing works\nDETAIL: Key (phone)=(13900000000)")


@pytest.fixture(autouse=True)
async def _prepared(committed: None) -> None:
    runs.clear()
    state.update(failing=False, takes_s=0.0)
    await prepare()
    await execute("DELETE FROM schedule_guard WHERE name <> 'tests.every_minute'")


async def test_a_new_schedule_is_due_at_once_and_then_after_its_interval() -> None:
    assert await due() == ["tests.every_minute"]
    assert await run_claimed("tests.every_minute")
    assert runs == ["schedule:tests.every_minute"]
    assert await due() == []
    assert not await run_claimed("tests.every_minute")
    with time_machine.travel(machine_now() + timedelta(seconds=61), tick=True):
        assert await run_claimed("tests.every_minute")
    assert len(runs) == 2


async def test_preparing_again_moves_nothing() -> None:
    assert await run_claimed("tests.every_minute")
    await prepare()
    assert "tests.every_minute" not in await due()


async def test_claimed_by_five_at_once_it_runs_once() -> None:
    state["takes_s"] = 0.05
    claimed = await asyncio.gather(*(run_claimed("tests.every_minute") for _ in range(5)))
    assert sorted(claimed) == [False, False, False, False, True]
    assert len(runs) == 1


async def test_a_failure_is_recorded_without_values_and_the_next_run_is_normal() -> None:
    state["failing"] = True
    assert await run_claimed("tests.every_minute")
    row = await fetch_one("SELECT * FROM schedule_guard")
    assert row is not None
    assert row["last_error"] == "ValueError: nothing works"
    assert timedelta(seconds=50) < row["due_at"] - machine_now() <= timedelta(seconds=60)
    state["failing"] = False
    with time_machine.travel(machine_now() + timedelta(seconds=61), tick=True):
        assert await run_claimed("tests.every_minute")
    assert await fetch_value("SELECT last_error FROM schedule_guard") is None


async def test_what_takes_too_long_is_cut_off() -> None:
    state["takes_s"] = 30.0
    assert await run_claimed("tests.every_minute")
    words = await fetch_value("SELECT last_error FROM schedule_guard")
    assert words == "TimeoutError: took longer than 0.2 s"


async def test_a_worker_that_dies_in_the_middle_only_delays_the_next_run() -> None:
    state["takes_s"] = 30.0
    task = asyncio.create_task(run_claimed("tests.every_minute"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await due() == []
    state["takes_s"] = 0.0
    with time_machine.travel(machine_now() + timedelta(seconds=LEASE_S), tick=True):
        assert await run_claimed("tests.every_minute")


async def test_a_long_run_keeps_others_away_and_ends_with_its_normal_next_time() -> None:
    state["takes_s"] = 0.15
    long_run = asyncio.create_task(run_claimed("tests.every_minute", lease_s=0.06))
    for _ in range(6):
        await asyncio.sleep(0.02)
        assert await due() == []
    assert await long_run
    assert len(runs) == 1
    due_at = await fetch_value("SELECT due_at FROM schedule_guard")
    assert timedelta(seconds=50) < due_at - machine_now() <= timedelta(seconds=60)


async def test_a_lease_that_somebody_else_took_is_left_alone() -> None:
    state["takes_s"] = 0.1
    slow = asyncio.create_task(run_claimed("tests.every_minute", lease_s=30.0))
    await asyncio.sleep(0.03)
    elsewhere = machine_now() + timedelta(seconds=500)
    await execute("UPDATE schedule_guard SET due_at = $1", elsewhere)
    assert await slow
    assert await fetch_value("SELECT due_at FROM schedule_guard") == elsewhere


async def test_two_schedules_may_not_share_a_name() -> None:
    with pytest.raises(ValueError, match="two schedules are called"):
        schedule("tests.every_minute", every_s=1)(every_minute)
    assert schedules()["tests.every_minute"].every_s == 60


async def test_pushed_time_wakes_what_rests_and_leaves_alone_what_runs() -> None:
    assert await run_claimed("tests.every_minute")
    assert await due() == []
    assert await wake() == 1
    assert await due() == ["tests.every_minute"]
    state["takes_s"] = 0.1
    running = asyncio.create_task(run_claimed("tests.every_minute"))
    await asyncio.sleep(0.03)
    assert await wake() == 0
    assert await running
    assert len(runs) == 2

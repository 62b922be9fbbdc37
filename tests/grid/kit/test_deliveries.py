"""Freezing after a restore, releasing by two people, counting, and forgetting after two weeks."""

from datetime import timedelta

import pytest
import time_machine

from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch, fetch_value, transaction
from grid.kit.deliveries import (
    KEEP,
    freeze_waiting,
    outbox_gauges,
    prune,
    release_frozen,
)
from grid.kit.outbox import Event, claim_due, fan_out, react, reaction, say, waiting


class BellRung(Event):
    word: str


@reaction(BellRung)
async def hear_bell(event: BellRung) -> None:
    await execute("INSERT INTO probe VALUES ($1)", event.word)


async def ring(*words: str) -> None:
    async with transaction():
        for word in words:
            await say(BellRung(word=word))


async def deliver() -> int:
    await fan_out()
    return sum([await react(name, events) for name, events in await claim_due()])


async def words() -> list[str]:
    return [row["word"] for row in await fetch("SELECT word FROM probe ORDER BY word")]


async def test_what_was_frozen_waits_for_two_people(probe: None) -> None:
    await ring("fanned out")
    await fan_out()
    await ring("fresh")
    assert await freeze_waiting() == 2
    assert await deliver() == 0
    assert await waiting() == (False, False)
    assert await release_frozen("staff:E0001") == 0
    assert await release_frozen("staff:E0001") == 0
    assert await deliver() == 0
    assert await release_frozen("staff:E0002") == 2
    assert await deliver() == 2
    assert await words() == ["fanned out", "fresh"]


async def test_what_is_said_after_the_restore_is_sent(probe: None) -> None:
    await ring("before")
    await freeze_waiting()
    await ring("after")
    assert await deliver() == 1
    assert await words() == ["after"]


async def test_a_new_restore_forgets_who_agreed_to_the_old_one(probe: None) -> None:
    await ring("one")
    await freeze_waiting()
    await release_frozen("staff:E0001")
    await freeze_waiting()
    assert await release_frozen("staff:E0002") == 0
    assert await release_frozen("staff:E0001") == 1


async def test_gauges_count_what_waits_and_how_long(probe: None) -> None:
    assert set((await outbox_gauges()).values()) == {0}
    await ring("one", "two")
    await fan_out()
    await ring("three")
    with time_machine.travel(machine_now() + timedelta(seconds=90), tick=True):
        gauges = await outbox_gauges()
        assert gauges["outbox_events_new"] == 1
        assert gauges["outbox_deliveries_pending"] == 2
        assert gauges["outbox_oldest_seconds"] == pytest.approx(90, abs=5)
        await deliver()
        gauges = await outbox_gauges()
    assert gauges["outbox_deliveries_handled_last_hour"] == 3
    assert gauges["outbox_oldest_seconds"] == 0


async def test_handled_deliveries_are_forgotten_after_two_weeks(probe: None) -> None:
    await ring("handled")
    await deliver()
    await ring("dead")
    await fan_out()
    await execute("UPDATE event_delivery SET state = 'dead' WHERE state = 'pending'")
    await ring("not relayed")
    assert await prune() == 0
    with time_machine.travel(machine_now() + KEEP + timedelta(hours=1), tick=True):
        assert await prune() == 2
        assert await prune() == 0
    assert await fetch_value("SELECT count(*) FROM outbox_event") == 2
    assert await fetch_value("SELECT state FROM event_delivery") == "dead"

"""Many at the same time: one effect, one answer, one order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from backend.embedded import EmbeddedPostgres
from grid.kit import audit, clock
from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch, fetch_value, transaction
from grid.kit.idempotency import IdempotencyKeyReused, once
from grid.kit.ids import new_id
from grid.kit.outbox import Event, claim_due, fan_out, react, reaction, say
from tests.support.contexts import apart


class Counted(Event):
    key: UUID


@reaction(Counted)
async def count_it(event: Counted) -> None:
    await execute("INSERT INTO race_effect VALUES ($1)", event.key)
    await asyncio.sleep(0.002)


@pytest.fixture(autouse=True)
async def _effects(committed: None, postgres: EmbeddedPostgres) -> AsyncIterator[None]:
    owner = await asyncpg.connect(postgres.owner_url)
    await owner.execute("CREATE TABLE race_effect (key uuid NOT NULL)")
    await owner.execute("GRANT ALL ON race_effect TO PUBLIC")
    yield
    await owner.execute("DROP TABLE race_effect")
    await owner.close()


async def effects() -> list[UUID]:
    return [row["key"] for row in await fetch("SELECT key FROM race_effect ORDER BY key")]


async def write_once(key: str, body: str) -> list[int]:
    async def verb() -> list[int]:
        effect = new_id()
        await execute("INSERT INTO race_effect VALUES ($1)", effect)
        await asyncio.sleep(0.02)
        return [effect.int % 1_000_000]

    return await once("staff:E0001", key, "race.write", body, verb, list[int])


async def test_Y10_five_at_once_with_one_key_have_one_effect_and_one_answer() -> None:
    answers = await asyncio.gather(*(write_once("key", "body") for _ in range(5)))
    assert len(await effects()) == 1
    assert answers == [answers[0]] * 5


async def test_Y11_two_bodies_at_once_with_one_key_have_one_effect() -> None:
    outcomes = await asyncio.gather(
        *(write_once("key", body) for body in ("a", "b")), return_exceptions=True
    )
    assert len(await effects()) == 1
    assert sum(isinstance(outcome, IdempotencyKeyReused) for outcome in outcomes) == 1


async def test_one_job_run_by_four_workers_at_once_has_each_effect_once() -> None:
    keys = [new_id() for _ in range(40)]
    async with transaction():
        for key in keys:
            await say(Counted(key=key))
    await fan_out()
    jobs = await claim_due()
    (name,) = {name for name, _ in jobs}
    events = [event for _, events in jobs for event in events]
    handled = await asyncio.gather(*(react(name, events) for _ in range(4)))
    assert sum(handled) == len(keys)
    assert await effects() == keys


async def test_four_relays_share_what_is_new_and_double_nothing() -> None:
    keys = [new_id() for _ in range(300)]
    async with transaction():
        for key in keys:
            await say(Counted(key=key))

    async def relay() -> tuple[int, int]:
        said = await fan_out(limit=40)
        jobs = await claim_due(limit=40)
        return len(said), sum(len(events) for _, events in jobs)

    moved = []
    for _ in range(12):
        moved += await asyncio.gather(*(apart(relay()) for _ in range(4)))
    assert sum(fanned for fanned, _ in moved) == 300
    assert sum(claimed for _, claimed in moved) == 300
    assert await fetch_value("SELECT count(*) FROM event_delivery") == 300


async def test_two_sealers_make_one_chain() -> None:
    for n in range(50):
        await audit.record("race", f"entry {n}")
    since = machine_now() - timedelta(minutes=1)
    sealed = await asyncio.gather(*(audit.seal(since) for _ in range(4)))
    assert sum(sealed) == 50
    assert await audit.verify() is None
    positions = await fetch("SELECT position FROM audit_link ORDER BY position")
    assert [row["position"] for row in positions] == list(range(1, 51))


async def test_five_fingers_on_the_clock_add_up() -> None:
    await asyncio.gather(*(clock.advance(60) for _ in range(5)))
    assert await fetch_value("SELECT offset_s FROM business_clock") == 300

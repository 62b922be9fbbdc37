"""The worker as a real process: what is said is done once, whoever is killed in between."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from redis.asyncio import Redis

from backend.embedded import EmbeddedPostgres, EmbeddedValkey
from backend.relay import LIVE_CHANNEL
from grid.kit.database import execute, fetch_value
from grid.kit.outbox import LEASE
from tests.backend.worker_process import (
    effects_of,
    knock,
    unfinished,
    until,
    until_handled,
    worker,
    worker_environment,
)
from tests.backend.worker_room import CREATE_EFFECT, TICK_KEY

LEASE_S = LEASE.total_seconds()


@pytest.fixture(scope="module")
async def effect_table(pool: None, postgres: EmbeddedPostgres) -> AsyncIterator[None]:
    """The table in which the tests' reaction leaves its effects."""
    owner = await asyncpg.connect(postgres.owner_url)
    await owner.execute(CREATE_EFFECT)
    await owner.execute("GRANT ALL ON effect TO PUBLIC")
    await owner.close()
    yield
    owner = await asyncpg.connect(postgres.owner_url)
    await owner.execute("DROP TABLE effect")
    await owner.close()


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    async with EmbeddedValkey(tmp_path / "home", durable=False) as server:
        yield server


@pytest.fixture
def environment(
    effect_table: None, committed: None, database_url: str, valkey: EmbeddedValkey
) -> dict[str, str]:
    return worker_environment(database_url, valkey.url)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


def once(keys: list[UUID]) -> dict[UUID, int]:
    return dict.fromkeys(keys, 1)


async def test_what_is_said_is_done_once(environment: dict[str, str], log: Path) -> None:
    before = await knock(300)
    with worker(environment, log):
        await until_handled(before)
        during = await knock(50)
        await until_handled(during)
    assert await effects_of(before + during) == once(before + during)


async def test_sigterm_finishes_what_runs(environment: dict[str, str], log: Path) -> None:
    with worker(environment, log) as process:
        await until_handled(await knock(1))
        slow = await knock(1, wait_s=1.0)
        await asyncio.sleep(0.4)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 12) == 0
    assert await effects_of(slow) == once(slow)
    assert await unfinished() == 0


async def test_two_workers_share_and_double_nothing(environment: dict[str, str], log: Path) -> None:
    with worker(environment, log), worker(environment, log):
        keys = await knock(600)
        await until_handled(keys, within_s=20)
        assert await effects_of(keys) == once(keys)


async def test_kill_9_of_a_worker_in_the_middle(environment: dict[str, str], log: Path) -> None:
    with worker(environment, log) as process:
        await until_handled(await knock(1))
        keys = await knock(60, wait_s=0.05)

        async def begun() -> bool:
            return len(await effects_of(keys)) >= 5

        await until(begun, "some of them are done")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert await unfinished() > 0
    with worker(environment, log):
        await until_handled(keys, within_s=LEASE_S + 10)
    assert await effects_of(keys) == once(keys)


async def test_Y31_wiping_valkey_loses_nothing(
    environment: dict[str, str], log: Path, valkey: EmbeddedValkey
) -> None:
    with worker(environment, log):
        await until_handled(await knock(1))
        keys = await knock(200, wait_s=0.02)
        async with Redis.from_url(valkey.url) as client:
            for _ in range(20):
                await client.flushall()
                await asyncio.sleep(0.05)
        await until_handled(keys, within_s=LEASE_S + 10)
    assert await effects_of(keys) == once(keys)


async def test_Y31_kill_9_of_valkey_loses_nothing(
    environment: dict[str, str], log: Path, valkey: EmbeddedValkey
) -> None:
    with worker(environment, log) as process:
        await until_handled(await knock(1))
        keys = await knock(100, wait_s=0.02)
        os.kill(valkey.child.pid, signal.SIGKILL)
        while_away = await knock(20)
        await asyncio.sleep(1)
        assert process.poll() is None
        await valkey.restart()
        await until_handled(keys + while_away, within_s=LEASE_S + 10)
        assert await effects_of(keys + while_away) == once(keys + while_away)
        quickly = await knock(1)
        await until_handled(quickly, within_s=2)
    words = await asyncio.to_thread(log.read_text)
    assert 1 <= words.count("server_away") <= 4, words


async def test_a_worker_waits_for_valkey(
    environment: dict[str, str], log: Path, valkey: EmbeddedValkey
) -> None:
    os.kill(valkey.child.pid, signal.SIGKILL)
    keys = await knock(3)
    with worker(environment, log):
        await asyncio.sleep(1.5)
        await valkey.restart()
        await until_handled(keys, within_s=LEASE_S + 5)


async def test_a_cut_database_connection_is_replaced(
    environment: dict[str, str], log: Path
) -> None:
    with worker(environment, log) as process:
        await until_handled(await knock(1))
        keys = await knock(100, wait_s=0.02)
        cut = await fetch_value(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'wangge-worker'"
        )
        assert cut > 0
        await until_handled(keys, within_s=LEASE_S + 10)
        assert process.poll() is None
    assert await effects_of(keys) == once(keys)


async def test_a_failing_event_keeps_nobody_waiting(environment: dict[str, str], log: Path) -> None:
    bad = await knock(3, refuse=True)
    good = await knock(30)
    with worker(environment, log):

        async def good_are_done() -> bool:
            return await effects_of(good) == once(good)

        await until(good_are_done, "the good ones are done")

        async def bad_failed() -> bool:
            return await fetch_value("SELECT count(*) FROM event_delivery WHERE attempts > 0") == 3

        await until(bad_failed, "the bad ones are marked")
    assert await effects_of(bad) == {}


async def test_two_workers_run_a_schedule_once(environment: dict[str, str], log: Path) -> None:
    await execute("DELETE FROM effect")
    with worker(environment, log), worker(environment, log):
        await asyncio.sleep(1.0)

        async def ticked() -> bool:
            return bool(await fetch_value("SELECT count(*) FROM effect"))

        await until(ticked, "the schedule ran")
        began = time.monotonic()
        first = await fetch_value("SELECT count(*) FROM effect WHERE event_key = $1", TICK_KEY)
        await asyncio.sleep(3)
        last = await fetch_value("SELECT count(*) FROM effect WHERE event_key = $1", TICK_KEY)
        assert last - first <= time.monotonic() - began + 1
        assert last > first


async def test_every_event_becomes_a_live_hint(
    environment: dict[str, str], log: Path, valkey: EmbeddedValkey
) -> None:
    async with Redis.from_url(valkey.url) as client, client.pubsub() as heard:
        await heard.subscribe(LIVE_CHANNEL)
        with worker(environment, log):
            (key,) = await knock(1)
            await until_handled([key])

            async def told() -> bool:
                message = await heard.get_message(ignore_subscribe_messages=True)
                return message is not None and str(key).encode() in message["data"]

            await until(told, "the hint names the event's key")

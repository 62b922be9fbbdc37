"""Row d: from an event that is said to its reaction that is done, beside arq alone."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import UUID

import msgspec
from arq.connections import ArqRedis, RedisSettings, create_pool

from grid.kit.database import execute, fetch, fetch_value, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from tests.backend.worker_process import until, worker, worker_environment
from tests.benchmarks import bare_arq, bench_room
from tests.benchmarks.figures import Row, rate_row, wait_row
from tests.benchmarks.services import Services, as_owner

POLL_DELAY_S = 0.02
ARQ_DEFAULT_POLL_S = 0.5
#: Jobs put into arq's queue beside each other before a round.
ENQUEUED_AT_ONCE = 50


async def measure(services: Services, *, quick: bool) -> list[Row]:
    """Drain rate and median wait, ours and arq's in turns."""
    await as_owner(services, *bench_room.CREATE)
    count, rounds, singles = (400, 3, 20) if quick else (2000, 5, 40)
    ours: list[float] = []
    bare: list[float] = []
    our_waits: list[float] = []
    bare_waits: list[float] = []
    async with _both_workers(services, POLL_DELAY_S) as queue:
        await _drain_ours(50)
        await _drain_bare(queue, 50)
        for _ in range(rounds):
            ours.append(await _drain_ours(count))
            bare.append(await _drain_bare(queue, count))
        for _ in range(rounds):
            our_waits.append(await _wait_ours(singles))
            bare_waits.append(await _wait_bare(queue, singles))
    async with _both_workers(services, ARQ_DEFAULT_POLL_S) as queue:
        default_wait = await _wait_bare(queue, 10)
    await as_owner(services, "DROP TABLE bench_effect")
    same = f"arq alone at poll {POLL_DELAY_S:g} s, one job an event, same effect"
    return [
        rate_row("d1", f"{count} events said -> reactions done", same, ours, bare, 1.0),
        wait_row("d2", "median wait, said -> done", same, our_waits, bare_waits, None),
        wait_row(
            "d3",
            "median wait, said -> done",
            f"arq alone at its default poll {ARQ_DEFAULT_POLL_S:g} s",
            our_waits,
            [default_wait],
            1.0,
        ),
    ]


@asynccontextmanager
async def _both_workers(services: Services, poll_delay_s: float) -> AsyncIterator[ArqRedis]:
    """Our worker and the bare one, both up; yields the bare one's queue."""
    environment = worker_environment(services.app_url, services.redis_url, demo=False)
    log = services.directory / "workers.log"
    bare = environment | {"BENCH_POLL_DELAY_S": str(poll_delay_s)}
    queue = await create_pool(
        RedisSettings.from_dsn(services.redis_url),
        job_serializer=msgspec.msgpack.encode,
        default_queue_name=bare_arq.QUEUE,
    )
    try:
        with (
            worker(environment, log, bench_room.PROGRAM),
            worker(bare, log, bare_arq.PROGRAM),
        ):
            yield queue
    finally:
        await queue.aclose()


async def _done(keys: list[UUID], within_s: float = 120.0) -> dict[UUID, float]:
    """When each event had its effect, once all have; the table is empty afterwards."""

    async def all_done() -> bool:
        return int(await fetch_value("SELECT count(*) FROM bench_effect")) >= len(keys)

    await until(all_done, f"{len(keys)} effects", within_s)
    rows = await fetch("SELECT key, done_at FROM bench_effect")
    await execute("DELETE FROM bench_effect")
    done = {row["key"]: row["done_at"] for row in rows}
    assert set(done) == set(keys)
    assert len(rows) == len(keys), "an event had its effect twice"
    return done


async def _drain_ours(count: int) -> float:
    """Events per second, from the commit that said them all to the last effect."""
    keys = [new_id() for _ in range(count)]
    async with transaction():
        for key in keys:
            await say(bench_room.Struck(key=key))
    began = time.time()
    done = await _done(keys)
    return count / (max(done.values()) - began)


async def _drain_bare(queue: ArqRedis, count: int) -> float:
    """Jobs per second, from the moment at which all of them may start to the last effect."""
    keys = [new_id() for _ in range(count)]
    start = datetime.now(UTC) + timedelta(seconds=2 + count / 400)
    for first in range(0, count, ENQUEUED_AT_ONCE):
        await asyncio.gather(
            *(
                queue.enqueue_job("note_moment", str(key), _defer_until=start)
                for key in keys[first : first + ENQUEUED_AT_ONCE]
            )
        )
    began = start.timestamp()
    assert time.time() < began, "the queue was not filled in time"
    done = await _done(keys)
    return count / (max(done.values()) - began)


async def _wait_ours(count: int) -> float:
    """Median milliseconds from a commit to the effect, one event at a time."""
    said: dict[UUID, float] = {}
    chance = random.Random(count)
    for _ in range(count):
        key = new_id()
        async with transaction():
            await say(bench_room.Struck(key=key))
        said[key] = time.time()
        await asyncio.sleep(0.06 + chance.random() * 0.06)
    done = await _done(list(said))
    return median((done[key] - at) * 1000 for key, at in said.items())


async def _wait_bare(queue: ArqRedis, count: int) -> float:
    said: dict[UUID, float] = {}
    chance = random.Random(count)
    for _ in range(count):
        key = new_id()
        await queue.enqueue_job("note_moment", str(key))
        said[key] = time.time()
        await asyncio.sleep(0.06 + chance.random() * 0.06)
    done = await _done(list(said))
    return median((done[key] - at) * 1000 for key, at in said.items())

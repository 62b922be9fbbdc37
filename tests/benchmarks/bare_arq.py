"""The limit of row d: arq alone, one job for each event, with the same effect on a bare pool."""

import asyncio
import os
import time
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import uvloop
from arq.connections import RedisSettings
from arq.worker import Worker, func

from tests.benchmarks.bench_room import INSERT

QUEUE = "bare"
PROGRAM = "from tests.benchmarks.bare_arq import main; main()"


async def note_moment(ctx: dict[str, Any], key: str) -> None:
    async with ctx["pool"].acquire() as connection, connection.transaction():
        await connection.execute(INSERT, UUID(key), time.time())


async def run() -> None:
    """Work until killed; the poll delay is the argument of the comparison."""
    async with asyncpg.create_pool(os.environ["WANGGE_DATABASE_URL"], max_size=10) as pool:
        worker = Worker(
            functions=[func(note_moment, name="note_moment", timeout=20, max_tries=1)],
            redis_settings=RedisSettings.from_dsn(os.environ["WANGGE_REDIS_URL"]),
            queue_name=QUEUE,
            keep_result=0,
            poll_delay=float(os.environ["BENCH_POLL_DELAY_S"]),
            job_serializer=msgspec.msgpack.encode,
            job_deserializer=msgspec.msgpack.decode,
            ctx={"pool": pool},
        )
        await worker.async_run()


def main() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())

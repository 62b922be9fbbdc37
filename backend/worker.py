"""The worker: runs the relay, the reactions through arq, and the schedules of every room.

It starts whether or not PostgreSQL and Valkey answer yet, and outlives the restart of either
(`backend/decisions/0010-worker-outlives-valkey.md`). SIGTERM ends it in order: no new jobs, ten
seconds for those that run. kill -9 loses nothing; leases bring the work back.
"""

import asyncio
import contextlib
import signal
from typing import Any
from uuid import UUID

import structlog
import uvloop
from arq.worker import Worker, func
from redis.exceptions import RedisError

from backend.blob_folder import use_folder
from backend.http import logs
from backend.outage import Outage, database_faults
from backend.province import schedule as province_schedule
from backend.relay import REACT_JOB, Relay, connect, pause
from backend.settings import Settings, settings
from bot import matter_reactions as bot_matter_reactions
from bot import outage_reactions as bot_outage_reactions
from bot import reactions as bot_reactions
from bot import schedule as bot_schedule
from grid.clocks import reactions as clocks_reactions
from grid.clocks import schedule as clocks_schedule
from grid.customers import schedule as customers_schedule
from grid.dispatch import reactions as dispatch_reactions
from grid.dispatch import schedule as dispatch_schedule
from grid.evidence import reactions as evidence_reactions
from grid.evidence import schedule as evidence_schedule
from grid.indicators import schedule as indicators_schedule
from grid.kit import clock, outbox, schedule, upkeep
from grid.kit.database import close_pool, open_pool
from grid.notices import schedule as notices_schedule
from grid.outages import reactions as outages_reactions
from grid.outages import schedule as outages_schedule
from grid.partners import reactions as partners_reactions
from grid.partners import schedule as partners_schedule
from grid.supervision import reactions as supervision_reactions
from grid.supervision import schedule as supervision_schedule
from grid.territory import schedule as territory_schedule
from grid.visits import reactions as visits_reactions
from grid.visits import schedule as visits_schedule
from grid.work_orders import reactions as work_orders_reactions
from grid.work_orders import schedule as work_orders_schedule
from grid.work_orders.tickets import schedule as ticket_schedule
from grid.work_orders.times import clock_reactions, promise_reactions
from grid.work_orders.times import schedule as pause_schedule

#: Modules whose import registers reactions and schedules; one list for all rooms and doors.
ROOMS = (
    upkeep,
    territory_schedule,
    customers_schedule,
    evidence_reactions,
    evidence_schedule,
    clocks_reactions,
    clocks_schedule,
    notices_schedule,
    promise_reactions,
    work_orders_reactions,
    clock_reactions,
    pause_schedule,
    work_orders_schedule,
    visits_reactions,
    visits_schedule,
    ticket_schedule,
    outages_reactions,
    outages_schedule,
    supervision_reactions,
    supervision_schedule,
    partners_reactions,
    partners_schedule,
    dispatch_reactions,
    dispatch_schedule,
    indicators_schedule,
    bot_reactions,
    bot_matter_reactions,
    bot_outage_reactions,
    bot_schedule,
    province_schedule,
)

#: Connections of the pool that the relay and the schedules use beside the jobs.
CONNECTIONS_BESIDE_JOBS = 2
#: arq cancels a job after this long; `react` stops by itself well before.
JOB_TIMEOUT_S = 20
#: What running jobs and schedules get after SIGTERM.
STOP_GRACE_S = 10.0
#: How often the schedules' rows are looked at, and how many run at once in one worker.
SCHEDULE_POLL_S, SCHEDULES_AT_ONCE = 0.25, 4

log = structlog.get_logger()


def main() -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. Raises SettingsError."""
    known = settings()
    logs.configure(known.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(known))
    return 0


async def run(known: Settings) -> None:
    """Open the pool, then run relay, queue and schedules until a signal comes."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    clock.allow_moving(known.demo)
    use_folder(known.blob_dir)
    try:
        if await _open_pool_when_it_answers(known, stopping):
            log.info(
                "worker_started",
                reactions=len(outbox.reactions()),
                schedules=len(schedule.schedules()),
            )
            async with asyncio.TaskGroup() as parts:
                parts.create_task(_relay(known, stopping))
                parts.create_task(_queue(known, stopping))
                parts.create_task(_schedules(stopping))
    finally:
        await close_pool()
        log.info("worker_stopped")


async def _open_pool_when_it_answers(known: Settings, stopping: asyncio.Event) -> bool:
    """Wait for PostgreSQL and its tables; False when asked to stop before they were there."""
    outage = Outage("database")
    while not stopping.is_set():
        try:
            await open_pool(
                known.database_url.reveal(),
                max_size=known.database_pool_max,
                server_settings={"application_name": "wangge-worker"},
            )
            await schedule.prepare()
        except database_faults() as error:
            await close_pool()
            await pause(stopping, outage.failed(error))
        else:
            outage.over()
            return True
    return False


async def _relay(known: Settings, stopping: asyncio.Event) -> None:
    redis = connect(known.redis_url.reveal())
    try:
        await Relay(redis).run(stopping)
    finally:
        await redis.aclose()


async def react_job(ctx: dict[str, Any], name: str, events: list[str]) -> None:
    """The one job of the queue. What it could not do is due again when its lease ends."""
    try:
        await outbox.react(name, [UUID(event) for event in events])
    except database_faults() as error:
        log.error("reaction_job_unfinished", reaction=name, error=type(error).__name__)


async def _queue(known: Settings, stopping: asyncio.Event) -> None:
    """Run arq's worker, and run it anew when Valkey went away under it."""
    outage = Outage("valkey")
    while not stopping.is_set():
        redis = connect(known.redis_url.reveal())
        try:
            await redis.ping()
            outage.over()
            await _run_jobs(_arq_worker(known, redis), stopping)
        except (RedisError, OSError) as error:
            await pause(stopping, outage.failed(error))
        finally:
            with contextlib.suppress(RedisError, OSError):
                await redis.aclose()


def _arq_worker(known: Settings, redis: Any) -> Worker:
    return Worker(
        functions=[func(react_job, name=REACT_JOB, timeout=JOB_TIMEOUT_S, max_tries=1)],
        redis_pool=redis,
        handle_signals=False,
        keep_result=0,
        poll_delay=0.02,
        max_jobs=max(1, known.database_pool_max - CONNECTIONS_BESIDE_JOBS),
        health_check_interval=30,
        job_serializer=redis.job_serializer,
        job_deserializer=redis.job_deserializer,
        log_results=False,
    )


async def _run_jobs(worker: Worker, stopping: asyncio.Event) -> None:
    """Run arq's loop until a stop is asked for; raises what ended the loop before that."""
    loop = asyncio.create_task(worker.main())
    stop = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({loop, stop}, return_when=asyncio.FIRST_COMPLETED)
        worker.allow_pick_jobs = False
        running = list(worker.tasks.values())
        if running:
            await asyncio.wait(running, timeout=STOP_GRACE_S)
        if loop.done():
            loop.result()
    finally:
        await _cancel([loop, stop, *worker.tasks.values()])


async def _schedules(stopping: asyncio.Event) -> None:
    """Start what is due, at most SCHEDULES_AT_ONCE together; failures are in the rows."""
    outage = Outage("database")
    running: dict[str, asyncio.Task[bool]] = {}
    while not stopping.is_set():
        wait_s = SCHEDULE_POLL_S
        try:
            for name in [name for name, task in running.items() if task.done()]:
                await running.pop(name)
            for name in await schedule.due():
                if name not in running and len(running) < SCHEDULES_AT_ONCE:
                    running[name] = asyncio.create_task(schedule.run_claimed(name))
            outage.over()
        except database_faults() as error:
            wait_s = outage.failed(error)
        await pause(stopping, wait_s)
    if running:
        await asyncio.wait(running.values(), timeout=STOP_GRACE_S)
        await _cancel(list(running.values()))


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    """Cancel what still runs and wait for all; their errors were reported where they arose."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    raise SystemExit(main())

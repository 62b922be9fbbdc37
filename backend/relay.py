"""The relay: takes what was said out of PostgreSQL and hands it to the queue in Valkey.

Each step fans new events out to their reactions, publishes a live hint for each, and leases due
deliveries to the queue as jobs. It holds no state: two relays share the work, a dead one leaves
nothing but leases that run out.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

import msgspec
import structlog
from arq.connections import ArqRedis
from arq.constants import default_queue_name
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from backend.outage import Outage, database_faults
from grid.kit import outbox

#: Where browsers' event streams listen for what changed.
LIVE_CHANNEL = "wangge:live"
#: The queue's name for "run one reaction for these events".
REACT_JOB = "react"
#: Jobs in the queue above which the relay leases no more: they would only grow old there.
QUEUE_MAX_JOBS = 30
#: Events fanned out in one step, and full jobs leased in one step.
FAN_OUT_MAX, JOBS_AT_ONCE = 1000, 10
#: How long the relay sleeps when nothing waits: at first, and after a quiet while.
POLL_S, QUIET_POLL_S, QUIET_AFTER_POLLS = 0.02, 0.05, 100
#: A job that waited longer than this is dropped: its deliveries have been leased anew.
JOB_EXPIRES = timedelta(seconds=60)

log = structlog.get_logger()


class Step(StrEnum):
    """What a step found: nothing, what fitted into it, or perhaps more than that."""

    QUIET = "quiet"
    MOVED = "moved"
    FULL = "full"


class LiveHint(msgspec.Struct, frozen=True, kw_only=True):
    """What is published for each event: its kind and its body, which holds ids only."""

    kind: str
    body: msgspec.Raw


def connect(redis_url: str) -> ArqRedis:
    """A client for one purpose; a command on a connection that a restart cut is sent once more."""
    pool: ConnectionPool = ConnectionPool.from_url(
        redis_url,
        socket_connect_timeout=2,
        socket_timeout=5,
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[RedisConnectionError],
        max_connections=50,
    )
    return ArqRedis(
        pool,
        job_serializer=msgspec.msgpack.encode,
        job_deserializer=msgspec.msgpack.decode,
    )


class Relay:
    """Moves events from the outbox to the queue until it is told to stop."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis
        self._database = Outage("database")
        self._valkey = Outage("valkey")

    async def run(self, stopping: asyncio.Event) -> None:
        """Step until `stopping` is set; a failure of either server delays, and never ends it."""
        quiet_polls = 0
        while not stopping.is_set():
            try:
                step = await self.step()
            except RedisError as error:
                wait_s = self._valkey.failed(error)
            except database_faults() as error:
                wait_s = self._database.failed(error)
            else:
                if step is Step.FULL:
                    continue
                quiet_polls = 0 if step is Step.MOVED else quiet_polls + 1
                wait_s = POLL_S if quiet_polls < QUIET_AFTER_POLLS else QUIET_POLL_S
            await pause(stopping, wait_s)

    async def step(self) -> Step:
        """Move what waits now, and tell how much that was."""
        waiting = await outbox.waiting()
        self._database.over()
        said = await outbox.fan_out(FAN_OUT_MAX) if waiting.events else []
        if said:
            await self._publish(said)
        if not said and not waiting.deliveries:
            return Step.QUIET
        room = QUEUE_MAX_JOBS - await self._redis.zcard(default_queue_name)
        self._valkey.over()
        if room <= 0:
            return Step.MOVED
        limit = min(room, JOBS_AT_ONCE) * outbox.BATCH
        jobs = await outbox.claim_due(limit)
        await self._enqueue(jobs)
        leased = sum(len(events) for _, events in jobs)
        return Step.FULL if len(said) == FAN_OUT_MAX or leased == limit else Step.MOVED

    async def _publish(self, said: Sequence[outbox.SaidEvent]) -> None:
        """Tell who is looking; a hint that is lost is only a later refresh."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for event in said:
                    hint = LiveHint(kind=event.kind, body=msgspec.Raw(event.body.encode()))
                    pipe.publish(LIVE_CHANNEL, msgspec.json.encode(hint))
                await pipe.execute()
        except RedisError as error:
            self._valkey.failed(error)

    async def _enqueue(self, jobs: Sequence[outbox.Job]) -> None:
        """Hand each job to the queue; what it did not take loses its lease at once."""
        for taken, (name, events) in enumerate(jobs):
            try:
                await self._redis.enqueue_job(
                    REACT_JOB, name, [event.hex for event in events], _expires=JOB_EXPIRES
                )
            except RedisError:
                await outbox.give_back(jobs[taken:])
                raise


async def pause(stopping: asyncio.Event, wait_s: float) -> None:
    """Sleep, but not past the moment at which we are asked to stop."""
    try:
        async with asyncio.timeout(wait_s):
            await stopping.wait()
    except TimeoutError:
        return

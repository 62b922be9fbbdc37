"""Events: said inside the transaction that made them true, delivered later to each reaction.

`say` writes a row and nothing else, so an event exists exactly when its transaction committed. The
relay (in the worker) fans rows out to one delivery per reaction and hands the queue one job per
reaction with up to `BATCH` event ids; order is not promised. `react` handles each event in a
transaction of its own and marks it there, so a reaction's effect and its mark commit together.
PostgreSQL is the truth: losing the queue loses nothing (Y31). What people do with deliveries (dead
letters, releasing what was frozen) is in `deliveries`.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
import structlog

from grid.kit import context
from grid.kit.clock import machine_now
from grid.kit.database import (
    connection_of_transaction,
    execute,
    fetch,
    fetch_one,
    in_transaction,
    transaction,
)
from grid.kit.deliveries import (
    DeadLetter,
    dead_letters,
    freeze_waiting,
    outbox_gauges,
    release_frozen,
    replay,
)
from grid.kit.faults import fault_place, fault_words
from grid.kit.ids import new_id

__all__ = [
    "BATCH",
    "LEASE",
    "MAX_ATTEMPTS",
    "DeadLetter",
    "Event",
    "Reaction",
    "SaidEvent",
    "claim_due",
    "dead_letters",
    "event_kind",
    "fan_out",
    "freeze_waiting",
    "give_back",
    "outbox_gauges",
    "react",
    "reaction",
    "reactions",
    "release_frozen",
    "replay",
    "say",
    "say_all",
    "waiting",
]

#: Most events in one job, and how many jobs share a burst that would fit into fewer.
BATCH = 200
BURST_JOBS = 6
#: A job with fewer events than this costs more than it gains.
BATCH_MIN = 10
#: A delivery handed to the queue is due again after this long, if nobody finished it.
LEASE = timedelta(seconds=10)
#: Tries before a delivery is a dead letter for a person.
MAX_ATTEMPTS = 8
#: A reaction that takes longer than this for one event has failed.
HANDLE_LIMIT_S = 6.0
#: A job takes no further event after this long; the lease brings back what it left.
JOB_BUDGET_S = 6.0
#: The longest wait between two tries.
BACKOFF_MAX_S = 300

log = structlog.get_logger()


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact in the past tense: ids and small facts, no personal text."""


E = TypeVar("E", bound=Event)
Handler = Callable[[Any], Awaitable[None]]


class Reaction(NamedTuple):
    name: str
    event: type[Event]
    handle: Handler


_REACTIONS: dict[str, Reaction] = {}


def event_kind(event: type[Event]) -> str:
    """`room.Name` of an event class, as stored."""
    return f"{event.__module__.split('.')[-2]}.{event.__name__}"


def reaction(event: type[E]) -> Callable[[Callable[[E], Awaitable[None]]], Handler]:
    """Register a function as a reaction to an event: it runs in a transaction, at least once."""

    def register(handle: Callable[[E], Awaitable[None]]) -> Handler:
        room = handle.__module__.removesuffix(".reactions")
        name = f"{room}.{handle.__name__}"
        _REACTIONS[name] = Reaction(name, event, handle)
        return handle

    return register


def reactions() -> dict[str, Reaction]:
    """Every registered reaction by name (those whose modules were imported)."""
    return dict(_REACTIONS)


async def say(event: Event) -> None:
    """Write the event inside the running transaction. Raises RuntimeError outside of one."""
    if not in_transaction():
        raise RuntimeError(f"{type(event).__name__} was said outside a transaction")
    await execute(
        "INSERT INTO outbox_event (id, kind, body, said_by, said_at) VALUES ($1, $2, $3, $4, $5)",
        new_id(),
        event_kind(type(event)),
        msgspec.json.encode(event).decode(),
        context.actor_name(),
        machine_now(),
    )


async def say_all(events: Sequence[Event]) -> None:
    """Write many events by one COPY. Raises RuntimeError outside a transaction."""
    now, name = machine_now(), context.actor_name()
    await connection_of_transaction().copy_records_to_table(
        "outbox_event",
        columns=["id", "kind", "body", "said_by", "said_at"],
        records=[
            (new_id(), event_kind(type(one)), msgspec.json.encode(one).decode(), name, now)
            for one in events
        ],
    )


class SaidEvent(NamedTuple):
    """An event as the relay saw it, for live hints."""

    id: UUID
    kind: str
    body: str


class Waiting(NamedTuple):
    """Whether there are events without deliveries, and deliveries that are due."""

    events: bool
    deliveries: bool


async def waiting() -> Waiting:
    """What the relay asks while nothing happens: one round trip, two partial indexes."""
    row = await fetch_one(
        "SELECT EXISTS (SELECT FROM outbox_event WHERE relayed_at IS NULL) AS events,"
        " EXISTS (SELECT FROM event_delivery WHERE state = 'pending' AND due_at <= $1)"
        " AS deliveries",
        machine_now(),
    )
    assert row is not None
    return Waiting(row["events"], row["deliveries"])


async def fan_out(limit: int = 1000) -> list[SaidEvent]:
    """Give every new event its deliveries; returns the events that were new. One statement.

    A delivery's id begins with the time of its event, as every id here begins with a time; it is
    put together in SQL because PostgreSQL below 18 makes no UUIDv7.
    """
    known = list(_REACTIONS.values())
    rows = await fetch(
        "WITH fresh AS (UPDATE outbox_event SET relayed_at = $2 WHERE id IN ("
        " SELECT id FROM outbox_event WHERE relayed_at IS NULL ORDER BY id LIMIT $1"
        " FOR UPDATE SKIP LOCKED) RETURNING id, kind, body),"
        " given AS (INSERT INTO event_delivery (id, event, reaction, state, attempts, due_at)"
        " SELECT overlay(gen_random_uuid()::text PLACING left(fresh.id::text, 15) FROM 1)::uuid,"
        " fresh.id, known.reaction, 'pending', 0, $2 FROM fresh"
        " JOIN unnest($3::text[], $4::text[]) AS known(kind, reaction) ON known.kind = fresh.kind"
        " ON CONFLICT (event, reaction) DO NOTHING)"
        " SELECT id, kind, body FROM fresh ORDER BY id",
        limit,
        machine_now(),
        [event_kind(each.event) for each in known],
        [each.name for each in known],
    )
    return [SaidEvent(row["id"], row["kind"], row["body"]) for row in rows]


Job = tuple[str, list[UUID]]


async def claim_due(limit: int = 2000) -> list[Job]:
    """Lease due deliveries and group them into jobs: (reaction, up to BATCH event ids)."""
    now = machine_now()
    rows = await fetch(
        "UPDATE event_delivery SET due_at = $2 WHERE id IN ("
        " SELECT id FROM event_delivery WHERE state = 'pending' AND due_at <= $1"
        " ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING reaction, event",
        now,
        now + LEASE,
        limit,
    )
    grouped: dict[str, list[UUID]] = defaultdict(list)
    for row in rows:
        grouped[row["reaction"]].append(row["event"])
    return [job for name, events in grouped.items() for job in _jobs(name, events)]


def _jobs(name: str, events: list[UUID]) -> list[Job]:
    """Share events among jobs that can run beside each other, at most BATCH in each."""
    share = -(-len(events) // BURST_JOBS)
    size = min(BATCH, max(BATCH_MIN, share))
    return [(name, events[start : start + size]) for start in range(0, len(events), size)]


async def give_back(jobs: Sequence[Job]) -> int:
    """End the leases of jobs the queue did not take, so that nobody waits for them to run out."""
    pairs = [(event, name) for name, events in jobs for event in events]
    return await execute(
        "UPDATE event_delivery d SET due_at = $3"
        " FROM unnest($1::uuid[], $2::text[]) AS job(event, reaction)"
        " WHERE d.event = job.event AND d.reaction = job.reaction AND d.state = 'pending'",
        [event for event, _ in pairs],
        [name for _, name in pairs],
        machine_now(),
    )


async def react(
    name: str,
    event_ids: Sequence[UUID],
    *,
    handle_limit_s: float = HANDLE_LIMIT_S,
    budget_s: float = JOB_BUDGET_S,
) -> int:
    """Run one reaction for each event, each in its own transaction; returns how many it handled.

    A failure is recorded with a growing delay and, after MAX_ATTEMPTS, becomes a dead letter; it
    never keeps the other events of the job waiting. A reaction that this process does not know is
    such a failure too: another version of the worker may know it, or else a person must.
    """
    known = _REACTIONS.get(name)
    handled = 0
    began = time.monotonic()
    for event_id in event_ids:
        if time.monotonic() - began > budget_s:
            log.warning("reaction_job_over_budget", reaction=name, handled=handled)
            break
        try:
            if known is None:
                raise LookupError("no such reaction in this worker")
            async with asyncio.timeout(handle_limit_s):
                handled += await _handle_one(known, event_id)
        except Exception as error:
            await _record_failure(name, event_id, error)
    return handled


async def _handle_one(known: Reaction, event_id: UUID) -> int:
    """Claim and mark in one statement, then do the work: all of it commits, or none of it.

    The row is found by its event before its state is looked at: asked for the state at once, the
    planner of a small table walks the index of everything that waits, for every single event.
    """
    with context.acting(f"reaction:{known.name}"):
        async with transaction():
            row = await fetch_one(
                "WITH mine AS MATERIALIZED (SELECT id, event, state FROM event_delivery"
                " WHERE event = $1 AND reaction = $2 FOR UPDATE SKIP LOCKED)"
                " UPDATE event_delivery d SET state = 'handled', handled_at = $3, last_error = NULL"
                " FROM mine JOIN outbox_event e ON e.id = mine.event"
                " WHERE d.id = mine.id AND mine.state = 'pending' RETURNING e.body",
                event_id,
                known.name,
                machine_now(),
            )
            if row is None:
                return 0
            await known.handle(msgspec.json.decode(row["body"], type=known.event))
            return 1


async def _record_failure(name: str, event_id: UUID, error: Exception) -> None:
    words = fault_words(error)
    log.warning(
        "reaction_failed",
        reaction=name,
        event_id=str(event_id),
        error=words,
        place=fault_place(error),
    )
    await execute(
        "UPDATE event_delivery SET attempts = attempts + 1, last_error = $3,"
        " state = CASE WHEN attempts + 1 >= $4 THEN 'dead' ELSE state END,"
        " due_at = $5::timestamptz + make_interval(secs => least($6::int, power(2, attempts)))"
        " WHERE event = $1 AND reaction = $2 AND state = 'pending'",
        event_id,
        name,
        words,
        MAX_ATTEMPTS,
        machine_now(),
        BACKOFF_MAX_S,
    )

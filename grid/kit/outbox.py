"""Events: said inside the transaction that made them true, delivered later to each reaction.

`say` writes a row and nothing else, so an event exists exactly when its transaction committed. The
relay (in the worker) fans rows out to one delivery per reaction and hands the queue one job per
reaction with up to `BATCH` event ids; order is not promised. `react` handles each event in a
transaction of its own and marks it there, so a reaction's effect and its mark commit together.
PostgreSQL is the truth: losing the queue loses nothing (Y31).
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

import msgspec
import structlog

from grid.kit import context
from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, in_transaction, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import NotFound

#: Events in one job; a job's transactions stay far below the queue's time limit.
BATCH = 200
#: A delivery handed to the queue is due again after this long, if nobody finished it.
LEASE = timedelta(seconds=15)
#: Tries before a delivery is a dead letter for a person.
MAX_ATTEMPTS = 8
#: Stands in a frozen delivery for an event that no reaction had been given yet.
_NOT_FANNED_OUT = "(not yet fanned out)"

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


class SaidEvent(NamedTuple):
    """An event as the relay saw it, for live hints."""

    id: UUID
    kind: str
    body: str


async def fan_out(limit: int = 1000) -> list[SaidEvent]:
    """Give every new event its deliveries; returns the events that were new. One transaction."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for known in _REACTIONS.values():
        by_kind[event_kind(known.event)].append(known.name)
    kinds = [kind for kind, names in by_kind.items() for _ in names]
    names = [name for names in by_kind.values() for name in names]
    async with transaction():
        rows = await fetch(
            "UPDATE outbox_event SET relayed_at = $2 WHERE id IN ("
            " SELECT id FROM outbox_event WHERE relayed_at IS NULL ORDER BY id LIMIT $1"
            " FOR UPDATE SKIP LOCKED) RETURNING id, kind, body",
            limit,
            machine_now(),
        )
        if not rows:
            return []
        ids = [row["id"] for row in rows]
        wanted = await fetch(
            "SELECT e.id, r.name FROM outbox_event e"
            " JOIN unnest($2::text[], $3::text[]) AS r(kind, name) ON r.kind = e.kind"
            " WHERE e.id = ANY($1::uuid[])",
            ids,
            kinds,
            names,
        )
        await execute(
            "INSERT INTO event_delivery (id, event, reaction, state, attempts, due_at)"
            " SELECT d.id, d.event, d.reaction, 'pending', 0, $4"
            " FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS d(id, event, reaction)"
            " ON CONFLICT (event, reaction) DO NOTHING",
            [new_id() for _ in wanted],
            [row["id"] for row in wanted],
            [row["name"] for row in wanted],
            machine_now(),
        )
    return [SaidEvent(row["id"], row["kind"], row["body"]) for row in rows]


async def claim_due(limit: int = 2000) -> list[tuple[str, list[UUID]]]:
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
    return [
        (name, events[start : start + BATCH])
        for name, events in grouped.items()
        for start in range(0, len(events), BATCH)
    ]


async def react(name: str, event_ids: Sequence[UUID]) -> int:
    """Run one reaction for each event, each in its own transaction; returns how many it handled.

    A failure is recorded with a growing delay and, after MAX_ATTEMPTS, becomes a dead letter; it
    never keeps the other events of the job waiting.
    """
    known = _REACTIONS.get(name)
    if known is None:
        log.error("reaction_unknown", reaction=name)
        return 0
    handled = 0
    for event_id in event_ids:
        try:
            handled += await _handle_one(known, event_id)
        except Exception as error:
            await _record_failure(known, event_id, error)
    return handled


async def _handle_one(known: Reaction, event_id: UUID) -> int:
    with context.acting(f"reaction:{known.name}"[:80]):
        async with transaction():
            row = await fetch_one(
                "SELECT d.id, e.body FROM event_delivery d JOIN outbox_event e ON e.id = d.event"
                " WHERE d.event = $1 AND d.reaction = $2 AND d.state = 'pending'"
                " FOR UPDATE OF d SKIP LOCKED",
                event_id,
                known.name,
            )
            if row is None:
                return 0
            await known.handle(msgspec.json.decode(row["body"], type=known.event))
            return await execute(
                "UPDATE event_delivery SET state = 'handled', handled_at = $2, last_error = NULL"
                " WHERE id = $1",
                row["id"],
                machine_now(),
            )


async def _record_failure(known: Reaction, event_id: UUID, error: Exception) -> None:
    words = f"{type(error).__name__}: {error}"[:500].replace("\x00", "")
    log.warning("reaction_failed", reaction=known.name, event_id=str(event_id), error=words)
    await execute(
        "UPDATE event_delivery SET attempts = attempts + 1, last_error = $3,"
        " state = CASE WHEN attempts + 1 >= $4 THEN 'dead' ELSE state END,"
        " due_at = $5::timestamptz + make_interval(secs => least(300, power(2, attempts)))"
        " WHERE event = $1 AND reaction = $2 AND state = 'pending'",
        event_id,
        known.name,
        words,
        MAX_ATTEMPTS,
        machine_now(),
    )


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that failed MAX_ATTEMPTS times and waits for a person."""

    id: UUID
    kind: str
    reaction: str
    attempts: int
    last_error: str | None
    body: msgspec.Raw


async def dead_letters(limit: int = 50) -> list[DeadLetter]:
    """The newest dead letters, at most `limit` of them."""
    rows = await fetch(
        "SELECT d.id, e.kind, d.reaction, d.attempts, d.last_error, e.body FROM event_delivery d"
        " JOIN outbox_event e ON e.id = d.event WHERE d.state = 'dead'"
        " ORDER BY d.id DESC LIMIT $1",
        limit,
    )
    return [
        DeadLetter(
            id=row["id"],
            kind=row["kind"],
            reaction=row["reaction"],
            attempts=row["attempts"],
            last_error=row["last_error"],
            body=msgspec.Raw(row["body"].encode()),
        )
        for row in rows
    ]


async def replay(delivery_id: UUID) -> None:
    """Give a dead letter a fresh set of tries. Raises NotFound when it is not dead (any more)."""
    changed = await execute(
        "UPDATE event_delivery SET state = 'pending', attempts = 0, due_at = $2"
        " WHERE id = $1 AND state = 'dead'",
        delivery_id,
        machine_now(),
    )
    if not changed:
        raise NotFound("没有这条失败消息,或者已经重新处理")


async def freeze_waiting() -> int:
    """After a restore: nothing that waited is sent again until two people release it."""
    async with transaction():
        await execute("DELETE FROM frozen_release")
        await execute(
            "INSERT INTO event_delivery (id, event, reaction, state, attempts, due_at)"
            " SELECT gen_random_uuid(), e.id, $2, 'frozen', 0, $1"
            " FROM outbox_event e WHERE e.relayed_at IS NULL ON CONFLICT DO NOTHING",
            machine_now(),
            _NOT_FANNED_OUT,
        )
        fresh = await execute(
            "UPDATE outbox_event SET relayed_at = $1 WHERE relayed_at IS NULL", machine_now()
        )
        waiting = await execute(
            "UPDATE event_delivery SET state = 'frozen' WHERE state = 'pending'"
        )
    return fresh + waiting


async def release_frozen(person: str) -> int:
    """Agree to send what waited; the second, different person's agreement releases it.

    Returns how many deliveries were released, 0 when this was the first of the two.
    """
    async with transaction():
        await execute(
            "INSERT INTO frozen_release (person, agreed_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            person,
            machine_now(),
        )
        agreed = cast(int, await fetch_value("SELECT count(*) FROM frozen_release"))
        if agreed < 2:
            return 0
        await execute("DELETE FROM frozen_release")
        fresh = await fetch(
            "DELETE FROM event_delivery WHERE state = 'frozen' AND reaction = $1 RETURNING event",
            _NOT_FANNED_OUT,
        )
        await execute(
            "UPDATE outbox_event SET relayed_at = NULL WHERE id = ANY($1::uuid[])",
            [row["event"] for row in fresh],
        )
        released = await execute(
            "UPDATE event_delivery SET state = 'pending', due_at = $1 WHERE state = 'frozen'",
            machine_now(),
        )
    return released + len(fresh)

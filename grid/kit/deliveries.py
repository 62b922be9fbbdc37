"""What people and upkeep do with deliveries: dead letters, freezing, counting, forgetting."""

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import msgspec

from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, transaction
from grid.kit.ids import id_floor
from grid.kit.refusals import NotFound

#: How long handled deliveries and their events stay, for questions about what happened.
KEEP = timedelta(days=14)
#: Rows forgotten in one statement.
PRUNE_BATCH = 2000
#: Stands in a frozen delivery for an event that no reaction had been given yet.
_NOT_FANNED_OUT = "(not yet fanned out)"


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
        # One row for each person; the lock keeps two first agreements from missing each other.
        await execute("LOCK TABLE frozen_release IN SHARE ROW EXCLUSIVE MODE")
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


async def outbox_gauges() -> dict[str, float]:
    """How the outbox stands, for `/metrics`: counts, and the age in seconds of what waits longest.

    Every part reads a partial index or the last hour of ids, so it stays cheap as tables grow.
    """
    now = machine_now()
    row = await fetch_one(
        "SELECT (SELECT count(*) FROM outbox_event WHERE relayed_at IS NULL) AS new,"
        " (SELECT count(*) FROM event_delivery WHERE state = 'pending') AS pending,"
        " (SELECT count(*) FROM event_delivery WHERE state = 'dead') AS dead,"
        " (SELECT count(*) FROM event_delivery WHERE state = 'handled' AND id >= $1) AS handled,"
        " least((SELECT min(said_at) FROM outbox_event WHERE relayed_at IS NULL),"
        " (SELECT min(e.said_at) FROM event_delivery d JOIN outbox_event e ON e.id = d.event"
        " WHERE d.state = 'pending')) AS oldest",
        id_floor(now - timedelta(hours=1)),
    )
    assert row is not None
    oldest: datetime | None = row["oldest"]
    return {
        "outbox_events_new": row["new"],
        "outbox_deliveries_pending": row["pending"],
        "outbox_deliveries_dead": row["dead"],
        "outbox_deliveries_handled_last_hour": row["handled"],
        "outbox_oldest_seconds": max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
    }


async def prune(keep: timedelta = KEEP) -> int:
    """Forget handled deliveries and then events without any, older than `keep`; returns rows.

    At most PRUNE_BATCH of each in one call; dead and frozen ones stay until a person decides.
    """
    before = id_floor(machine_now() - keep)
    deliveries = await execute(
        "DELETE FROM event_delivery WHERE id IN (SELECT id FROM event_delivery"
        " WHERE id < $1 AND state = 'handled' ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before,
        PRUNE_BATCH,
    )
    events = await execute(
        "DELETE FROM outbox_event WHERE id IN (SELECT e.id FROM outbox_event e"
        " WHERE e.id < $1 AND e.relayed_at IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM event_delivery d WHERE d.event = e.id)"
        " ORDER BY e.id LIMIT $2 FOR UPDATE OF e SKIP LOCKED)",
        before,
        PRUNE_BATCH,
    )
    return deliveries + events

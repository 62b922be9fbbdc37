"""The audit trail: who did or read what. Appended in the doer's transaction, sealed soon after.

Entries are rows that the run-time role can add but not change. A schedule links them, in the order
in which it finds them, into one hash chain; an entry that was altered or removed after its sealing
breaks the chain at that place (`backend/decisions/0003-audit-chain-sealed-after-commit.md`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit import context
from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch, fetch_one, transaction
from grid.kit.ids import new_id

#: What stands before the first entry.
GENESIS = hashlib.sha256(b"wangge audit").digest()
#: Entries sealed in one transaction.
SEAL_BATCH = 1000
#: One number for the advisory lock that keeps two sealers apart.
_SEAL_LOCK = 0x77676175

Fact = str | int | float | bool | None


async def record(action: str, subject: str, **facts: Fact) -> None:
    """Append one entry in the running transaction (or alone); facts hold no personal text."""
    await execute(
        "INSERT INTO audit_entry (id, at, actor, action, subject, facts, request_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new_id(),
        machine_now(),
        context.actor_name(),
        action,
        subject,
        msgspec.json.encode(facts, order="sorted").decode(),
        context.request_id(),
    )


async def seal(since: datetime) -> int:
    """Link entries of `since` and later that are not linked yet; returns how many.

    At most SEAL_BATCH in one call; safe to run twice at once. `since` keeps the search short: it
    need only lie before the beginning of the oldest transaction still running.
    """
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock($1)", _SEAL_LOCK)
        last = await fetch_one(
            "SELECT position, digest FROM audit_link ORDER BY position DESC LIMIT 1"
        )
        position, digest = (last["position"], last["digest"]) if last else (0, GENESIS)
        entries = await fetch(
            "SELECT e.* FROM audit_entry e LEFT JOIN audit_link l ON l.entry = e.id"
            " WHERE l.entry IS NULL AND e.at >= $2 ORDER BY e.id LIMIT $1",
            SEAL_BATCH,
            since,
        )
        links: list[tuple[int, UUID, bytes]] = []
        for entry in entries:
            position += 1
            digest = link_digest(digest, entry)
            links.append((position, entry["id"], digest))
        await execute(
            "INSERT INTO audit_link (position, entry, digest, sealed_at)"
            " SELECT l.position, l.entry, l.digest, $4"
            " FROM unnest($1::bigint[], $2::uuid[], $3::bytea[]) AS l(position, entry, digest)",
            *(list(column) for column in _columns(links)),
            machine_now(),
        )
    return len(links)


def link_digest(previous: bytes, entry: Record | Mapping[str, object]) -> bytes:
    """The digest of an entry chained to the one before it (SHA-256)."""
    facts = msgspec.json.encode(msgspec.json.decode(str(entry["facts"])), order="sorted")
    at = entry["at"]
    body = msgspec.json.encode(
        [
            str(entry["id"]),
            at,
            entry["actor"],
            entry["action"],
            entry["subject"],
            facts.decode(),
            entry["request_id"],
        ]
    )
    return hashlib.sha256(previous + body).digest()


async def verify(limit: int = 1_000_000) -> int | None:
    """Walk the chain; returns the first position that does not fit, or None when all is whole."""
    digest, position = GENESIS, 0
    while position < limit:
        rows = await fetch(
            "SELECT l.position, l.digest, e.* FROM audit_link l"
            " LEFT JOIN audit_entry e ON e.id = l.entry"
            " WHERE l.position > $1 ORDER BY l.position LIMIT 1000",
            position,
        )
        if not rows:
            return None
        for row in rows:
            position += 1
            if row["position"] != position or row["id"] is None:
                return position
            digest = link_digest(digest, row)
            if digest != row["digest"]:
                return position
    return None


def _columns(links: Sequence[tuple[int, UUID, bytes]]) -> tuple[list[object], ...]:
    return (
        [link[0] for link in links],
        [link[1] for link in links],
        [link[2] for link in links],
    )

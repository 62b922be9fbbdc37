"""What time does to clocks: near their limit, past it, and reckoned anew when the calendar changed.

Each run works on sets, claims rows with SKIP LOCKED and says its events in the transaction that
marks them, so any number of workers say each of them once, and one that dies says nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.clocks.ledger import ClockRow, reckoned
from grid.clocks.service import PAUSE_COLUMNS, pause_of, row_of, ticking_for
from grid.clocks.types import ClockBreached, ClockNearBreach, DueTimesMoved, Pause, Subject, Target
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, transaction
from grid.kit.outbox import Event, say_all
from grid.kit.schedule import schedule

#: Clocks handled in one transaction, and transactions in one run; the rest is due in the next run.
BATCH, BATCHES_MAX = 200, 20

_RUNS = "started_at IS NOT NULL AND stopped_at IS NULL AND given_up_at IS NULL"
_SAID = "RETURNING c.id, c.subject, c.subject_id, c.target, c.due_at"


class Crossing(NamedTuple):
    """A line that clocks cross: the statement that marks a batch of them, and what is said."""

    sql: str
    event: type[ClockNearBreach | ClockBreached]


_NEAR = Crossing(
    "UPDATE sla_clock c SET warned_at = $1 FROM (SELECT id FROM sla_clock"  # noqa: S608 - our names
    f" WHERE warn_at <= $1 AND warned_at IS NULL AND breached_at IS NULL AND {_RUNS}"
    f" ORDER BY warn_at LIMIT $2 FOR UPDATE SKIP LOCKED) d WHERE c.id = d.id {_SAID}",
    ClockNearBreach,
)
_PAST = Crossing(
    "UPDATE sla_clock c SET breached_at = c.due_at FROM (SELECT id FROM sla_clock"  # noqa: S608
    f" WHERE due_at < $1 AND breached_at IS NULL AND {_RUNS}"
    f" ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) d WHERE c.id = d.id {_SAID}",
    ClockBreached,
)


@schedule("clocks.breached", every_s=2)
async def find_breaches() -> None:
    """Mark clocks past their limit and say so, each once; exactly at the limit is not past it.

    A clock that was asleep past its warning and its limit is only breached.
    """
    await _cross_all(_PAST)


@schedule("clocks.near_breach", every_s=3)
async def find_near_breaches() -> None:
    """Mark clocks that used up the share of their limit that they warn at, and say so once."""
    await _cross_all(_NEAR)


async def _cross_all(crossing: Crossing) -> None:
    for _ in range(BATCHES_MAX):
        if await cross(crossing) < BATCH:
            return


async def cross(crossing: Crossing) -> int:
    """One batch in one transaction; returns how many clocks crossed the line."""
    async with transaction():
        rows = await fetch(crossing.sql, await business_now(), BATCH)
        if rows:
            await say_all([_event(crossing.event, row) for row in rows])
    return len(rows)


def _event(kind: type[ClockNearBreach | ClockBreached], row: Record) -> Event:
    return kind(
        clock_id=row["id"],
        subject=Subject(row["subject"]),
        subject_id=row["subject_id"],
        target=Target(row["target"]),
        due_at=row["due_at"],
    )


@schedule("clocks.reckon", every_s=5)
async def reckon_stale() -> None:
    """Due times anew for the clocks that a change of the calendar touched, in batches."""
    for _ in range(BATCHES_MAX):
        if await reckon_batch() < BATCH:
            return


async def reckon_batch() -> int:
    """One batch in one transaction; returns how many clocks were reckoned anew."""
    async with transaction():
        found = await fetch(
            "SELECT * FROM sla_clock WHERE stale ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
            BATCH,
        )
        if found:
            await _write(await _reckoned(found))
            await say_all(_moved(found))
    return len(found)


async def _reckoned(found: Sequence[Record]) -> list[ClockRow]:
    now, ticking = await business_now(), await ticking_for([row_of(row) for row in found])
    rows = await fetch(
        f"SELECT subject_id, {PAUSE_COLUMNS} FROM sla_pause WHERE subject_id = ANY($1::uuid[])"  # noqa: S608 - our names
        " AND state IN ('running', 'ended')",
        [row["subject_id"] for row in found],
    )
    pauses: dict[UUID, list[Pause]] = {}
    for row in rows:
        pauses.setdefault(row["subject_id"], []).append(pause_of(row))
    return [
        reckoned(row_of(row), now, pauses.get(row["subject_id"], []), ticking)
        if row["stopped_at"] is None and row["given_up_at"] is None
        else row_of(row)
        for row in found
    ]


async def _write(rows: Sequence[ClockRow]) -> None:
    """Clocks that ended since they were marked keep what they ended with."""
    await execute(
        "UPDATE sla_clock c SET due_at = r.due_at, warn_at = r.warn_at,"
        " breached_at = r.breached_at, stale = false"
        " FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[])"
        " AS r(id, due_at, warn_at, breached_at) WHERE c.id = r.id",
        [row.id for row in rows],
        [row.due_at for row in rows],
        [row.warn_at for row in rows],
        [row.breached_at for row in rows],
    )


def _moved(found: Sequence[Record]) -> list[Event]:
    subjects: dict[Subject, set[UUID]] = {}
    for row in found:
        subjects.setdefault(Subject(row["subject"]), set()).add(row["subject_id"])
    return [
        DueTimesMoved(subject=subject, subject_ids=sorted(ids)) for subject, ids in subjects.items()
    ]

"""The clocks of matters: opened at intake, moved by events, read with the matter.

These verbs run inside the transaction of the matter's own verb, which holds the matter's lock; so
nobody else moves the same clocks meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any, cast
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks import policies
from grid.clocks.ledger import ClockRow, Effects, after, computed, next_due, opened
from grid.clocks.rules import OfficeHours, Standing, Ticking, view
from grid.clocks.types import (
    ClockBreached,
    ClockView,
    Hours,
    Limit,
    Pause,
    Subject,
    Target,
)
from grid.kit.calendar import Calendar, load_calendar
from grid.kit.database import execute, fetch
from grid.kit.outbox import say

_NO_OFFICE = Ticking(Calendar(), OfficeHours(((time(0), time(23, 59)),)))

#: The clocks of a row `{id}` as JSON, for lists that read them with the matter itself.
CLOCKS_OF = (
    "(SELECT json_agg(json_build_object('target', c.target, 'due_at', c.due_at,"
    " 'warn_at', c.warn_at, 'stopped_at', c.stopped_at, 'given_up_at', c.given_up_at,"
    " 'paused_until', (SELECT max(least(coalesce(p.ended_at, p.box_until), p.box_until))"
    " FROM sla_pause p WHERE p.subject_id = c.subject_id AND p.state = 'running'),"
    " 'limit_s', c.limit_s, 'hours', c.hours, 'source', c.source) ORDER BY c.started_at, c.target)"
    " FROM sla_clock c WHERE c.subject_id = {id} AND c.started_at IS NOT NULL AND c.round ="
    " (SELECT max(l.round) FROM sla_clock l WHERE l.subject_id = c.subject_id"
    " AND l.target = c.target))"
)


class _Stored(msgspec.Struct, frozen=True):
    target: Target
    due_at: datetime
    warn_at: datetime | None
    stopped_at: datetime | None
    given_up_at: datetime | None
    paused_until: datetime | None
    limit_s: int
    hours: Hours
    source: str


_STORED = msgspec.json.Decoder(list[_Stored])


def views_of(stored: str | None, now: datetime) -> list[ClockView]:
    """The clocks read by `CLOCKS_OF` as they stand at a moment, in the order they began."""
    if stored is None:
        return []
    return [
        view(Standing(*(getattr(one, name) for name in Standing._fields)), now)
        for one in _STORED.decode(stored)
    ]


async def ticking_for(rows: Sequence[ClockRow | Limit], at: datetime) -> Ticking:
    """Calendar and office hours, read only when one of the clocks counts by them."""
    if all(row.hours is Hours.ALWAYS for row in rows):
        return _NO_OFFICE
    return Ticking(await load_calendar(), await policies.office_hours(at))


async def open_clocks(
    subject: Subject,
    subject_id: UUID,
    limits: Sequence[Limit],
    started: Sequence[Target],
    at: datetime,
) -> datetime | None:
    """Freeze the limits of a new matter and start those of `started`; gives the next due time."""
    ticking = await ticking_for(limits, at)
    rows = [opened(limit) for limit in limits]
    begun = {row.id: row for row in after(rows, Effects(start=tuple(started)), at, (), ticking)}
    rows = [begun.get(row.id, row) for row in rows]
    await _store(subject, subject_id, rows)
    return next_due(rows)


async def apply_effects(
    subject: Subject, subject_id: UUID, effects: Effects, at: datetime
) -> datetime | None:
    """Let an event move the clocks of its matter; gives the next due time (None: none runs)."""
    rows = await clock_rows(subject_id)
    pauses = await pauses_of(subject_id)
    changed = after(rows, effects, at, pauses, await ticking_for(rows, at))
    await _store(subject, subject_id, changed)
    await _say_breaches(subject, subject_id, rows, changed)
    return next_due(_with_changes(rows, changed))


async def recompute(subject: Subject, subject_id: UUID, at: datetime) -> datetime | None:
    """Due times anew, after a pause, a calendar or a limit changed; gives the next due time."""
    rows = await clock_rows(subject_id)
    pauses = await pauses_of(subject_id)
    ticking = await ticking_for(rows, at)
    fresh = [computed(row, pauses, ticking) for row in rows]
    changed = [new for old, new in zip(rows, fresh, strict=True) if new != old]
    await _store(subject, subject_id, changed)
    return next_due(fresh)


def _with_changes(rows: Sequence[ClockRow], changed: Sequence[ClockRow]) -> list[ClockRow]:
    merged = {row.id: row for row in rows} | {row.id: row for row in changed}
    return list(merged.values())


async def clock_rows(subject_id: UUID) -> list[ClockRow]:
    """Every clock of a matter, every round."""
    rows = await fetch("SELECT * FROM sla_clock WHERE subject_id = $1", subject_id)
    return [_row(row) for row in rows]


def _row(row: Record) -> ClockRow:
    values: dict[str, Any] = {name: row[name] for name in ClockRow.__slots__}
    values["target"], values["hours"] = Target(row["target"]), Hours(row["hours"])
    return ClockRow(**values)


async def pauses_of(subject_id: UUID) -> list[Pause]:
    """The stretches that do not count; an open one with the end of its time box."""
    rows = await fetch(
        "SELECT from_at, least(coalesce(ended_at, box_until), box_until) AS until_at"
        " FROM sla_pause WHERE subject_id = $1 AND state IN ('running', 'ended')",
        subject_id,
    )
    return [Pause(row["from_at"], row["until_at"]) for row in rows]


async def _store(subject: Subject, subject_id: UUID, rows: Sequence[ClockRow]) -> None:
    if not rows:
        return
    names = ClockRow.__slots__
    columns = [[_plain(getattr(row, name)) for row in rows] for name in names]
    updated = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name != "id")
    await execute(
        f"INSERT INTO sla_clock (subject, subject_id, {', '.join(names)})"  # noqa: S608 - our names
        " SELECT $1, $2, r.* FROM unnest($3::uuid[], $4::text[], $5::int[], $6::int[], $7::text[],"
        " $8::int[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[],"
        " $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[]) AS r"
        f" ON CONFLICT (id) DO UPDATE SET {updated}",
        subject.value,
        subject_id,
        *columns,
    )


def _plain(value: object) -> object:
    return value.value if isinstance(value, Target | Hours) else value


async def _say_breaches(
    subject: Subject, subject_id: UUID, before: Sequence[ClockRow], changed: Sequence[ClockRow]
) -> None:
    known = {row.id for row in before if row.breached_at is not None}
    for row in changed:
        if row.breached_at is not None and row.id not in known:
            await say(
                ClockBreached(
                    clock_id=row.id,
                    subject=subject,
                    subject_id=subject_id,
                    target=row.target,
                    due_at=cast(datetime, row.due_at),
                )
            )

"""The clocks of matters: opened at intake, moved by events, read with the matter.

These verbs run inside the transaction of the matter's own verb, which holds the matter's lock; so
nobody else moves the same clocks meanwhile.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Any, cast
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks import policies
from grid.clocks.changing import Moved, Reckoning, moved, relimited
from grid.clocks.ledger import (
    ClockRow,
    Effects,
    after,
    begun_at_intake,
    next_due,
    opened,
    reckoned,
)
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
from grid.kit.calendar import Calendar
from grid.kit.database import execute, fetch
from grid.kit.outbox import say

_NO_OFFICE = Ticking(Calendar(), OfficeHours(((time(0), time(23, 59)),)))

#: The clocks of a row `{id}` as JSON, for lists that read them with the matter itself.
CLOCKS_OF = (
    "(SELECT json_agg(json_build_object('target', c.target, 'due_at', c.due_at,"
    " 'warn_at', c.warn_at, 'stopped_at', c.stopped_at, 'given_up_at', c.given_up_at,"
    " 'paused_until', (SELECT max(least(coalesce(p.ended_at, p.box_until), p.box_until))"
    " FROM sla_pause p WHERE p.subject_id = c.subject_id AND p.state = 'running'"
    " AND p.targets ? c.target),"
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
_TARGETS = msgspec.json.Decoder(list[Target])
#: What `pause_of` reads; an open pause lasts until the end of its time box.
PAUSE_COLUMNS = "from_at, least(coalesce(ended_at, box_until), box_until) AS until_at, targets"


def views_of(stored: str | None, now: datetime) -> list[ClockView]:
    """The clocks read by `CLOCKS_OF` as they stand at a moment, in the order they began."""
    if stored is None:
        return []
    return [
        view(Standing(*(getattr(one, name) for name in Standing._fields)), now)
        for one in _STORED.decode(stored)
    ]


async def ticking_for(rows: Sequence[ClockRow | Limit]) -> Ticking:
    """Calendar and office hours, read only when one of the clocks counts by them."""
    if all(row.hours is Hours.ALWAYS for row in rows):
        return _NO_OFFICE
    return await policies.ticking_now()


async def open_clocks(
    subject: Subject,
    subject_id: UUID,
    limits: Sequence[Limit],
    started: Sequence[Target],
    at: datetime,
) -> datetime | None:
    """Freeze the limits of a new matter and start those of `started`; gives the next due time.

    Where no arrival is promised, restoring counts from the beginning too.
    """
    ticking = await ticking_for(limits)
    rows = [opened(limit) for limit in limits]
    first = begun_at_intake([limit.target for limit in limits], started)
    begun = {row.id: row for row in after(rows, Effects(start=first), at, (), ticking)}
    rows = [begun.get(row.id, row) for row in rows]
    await store(subject, subject_id, rows)
    return next_due(rows)


async def apply_effects(
    subject: Subject, subject_id: UUID, effects: Effects, at: datetime
) -> datetime | None:
    """Let an event move the clocks of its matter; gives the next due time (None: none runs)."""
    rows, by = await _held(subject_id, at)
    changed = after(rows, effects, at, by.pauses, by.ticking)
    return await _keep(subject, subject_id, rows, changed)


async def recompute(subject: Subject, subject_id: UUID, at: datetime) -> datetime | None:
    """Due times and breaches anew, after a pause changed; gives the next due time."""
    rows, by = await _held(subject_id, at)
    fresh = [reckoned(row, at, by.pauses, by.ticking) for row in rows]
    changed = [new for old, new in zip(rows, fresh, strict=True) if new != old]
    return await _keep(subject, subject_id, rows, changed)


async def begin_at(
    subject: Subject, subject_id: UUID, starts_at: datetime, at: datetime
) -> datetime | None:
    """What runs begins at another moment: a planned matter was moved; gives the next due time."""
    rows, by = await _held(subject_id, at)
    changed = [
        reckoned(replace(row, started_at=starts_at), at, by.pauses, by.ticking)
        for row in rows
        if row.is_running and row.started_at != starts_at
    ]
    return await _keep(subject, subject_id, rows, changed)


async def relimit(
    subject: Subject, subject_id: UUID, limits: Sequence[Limit], at: datetime
) -> datetime | None:
    """Other limits for a matter, after a change of its priority, kind or policy; the next due time.

    Starts and pauses stay. A new limit that has passed already stands, and its breach is recorded
    and said now; targets that vanish are given up, new ones count from when the matter came in.
    """
    rows, by = await _held(subject_id, at, limits)
    return await _keep(subject, subject_id, rows, relimited(rows, limits, by))


async def put_right(
    subject: Subject, subject_id: UUID, moment: Moved, at: datetime
) -> datetime | None:
    """Set the clocks by a recorded moment that two people put right; gives the next due time."""
    rows, by = await _held(subject_id, at)
    return await _keep(subject, subject_id, rows, moved(rows, moment, by))


async def as_if_moved(
    subject_id: UUID, moment: Moved | None, pauses: Sequence[Pause] | None, at: datetime
) -> tuple[list[ClockRow], list[ClockRow]]:
    """The begun clocks of a matter as they are, and as they would be with a moment put right.

    `pauses`: what would be paused then; None: what is. Nothing is changed.
    """
    rows = await clock_rows(subject_id)
    held = await pauses_of(subject_id) if pauses is None else pauses
    by = Reckoning(at, held, await ticking_for(rows))
    fresh = {row.id: row for row in (moved(rows, moment, by) if moment is not None else ())}
    later = [reckoned(fresh.get(row.id, row), at, by.pauses, by.ticking) for row in rows]
    return (
        [row for row in rows if row.started_at is not None],
        [row for row in later if row.started_at is not None],
    )


async def _held(
    subject_id: UUID, at: datetime, limits: Sequence[Limit] = ()
) -> tuple[list[ClockRow], Reckoning]:
    """The clocks of a matter, locked against the schedules, and what they are reckoned by."""
    found = await fetch(
        "SELECT * FROM sla_clock WHERE subject_id = $1 ORDER BY id FOR UPDATE", subject_id
    )
    rows = [row_of(record) for record in found]
    ticking = await ticking_for([*rows, *limits])
    return rows, Reckoning(at, await pauses_of(subject_id), ticking)


async def _keep(
    subject: Subject, subject_id: UUID, rows: Sequence[ClockRow], changed: Sequence[ClockRow]
) -> datetime | None:
    await store(subject, subject_id, changed)
    await _say_breaches(subject, subject_id, rows, changed)
    merged = {row.id: row for row in rows} | {row.id: row for row in changed}
    return next_due(list(merged.values()))


async def clock_rows(subject_id: UUID) -> list[ClockRow]:
    """Every clock of a matter, every round."""
    rows = await fetch(
        "SELECT * FROM sla_clock WHERE subject_id = $1 ORDER BY started_at, target", subject_id
    )
    return [row_of(row) for row in rows]


def row_of(row: Record) -> ClockRow:
    """A row of the table."""
    values: dict[str, Any] = {name: row[name] for name in ClockRow.__slots__}
    values["target"], values["hours"] = Target(row["target"]), Hours(row["hours"])
    return ClockRow(**values)


async def pauses_of(subject_id: UUID) -> list[Pause]:
    """The stretches that do not count; an open one with the end of its time box."""
    rows = await fetch(
        f"SELECT {PAUSE_COLUMNS} FROM sla_pause WHERE subject_id = $1"  # noqa: S608 - our names
        " AND state IN ('running', 'ended')",
        subject_id,
    )
    return [pause_of(row) for row in rows]


def pause_of(row: Record) -> Pause:
    """A row of `PAUSE_COLUMNS`."""
    return Pause(row["from_at"], row["until_at"], frozenset(_TARGETS.decode(row["targets"])))


async def store(subject: Subject, subject_id: UUID, rows: Sequence[ClockRow]) -> None:
    """Write rows of one matter, new and changed ones."""
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

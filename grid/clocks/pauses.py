"""The pauses of a matter as rows: written, decided, ended, read. The matter's row is locked.

Who may do so, and the matter's history, are for the room whose matter it is.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks.policies import longest_pause
from grid.clocks.rules import PAUSE_RULES
from grid.clocks.service import clock_rows
from grid.clocks.tables import SlaPause
from grid.clocks.types import (
    Pause,
    PauseReason,
    PauseState,
    PauseView,
    RequestPause,
    Subject,
    Target,
)
from grid.kit.database import execute, fetch, fetch_one, insert
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotFound
from grid.territory.types import Actor

_TARGETS = msgspec.json.Decoder(list[Target])


async def write_pause(
    actor: Actor, subject: Subject, subject_id: UUID, command: RequestPause, now: datetime
) -> UUID:
    """Write a pause from now on: running, or asked for where somebody outside has to approve.

    Raises Invalid naming `until`.
    """
    longest, rule = await longest_pause(command.reason, now), PAUSE_RULES[command.reason]
    if not now < command.until <= now + longest:
        hours = round(longest.total_seconds() / 3600)
        raise Invalid("until", f"暂停应在现在之后、{hours} 小时之内结束", hours=hours)
    pause_id = new_id()
    await insert(
        SlaPause,
        id=pause_id,
        subject=subject.value,
        subject_id=subject_id,
        reason=command.reason.value,
        words=command.words,
        targets=msgspec.json.encode([one for one in Target if one in rule.targets]).decode(),
        state=(PauseState.REQUESTED if rule.outside else PauseState.RUNNING).value,
        from_at=now,
        box_until=command.until,
        requested_by=actor.subject,
        requested_at=now,
    )
    return pause_id


async def end_open(subject_id: UUID, at: datetime, pause_id: UUID | None = None) -> int:
    """End the open pauses of a matter (or one of them), at their box's end at the latest."""
    return await execute(
        "UPDATE sla_pause SET ended_at = greatest(from_at, least($2, box_until)),"
        " state = CASE state WHEN 'running' THEN 'ended' ELSE state END"
        " WHERE subject_id = $1 AND ended_at IS NULL AND state IN ('requested', 'running')"
        " AND ($3::uuid IS NULL OR id = $3)",
        subject_id,
        at,
        pause_id,
    )


_ENDS = (
    "UPDATE sla_pause SET ended_at = box_until,"
    " state = CASE state WHEN 'running' THEN 'ended' ELSE state END"
    " WHERE ended_at IS NULL AND state IN ('requested', 'running') AND box_until <= $1"
)


async def end_boxed_of(subject_id: UUID, now: datetime) -> int:
    """End the pauses of a matter whose time box is over; returns how many."""
    return await execute(f"{_ENDS} AND subject_id = $2", now, subject_id)


async def end_boxed(now: datetime, but: Sequence[UUID], limit: int = 200) -> int:
    """End pauses whose time box is over, but those of some matters; returns how many."""
    return await execute(
        f"{_ENDS} AND id IN (SELECT id FROM sla_pause WHERE ended_at IS NULL"  # noqa: S608 - our names
        " AND state IN ('requested', 'running') AND box_until <= $1"
        " AND subject_id <> ALL($2::uuid[]) ORDER BY box_until LIMIT $3 FOR UPDATE SKIP LOCKED)",
        now,
        list(but),
        limit,
    )


async def is_any_open(subject_id: UUID) -> bool:
    """Whether a pause of a matter is asked for or runs."""
    found = await fetch_one(
        "SELECT 1 FROM sla_pause WHERE subject_id = $1 AND ended_at IS NULL"
        " AND state IN ('requested', 'running')",
        subject_id,
    )
    return found is not None


async def decide(
    actor: Actor, pause: Record, state: PauseState, words: str | None, now: datetime
) -> None:
    """Write what was decided; a pause that is over already ended when it did."""
    await execute(
        "UPDATE sla_pause SET state = $2::varchar, decided_by = $3, decided_at = $4, decision = $5,"
        " ended_at = CASE WHEN $2::varchar = 'ended' THEN coalesce(ended_at, box_until)"
        " ELSE ended_at END"
        " WHERE id = $1",
        pause["id"],
        state.value,
        actor.subject,
        now,
        words,
    )


async def stops_something(subject_id: UUID, reason: PauseReason) -> bool:
    """Whether a limit that is not over may stand still for this reason."""
    targets = PAUSE_RULES[reason].targets
    return any(row.target in targets and not row.is_over for row in await clock_rows(subject_id))


async def open_one(subject_id: UUID, reason: PauseReason) -> Record | None:
    """The pause for this reason that is asked for or runs."""
    return await fetch_one(
        "SELECT id FROM sla_pause WHERE subject_id = $1 AND reason = $2 AND ended_at IS NULL"
        " AND state IN ('requested', 'running')",
        subject_id,
        reason.value,
    )


async def correct(pause_id: UUID, fresh: Pause) -> None:
    """Write when a pause that is over really began and ended."""
    await execute(
        "UPDATE sla_pause SET from_at = $2, ended_at = $3 WHERE id = $1",
        pause_id,
        fresh.from_at,
        fresh.until_at,
    )


async def pauses_views(subject: Subject, subject_id: UUID) -> list[PauseView]:
    """The pauses of a matter, the newest first; at most 200."""
    rows = await fetch(
        "SELECT * FROM sla_pause WHERE subject = $1 AND subject_id = $2"
        " ORDER BY requested_at DESC, id DESC LIMIT 200",
        subject.value,
        subject_id,
    )
    return [pause_view(row) for row in rows]


async def view_pause(pause_id: UUID) -> PauseView:
    """One pause as it stands. Raises NotFound."""
    row = await fetch_one("SELECT * FROM sla_pause WHERE id = $1", pause_id)
    if row is None:
        raise NotFound("没有这次暂停")
    return pause_view(row)


def pause_view(row: Record) -> PauseView:
    """A row of `sla_pause`; who refused it did not approve it."""
    state, reason = PauseState(row["state"]), PauseReason(row["reason"])
    said_yes = state in (PauseState.RUNNING, PauseState.ENDED)
    return PauseView(
        id=row["id"],
        subject=Subject(row["subject"]),
        subject_id=row["subject_id"],
        reason=reason,
        words=row["words"],
        state=state,
        from_at=row["from_at"],
        box_until=row["box_until"],
        ended_at=row["ended_at"],
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        approved_by=row["decided_by"] if said_yes else None,
        decided_at=row["decided_at"],
        decision=row["decision"],
        targets=_TARGETS.decode(row["targets"]),
        needs_outside=PAUSE_RULES[reason].outside,
    )

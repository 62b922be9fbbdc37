"""The clocks of one matter as rows, and what an event makes of them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from grid.clocks.rules import Ticking, due_at, warn_at
from grid.clocks.types import Hours, Limit, Pause, Target
from grid.kit.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """One row of the clocks' table."""

    id: UUID
    target: Target
    round: int
    limit_s: int
    hours: Hours
    warn_percent: int | None
    source: str
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    given_up_at: datetime | None = None
    due_at: datetime | None = None
    warn_at: datetime | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        return self.started_at is not None and self.stopped_at is None and self.given_up_at is None

    @property
    def is_over(self) -> bool:
        return self.stopped_at is not None or self.given_up_at is not None


class Effects(NamedTuple):
    """What an event does to the clocks of its matter.

    `start` begins what waits (and opens another round of what is over); `stop` meets a target;
    `give_up` ends targets without meeting them; `again` begins another round whatever stood before;
    `renew` opens another round that has yet to begin.
    """

    start: tuple[Target, ...] = ()
    stop: tuple[Target, ...] = ()
    give_up: tuple[Target, ...] = ()
    again: tuple[Target, ...] = ()
    renew: tuple[Target, ...] = ()


#: Ends every clock of the matter.
GIVE_UP_ALL = Effects(give_up=tuple(Target))


def opened(limit: Limit, round_: int = 0) -> ClockRow:
    """A clock that has not begun."""
    return ClockRow(
        id=new_id(),
        target=limit.target,
        round=round_,
        limit_s=limit.limit_s,
        hours=limit.hours,
        warn_percent=limit.warn_percent,
        source=limit.source,
    )


def latest(rows: Sequence[ClockRow]) -> dict[Target, ClockRow]:
    """The newest round of each target."""
    found: dict[Target, ClockRow] = {}
    for row in sorted(rows, key=lambda one: one.round):
        found[row.target] = row
    return found


def limit_of(row: ClockRow) -> Limit:
    """The limit that a clock was frozen with."""
    return Limit(
        target=row.target,
        limit_s=row.limit_s,
        hours=row.hours,
        warn_percent=row.warn_percent,
        source=row.source,
    )


def computed(row: ClockRow, pauses: Sequence[Pause], ticking: Ticking) -> ClockRow:
    """The row with its due time as the rule says now."""
    if row.started_at is None:
        return row
    return replace(
        row,
        due_at=due_at(row.started_at, row.limit_s, row.hours, pauses, ticking),
        warn_at=warn_at(row.started_at, limit_of(row), pauses, ticking),
    )


def after(
    rows: Sequence[ClockRow],
    effects: Effects,
    at: datetime,
    pauses: Sequence[Pause],
    ticking: Ticking,
) -> list[ClockRow]:
    """The rows that an event changes or adds, as they are then.

    Ending a target that runs past its limit records the breach; what is over stays as it is.
    """
    now = latest(rows)
    changed: list[ClockRow] = []
    for target in effects.stop:
        row = now.get(target)
        if row is not None and row.is_running:
            changed.append(_judged(replace(row, stopped_at=at), at))
    for target in (*effects.give_up, *effects.again, *effects.renew):
        row = now.get(target)
        if row is not None and row.is_running:
            now[target] = _judged(replace(row, given_up_at=at), at)
            changed.append(now[target])
    for target in (*effects.start, *effects.again):
        row = now.get(target)
        if row is None or row.is_running:
            continue
        fresh = opened(limit_of(row), row.round + 1) if row.is_over else row
        changed.append(computed(replace(fresh, started_at=at), pauses, ticking))
    for target in effects.renew:
        row = now.get(target)
        if row is not None and row.is_over:
            changed.append(opened(limit_of(row), row.round + 1))
    return changed


def _judged(row: ClockRow, at: datetime) -> ClockRow:
    if row.due_at is not None and at > row.due_at and row.breached_at is None:
        return replace(row, breached_at=row.due_at)
    return row


def next_due(rows: Sequence[ClockRow]) -> datetime | None:
    """The earliest limit that is still running."""
    return min((row.due_at for row in rows if row.is_running and row.due_at), default=None)

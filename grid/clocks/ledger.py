"""The clocks of one matter as rows, and what an event makes of them. Pure."""

from collections.abc import Collection, Sequence
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
    """The row with its due time as the rule says now, less the pauses that hold for its target."""
    if row.started_at is None:
        return row
    held = [pause for pause in pauses if row.target in pause.targets]
    return replace(
        row,
        due_at=due_at(row.started_at, row.limit_s, row.hours, held, ticking),
        warn_at=warn_at(row.started_at, limit_of(row), held, ticking),
    )


def begun_at_intake(promised: Collection[Target], started: Sequence[Target]) -> tuple[Target, ...]:
    """What begins at intake: where no arrival is promised, restoring does not wait for one."""
    if Target.RESTORE in promised and Target.ARRIVE not in promised:
        return (*started, Target.RESTORE)
    return tuple(started)


def after(
    rows: Sequence[ClockRow],
    effects: Effects,
    at: datetime,
    pauses: Sequence[Pause],
    ticking: Ticking,
) -> list[ClockRow]:
    """The rows that an event changes or adds, as they are then; each row at most once.

    Ending a target that runs past its limit records the breach; what is over stays as it is. A
    target that is met before it began (a path left a step out) begins and ends in that moment.
    """
    now = latest(rows)
    changed: dict[UUID, ClockRow] = {}

    def put(row: ClockRow) -> None:
        now[row.target] = changed[row.id] = row

    for target in effects.stop:
        row = now.get(target)
        if row is not None and not row.is_over:
            begun = computed(_begun(row, at), pauses, ticking)
            put(judged(replace(begun, stopped_at=at)))
    for target in (*effects.give_up, *effects.again, *effects.renew):
        row = now.get(target)
        if row is not None and row.is_running:
            put(judged(replace(row, given_up_at=at)))
    for target in (*effects.start, *effects.again):
        row = now.get(target)
        if row is not None and not row.is_running:
            put(computed(replace(_fresh(row), started_at=at), pauses, ticking))
    at_once = begun_at_intake(now, ())
    for target in effects.renew:
        row = now.get(target)
        if row is not None and row.is_over:
            fresh = _fresh(row)
            put(computed(_begun(fresh, at), pauses, ticking) if target in at_once else fresh)
    return list(changed.values())


def _begun(row: ClockRow, at: datetime) -> ClockRow:
    return row if row.started_at is not None else replace(row, started_at=at)


def _fresh(row: ClockRow) -> ClockRow:
    """The row if it has not begun, else a further round of it."""
    return opened(limit_of(row), row.round + 1) if row.started_at is not None else row


def judged(row: ClockRow) -> ClockRow:
    """What ended past its limit is breached since its limit; exactly at the limit is met."""
    ended_at = row.stopped_at or row.given_up_at
    if ended_at is None or row.due_at is None:
        return row
    late = ended_at > row.due_at
    return replace(row, breached_at=(row.breached_at or row.due_at) if late else None)


def reckoned(row: ClockRow, at: datetime, pauses: Sequence[Pause], ticking: Ticking) -> ClockRow:
    """The row after its pauses, its times or the calendar changed: due time and breach anew.

    A breach that the due time no longer bears out is taken back; a new one of a clock that runs is
    for the schedule to find.
    """
    fresh = judged(computed(row, pauses, ticking))
    if fresh.is_running and fresh.due_at is not None and fresh.due_at >= at:
        return replace(fresh, breached_at=None)
    return fresh


def next_due(rows: Sequence[ClockRow]) -> datetime | None:
    """The earliest limit that is still running."""
    return min((row.due_at for row in rows if row.is_running and row.due_at), default=None)

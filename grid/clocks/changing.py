"""What new limits, or a corrected time, make of the clocks of one matter. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from grid.clocks.ledger import ClockRow, computed, judged, latest, limit_of, opened, reckoned
from grid.clocks.rules import Ticking
from grid.clocks.types import Limit, Pause, Target

#: Targets that count from the moment at which the matter came in.
_SINCE_INTAKE = (Target.ARRIVE, Target.COMPLETE, Target.FIRST_CONTACT, Target.ANSWER)


class Reckoning(NamedTuple):
    """What the clocks of a matter are reckoned by: now, its pauses, its calendar."""

    at: datetime
    pauses: Sequence[Pause]
    ticking: Ticking


def relimited(rows: Sequence[ClockRow], limits: Sequence[Limit], by: Reckoning) -> list[ClockRow]:
    """The rows that new limits change or add: start and pauses stay, due times are anew.

    A new limit that has passed already stands, and its breach is recorded at the change. A breach
    of the old limit stays in its row, and the new limit goes on in a further round. Targets that
    nobody promises any more are given up.
    """
    now, wanted = latest(rows), {limit.target: limit for limit in limits}
    changed: list[ClockRow] = []
    for target, row in now.items():
        if target not in wanted and row.is_running:
            changed.append(judged(replace(row, given_up_at=by.at)))
        elif target in wanted and wanted[target] != limit_of(row):
            changed += _with_limit(row, wanted[target], by)
    began = min((row.started_at for row in rows if row.started_at is not None), default=by.at)
    for target, limit in wanted.items():
        if target not in now:
            fresh = opened(limit)
            if target in _SINCE_INTAKE:
                fresh = _passed(
                    computed(replace(fresh, started_at=began), by.pauses, by.ticking), by
                )
            changed.append(fresh)
    return changed


def _with_limit(row: ClockRow, limit: Limit, by: Reckoning) -> list[ClockRow]:
    """One row under its new limit; what was met keeps the limit that it was met under."""
    if row.stopped_at is not None:
        return []
    if row.given_up_at is not None:
        return [opened(limit, row.round + 1)]
    if row.started_at is None:
        return [_limited(row, limit)]
    fresh = computed(_limited(row, limit), by.pauses, by.ticking)
    was_late = row.due_at is not None and by.at > row.due_at
    if was_late and fresh.due_at is not None and fresh.due_at >= by.at:
        further = replace(opened(limit, row.round + 1), started_at=row.started_at)
        return [
            judged(replace(row, given_up_at=by.at)),
            computed(further, by.pauses, by.ticking),
        ]
    return [_passed(fresh, by)]


def _limited(row: ClockRow, limit: Limit) -> ClockRow:
    return replace(
        row,
        limit_s=limit.limit_s,
        hours=limit.hours,
        warn_percent=limit.warn_percent,
        source=limit.source,
    )


def _passed(row: ClockRow, by: Reckoning) -> ClockRow:
    if row.due_at is not None and by.at > row.due_at and row.breached_at is None:
        return replace(row, breached_at=by.at)
    return row


class Moved(NamedTuple):
    """A recorded moment that is put right: which clocks it ends and begins."""

    old_at: datetime
    new_at: datetime
    stops: tuple[Target, ...] = ()
    starts: tuple[Target, ...] = ()
    gives_up: tuple[Target, ...] = ()


def moved(rows: Sequence[ClockRow], moment: Moved, by: Reckoning) -> list[ClockRow]:
    """The rows as they are when a recorded moment is put right; those that change.

    A clock that should have ended then and did not (a disputed arrival) ends now at that moment.
    """
    changed = []
    for target, row in latest(rows).items():
        fresh = row
        if target in moment.stops and row.started_at is not None:
            fresh = replace(fresh, stopped_at=moment.new_at, given_up_at=None)
        if target in moment.starts and row.started_at == moment.old_at:
            fresh = replace(fresh, started_at=moment.new_at)
        if target in moment.gives_up and row.given_up_at == moment.old_at:
            fresh = replace(fresh, given_up_at=moment.new_at)
        if fresh != row:
            changed.append(reckoned(fresh, by.at, by.pauses, by.ticking))
    return changed

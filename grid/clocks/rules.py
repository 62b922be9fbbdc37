"""When a clock is due and how it stands: pure functions of events, limit, pauses and calendar.

Time counts only inside the clock's hours and outside its pauses; both are taken off in the same
unit, so a pause over the weekend costs a working-hours clock nothing and gives it nothing. Limits
are `<=` everywhere: stopped exactly at its due time a clock is met, and a limit used up exactly at
closing time is due at closing time, not at the next opening.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from grid.clocks.types import ClockState, ClockView, Hours, Limit, Pause, PauseReason, Target
from grid.kit.calendar import Calendar
from grid.kit.clock import SHANGHAI

#: A clock that finds no end within so many days has a calendar without working days.
_DAYS_MAX = 3700


class OfficeHours(NamedTuple):
    """The stretches of a working day in which the office is open, in Shanghai time, in order."""

    stretches: tuple[tuple[time, time], ...]


class Ticking(NamedTuple):
    """What a clock counts by: its hours, the working days, and when the office is open.

    `changes`: other office hours from a moment on, in order. A clock keeps those in force when it
    began, as it keeps its limit.
    """

    calendar: Calendar
    office: OfficeHours
    changes: tuple[tuple[datetime, OfficeHours], ...] = ()

    def office_of(self, started_at: datetime) -> OfficeHours:
        """The office hours of a clock that began then."""
        found = self.office
        for from_at, office in self.changes:
            if from_at <= started_at:
                found = office
        return found


def _windows(
    from_at: datetime, hours: Hours, ticking: Ticking
) -> Iterator[tuple[datetime, datetime]]:
    """The stretches that count from a moment on, in order."""
    if hours is Hours.ALWAYS:
        yield from_at, from_at + timedelta(days=_DAYS_MAX)
        return
    first = from_at.astimezone(SHANGHAI).date()
    office = ticking.office_of(from_at)
    for number in range(_DAYS_MAX):
        day = first + timedelta(days=number)
        if not ticking.calendar.is_workday(day):
            continue
        for opens, closes in _of_day(day, hours, office):
            if closes > from_at:
                yield max(opens, from_at), closes


def _of_day(day: date, hours: Hours, office: OfficeHours) -> Iterator[tuple[datetime, datetime]]:
    midnight = datetime.combine(day, time(), SHANGHAI)
    if hours is Hours.WORKDAYS:
        yield midnight, datetime.combine(day + timedelta(days=1), time(), SHANGHAI)
        return
    for opens, closes in office.stretches:
        yield datetime.combine(day, opens, SHANGHAI), datetime.combine(day, closes, SHANGHAI)


def merged(pauses: Sequence[Pause]) -> list[Pause]:
    """Pauses in order, overlapping ones joined: the same minute is never taken off twice."""
    found: list[Pause] = []
    for pause in sorted(pauses, key=lambda one: one[:2]):
        if pause.until_at <= pause.from_at:
            continue
        if found and pause.from_at <= found[-1].until_at:
            found[-1] = Pause(found[-1].from_at, max(found[-1].until_at, pause.until_at))
        else:
            found.append(Pause(pause.from_at, pause.until_at))
    return found


def _without(
    window: tuple[datetime, datetime], pauses: Sequence[Pause]
) -> Iterator[tuple[datetime, datetime]]:
    start, end = window
    for pause in pauses:
        if pause.until_at <= start:
            continue
        if pause.from_at >= end:
            break
        if pause.from_at > start:
            yield start, pause.from_at
        start = max(start, pause.until_at)
    if start < end:
        yield start, end


def due_at(
    started_at: datetime, limit_s: int, hours: Hours, pauses: Sequence[Pause], ticking: Ticking
) -> datetime:
    """The moment at which `limit_s` counted seconds have passed. Raises ValueError without end."""
    left = timedelta(seconds=limit_s)
    joined = merged(pauses)
    for window in _windows(started_at, hours, ticking):
        for start, end in _without(window, joined):
            if end - start >= left:
                return (start + left).astimezone(started_at.tzinfo)
            left -= end - start
    raise ValueError("the calendar has no working days")


def counted_s(
    started_at: datetime, until: datetime, hours: Hours, pauses: Sequence[Pause], ticking: Ticking
) -> int:
    """The seconds that count between two moments."""
    total = timedelta()
    joined = merged(pauses)
    for opens, closes in _windows(started_at, hours, ticking):
        if opens >= until:
            break
        for start, end in _without((opens, min(closes, until)), joined):
            total += end - start
    return int(total.total_seconds())


def warn_at(
    started_at: datetime, limit: Limit, pauses: Sequence[Pause], ticking: Ticking
) -> datetime | None:
    """From when on the clock is near its limit."""
    if limit.warn_percent is None:
        return None
    share_s = max(1, limit.limit_s * limit.warn_percent // 100)
    return due_at(started_at, share_s, limit.hours, pauses, ticking)


class PauseRule(NamedTuple):
    """Which clocks a reason may stop, and whether somebody outside the station has to approve.

    What only the customer can say holds at once, inside its time box; what the station could say of
    itself waits for the county. Nobody's absence excuses not having called or not having accepted.
    """

    targets: frozenset[Target]
    outside: bool


_SITE = frozenset({Target.ARRIVE, Target.RESTORE, Target.COMPLETE})
_WORK = frozenset({Target.RESTORE, Target.COMPLETE})
PAUSE_RULES: dict[PauseReason, PauseRule] = {
    PauseReason.CUSTOMER_ABSENT: PauseRule(_WORK | {Target.ANSWER}, outside=False),
    PauseReason.CUSTOMER_ASKED: PauseRule(_SITE | {Target.ANSWER}, outside=False),
    PauseReason.SITE_BLOCKED: PauseRule(_SITE, outside=True),
    PauseReason.WEATHER: PauseRule(_SITE, outside=True),
    PauseReason.WAITING_MATERIAL: PauseRule(_WORK | {Target.ANSWER}, outside=True),
    PauseReason.UPSTREAM_OUTAGE: PauseRule(_WORK, outside=True),
    PauseReason.GOVERNMENT: PauseRule(frozenset({Target.COMPLETE, Target.ANSWER}), outside=True),
}


class Standing(NamedTuple):
    """A started clock as it is stored."""

    target: Target
    due_at: datetime
    warn_at: datetime | None
    stopped_at: datetime | None
    given_up_at: datetime | None
    paused_until: datetime | None
    limit_s: int
    hours: Hours
    source: str


def view(standing: Standing, now: datetime) -> ClockView:
    """How a clock stands at a moment.

    When the matter was given up the clock stands still: cancelled if there was time left, breached
    if there was none. Giving up late does not undo a breach.
    """
    judged_at = standing.stopped_at or standing.given_up_at or now
    if judged_at > standing.due_at:
        state = ClockState.BREACHED
    elif standing.stopped_at is not None:
        state = ClockState.MET
    elif standing.given_up_at is not None:
        state = ClockState.CANCELLED
    elif standing.paused_until is not None and now < standing.paused_until:
        state = ClockState.PAUSED
    else:
        state = ClockState.RUNNING
    return ClockView(
        target=standing.target,
        due_at=standing.due_at,
        stopped_at=standing.stopped_at,
        state=state,
        warn_at=standing.warn_at,
        limit_s=standing.limit_s,
        hours=standing.hours,
        source=standing.source,
    )

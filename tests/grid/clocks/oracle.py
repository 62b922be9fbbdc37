"""The due time found the slow way: a minute at a time, asking of each whether it counts."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from grid.clocks.rules import OfficeHours, Ticking
from grid.clocks.types import Hours, Pause
from grid.kit.calendar import Calendar
from grid.kit.clock import SHANGHAI

MINUTE = timedelta(minutes=1)
#: 08:30 to 12:00 and 14:00 to 17:30.
OFFICE = OfficeHours(((time(8, 30), time(12)), (time(14), time(17, 30))))
TICKING = Ticking(Calendar(), OFFICE)


def shanghai(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment by the wall clock of the county, as it is stored."""
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def counts(minute: datetime, hours: Hours, pauses: Sequence[Pause], ticking: Ticking) -> bool:
    """Whether the minute that begins here counts; pauses are given in whole minutes."""
    local = minute.astimezone(SHANGHAI)
    if any(pause.from_at <= minute < pause.until_at for pause in pauses):
        return False
    if hours is Hours.ALWAYS:
        return True
    if not ticking.calendar.is_workday(local.date()):
        return False
    return hours is Hours.WORKDAYS or any(
        opens <= local.time() < closes for opens, closes in ticking.office.stretches
    )


def slow_due_at(
    started_at: datetime,
    limit_min: int,
    hours: Hours,
    pauses: Sequence[Pause],
    ticking: Ticking = TICKING,
) -> datetime:
    """The end of the minute in which the last minute of the limit was used up."""
    minute, left = started_at, limit_min
    while True:
        left -= counts(minute, hours, pauses, ticking)
        minute += MINUTE
        if not left:
            return minute


def slow_counted_min(
    started_at: datetime, until: datetime, hours: Hours, pauses: Sequence[Pause]
) -> int:
    minute, found = started_at, 0
    while minute < until:
        found += counts(minute, hours, pauses, TICKING)
        minute += MINUTE
    return found

"""Which days are working days: the county's own table first, then the public calendar.

chinesecalendar knows the State Council's holidays up to a year; for later years the weekday rule
answers and the answer is marked provisional, so that due times can be computed anew when the year
becomes known (`wangge import calendar`).
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

import chinese_calendar
from chinese_calendar.constants import holidays as _known_holidays
from chinese_calendar.constants import workdays as _known_workdays

from grid.kit.database import execute, fetch, transaction
from grid.kit.outbox import Event, say
from grid.kit.refusals import Invalid

#: The last year the public calendar knows.
KNOWN_UNTIL_YEAR = max(day.year for day in (*_known_holidays, *_known_workdays))
KNOWN_FROM_YEAR = min(day.year for day in (*_known_holidays, *_known_workdays))


class CalendarChanged(Event, frozen=True, kw_only=True):
    """The county stated working days or holidays: what is due by them is due at another time."""

    days: int


class DayKind(NamedTuple):
    """Whether people work on a day, and whether that may still change."""

    is_workday: bool
    provisional: bool


class Calendar:
    """The days that the county has stated, over the public calendar. Immutable once made."""

    def __init__(self, stated: dict[date, bool] | None = None) -> None:
        self._stated = dict(stated or {})
        self._stated_years = {day.year for day in self._stated}

    def kind(self, day: date) -> DayKind:
        """The kind of one day."""
        if day in self._stated:
            return DayKind(self._stated[day], provisional=False)
        if KNOWN_FROM_YEAR <= day.year <= KNOWN_UNTIL_YEAR:
            return DayKind(bool(chinese_calendar.is_workday(day)), provisional=False)
        return DayKind(day.weekday() < 5, provisional=day.year not in self._stated_years)

    def is_workday(self, day: date) -> bool:
        return self.kind(day).is_workday

    def add_workdays(self, start: date, count: int) -> date:
        """The day that lies `count` (1 to 366) working days after `start`."""
        if not 1 <= count <= 366:
            raise Invalid("count", "工作日数应在 1 到 366 之间")
        day = start
        while count:
            day += timedelta(days=1)
            count -= self.is_workday(day)
        return day


async def load_calendar() -> Calendar:
    """The calendar with every day the county has stated."""
    rows = await fetch("SELECT calendar_day, is_workday FROM calendar_day")
    return Calendar({row["calendar_day"]: row["is_workday"] for row in rows})


async def state_days(days: Iterable[tuple[date, bool, str]], source: str) -> int:
    """Store days that differ from the weekday rule (or restate them); returns how many."""
    listed = list(days)
    async with transaction():
        stated = await execute(
            "INSERT INTO calendar_day (calendar_day, is_workday, name, source)"
            " SELECT d.day, d.works, d.name, $4"
            " FROM unnest($1::date[], $2::bool[], $3::text[]) AS d(day, works, name)"
            " ON CONFLICT (calendar_day) DO UPDATE SET is_workday = EXCLUDED.is_workday,"
            " name = EXCLUDED.name, source = EXCLUDED.source",
            [day for day, _, _ in listed],
            [works for _, works, _ in listed],
            [name for _, _, name in listed],
            source,
        )
        await say(CalendarChanged(days=stated))
    return stated

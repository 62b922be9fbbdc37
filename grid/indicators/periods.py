"""Spans of Shanghai days that figures are read for: day, week, month, quarter, year. Pure."""

import re
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from grid.kit.clock import SHANGHAI
from grid.kit.refusals import Invalid

_YEARS = range(2000, 2101)
_MONTHS_OF_QUARTER = 3


class PeriodKind(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


#: How PostgreSQL writes the name of the period that a Shanghai moment lies in.
SQL_NAME = {
    PeriodKind.DAY: "YYYY-MM-DD",
    PeriodKind.WEEK: 'IYYY-"W"IW',
    PeriodKind.MONTH: "YYYY-MM",
    PeriodKind.QUARTER: 'YYYY-"Q"Q',
    PeriodKind.YEAR: "YYYY",
}
_PATTERNS = (
    (PeriodKind.DAY, re.compile(r"(\d{4})-(\d{2})-(\d{2})")),
    (PeriodKind.WEEK, re.compile(r"(\d{4})-W(\d{2})")),
    (PeriodKind.MONTH, re.compile(r"(\d{4})-(\d{2})")),
    (PeriodKind.QUARTER, re.compile(r"(\d{4})-Q([1-4])")),
    (PeriodKind.YEAR, re.compile(r"(\d{4})")),
)


class Period(NamedTuple):
    """From the beginning of `first` until the beginning of `after`, days of Shanghai."""

    name: str
    kind: PeriodKind
    first: date
    after: date

    @property
    def from_at(self) -> datetime:
        return midnight(self.first)

    @property
    def until_at(self) -> datetime:
        return midnight(self.after)


def midnight(day: date) -> datetime:
    """The moment a Shanghai day begins."""
    return datetime.combine(day, time(), SHANGHAI)


def period_named(name: str) -> Period:
    """`2026-11-22`, `2026-W47`, `2026-11`, `2026-Q4` or `2026`. Raises Invalid naming `period`."""
    for kind, pattern in _PATTERNS:
        found = pattern.fullmatch(name)
        if found is not None:
            numbers = [int(part) for part in found.groups()]
            try:
                if numbers[0] in _YEARS:
                    return period_of(kind, _first_day(kind, numbers))
            except ValueError:
                break
    raise Invalid("period", "时段应写成 2026-11-22、2026-W47、2026-11、2026-Q4 或 2026")


def _first_day(kind: PeriodKind, numbers: list[int]) -> date:
    year, *rest = numbers
    match kind:
        case PeriodKind.DAY:
            return date(year, rest[0], rest[1])
        case PeriodKind.WEEK:
            return date.fromisocalendar(year, rest[0], 1)
        case PeriodKind.MONTH:
            return date(year, rest[0], 1)
        case PeriodKind.QUARTER:
            return date(year, (rest[0] - 1) * _MONTHS_OF_QUARTER + 1, 1)
        case PeriodKind.YEAR:
            return date(year, 1, 1)


def period_of(kind: PeriodKind, day: date) -> Period:
    """The period of a kind that a Shanghai day lies in."""
    match kind:
        case PeriodKind.DAY:
            return Period(day.isoformat(), kind, day, day + timedelta(days=1))
        case PeriodKind.WEEK:
            year, week, weekday = day.isocalendar()
            first = day - timedelta(days=weekday - 1)
            return Period(f"{year:04}-W{week:02}", kind, first, first + timedelta(days=7))
        case PeriodKind.MONTH:
            return Period(f"{day:%Y-%m}", kind, day.replace(day=1), _months_on(day, 1))
        case PeriodKind.QUARTER:
            number = (day.month - 1) // _MONTHS_OF_QUARTER
            first = date(day.year, number * _MONTHS_OF_QUARTER + 1, 1)
            after = _months_on(first, _MONTHS_OF_QUARTER)
            return Period(f"{day.year:04}-Q{number + 1}", kind, first, after)
        case PeriodKind.YEAR:
            return Period(f"{day.year:04}", kind, date(day.year, 1, 1), date(day.year + 1, 1, 1))


def _months_on(day: date, count: int) -> date:
    """The first day of the month that lies `count` months after the day's own."""
    number = day.year * 12 + day.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


def up_to(period: Period, count: int) -> list[Period]:
    """So many periods of one kind that end with this one, the oldest first."""
    found = [period]
    while len(found) < count:
        found.append(period_of(period.kind, found[-1].first - timedelta(days=1)))
    return found[::-1]


def months_of(first: date, after: date) -> list[Period]:
    """The months that a span of days touches, in order."""
    found = [period_of(PeriodKind.MONTH, first)]
    while found[-1].after < after:
        found.append(period_of(PeriodKind.MONTH, found[-1].after))
    return found

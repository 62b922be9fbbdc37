"""Which part of a span is read from closed months, and which from the tables as they stand."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.indicators.periods import Period, PeriodKind, months_of
from grid.indicators.types import ClosingMark
from grid.kit.database import fetch
from grid.kit.refusals import Invalid, NotFound


class Window(NamedTuple):
    """The first seven arguments of every statement over an indicator's records (`shape`)."""

    from_at: datetime
    until_at: datetime
    live_from_at: datetime
    live_until_at: datetime
    closings: list[UUID]
    closed_months: list[str]
    as_of: datetime


class View(NamedTuple):
    """A window with the closings that it reads."""

    window: Window
    closed: list[ClosingMark]


async def window_of(first: date, after: date, as_of: datetime, version: int | None = None) -> View:
    """The newest closing of each month in a span, or a named version of its one month.

    Raises NotFound when there is no such version.
    """
    months = months_of(first, after)
    rows = await fetch(
        "SELECT DISTINCT ON (period) id, period, version, closed_at FROM indicator_period"
        " WHERE period = ANY($1::varchar[]) AND ($2::int2 IS NULL OR version = $2)"
        " ORDER BY period, version DESC",
        [month.name for month in months],
        version,
    )
    if version is not None and not rows:
        raise NotFound("没有这个版本")
    return _view(months, rows, as_of)


def _view(months: Sequence[Period], rows: Sequence[Record], as_of: datetime) -> View:
    closed = {row["period"] for row in rows}
    open_months = [month for month in months if month.name not in closed]
    from_at, until_at = months[0].from_at, months[-1].until_at
    live_from = live_until = from_at
    if open_months:
        live_from = open_months[0].from_at
        live_until = max(live_from, min(open_months[-1].until_at, as_of))
    window = Window(
        from_at,
        until_at,
        live_from,
        live_until,
        [row["id"] for row in rows],
        sorted(closed),
        as_of,
    )
    marks = [
        ClosingMark(month=row["period"], version=row["version"], closed_at=row["closed_at"])
        for row in rows
    ]
    return View(window, marks)


def cut_to(view: View, period: Period) -> View:
    """The same closings for a shorter span inside it."""
    wide = view.window
    window = wide._replace(
        from_at=period.from_at,
        until_at=period.until_at,
        live_from_at=max(wide.live_from_at, period.from_at),
        live_until_at=min(wide.live_until_at, period.until_at),
    )
    return View(window, view.closed)


async def view_of(period: Period, as_of: datetime, version: int | None = None) -> View:
    """What is read for one period. Raises Invalid naming `version`, NotFound."""
    if version is not None and period.kind is not PeriodKind.MONTH:
        raise Invalid("version", "只有一个月的数据才有版本")
    return cut_to(await window_of(period.first, period.after, as_of, version), period)

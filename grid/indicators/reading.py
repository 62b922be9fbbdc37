"""Figures read: one indicator, a whole theme, over time. A fixed number of statements each.

Every figure is a sum over rows of one shape (`shape`), and its drill-down (`records`) shows the
same rows. Statements end by the pool's statement limit; nothing here locks.
"""

from collections.abc import Sequence

from asyncpg import Record

from grid.indicators.catalogue import CATALOGUE, indicator_named
from grid.indicators.definition import Indicator
from grid.indicators.periods import SQL_NAME, Period, period_named, up_to
from grid.indicators.rules import Counts, standing_of, target_of, value_of
from grid.indicators.scopes import SCOPED, Scope, scope_named
from grid.indicators.shape import COUNTS, kept_rows
from grid.indicators.targets import Targets
from grid.indicators.types import (
    Asked,
    Figure,
    IndicatorView,
    ScopeKind,
    Theme,
    Trend,
    TrendPoint,
)
from grid.indicators.windows import View, view_of, window_of
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import fetch
from grid.kit.refusals import Invalid
from grid.territory.authority import Action, require
from grid.territory.types import Actor

#: Periods of a trend at most.
TREND_MAX = 24


def rows_of(indicators: Sequence[Indicator], wanted: str) -> str:
    """The rows of some indicators, live and kept; `wanted` names them for the kept ones."""
    live = " UNION ALL ".join(one.live() for one in indicators)
    return f"({live} UNION ALL {kept_rows(wanted)}) r"


def rows_of_one(indicator: Indicator) -> str:
    return rows_of([indicator], f"indicator = '{indicator.name}'")


async def catalogue(actor: Actor) -> list[IndicatorView]:
    """Every definition in words. Raises NotAllowed."""
    require(actor, Action.READ_INDICATORS)
    return [one.view() for one in CATALOGUE.values()]


async def value(actor: Actor, name: str, asked: Asked) -> Figure:
    """One figure. Raises NotFound (no such indicator, scope or version; not yours), Invalid."""
    return (await _figures(actor, [indicator_named(name)], asked))[0]


async def values(actor: Actor, theme: Theme, asked: Asked) -> list[Figure]:
    """Every figure of a theme, in the order of the catalogue; the same refusals."""
    chosen = [one for one in CATALOGUE.values() if one.theme is theme]
    return await _figures(actor, chosen, asked)


async def _figures(actor: Actor, indicators: Sequence[Indicator], asked: Asked) -> list[Figure]:
    scope = await scope_named(actor, asked.scope)
    period = period_named(asked.period)
    as_of = await business_now()
    view = await view_of(period, as_of, asked.version)
    rows = await fetch(
        f"SELECT r.indicator, {COUNTS} FROM {rows_of(indicators, 'indicator = ANY($12)')}"  # noqa: S608
        f" WHERE {SCOPED} GROUP BY r.indicator",
        *view.window,
        *scope.ids,
        asked.kind,
        [one.name for one in indicators],
    )
    await note_person(scope, "indicator.read")
    found = {row["indicator"]: row for row in rows}
    targets = await Targets.of(indicators, as_of)
    return [
        _figure(one, found.get(one.name), asked, view, targets.at(one, period, scope.station_code))
        for one in indicators
    ]


async def note_person(scope: Scope, action: str) -> None:
    """Figures of one person are personal data: reading them is written down (P1)."""
    if scope.kind is ScopeKind.STAFF:
        await audit.record(action, scope.name)


def counts_of(row: Record | None) -> Counts:
    if row is None:
        return Counts()
    return Counts(row["numerator"], row["denominator"], row["left_out"], row["amount"])


def _figure(
    one: Indicator, row: Record | None, asked: Asked, view: View, target: int | None
) -> Figure:
    counts = counts_of(row)
    versions = {one.version} if row is None else {row["oldest"], row["newest"]}
    return Figure(
        indicator=one.name,
        scope=asked.scope,
        period=asked.period,
        numerator=counts.numerator,
        denominator=counts.denominator,
        excluded=counts.excluded,
        amount=counts.amount,
        value=value_of(counts, one.manner),
        target=target_of(target, one.manner),
        standing=standing_of(counts, one.manner, target),
        definition_versions=sorted(versions),
        closed=view.closed,
        as_of=view.window.as_of,
    )


async def trend(actor: Actor, name: str, asked: Asked, count: int) -> Trend:
    """An indicator over the `count` periods that end with the asked one. The same refusals."""
    if not 1 <= count <= TREND_MAX:
        raise Invalid("count", f"应在 1 到 {TREND_MAX} 之间")
    indicator = indicator_named(name)
    scope = await scope_named(actor, asked.scope)
    periods = up_to(period_named(asked.period), count)
    as_of = await business_now()
    view = await window_of(periods[0].first, periods[-1].after, as_of)
    bucket = f"to_char(r.at AT TIME ZONE 'Asia/Shanghai', '{SQL_NAME[periods[0].kind]}')"
    rows = await fetch(
        f"SELECT {bucket} AS bucket, {COUNTS} FROM {rows_of_one(indicator)}"  # noqa: S608 - ours
        f" WHERE {SCOPED} GROUP BY 1",
        *view.window,
        *scope.ids,
        asked.kind,
    )
    await note_person(scope, "indicator.trend")
    found = {row["bucket"]: row for row in rows}
    targets = await Targets.of([indicator], as_of)

    def point(period: Period) -> TrendPoint:
        counts = counts_of(found.get(period.name))
        target = targets.at(indicator, period, scope.station_code)
        return TrendPoint(
            period=period.name,
            numerator=counts.numerator,
            denominator=counts.denominator,
            value=value_of(counts, indicator.manner),
            target=target_of(target, indicator.manner),
            standing=standing_of(counts, indicator.manner, target),
        )

    return Trend(items=[point(period) for period in periods], as_of=as_of)

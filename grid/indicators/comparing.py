"""One indicator over stations, grids, people or kinds of matters, side by side.

The lines of a comparison are the same rows grouped: the grids of a station add up to it, the
stations to the county. What belongs to none of them (a sealed matter, a place nobody knows) has a
line of its own, so that the sum holds.
"""

from asyncpg import Record

from grid.indicators.catalogue import indicator_named
from grid.indicators.definition import Indicator
from grid.indicators.periods import period_named
from grid.indicators.reading import counts_of, note_person, rows_of_one
from grid.indicators.rules import standing_of, value_of
from grid.indicators.scopes import SCOPED, scope_named
from grid.indicators.shape import COUNTS
from grid.indicators.targets import Targets
from grid.indicators.types import Asked, By, ComparedFigure, Comparison
from grid.indicators.windows import view_of
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import fetch
from grid.kit.pages import decode_cursor, encode_cursor
from grid.territory.types import Actor

#: Lines of one page.
COMPARED = 100
#: What nobody's line is called, and where it stands: after all others.
_NOBODY = "（不属于其中任何一个）"
_LAST = "\U0010ffff"

#: For each way to compare: the column, and where its code, title and station come from.
_BY = {
    By.STATION: ("r.station", "s.code", "s.name", "s.code", "supply_station s ON s.id = x.part"),
    By.GRID: (
        "r.grid",
        "g.code",
        "g.name",
        "s.code",
        "service_grid g ON g.id = x.part LEFT JOIN supply_station s ON s.id = g.station",
    ),
    By.STAFF: (
        "r.staff",
        "p.employee_no",
        "p.name",
        "s.code",
        "staff p ON p.id = x.part LEFT JOIN supply_station s ON s.id = p.station",
    ),
    By.KIND: ("r.matter", "x.part", "x.part", "NULL::varchar", "(SELECT 1) o ON true"),
}


async def comparison(
    actor: Actor, name: str, asked: Asked, by: By, cursor: str | None = None
) -> Comparison:
    """A page of lines in the order of their codes. Raises NotFound, NotAllowed, Invalid."""
    indicator = indicator_named(name)
    scope = await scope_named(actor, asked.scope)
    period = period_named(asked.period)
    as_of = await business_now()
    view = await view_of(period, as_of, asked.version)
    part, code, title, station, names = _BY[by]
    after = None if cursor is None else decode_cursor(cursor, tuple[str])[0]
    rows = await fetch(
        f"SELECT x.*, {code} AS code, {title} AS title, {station} AS station_code FROM"  # noqa: S608
        f" (SELECT {part} AS part, {COUNTS} FROM {rows_of_one(indicator)} WHERE {SCOPED}"
        f" GROUP BY 1) x LEFT JOIN {names}"
        f" WHERE $12::varchar IS NULL OR coalesce({code}, '{_LAST}') > $12 COLLATE \"C\""
        f" ORDER BY coalesce({code}, '{_LAST}') COLLATE \"C\" LIMIT $13",
        *view.window,
        *scope.ids,
        asked.kind,
        after,
        COMPARED + 1,
    )
    await note_person(scope, "indicator.compare")
    if by is By.STAFF:
        await audit.record("indicator.compare_people", scope.name, indicator=name)
    targets = await Targets.of([indicator], as_of)
    items = [
        _line(
            row,
            indicator,
            targets.at(indicator, period, row["station_code"] or scope.station_code),
        )
        for row in rows[:COMPARED]
    ]
    last = items[-1].code if len(rows) > COMPARED else None
    return Comparison(items=items, next=encode_cursor(last) if last else None, as_of=as_of)


def _line(row: Record, indicator: Indicator, target: int | None) -> ComparedFigure:
    counts = counts_of(row)
    return ComparedFigure(
        code=row["code"],
        title=row["title"] or _NOBODY,
        numerator=counts.numerator,
        denominator=counts.denominator,
        excluded=counts.excluded,
        value=value_of(counts, indicator.manner),
        standing=standing_of(counts, indicator.manner, target),
    )

"""The records behind a figure: the very rows that were added up, no more and no less (K1).

A record that the reader may not see is shown as hidden, so that the count still holds: a sealed
tip-off but to those who read sealed ones, a complaint to whom it is about (W5).
"""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.indicators.catalogue import REASONS, indicator_named
from grid.indicators.definition import Indicator
from grid.indicators.periods import period_named
from grid.indicators.reading import rows_of_one
from grid.indicators.scopes import SCOPED, scope_named
from grid.indicators.types import Asked, RecordKind, Records, RecordView, Which
from grid.indicators.windows import view_of
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import fetch
from grid.kit.pages import LIMIT_DEFAULT, LIMIT_MAX, decode_cursor, encode_cursor
from grid.kit.refusals import Invalid
from grid.territory.authority import Action, visible
from grid.territory.types import Actor, StaffActor

_WANTED = {
    Which.COUNTED: "r.excluded IS NULL",
    Which.HIT: "r.hit",
    Which.MISSED: "r.excluded IS NULL AND NOT r.hit",
    Which.EXCLUDED: "r.excluded IS NOT NULL",
}
#: $12: the reader, $13: whether they read sealed matters.
_HIDDEN = (
    "(coalesce(t.sealed, false) AND NOT $13::bool)"
    " OR EXISTS (SELECT 1 FROM ticket_accused u WHERE u.ticket = r.ticket AND u.staff = $12::uuid)"
)
_NAMES = (
    "LEFT JOIN ticket t ON t.id = r.ticket LEFT JOIN work_order w ON w.id = r.work_order"
    " LEFT JOIN service_grid g ON g.id = r.grid LEFT JOIN supply_station s ON s.id = r.station"
    " LEFT JOIN staff p ON p.id = r.staff"
)


async def records(
    actor: Actor,
    name: str,
    asked: Asked,
    which: Which = Which.COUNTED,
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Records:
    """A page of records, the newest first; audited.

    Raises NotFound (no such indicator, scope or version; not yours), Invalid naming the field.
    """
    indicator = indicator_named(name)
    scope = await scope_named(actor, asked.scope)
    as_of = await business_now()
    view = await view_of(period_named(asked.period), as_of, asked.version)
    before_at, before_id = _before(cursor)
    limit = min(limit, LIMIT_MAX)
    rows = await fetch(
        f"SELECT r.*, ({_HIDDEN}) AS hidden, coalesce(w.number, t.number) AS number,"  # noqa: S608
        " g.name AS grid_name, s.name AS station_name, p.name AS staff_name"
        f" FROM ({_page_of(indicator, which)}) r {_NAMES} ORDER BY r.at DESC, r.record DESC",
        *view.window,
        *scope.ids,
        asked.kind,
        actor.staff_id if isinstance(actor, StaffActor) else None,
        visible(actor, Action.READ_SEALED).everything,
        before_at,
        before_id,
        limit + 1,
    )
    await audit.record(
        "indicator.records", scope.name, indicator=name, which=which.value, shown=len(rows[:limit])
    )
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    return Records(
        items=[_view(row) for row in rows[:limit]],
        next=None if last is None else encode_cursor(last["at"].isoformat(), str(last["record"])),
        as_of=as_of,
    )


def _page_of(indicator: Indicator, which: Which) -> str:
    """The rows of one page, cut before their names are looked up."""
    return (
        f"SELECT r.* FROM {rows_of_one(indicator)} WHERE {SCOPED} AND {_WANTED[which]}"  # noqa: S608
        " AND ($14::timestamptz IS NULL OR (r.at, r.record) < ($14, $15::uuid))"
        " ORDER BY r.at DESC, r.record DESC LIMIT $16"
    )


def _before(cursor: str | None) -> tuple[datetime, UUID] | tuple[None, None]:
    if cursor is None:
        return None, None
    at, record = decode_cursor(cursor, tuple[datetime, UUID])
    if at.tzinfo is None or at.year < 1970:
        raise Invalid("cursor", "翻页位置无效,请从第一页重新开始")
    return at, record


def _view(row: Record) -> RecordView:
    if row["hidden"]:
        return RecordView(hidden=True)
    return RecordView(
        hidden=False,
        record_kind=RecordKind(row["record_kind"]),
        record_id=row["record"],
        number=row["number"],
        ticket_id=row["ticket"],
        work_order_id=row["work_order"],
        matter=row["matter"],
        at=row["at"],
        grid=row["grid_name"],
        station=row["station_name"],
        staff=row["staff_name"],
        hit=row["hit"],
        excluded=None if row["excluded"] is None else REASONS[row["excluded"]],
        amount=row["amount"],
    )

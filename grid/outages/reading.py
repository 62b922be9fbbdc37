"""Reading outages: one statement per list or page, row scope in it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.kit.refusals import Invalid, NotFound
from grid.outages.recording import manages
from grid.outages.rules import TRANSITIONS, VERBS
from grid.outages.types import (
    ChildCounts,
    DistrictView,
    OutageFilter,
    OutageJobView,
    OutageLine,
    OutageStepView,
    OutageView,
    TellingView,
)
from grid.outages.words import EtrSource, OutageEvent, OutageKind, OutageState
from grid.territory.authority import Action, require, visible
from grid.territory.types import Actor
from grid.work_orders.words import WorkOrderState

#: The outage reaches a place of the reader: $1 everything, $2 stations, $3 grids.
SEEN = (
    "($1::bool OR EXISTS (SELECT 1 FROM outage_district d"
    " JOIN transformer_district t ON t.id = d.district JOIN service_grid g ON g.id = t.grid"
    " WHERE d.outage = o.id AND d.removed_at IS NULL"
    " AND (g.station = ANY($2::uuid[]) OR g.id = ANY($3::uuid[]))))"
)
_DISTRICTS = (
    "(SELECT count(*) FROM outage_district d WHERE d.outage = o.id AND d.removed_at IS NULL)"
)
_ACCOUNTS = (
    "(SELECT count(*) FROM outage_district d JOIN service_account a ON a.district = d.district"
    " WHERE d.outage = o.id AND d.removed_at IS NULL AND a.state = 'active')"
)
_LINES = (
    f"SELECT o.*, {_DISTRICTS} AS districts, {_ACCOUNTS} AS accounts,"  # noqa: S608 - our words
    " (SELECT count(*) FROM outage_membership m WHERE m.outage = o.id) AS children,"
    " (SELECT count(*) FROM outage_membership m WHERE m.outage = o.id AND m.ended_at IS NULL)"
    f" AS waiting FROM outage o WHERE {SEEN}"
)
#: Districts of one outage, or those that the reader may choose from, with their accounts.
_DISTRICT_ROWS = (
    "SELECT t.district_no, t.name, g.code AS grid, g.name AS grid_name, s.name AS station,"
    " (SELECT count(*) FROM service_account a WHERE a.district = t.id AND a.state = 'active')"
    " AS accounts FROM transformer_district t JOIN service_grid g ON g.id = t.grid"
    " JOIN supply_station s ON s.id = g.station"
)
#: More districts than this are not shown for choosing; a county has some twelve hundred.
DISTRICTS_SHOWN = 5000
HISTORY_SHOWN = 500


async def outages(actor: Actor, wanted: OutageFilter) -> Page[OutageLine]:
    """A page of outages that reach a place of the actor's, the newest first.

    Raises NotAllowed, Invalid naming `cursor`.
    """
    require(actor, Action.READ_OUTAGES)
    before_at, before_id = None, None
    if wanted.cursor is not None:
        before_at, before_id = decode_cursor(wanted.cursor, tuple[datetime, UUID])
        if before_at.tzinfo is None or before_at.year < 1970:
            raise Invalid("cursor", "翻页位置无效,请从第一页重新开始")
    limit = min(wanted.limit, LIMIT_MAX)
    rows = await fetch(
        f"{_LINES} AND ($4::varchar IS NULL OR o.state = $4"
        " OR ($4 = 'open' AND o.state NOT IN ('closed', 'cancelled')))"
        " AND ($5::varchar IS NULL OR o.kind = $5)"
        " AND ($6::timestamptz IS NULL OR (o.announced_at, o.id) < ($6, $7::uuid))"
        " ORDER BY o.announced_at DESC, o.id DESC LIMIT $8",
        *visible(actor, Action.READ_OUTAGES),
        wanted.status,
        wanted.kind,
        before_at,
        before_id,
        limit + 1,
    )
    shown = rows[:limit]
    cursor = None
    if len(rows) > limit:
        cursor = encode_cursor(shown[-1]["announced_at"].isoformat(), str(shown[-1]["id"]))
    return Page(items=[_line(row) for row in shown], next=cursor)


def _line(row: Record) -> OutageLine:
    return OutageLine(
        id=row["id"],
        number=row["number"],
        kind=OutageKind(row["kind"]),
        state=OutageState(row["state"]),
        feeder=row["feeder"],
        cause=row["cause"],
        starts_at=row["starts_at"],
        etr=row["etr"],
        restored_at=row["restored_at"],
        districts=row["districts"],
        accounts=row["accounts"],
        children=row["children"],
        waiting=row["waiting"],
        short_notice=row["late_reason"] is not None,
    )


async def outage(actor: Actor, outage_id: UUID) -> OutageView:
    """One outage with its history. Raises NotFound when no place of it is the actor's."""
    view = await outage_view(actor, outage_id)
    fields: dict[str, Any] = {name: getattr(view, name) for name in view.__struct_fields__}
    return OutageView(**{**fields, "history": await _history(outage_id)})


async def outage_view(actor: Actor, outage_id: UUID) -> OutageView:
    """One outage without its history. Raises NotFound when no place of it is the actor's."""
    row = await fetch_one(
        f"SELECT o.* FROM outage o WHERE {SEEN} AND o.id = $4",  # noqa: S608 - our words
        *visible(actor, Action.READ_OUTAGES),
        outage_id,
    )
    if row is None:
        raise NotFound("没有这个停电事件")
    districts = await fetch(
        f"{_DISTRICT_ROWS}, outage_district d WHERE d.outage = $1 AND d.district = t.id"
        " AND d.removed_at IS NULL ORDER BY s.code, g.code, t.district_no",
        outage_id,
    )
    stations = await fetch(
        "SELECT DISTINCT g.station FROM outage_district d"
        " JOIN transformer_district t ON t.id = d.district JOIN service_grid g ON g.id = t.grid"
        " WHERE d.outage = $1 AND d.removed_at IS NULL",
        outage_id,
    )
    may_manage = manages(actor, [one["station"] for one in stations])
    state = OutageState(row["state"])
    return OutageView(
        id=row["id"],
        number=row["number"],
        kind=OutageKind(row["kind"]),
        state=state,
        feeder=row["feeder"],
        cause=row["cause"],
        public_words=row["public_words"],
        starts_at=row["starts_at"],
        etr=row["etr"],
        etr_source=None if row["etr_source"] is None else EtrSource(row["etr_source"]),
        announced_at=row["announced_at"],
        confirmed_at=row["confirmed_at"],
        restored_at=row["restored_at"],
        ended_at=row["ended_at"],
        late_reason=row["late_reason"],
        version=row["version"],
        accounts=sum(one["accounts"] for one in districts),
        districts=[_district(one) for one in districts],
        children=await _child_counts(outage_id),
        jobs=await _jobs(outage_id),
        tellings=await _tellings(outage_id),
        allowed=allowed_events(state) if may_manage else [],
    )


def allowed_events(state: OutageState) -> list[OutageEvent]:
    """What somebody who manages the outage could do next, in the table's order."""
    return [event for event in VERBS if (event, state) in TRANSITIONS]


def _district(row: Record) -> DistrictView:
    return DistrictView(**{name: row[name] for name in DistrictView.__struct_fields__})


async def districts_to_choose(actor: Actor) -> list[DistrictView]:
    """The districts that the actor may announce an outage for, by station and grid."""
    require(actor, Action.MANAGE_OUTAGES)
    reach = visible(actor, Action.MANAGE_OUTAGES)
    rows = await fetch(
        f"{_DISTRICT_ROWS} WHERE ($1::bool OR g.station = ANY($2::uuid[]))"
        " ORDER BY s.code, g.code, t.district_no LIMIT $3",
        reach.everything,
        reach.station_ids,
        DISTRICTS_SHOWN,
    )
    return [_district(row) for row in rows]


async def _child_counts(outage_id: UUID) -> ChildCounts:
    rows = await fetch(
        "SELECT state, count(*) AS number FROM outage_membership WHERE outage = $1 GROUP BY state",
        outage_id,
    )
    return ChildCounts(**{row["state"]: row["number"] for row in rows})


async def _jobs(outage_id: UUID) -> list[OutageJobView]:
    rows = await fetch(
        "SELECT w.id, w.number, w.state, p.name FROM outage_job j"
        " JOIN work_order w ON w.id = j.work_order LEFT JOIN staff p ON p.id = w.assignee"
        " WHERE j.outage = $1 ORDER BY w.id LIMIT 100",
        outage_id,
    )
    return [
        OutageJobView(
            id=row["id"],
            number=row["number"],
            state=WorkOrderState(row["state"]),
            assignee=row["name"],
        )
        for row in rows
    ]


async def _tellings(outage_id: UUID) -> list[TellingView]:
    rows = await fetch(
        "SELECT * FROM outage_telling WHERE outage = $1 ORDER BY id DESC LIMIT 20", outage_id
    )
    return [
        TellingView(
            topic=row["topic"],
            started_at=row["started_at"],
            told=row["told"],
            finished_at=row["finished_at"],
        )
        for row in rows
    ]


class _Facts(msgspec.Struct):
    """What the history keeps beside the reason."""

    etr_before: datetime | None = None
    etr_after: datetime | None = None
    source: EtrSource | None = None


_FACTS = msgspec.json.Decoder(_Facts)


async def _history(outage_id: UUID) -> list[OutageStepView]:
    rows = await fetch(
        "SELECT h.*, s.name AS actor_name FROM outage_transition h"
        " LEFT JOIN staff s ON 'staff:' || s.employee_no = h.actor"
        " WHERE h.outage = $1 ORDER BY h.version, h.id LIMIT $2",
        outage_id,
        HISTORY_SHOWN,
    )
    found = []
    for row in rows:
        facts = _FACTS.decode(row["facts"])
        found.append(
            OutageStepView(
                event=OutageEvent(row["event"]),
                from_state=None if row["from_state"] is None else OutageState(row["from_state"]),
                to_state=OutageState(row["to_state"]),
                actor=row["actor"].split(":")[0] if row["actor_name"] is None else row["actor"],
                actor_name=row["actor_name"],
                at=row["at"],
                reason=row["reason"],
                etr_before=facts.etr_before,
                etr_after=facts.etr_after,
                etr_source=facts.source,
            )
        )
    return found

"""Reading orders: one statement per page, row scope in it; the accused never see theirs (W5)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks.types import Target
from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.kit.refusals import Invalid, NotFound
from grid.supervision.recipients import people_of
from grid.supervision.rules import (
    TRANSITIONS,
    VERBS,
    Standing,
    answers_for,
    posts_of,
)
from grid.supervision.types import (
    Cause,
    Level,
    OrderState,
    SupervisionCounts,
    SupervisionEvent,
    SupervisionFilter,
    SupervisionStepView,
    SupervisionView,
)
from grid.territory.authority import Action, visible
from grid.territory.types import StaffActor

_ROWS = (
    "SELECT o.*, w.number AS job_number, w.kind AS job_kind, t.number AS ticket_number,"
    " t.kind AS ticket_kind, g.name AS grid_name, s.name AS station_name, p.name AS offender_name,"
    " b.name AS opener_name, a.name AS answerer_name, EXISTS (SELECT 1 FROM ticket_accused x"
    " WHERE x.ticket = o.ticket AND x.staff = $4) AS accused FROM supervision_order o"
    " LEFT JOIN work_order w ON w.id = o.work_order LEFT JOIN ticket t ON t.id = o.ticket"
    " LEFT JOIN service_grid g ON g.id = o.grid LEFT JOIN supply_station s ON s.id = o.station"
    " LEFT JOIN staff p ON p.id = o.offender"
    " LEFT JOIN staff b ON 'staff:' || b.employee_no = o.opened_by"
    " LEFT JOIN staff a ON 'staff:' || a.employee_no = o.answered_by"
)
#: The rows of `_scope_args` ($1 to $5): reach or own, sealed ones for the auditor, never the
#: accused's.
_REACHED = (
    "($1::bool OR o.station = ANY($2::uuid[]) OR o.grid = ANY($3::uuid[]) OR o.offender = $4)"
    " AND (NOT o.sealed OR $5::bool) AND NOT EXISTS (SELECT 1 FROM ticket_accused x"
    " WHERE x.ticket = o.ticket AND x.staff = $4)"
)
#: The rows that wait for the posts of $6 to $9.
_MINE = (
    "(o.state = 'open' AND o.offender IS DISTINCT FROM $4 AND CASE WHEN o.sealed THEN $9::bool"
    " ELSE (o.level = 'grid' AND o.grid = ANY($6::uuid[])) OR (o.level = 'station' AND"
    " o.station = ANY($7::uuid[])) OR (o.level = 'county' AND $8::bool) END)"
)


def _scope_args(actor: StaffActor) -> tuple[object, ...]:
    reach = visible(actor, Action.SUPERVISE_WORK)
    auditor = posts_of(actor).auditor
    return reach.everything, reach.station_ids, reach.grid_ids, actor.staff_id, auditor


async def supervision_orders(actor: StaffActor, wanted: SupervisionFilter) -> Page[SupervisionView]:
    """A page of orders, the earliest answer limit first. One statement and its audit.

    Raises Invalid naming `cursor` or `state`.
    """
    found = await orders_again(actor, wanted)
    await audit.record("supervision.list", "supervision_orders", shown=len(found.items))
    return found


async def orders_again(actor: StaffActor, wanted: SupervisionFilter) -> Page[SupervisionView]:
    """The same for an open page that reads again at every hint: one reader, one audit entry."""
    if wanted.state != "all" and wanted.state not in set(OrderState):
        raise Invalid("state", "没有这种状态")
    after_at, after_id = None, None
    if wanted.cursor is not None:
        after_at, after_id = decode_cursor(wanted.cursor, tuple[datetime, UUID])
        if after_at.tzinfo is None or after_at.year < 1970:
            raise Invalid("cursor", "翻页位置无效,请从第一页重新开始")
    posts, limit, now = posts_of(actor), min(wanted.limit, LIMIT_MAX), await business_now()
    rows = await fetch(
        f"{_ROWS} WHERE {_REACHED} AND (NOT $10::bool OR {_MINE})"
        " AND ($11::varchar IS NULL OR o.level = $11) AND ($12 = 'all' OR o.state = $12)"
        " AND ($13::varchar IS NULL OR o.cause = $13) AND ($14::varchar IS NULL OR g.code = $14)"
        " AND (NOT $15::bool OR (o.state = 'open' AND o.answer_due_at < $16))"
        " AND ($17::timestamptz IS NULL OR (o.answer_due_at, o.id) > ($17, $18::uuid))"
        " AND ($20::uuid IS NULL OR o.work_order = $20 OR o.ticket = $20)"
        " ORDER BY o.answer_due_at, o.id LIMIT $19",
        *_scope_args(actor),
        list(posts.grids),
        list(posts.stations),
        posts.county,
        posts.auditor,
        wanted.mine,
        None if wanted.level is None else wanted.level.value,
        wanted.state,
        None if wanted.cause is None else wanted.cause.value,
        wanted.grid,
        wanted.late,
        now,
        after_at,
        after_id,
        limit + 1,
        wanted.about,
    )
    views = [_view(row, actor, now) for row in rows[:limit]]
    last = views[-1] if len(rows) > limit else None
    cursor = encode_cursor(last.answer_due_at.isoformat(), str(last.id)) if last else None
    return Page(items=views, next=cursor)


async def counts(actor: StaffActor) -> SupervisionCounts:
    """How many orders one can see stand where; one statement."""
    row = await fetch_one(
        "SELECT count(*) FILTER (WHERE o.state = 'open' AND o.level = 'grid') AS grid,"  # noqa: S608
        " count(*) FILTER (WHERE o.state = 'open' AND o.level = 'station') AS station,"
        " count(*) FILTER (WHERE o.state = 'open' AND o.level = 'county') AS county,"
        " count(*) FILTER (WHERE o.state = 'open' AND o.answer_due_at < $6) AS late,"
        " count(*) FILTER (WHERE o.state = 'answered') AS answered,"
        " count(*) FILTER (WHERE o.county_missed_at IS NOT NULL) AS county_missed"
        f" FROM supervision_order o WHERE (o.state <> 'closed' OR o.county_missed_at IS NOT NULL)"
        f" AND {_REACHED}",
        *_scope_args(actor),
        await business_now(),
    )
    assert row is not None
    return SupervisionCounts(**dict(row))


async def supervision_order(actor: StaffActor, order_id: UUID) -> SupervisionView:
    """One order with who is asked and its history. Raises NotFound. Audited."""
    row = await _row(actor, order_id)
    now = await business_now()
    standing = _standing(row, await _accused(row["ticket"]))
    people = await people_of(
        row["grid"], row["station"], row["sealed"], standing.kept_out, business_day(now)
    )
    view = _view(row, actor, now)
    await audit.record("supervision.read", str(order_id))
    return msgspec.structs.replace(
        view,
        asked=list(people[view.level].values()),
        history=await _history(order_id),
    )


async def view_one(actor: StaffActor, order_id: UUID) -> SupervisionView:
    """One order without its history. Raises NotFound when it is not the actor's to see."""
    return _view(await _row(actor, order_id), actor, await business_now())


async def standing_of(row: Record) -> Standing:
    """Where a locked order stands, with everybody who is kept from it."""
    return _standing(row, await _accused(row["ticket"]))


async def _row(actor: StaffActor, order_id: UUID) -> Record:
    row = await fetch_one(f"{_ROWS} WHERE {_REACHED} AND o.id = $6", *_scope_args(actor), order_id)
    if row is None:
        raise NotFound("没有这个督办单")
    return row


async def _accused(ticket_id: UUID | None) -> set[UUID]:
    rows = await fetch("SELECT staff FROM ticket_accused WHERE ticket = $1", ticket_id)
    return {row["staff"] for row in rows}


def _standing(row: Record, accused: set[UUID]) -> Standing:
    kept_out = accused | ({row["offender"]} - {None})
    return Standing(
        Level(row["level"]), row["grid"], row["station"], row["sealed"], frozenset(kept_out)
    )


async def _history(order_id: UUID) -> list[SupervisionStepView]:
    rows = await fetch(
        "SELECT h.*, s.name AS actor_name,"
        " CASE WHEN h.facts ? 'asked' THEN jsonb_array_length(h.facts -> 'asked') END AS asked"
        " FROM supervision_transition h LEFT JOIN staff s ON 'staff:' || s.employee_no = h.actor"
        " WHERE h.supervision_order = $1 ORDER BY h.version LIMIT 200",
        order_id,
    )
    return [
        SupervisionStepView(
            event=SupervisionEvent(row["event"]),
            from_state=None if row["from_state"] is None else OrderState(row["from_state"]),
            to_state=OrderState(row["to_state"]),
            from_level=None if row["from_level"] is None else Level(row["from_level"]),
            to_level=Level(row["to_level"]),
            actor=row["actor"] if row["actor_name"] else row["actor"].split(":")[0],
            actor_name=row["actor_name"],
            at=row["at"],
            words=row["words"],
            asked=row["asked"],
        )
        for row in rows
    ]


_COPIED = (
    "id",
    "number",
    "sealed",
    "due_at",
    "words",
    "offender_name",
    "opened_at",
    "level_since",
    "answer_due_at",
    "answer",
    "answered_at",
    "closed_at",
    "version",
)


def _view(row: Record, actor: StaffActor, now: datetime) -> SupervisionView:
    state = OrderState(row["state"])
    fields: dict[str, Any] = {name: row[name] for name in _COPIED}
    return SupervisionView(
        **fields,
        work_order_id=row["work_order"],
        work_order_number=row["job_number"],
        work_order_kind=row["job_kind"],
        ticket_id=row["ticket"],
        ticket_number=row["ticket_number"],
        ticket_kind=row["ticket_kind"],
        grid=row["grid_name"],
        station=row["station_name"],
        cause=Cause(row["cause"]),
        target=None if row["target"] is None else Target(row["target"]),
        level=Level(row["level"]),
        state=state,
        opened_by_name=row["opener_name"],
        is_late=state is OrderState.OPEN and row["answer_due_at"] < now,
        answered_by_name=row["answerer_name"],
        allowed=_allowed(row, actor, state),
    )


def _allowed(row: Record, actor: StaffActor, state: OrderState) -> list[SupervisionEvent]:
    kept_out = row["accused"] or row["offender"] == actor.staff_id
    standing = _standing(row, set())
    asked = not kept_out and answers_for(posts_of(actor), standing)
    return [
        event
        for event in VERBS
        if (event, state) in TRANSITIONS and (asked or event is SupervisionEvent.COMMENT)
    ]

"""Reading handovers: one statement per page, row scope in it, the paper trail with one of them."""

from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks.service import CLOCKS_OF, views_of
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.kit.refusals import Invalid, NotFound
from grid.partners.rules import HANDOVER_TRANSITIONS
from grid.partners.types import (
    Direction,
    HandoverEntryView,
    HandoverEvent,
    HandoverFilter,
    HandoverState,
    HandoverView,
)
from grid.territory.authority import Action, visible
from grid.territory.types import StaffActor
from grid.work_orders.rules import reaches
from grid.work_orders.tickets.accused import HIDDEN_FROM
from grid.work_orders.words import TicketKind, TicketState

_ROWS = (
    f"SELECT h.*, {CLOCKS_OF.replace('{id}', 'h.id')} AS clocks, t.number AS ticket_number,"  # noqa: S608 - ours
    " t.kind AS ticket_kind, t.state AS ticket_state, g.name AS grid_name,"
    " s.name AS station_name, p.name AS hander_name, EXISTS (SELECT 1 FROM sla_pause x"
    " WHERE x.id = h.pause AND x.state = 'running' AND x.ended_at IS NULL) AS paused"
    " FROM handover h JOIN ticket t ON t.id = h.ticket"
    " LEFT JOIN service_grid g ON g.id = h.grid LEFT JOIN supply_station s ON s.id = h.station"
    " LEFT JOIN staff p ON 'staff:' || p.employee_no = h.handed_by"
)
#: The rows that an actor of `_scope_args` ($1 to $4) reaches; the accused never theirs (W5).
_REACHED = (
    "($1::bool OR h.station = ANY($2::uuid[]) OR h.grid = ANY($3::uuid[])) AND NOT t.sealed"
    f" AND NOT {HIDDEN_FROM.format(ticket='h.ticket', staff='$4')}"
)


def _scope_args(actor: StaffActor) -> tuple[object, ...]:
    reach = visible(actor, Action.HAND_OVER_MATTERS)
    return reach.everything, reach.station_ids, reach.grid_ids, actor.staff_id


async def handovers(actor: StaffActor, wanted: HandoverFilter) -> Page[HandoverView]:
    """A page of handovers, newest first. One statement and its audit. Raises Invalid."""
    if wanted.state not in {"open", "all", *HandoverState}:
        raise Invalid("state", "没有这种状态")
    before = None if wanted.cursor is None else decode_cursor(wanted.cursor, tuple[UUID])[0]
    limit = min(wanted.limit, LIMIT_MAX)
    rows = await fetch(
        f"{_ROWS} WHERE {_REACHED} AND ($5::varchar IS NULL OR h.direction = $5)"
        " AND ($6 = 'all' OR h.state = $6 OR ($6 = 'open' AND h.state <> 'returned'))"
        " AND ($7::uuid IS NULL OR h.ticket = $7) AND ($8::uuid IS NULL OR h.id < $8)"
        " ORDER BY h.id DESC LIMIT $9",
        *_scope_args(actor),
        None if wanted.direction is None else wanted.direction.value,
        wanted.state,
        wanted.ticket_id,
        before,
        limit + 1,
    )
    now = await business_now()
    views = [_view(row, views_of(row["clocks"], now), actor) for row in rows[:limit]]
    cursor = encode_cursor(str(views[-1].id)) if len(rows) > limit else None
    await audit.record("handover.list", "handovers", shown=len(views))
    return Page(items=views, next=cursor)


async def handover(actor: StaffActor, handover_id: UUID) -> HandoverView:
    """One handover with its paper trail. Raises NotFound. Audited."""
    view = await view_one(actor, handover_id)
    rows = await fetch(
        "SELECT e.*, p.name FROM handover_entry e"
        " LEFT JOIN staff p ON 'staff:' || p.employee_no = e.actor"
        " WHERE e.handover = $1 ORDER BY e.version LIMIT 200",
        handover_id,
    )
    await audit.record("handover.read", str(handover_id))
    trail = [
        HandoverEntryView(
            event=HandoverEvent(row["event"]),
            actor_name=row["name"],
            at=row["at"],
            words=row["words"],
            their_number=row["their_number"],
        )
        for row in rows
    ]
    return msgspec.structs.replace(view, trail=trail)


async def view_one(actor: StaffActor, handover_id: UUID) -> HandoverView:
    """One handover without its trail. Raises NotFound when it is not the actor's to see."""
    row = await fetch_one(
        f"{_ROWS} WHERE {_REACHED} AND h.id = $5", *_scope_args(actor), handover_id
    )
    if row is None:
        raise NotFound("没有这个移交单")
    return _view(row, views_of(row["clocks"], await business_now()), actor)


_COPIED = (
    "id",
    "number",
    "ticket_number",
    "reason",
    "agency",
    "contact_person",
    "contact_phone",
    "their_number",
    "reminders",
    "paused",
    "handed_at",
    "accepted_at",
    "returned_at",
    "outcome",
    "due_at",
    "version",
)


def _view(row: Record, clocks: list[Any], actor: StaffActor) -> HandoverView:
    fields: dict[str, Any] = {name: row[name] for name in _COPIED}
    direction, state = Direction(row["direction"]), HandoverState(row["state"])
    return HandoverView(
        **fields,
        direction=direction,
        state=state,
        ticket_id=row["ticket"],
        ticket_kind=TicketKind(row["ticket_kind"]),
        ticket_state=TicketState(row["ticket_state"]),
        grid=row["grid_name"],
        station=row["station_name"],
        handed_by_name=row["hander_name"],
        clocks=clocks,
        allowed=_allowed(row, actor, direction, state),
    )


def _allowed(
    row: Record, actor: StaffActor, direction: Direction, state: HandoverState
) -> list[HandoverEvent]:
    if not reaches(actor, Action.HAND_OVER_MATTERS, row["grid"], row["station"]):
        return []
    return [
        event
        for event, from_state in HANDOVER_TRANSITIONS
        if from_state is state and not (event is HandoverEvent.REMIND and direction is Direction.IN)
    ]

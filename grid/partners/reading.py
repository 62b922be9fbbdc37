"""Reading the province's orders: one statement per page, with the messages about each."""

from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit import audit
from grid.kit.database import fetch
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.partners.types import (
    MessageState,
    OrderOutcome,
    PartnerMessageView,
    PartnerOrderFilter,
    PartnerOrderView,
    ProvinceKind,
    Stage,
)
from grid.territory.authority import Action, visible
from grid.territory.types import StaffActor
from grid.work_orders.tickets.accused import HIDDEN_FROM
from grid.work_orders.words import TicketState

_MESSAGES = (
    "(SELECT json_agg(json_build_object('id', m.id, 'stage', m.stage, 'round', m.round, 'state',"
    " m.state, 'occurred_at', m.occurred_at, 'attempts', m.attempts, 'last_error', m.last_error,"
    " 'acknowledged_at', m.acknowledged_at) ORDER BY m.id) FROM partner_message m"
    " WHERE m.partner_order = o.id)"
)
_ROWS = (
    f"SELECT o.*, {_MESSAGES} AS messages, t.number AS ticket_number, t.state AS ticket_state,"  # noqa: S608 - ours
    " g.name AS grid_name, s.name AS station_name FROM partner_order o"
    " LEFT JOIN ticket t ON t.id = o.ticket LEFT JOIN service_grid g ON g.id = t.grid"
    " LEFT JOIN supply_station s ON s.id = t.station"
)
#: Sealed ones are the county auditor's ($5); an urge without a ticket is the county's ($1).
_REACHED = (
    "($1::bool OR t.station = ANY($2::uuid[]) OR t.grid = ANY($3::uuid[]))"
    f" AND (t.id IS NULL OR NOT t.sealed OR $5::bool)"
    f" AND NOT {HIDDEN_FROM.format(ticket='o.ticket', staff='$4')}"
)


class _Stored(msgspec.Struct, frozen=True):
    id: UUID
    stage: Stage
    round: int
    state: MessageState
    occurred_at: datetime
    attempts: int
    last_error: str | None
    acknowledged_at: datetime | None


_STORED = msgspec.json.Decoder(list[_Stored])


async def partner_orders(actor: StaffActor, wanted: PartnerOrderFilter) -> Page[PartnerOrderView]:
    """A page of the province's orders and urges, newest first. One statement and its audit.

    Raises Invalid naming `cursor`.
    """
    before = None if wanted.cursor is None else decode_cursor(wanted.cursor, tuple[UUID])[0]
    limit, reach = min(wanted.limit, LIMIT_MAX), visible(actor, Action.READ_WORK_ORDERS)
    rows = await fetch(
        f"{_ROWS} WHERE {_REACHED} AND ($6::varchar IS NULL OR o.number = $6"  # noqa: S608 - ours
        " OR o.urged_number = $6) AND (NOT $7::bool OR EXISTS (SELECT 1 FROM partner_message m"
        " WHERE m.partner_order = o.id AND m.state IN ('refused', 'chasing')))"
        " AND ($8::uuid IS NULL OR o.id < $8) ORDER BY o.id DESC LIMIT $9",
        reach.everything,
        reach.station_ids,
        reach.grid_ids,
        actor.staff_id,
        visible(actor, Action.READ_SEALED).everything,
        wanted.number,
        wanted.troubled,
        before,
        limit + 1,
    )
    views = [_view(row) for row in rows[:limit]]
    await audit.record("partner_orders.list", "partner_orders", shown=len(views))
    cursor = encode_cursor(str(views[-1].id)) if len(rows) > limit else None
    return Page(items=views, next=cursor)


def _view(row: Record) -> PartnerOrderView:
    stored = [] if row["messages"] is None else _STORED.decode(row["messages"])
    state = row["ticket_state"]
    return PartnerOrderView(
        id=row["id"],
        number=row["number"],
        kind=ProvinceKind(row["kind"]),
        urged_number=row["urged_number"],
        outcome=OrderOutcome(row["outcome"]),
        via=row["via"],
        accepted_at=row["accepted_at"],
        received_at=row["received_at"],
        ticket_id=row["ticket"],
        ticket_number=row["ticket_number"],
        ticket_state=None if state is None else TicketState(state),
        grid=row["grid_name"],
        station=row["station_name"],
        messages=[
            PartnerMessageView(**{name: getattr(one, name) for name in one.__struct_fields__})
            for one in stored
        ],
    )

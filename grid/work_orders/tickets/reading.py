"""Reading tickets: one statement per list or page; row scope, seal and accused are in it."""

from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks.service import CLOCKS_OF, views_of
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor, page_of
from grid.kit.refusals import Invalid, NotFound
from grid.territory.authority import Action, visible
from grid.territory.types import Actor, StaffActor
from grid.work_orders.reading import mask_phone
from grid.work_orders.tickets.accused import HIDDEN_FROM, reaches_ticket
from grid.work_orders.tickets.rules import (
    BY_JOB,
    DRIVEN_BY_JOB,
    HANDLERS_OWN,
    NOT_WHILE_JOB_RUNS,
    TICKET_RIGHT,
    TICKET_TRANSITIONS,
)
from grid.work_orders.tickets.types import StaffTicketView, TicketFilter, TicketStepView
from grid.work_orders.types import PersonView
from grid.work_orders.words import (
    CallbackOutcome,
    Channel,
    ComplaintClass,
    TicketEvent,
    TicketKind,
    TicketLevel,
    TicketState,
    WorkOrderState,
)

#: What `view_of` reads of a ticket; `REACHED` limits it to the rows of `scope_args` ($1 to $5).
TICKET_ROWS = (
    f"SELECT t.*, {CLOCKS_OF.replace('{id}', 't.id')} AS clocks, a.account_no,"  # noqa: S608 - ours
    " a.name AS customer_name, a.phone AS account_phone, a.address AS account_address,"
    " g.name AS grid_name, s.name AS station_name, p.employee_no, p.name AS staff_name,"
    " p.phone AS staff_phone, w.id AS job_id, w.number AS job_number, w.state AS job_state,"
    " r.stars, (SELECT max(u.at) FROM ticket_transition u WHERE u.ticket = t.id"
    " AND u.event = 'urge') AS urged_at"
    " FROM ticket t LEFT JOIN service_account a ON a.id = t.account"
    " LEFT JOIN service_grid g ON g.id = t.grid LEFT JOIN supply_station s ON s.id = t.station"
    " LEFT JOIN staff p ON p.id = t.handler LEFT JOIN rating r ON r.ticket = t.id"
    " LEFT JOIN LATERAL (SELECT w.id, w.number, w.state FROM work_order w WHERE w.ticket = t.id"
    " ORDER BY w.id DESC LIMIT 1) w ON true"
)
REACHED = (
    "(CASE WHEN t.sealed THEN $5::bool ELSE ($1::bool OR t.handler = $4::uuid"
    " OR (t.station = ANY($2::uuid[]) AND t.level IS DISTINCT FROM 'county')"
    " OR (t.grid = ANY($3::uuid[]) AND coalesce(t.level, 'grid') = 'grid')) END"
    f" AND NOT {HIDDEN_FROM.format(ticket='t.id', staff='$4::uuid')})"
)
W = TypeVar("W", bound=StrEnum)

_JOB_OVER = (
    WorkOrderState.COMPLETED,
    WorkOrderState.CANNOT_COMPLETE,
    WorkOrderState.CANCELLED,
    WorkOrderState.CLOSED,
)


def scope_args(actor: Actor) -> tuple[bool, list[UUID], list[UUID], UUID | None, bool]:
    """The five arguments of the scope clause; a handler always sees what they handle."""
    reach = visible(actor, Action.READ_WORK_ORDERS)
    own = actor.staff_id if isinstance(actor, StaffActor) else None
    sealed = visible(actor, Action.READ_SEALED).everything
    return reach.everything, reach.station_ids, reach.grid_ids, own, sealed


async def tickets(actor: Actor, wanted: TicketFilter) -> Page[StaffTicketView]:
    """A page of the tickets that the actor may see, newest first.

    One statement and its audit: how many were shown, never what was typed.
    Raises Invalid naming `cursor`.
    """
    now, limit = await business_now(), min(wanted.limit, LIMIT_MAX)
    before = _before(wanted.cursor)
    own = actor.staff_id if wanted.mine and isinstance(actor, StaffActor) else None
    rows = await fetch(
        f"{TICKET_ROWS} WHERE {REACHED}"
        f" AND {_status_condition(wanted.status)}"
        " AND ($7::varchar IS NULL OR t.kind = $7) AND ($8::varchar IS NULL OR g.code = $8)"
        " AND ($9::varchar IS NULL OR s.code = $9)"
        " AND ($10::uuid IS NULL OR t.handler = $10)"
        " AND (NOT $11::bool OR (t.due_at < $12::timestamptz AND t.closed_at IS NULL))"
        " AND ($13::varchar IS NULL OR t.number ILIKE $13 OR a.account_no ILIKE $13"
        " OR a.name ILIKE $13 OR a.address ILIKE $13 OR t.address ILIKE $13)"
        " AND ($14::timestamptz IS NULL OR (t.reported_at, t.id) < ($14, $15::uuid))"
        " ORDER BY t.reported_at DESC, t.id DESC LIMIT $16",
        *scope_args(actor),
        wanted.status,
        wanted.kind,
        wanted.grid,
        wanted.station,
        own,
        wanted.late,
        now,
        None if wanted.q is None else f"%{literal(wanted.q)}%",
        *before,
        limit + 1,
    )
    views = [view_of(row, actor, now) for row in rows]
    await audit.record(
        "tickets.list", "tickets", shown=min(len(views), limit), by_text=bool(wanted.q)
    )
    last = views[min(len(views), limit) - 1] if views else None
    following = None if last is None else encode_cursor(last.reported_at.isoformat(), str(last.id))
    return page_of(views, limit, following)


def _status_condition(status: str | None) -> str:
    """Written out, so that the index of open tickets serves the usual question (`$6`)."""
    if status == "open":
        return "t.closed_at IS NULL AND $6::varchar IS NOT NULL"
    return "$6::varchar IS NULL" if status is None else "t.state = $6::varchar"


def _before(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    if cursor is None:
        return None, None
    at, ticket_id = decode_cursor(cursor, tuple[datetime, UUID])
    if at.tzinfo is None or at.year < 1970:
        raise Invalid("cursor", "翻页位置无效,请从第一页重新开始")
    return at, ticket_id


def literal(text: str) -> str:
    """A text to be found as it is typed by ILIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def ticket(actor: Actor, ticket_id: UUID) -> StaffTicketView:
    """One ticket with its history. Raises NotFound when it is not the actor's to see. Audited."""
    view = await staff_view(actor, ticket_id)
    history = await _history(ticket_id)
    await audit.record("tickets.read", f"ticket:{ticket_id}")
    return msgspec.structs.replace(view, history=history)


async def staff_view(actor: Actor, ticket_id: UUID) -> StaffTicketView:
    """One ticket without its history. Raises NotFound when it is not the actor's to see."""
    row = await fetch_one(
        f"{TICKET_ROWS} WHERE {REACHED} AND t.id = $6", *scope_args(actor), ticket_id
    )
    if row is None:
        raise NotFound("没有这个单号")
    return view_of(row, actor, await business_now())


async def open_tickets_of_account(actor: Actor, account_no: str) -> list[StaffTicketView]:
    """What is still open of an account, newest first, at most ten: asked before taking another."""
    rows = await fetch(
        f"{TICKET_ROWS} WHERE {REACHED} AND a.account_no = $6 AND t.closed_at IS NULL"
        " ORDER BY t.id DESC LIMIT 10",
        *scope_args(actor),
        account_no,
    )
    await audit.record("tickets.list", "tickets", shown=len(rows), by_text=False)
    now = await business_now()
    return [view_of(row, actor, now) for row in rows]


async def _history(ticket_id: UUID) -> list[TicketStepView]:
    rows = await fetch(
        "SELECT h.*, s.name AS actor_name FROM ticket_transition h"
        " LEFT JOIN staff s ON 'staff:' || s.employee_no = h.actor"
        " WHERE h.ticket = $1 ORDER BY h.version, h.at, h.id LIMIT 500",
        ticket_id,
    )
    return [
        TicketStepView(
            event=TicketEvent(row["event"]),
            from_state=None if row["from_state"] is None else TicketState(row["from_state"]),
            to_state=TicketState(row["to_state"]),
            actor=row["actor"] if row["actor_name"] else row["actor"].split(":")[0],
            actor_name=row["actor_name"],
            at=row["at"],
            device_at=row["device_at"],
            reason=row["reason"],
        )
        for row in rows
    ]


def view_of(row: Record, actor: Actor, now: datetime) -> StaffTicketView:
    """A row of `TICKET_ROWS` as the actor may see it."""
    phone = row["phone"] or row["account_phone"]
    handler = None
    if row["handler"] is not None:
        handler = PersonView(
            id=row["handler"],
            employee_no=row["employee_no"],
            name=row["staff_name"],
            phone=row["staff_phone"],
        )
    return StaffTicketView(
        id=row["id"],
        number=row["number"],
        kind=TicketKind(row["kind"]),
        complaint_class=_word(ComplaintClass, row["complaint_class"]),
        state=TicketState(row["state"]),
        channel=Channel(row["channel"]),
        danger=row["danger"],
        sealed=row["sealed"],
        description=row["description"],
        form={} if row["form"] is None else msgspec.json.decode(row["form"], type=dict[str, str]),
        account_no=row["account_no"],
        customer_name=row["reporter_name"] or row["customer_name"],
        phone=phone if _sees_phone(actor, row) else mask_phone(phone),
        address=row["address"] or row["account_address"],
        grid=row["grid_name"],
        station=row["station_name"],
        handler=handler,
        work_order_id=row["job_id"],
        work_order_number=row["job_number"],
        work_order_state=_word(WorkOrderState, row["job_state"]),
        parent_id=row["parent"],
        urges=row["urges"],
        urged_at=row["urged_at"],
        stars=row["stars"],
        callback=_word(CallbackOutcome, row["callback"]),
        answer=row["answer"],
        about_ticket_id=row["about_ticket"],
        level=TicketLevel(row["level"] or TicketLevel.GRID),
        version=row["version"],
        reported_at=row["reported_at"],
        called_at=row["called_at"],
        closed_at=row["closed_at"],
        clocks=views_of(row["clocks"], now),
        allowed=allowed_events(actor, row),
    )


def _word(words: type[W], value: str | None) -> W | None:
    return None if value is None else words(value)


def _sees_phone(actor: Actor, row: Record) -> bool:
    if isinstance(actor, StaffActor) and row["handler"] == actor.staff_id:
        return True
    return reaches_ticket(actor, Action.READ_PHONES, row)


def allowed_events(actor: Actor, row: Record) -> list[TicketEvent]:
    """What the actor could do next, for the buttons; who had it in hand is asked by the verb."""
    if not isinstance(actor, StaffActor):
        return []
    kind, state = TicketKind(row["kind"]), TicketState(row["state"])
    job_runs = row["job_state"] is not None and row["job_state"] not in _JOB_OVER
    found = []
    for event, right in TICKET_RIGHT.items():
        if (event, state) not in TICKET_TRANSITIONS[kind]:
            continue
        if event in BY_JOB and kind in DRIVEN_BY_JOB:
            continue
        if event in NOT_WHILE_JOB_RUNS and job_runs:
            continue
        if event in HANDLERS_OWN and row["handler"] not in (None, actor.staff_id):
            continue
        mine = row["handler"] == actor.staff_id and right is Action.HANDLE_TICKETS
        if mine or reaches_ticket(actor, right, row):
            found.append(event)
    return found

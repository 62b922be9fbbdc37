"""Reading jobs: one statement per list or page, row scope in it, phones masked by role."""

from datetime import datetime, time, timedelta
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks.service import CLOCKS_OF, views_of
from grid.evidence.service import counted
from grid.evidence.types import EvidencePurpose
from grid.geography.distance import distance_m
from grid.geography.types import Place
from grid.kit import audit
from grid.kit.clock import SHANGHAI, business_day, business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.kit.refusals import Invalid, NotFound
from grid.territory.authority import Action, Visible, visible
from grid.territory.types import Actor, StaffActor
from grid.work_orders.kinds import KINDS, missing_evidence
from grid.work_orders.rules import (
    ASSIGNEE_ONLY,
    IN_PLACE_OF,
    OVER,
    RIGHT,
    TRANSITIONS,
    WAITING,
    reaches,
)
from grid.work_orders.tickets.accused import HIDDEN_FROM
from grid.work_orders.types import PersonView, TransitionView, WorkOrderFilter, WorkOrderView
from grid.work_orders.words import (
    ArrivalGrade,
    ArrivalProof,
    Priority,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderState,
)

#: What `view_of` reads of a job; `REACHED` limits it to the rows of `scope_args` ($1 to $4).
JOB_ROWS = (
    f"SELECT w.*, {CLOCKS_OF.replace('{id}', 'w.id')} AS clocks, t.number AS ticket_number,"  # noqa: S608 - ours
    " t.description AS told, t.phone AS reporter_phone,"
    " t.address AS told_address, a.account_no, a.name AS customer_name, a.phone AS account_phone,"
    " a.address AS account_address, g.name AS grid_name, s.name AS station_name,"
    " p.employee_no, p.name AS staff_name, p.phone AS staff_phone"
    " FROM work_order w LEFT JOIN ticket t ON t.id = w.ticket"
    " LEFT JOIN service_account a ON a.id = w.account"
    " LEFT JOIN service_grid g ON g.id = w.grid LEFT JOIN supply_station s ON s.id = w.station"
    " LEFT JOIN staff p ON p.id = w.assignee"
)
REACHED = (
    "(($1::bool OR w.station = ANY($2::uuid[]) OR w.grid = ANY($3::uuid[]) OR w.assignee = $4)"
    f" AND NOT {HIDDEN_FROM.format(ticket='w.ticket', staff='$4::uuid')})"
)
STILL_OPEN = "w.state NOT IN ('completed', 'cannot_complete', 'cancelled', 'closed')"


def scope_args(actor: Actor) -> tuple[bool, list[UUID], list[UUID], UUID | None]:
    """The four arguments of the scope clause; somebody with a job always sees that job."""
    reach: Visible = visible(actor, Action.READ_WORK_ORDERS)
    own = actor.staff_id if isinstance(actor, StaffActor) else None
    return reach.everything, reach.station_ids, reach.grid_ids, own


async def work_orders(actor: Actor, wanted: WorkOrderFilter) -> Page[WorkOrderView]:
    """A page of jobs the actor may see, newest first; with `near`, the nearest first, one page.

    One statement and its audit: how many jobs it showed, never what was typed.
    Raises Invalid naming `cursor`.
    """
    before_at, before_id = None, None
    if wanted.cursor is not None:
        before_at, before_id = decode_cursor(wanted.cursor, tuple[datetime, UUID])
        if before_at.tzinfo is None or before_at.year < 1970:
            raise Invalid("cursor", "翻页位置无效,请从第一页重新开始")
    own = actor.staff_id if wanted.mine and isinstance(actor, StaffActor) else None
    near, limit = wanted.near, min(wanted.limit, LIMIT_MAX)
    order = "w.reported_at DESC, w.id DESC"
    if near is not None:
        order = "power(w.lat - $12, 2) + power((w.lon - $13) * cosd($12), 2) NULLS LAST, w.id"
    rows = await fetch(
        f"{JOB_ROWS} WHERE {REACHED}"
        f" AND {_status_condition(wanted.status)} AND ($6::varchar IS NULL OR w.kind = $6)"
        " AND ($7::varchar IS NULL OR g.code = $7) AND ($8::uuid IS NULL OR w.assignee = $8)"
        " AND ($9::varchar IS NULL OR w.number ILIKE $9 OR t.number ILIKE $9"
        " OR a.account_no ILIKE $9 OR a.name ILIKE $9 OR a.address ILIKE $9 OR t.address ILIKE $9)"
        " AND ($10::timestamptz IS NULL OR (w.reported_at, w.id) < ($10, $11::uuid))"
        " AND ($12::float8 IS NULL OR $13::float8 IS NULL OR w.lat IS NOT NULL)"
        f" ORDER BY {order} LIMIT $14",
        *scope_args(actor),
        wanted.status,
        wanted.kind,
        wanted.grid,
        own,
        None if wanted.q is None else f"%{_literal(wanted.q)}%",
        before_at,
        before_id,
        None if near is None else near.lat,
        None if near is None else near.lon,
        limit + 1,
    )
    now = await business_now()
    views = [view_of(row, actor, now, near) for row in rows[:limit]]
    more = len(rows) > limit and near is None
    last = views[-1] if views else None
    cursor = encode_cursor(last.reported_at.isoformat(), str(last.id)) if more and last else None
    await audit.record("work_order.list", "work_orders", shown=len(views), by_text=bool(wanted.q))
    return Page(items=views, next=cursor)


def _status_condition(status: str | None) -> str:
    """Written out, so that the index of open jobs serves the usual question. `$5` is the status."""
    asked = "$5::varchar IS NOT DISTINCT FROM $5"
    if status is None:
        return asked
    return f"{STILL_OPEN} AND {asked}" if status == "open" else "w.state = $5::varchar"


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def work_order(actor: Actor, work_order_id: UUID) -> WorkOrderView:
    """One job with its history. Raises NotFound when it is not the actor's to see. Audited."""
    view = await view_one(actor, work_order_id)
    history = await _history(work_order_id)
    await audit.record("work_order.read", str(work_order_id))
    return msgspec.structs.replace(view, history=history)


async def view_one(actor: Actor, work_order_id: UUID) -> WorkOrderView:
    """One job without its history; what evidence it still needs is one more statement.

    Raises NotFound when it is not the actor's to see.
    """
    row = await fetch_one(
        f"{JOB_ROWS} WHERE {REACHED} AND w.id = $5",
        *scope_args(actor),
        work_order_id,
    )
    if row is None:
        raise NotFound("没有这个工单")
    view = view_of(row, actor, await business_now())
    needs: list[list[EvidencePurpose]] = []
    if KINDS[view.kind].evidence and row["state"] not in OVER:
        found = missing_evidence(view.kind, await counted(work_order_id))
        needs = [list(purposes) for purposes in found]
    return msgspec.structs.replace(view, needs=needs)


async def today(actor: StaffActor, limit: int = 200) -> list[WorkOrderView]:
    """The actor's open jobs: danger first, then by the earliest limit still running.

    What is planned for a later day waits for its day; whoever accepted it already keeps seeing it.
    It shows customers with their telephones, so it is audited like any other list.
    """
    now = await business_now()
    rows = await fetch(
        f"{JOB_ROWS} WHERE w.assignee = $1 AND {STILL_OPEN}"
        f" AND NOT {HIDDEN_FROM.format(ticket='w.ticket', staff='$1')}"
        " AND (w.state <> 'assigned' OR w.starts_at IS NULL OR w.starts_at < $3)"
        " ORDER BY (w.priority = 'danger') DESC, w.due_at NULLS LAST, w.id LIMIT $2",
        actor.staff_id,
        limit,
        datetime.combine(business_day(now) + timedelta(days=1), time(), SHANGHAI),
    )
    await audit.record("work_order.today", "work_orders", shown=len(rows))
    return [view_of(row, actor, now) for row in rows]


async def _history(work_order_id: UUID) -> list[TransitionView]:
    rows = await fetch(
        "SELECT h.*, s.name AS actor_name, g.name AS given_to FROM work_order_transition h"
        " LEFT JOIN staff s ON 'staff:' || s.employee_no = h.actor"
        " LEFT JOIN staff g ON g.id = h.staff AND h.event IN ('assign', 'reassign')"
        " WHERE h.work_order = $1 ORDER BY h.version, h.at, h.id LIMIT 500",
        work_order_id,
    )
    return [
        TransitionView(
            event=WorkOrderEvent(row["event"]),
            from_state=None if row["from_state"] is None else WorkOrderState(row["from_state"]),
            to_state=WorkOrderState(row["to_state"]),
            actor=row["actor"].split(":")[0] if row["actor_name"] is None else row["actor"],
            actor_name=row["actor_name"],
            at=row["at"],
            device_at=row["device_at"],
            reason=row["reason"],
            grade=None if row["grade"] is None else ArrivalGrade(row["grade"]),
            distance_m=row["distance_m"],
            given_to=row["given_to"],
        )
        for row in rows
    ]


def view_of(row: Record, actor: Actor, now: datetime, near: Place | None = None) -> WorkOrderView:
    """A row of `JOB_ROWS` as the actor may see it."""
    state, kind = WorkOrderState(row["state"]), WorkOrderKind(row["kind"])
    place = None if row["lat"] is None else Place(lat=row["lat"], lon=row["lon"])
    phone = row["reporter_phone"] or row["account_phone"]
    assignee = None
    if row["assignee"] is not None:
        assignee = PersonView(
            id=row["assignee"],
            employee_no=row["employee_no"],
            name=row["staff_name"],
            phone=row["staff_phone"],
        )
    return WorkOrderView(
        id=row["id"],
        number=row["number"],
        ticket_id=row["ticket"],
        ticket_number=row["ticket_number"],
        account_no=row["account_no"],
        customer_name=row["customer_name"],
        phone=phone if _sees_phone(actor, row) else mask_phone(phone),
        address=row["account_address"] or row["told_address"],
        description=row["description"] or row["told"] or "",
        kind=kind,
        title=KINDS[kind].title,
        gate=KINDS[kind].gate,
        state=state,
        priority=Priority(row["priority"]),
        place_class=row["place_class"],
        grid=row["grid_name"],
        station=row["station_name"],
        lat=row["lat"],
        lon=row["lon"],
        distance_m=round(distance_m(near, place), 1) if near and place else None,
        version=row["version"],
        assignee=assignee,
        supervised=row["supervised"],
        reported_at=row["reported_at"],
        arrived_at=row["arrived_at"],
        restored_at=row["restored_at"],
        completed_at=row["completed_at"],
        arrival_grade=None if row["arrival_grade"] is None else ArrivalGrade(row["arrival_grade"]),
        arrival_proof=None if row["arrival_proof"] is None else ArrivalProof(row["arrival_proof"]),
        resolution=row["resolution"],
        live_work=row["live_work"],
        permit_no=row["permit_no"],
        second_person_id=row["second_person"],
        starts_at=row["starts_at"],
        check_in_due_at=row["check_in_due_at"],
        clocks=views_of(row["clocks"], now),
        allowed=allowed_events(actor, row, state),
    )


#: What may follow each state, with the right that it takes, in the table's order.
_STEPS_FROM = {
    state: [
        (event, RIGHT[event])
        for event, from_state in TRANSITIONS
        if from_state is state and event in RIGHT
    ]
    for state in WorkOrderState
}


def allowed_events(actor: Actor, row: Record, state: WorkOrderState) -> list[WorkOrderEvent]:
    """What the actor could do next, for the buttons of phone and console."""
    if not isinstance(actor, StaffActor):
        return []
    mine = row["assignee"] == actor.staff_id
    # Where nothing is to be restored the work is complete without it.
    restored = row["restored_at"] is not None or not KINDS[WorkOrderKind(row["kind"])].restores
    found = []
    for event, right in _STEPS_FROM[state]:
        if event is (WorkOrderEvent.RESTORE if restored else WorkOrderEvent.COMPLETE):
            continue
        own = event in ASSIGNEE_ONLY or event is WorkOrderEvent.COMMENT
        office = IN_PLACE_OF.get(event) if event in ASSIGNEE_ONLY else right
        if (mine and own) or (office and reaches(actor, office, row["grid"], row["station"])):
            found.append(event)
    if state in WAITING and reaches(actor, Action.ASSIGN_WORK, row["grid"], row["station"]):
        found.append(WorkOrderEvent.ASSIGN)
    return found


def _sees_phone(actor: Actor, row: Record) -> bool:
    if isinstance(actor, StaffActor) and row["assignee"] == actor.staff_id:
        return True
    return reaches(actor, Action.READ_PHONES, row["grid"], row["station"])


def mask_phone(phone: str | None) -> str | None:
    """`19900001234` as `199****1234`: enough to recognise, too little to call."""
    if phone is None:
        return None
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"

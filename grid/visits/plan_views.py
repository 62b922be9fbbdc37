"""Reading plans: the calendar of a grid's month with the load of each day. Audited."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from asyncpg import Record

from grid.customers.care import sees_sensitive
from grid.kit import audit
from grid.kit.calendar import Calendar, load_calendar
from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.kit.refusals import NotFound
from grid.territory.authority import Action, visible
from grid.territory.types import Actor, StaffActor
from grid.visits import policies
from grid.visits.plan_types import DayLoad, PlanView, StopView
from grid.visits.rules import last_of, may_release, shown_form
from grid.visits.words import FormWord, PlanState, StopState
from grid.work_orders.types import PersonView
from grid.work_orders.words import WorkOrderState

_PLANS = (
    "SELECT p.*, g.code AS grid_code, g.name AS grid_name, g.station, s.name AS station_name,"
    " (SELECT count(*) FROM visit_stop v WHERE v.plan = p.id AND v.state <> 'removed') AS stops"
    " FROM visit_plan p JOIN service_grid g ON g.id = p.grid"
    " JOIN supply_station s ON s.id = g.station"
)
_REACHED = "($1::bool OR g.station = ANY($2::uuid[]) OR g.id = ANY($3::uuid[]))"

_STOPS = """
SELECT v.*, a.account_no, a.name, a.address, i.name AS village_name, t.employee_no,
    t.name AS staff_name, t.phone AS staff_phone, w.number AS job_number, w.state AS job_state
FROM visit_stop v JOIN service_account a ON a.id = v.account
LEFT JOIN village i ON i.id = a.village JOIN staff t ON t.id = v.staff
LEFT JOIN work_order w ON w.id = v.work_order
WHERE v.plan = $1 ORDER BY v.stop_day, t.employee_no, v.position, v.id LIMIT 5000
"""
_LOADS = """
SELECT v.plan, v.stop_day, count(*) AS stops, count(*) FILTER (WHERE v.is_care) AS care,
    count(*) FILTER (WHERE w.state IN ('completed', 'closed')) AS done
FROM visit_stop v LEFT JOIN work_order w ON w.id = v.work_order
WHERE v.plan = ANY($1::uuid[]) AND v.state <> 'removed' GROUP BY v.plan, v.stop_day
"""
_PEOPLE = """
SELECT p.grid, t.id, t.employee_no, t.name, t.phone FROM grid_appointment p
JOIN staff t ON t.id = p.staff AND t.state = 'active'
WHERE p.grid = ANY($1::uuid[]) AND p.role IN ('manager', 'assistant')
    AND p.from_day < ($2::date + interval '1 month')::date
    AND (p.until_day IS NULL OR p.until_day > $2::date)
ORDER BY p.role DESC, t.employee_no
"""


async def plans(
    actor: Actor,
    month: date | None,
    grid: str | None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[PlanView]:
    """Plans the actor reaches, newest month first, with the load of their days but no stops.

    Four statements and the audit. Raises Invalid naming `cursor`.
    """
    after = (None, None) if cursor is None else decode_cursor(cursor, tuple[date, str])
    limit = min(limit, LIMIT_MAX)
    rows = await fetch(
        f"{_PLANS} WHERE {_REACHED} AND ($4::date IS NULL OR p.month = $4)"
        " AND ($5::varchar IS NULL OR g.code = $5) AND ($6::date IS NULL OR p.month < $6"
        " OR (p.month = $6 AND g.code > $7)) ORDER BY p.month DESC, g.code LIMIT $8",
        *visible(actor, Action.READ_VISITS),
        month,
        grid,
        *after,
        limit + 1,
    )
    shown = rows[:limit]
    views = await _views(actor, shown)
    await audit.record("visit_plan.list", "visit_plans", shown=len(views))
    last = shown[-1] if len(rows) > limit else None
    after_last = None if last is None else encode_cursor(str(last["month"]), last["grid_code"])
    return Page(items=views, next=after_last)


async def plan_view(actor: Actor, plan_id: UUID) -> PlanView:
    """One plan with its people and stops. Raises NotFound. Audited."""
    row = await fetch_one(
        f"{_PLANS} WHERE {_REACHED} AND p.id = $4", *visible(actor, Action.READ_VISITS), plan_id
    )
    if row is None:
        raise NotFound("没有这个走访计划")
    (view,) = await _views(actor, [row])
    sensitive = sees_sensitive(actor, row["grid"], row["station"])
    own = actor.staff_id if isinstance(actor, StaffActor) else None
    stops = [_stop(one, sensitive or one["staff"] == own) for one in await fetch(_STOPS, plan_id)]
    await audit.record("visit_plan.read", str(plan_id), shown=len(stops))
    fields = {name: getattr(view, name) for name in view.__struct_fields__}
    return PlanView(**{**fields, "stops": stops})


async def _views(actor: Actor, rows: Sequence[Record]) -> list[PlanView]:
    if not rows:
        return []
    loads: dict[UUID, dict[date, Record]] = defaultdict(dict)
    for one in await fetch(_LOADS, [row["id"] for row in rows]):
        loads[one["plan"]][one["stop_day"]] = one
    people: dict[UUID, list[PersonView]] = defaultdict(list)
    for one in await fetch(_PEOPLE, [row["grid"] for row in rows], rows[0]["month"]):
        people[one["grid"]].append(_person(one, one["id"]))
    per_day = (await policies.plan_limits(await business_now())).per_day
    calendar = await load_calendar()
    return [
        _view(
            actor,
            row,
            people[row["grid"]],
            _days(row["month"], loads[row["id"]], calendar, per_day * len(people[row["grid"]])),
        )
        for row in rows
    ]


def _days(month: date, loads: dict[date, Record], calendar: Calendar, room: int) -> list[DayLoad]:
    every = [month + timedelta(days=n) for n in range(last_of(month).day)]
    return [
        DayLoad(
            day=day,
            is_workday=calendar.is_workday(day),
            stops=loads[day]["stops"] if day in loads else 0,
            care=loads[day]["care"] if day in loads else 0,
            done=loads[day]["done"] if day in loads else 0,
            room=room if calendar.is_workday(day) else 0,
        )
        for day in every
    ]


def _view(actor: Actor, row: Record, people: list[PersonView], days: list[DayLoad]) -> PlanView:
    draft = row["state"] == PlanState.DRAFT
    return PlanView(
        id=row["id"],
        grid=row["grid_code"],
        grid_name=row["grid_name"],
        station=row["station_name"],
        month=f"{row['month']:%Y-%m}",
        state=PlanState(row["state"]),
        version=row["version"],
        due=row["due"],
        left_out=row["left_out"],
        left_out_care=row["left_out_care"],
        stops_count=row["stops"],
        made_by=row["made_by"],
        made_at=row["made_at"],
        released_by=row["released_by"],
        released_at=row["released_at"],
        may_release=draft and may_release(actor, row["grid"], row["station"]),
        days=days,
        people=people,
    )


def _person(row: Record, staff_id: UUID) -> PersonView:
    return PersonView(
        id=staff_id, employee_no=row["employee_no"], name=row["name"], phone=row["phone"]
    )


def _stop(row: Record, sees_medical: bool) -> StopView:
    return StopView(
        id=row["id"],
        account_no=row["account_no"],
        name=row["name"],
        address=row["address"],
        village=row["village_name"],
        form=shown_form(FormWord(row["form"]), sees_medical),
        is_care=row["is_care"],
        due_day=row["due_day"],
        day=row["stop_day"],
        staff=PersonView(
            id=row["staff"],
            employee_no=row["employee_no"],
            name=row["staff_name"],
            phone=row["staff_phone"],
        ),
        position=row["position"],
        state=StopState(row["state"]),
        reason=row["reason"],
        work_order_id=row["work_order"],
        work_order_number=row["job_number"],
        work_order_state=None if row["job_state"] is None else WorkOrderState(row["job_state"]),
    )

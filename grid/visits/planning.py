"""Making the plans of a month: drafts for any number of grids by a bounded number of statements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.kit import audit
from grid.kit.calendar import load_calendar
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch, fetch_one, insert_many, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.territory.authority import Action, may
from grid.territory.types import Actor, StaffActor
from grid.visits import policies
from grid.visits.due import due_in
from grid.visits.plan_types import MakePlan, PlanView
from grid.visits.plan_views import plan_view
from grid.visits.rules import (
    Due,
    Placed,
    Slot,
    add_months,
    last_of,
    month_day,
    month_of,
    slots_of,
    spread,
)
from grid.visits.tables import VisitStop
from grid.visits.words import FormWord, PlanState, StopState

#: A plan is made for this month or one of the next; further ahead nobody knows who will be due.
MONTHS_AHEAD = 2


_STOP = (
    *("id", "plan", "account", "form", "is_care", "due_day"),
    *("stop_day", "staff", "position", "state"),
)


class PlanReleasedAlready(Refusal):
    """The plan of this grid and month is in force; single stops are moved or removed."""

    title = "这个月的走访计划已经发布"


class NobodyToVisit(Refusal):
    """The grid has no day left in the month, or nobody who visits."""

    title = "这个月没有可安排的工作日,或者网格里没有人员"


class Crew(NamedTuple):
    """Who visits in a grid, and what each has on which day already."""

    people: tuple[UUID, ...]
    taken: Mapping[Slot, int]


async def make_plan(actor: StaffActor, command: MakePlan) -> PlanView:
    """Plan a grid's month as a draft; done twice, nobody is planned twice.

    Raises NotFound, NotAllowed, Invalid naming `month`, PlanReleasedAlready, NobodyToVisit.
    """
    async with transaction():
        grid = await fetch_one(
            "SELECT id, station, code FROM service_grid WHERE code = $1", command.grid
        )
        place = {} if grid is None else {"grid_id": grid["id"], "station_id": grid["station"]}
        if grid is None or not may(actor, Action.READ_VISITS, **place):
            raise NotFound("没有这个网格")
        if not may(actor, Action.PLAN_VISITS, **place):
            raise NotAllowed(action=Action.PLAN_VISITS.value)
        month = await month_to_plan(command.month)
        (plan_id,) = await plan_month(actor, month, [grid["id"]], by_hand=True)
        await audit.record("visit_plan.make", f"grid:{grid['code']}", month=command.month)
        return await plan_view(actor, plan_id)


async def month_to_plan(text: str) -> date:
    """`2026-12` as its first day. Raises Invalid naming `month` for one past or too far ahead."""
    month, today = month_day(text), business_day(await business_now())
    if not month_of(today) <= month <= add_months(month_of(today), MONTHS_AHEAD):
        raise Invalid("month", f"只能安排本月和以后 {MONTHS_AHEAD} 个月", months=MONTHS_AHEAD)
    return month


async def plan_month(
    actor: Actor, month: date, grid_ids: Sequence[UUID], *, by_hand: bool = False
) -> list[UUID]:
    """Fill the drafts of grids for a month; gives their plans. Nine statements, however many grids.

    Joins the caller's transaction. By hand a released plan and a grid without people are refused;
    otherwise they are left alone.
    """
    async with transaction():
        now = await business_now()
        today = business_day(now)
        plans = await _locked_plans(actor, month, grid_ids)
        if by_hand and not plans:
            raise PlanReleasedAlready()
        days = await workdays_of(month, today)
        crews = await _crews(list(plans), max(month, today))
        if by_hand and (not days or not any(crew.people for crew in crews.values())):
            raise NobodyToVisit()
        limits = await policies.plan_limits(now)
        rooms = [_room(crews[grid], days, limits.per_day) for grid in plans]
        cycles = await policies.cycles(now)
        rows = await due_in(list(plans), rooms, month, last_of(month), today, cycles)
        await _write(plans, rows, crews, days, limits.per_day)
        return list(plans.values())


def _room(crew: Crew, days: Sequence[date], per_day: int) -> int:
    slots = slots_of(days, crew.people)
    return sum(max(0, per_day - crew.taken.get(slot, 0)) for slot in slots)


async def _locked_plans(actor: Actor, month: date, grid_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The drafts of the grids, made where there is none, locked; released ones are left out."""
    await execute(
        "INSERT INTO visit_plan (id, grid, month, state, due, left_out, left_out_care, made_by,"
        " made_at, version) SELECT n.id, n.grid, $3, 'draft', 0, 0, 0, $4, $5, 0"
        " FROM unnest($1::uuid[], $2::uuid[]) AS n(id, grid) ON CONFLICT (grid, month) DO NOTHING",
        [new_id() for _ in grid_ids],
        list(grid_ids),
        month,
        actor.subject,
        await business_now(),
    )
    rows = await fetch(
        "SELECT id, grid FROM visit_plan WHERE grid = ANY($1::uuid[]) AND month = $2"
        " AND state = $3 ORDER BY id FOR UPDATE",
        list(grid_ids),
        month,
        PlanState.DRAFT.value,
    )
    return {row["grid"]: row["id"] for row in rows}


async def workdays_of(month: date, today: date) -> list[date]:
    """The working days of a month that are not over."""
    calendar = await load_calendar()
    first, last = max(month, today), last_of(month)
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in every if calendar.is_workday(day)]


async def _crews(grid_ids: Sequence[UUID], on: date) -> dict[UUID, Crew]:
    """Managers and assistants of the grids, and what they have in plans of any grid already."""
    people: dict[UUID, list[UUID]] = defaultdict(list)
    for row in await fetch(
        "SELECT p.grid, p.staff FROM grid_appointment p JOIN staff s ON s.id = p.staff"
        " AND s.state = 'active' WHERE p.grid = ANY($1::uuid[]) AND p.from_day <= $2"
        " AND (p.until_day IS NULL OR p.until_day > $2) AND p.role IN ('manager', 'assistant')"
        " ORDER BY p.grid, p.role DESC, p.staff",
        list(grid_ids),
        on,
    ):
        people[row["grid"]].append(row["staff"])
    taken = await loads([staff for crew in people.values() for staff in crew], on)
    return {grid: Crew(tuple(people[grid]), taken) for grid in grid_ids}


async def loads(staff_ids: Sequence[UUID], since: date) -> dict[Slot, int]:
    """How many stops people have on each day from a day on."""
    rows = await fetch(
        "SELECT stop_day, staff, count(*) AS stops FROM visit_stop"
        " WHERE staff = ANY($1::uuid[]) AND stop_day >= $2 AND state <> $3"
        " GROUP BY stop_day, staff",
        list(staff_ids),
        since,
        StopState.REMOVED.value,
    )
    return {Slot(row["stop_day"], row["staff"]): row["stops"] for row in rows}


async def _write(
    plans: Mapping[UUID, UUID],
    rows: Sequence[Record],
    crews: Mapping[UUID, Crew],
    days: Sequence[date],
    per_day: int,
) -> None:
    of_grid: dict[UUID, list[Record]] = defaultdict(list)
    for row in rows:
        of_grid[row["grid"]].append(row)
    taken = {slot: used for crew in crews.values() for slot, used in crew.taken.items()}
    stops: list[tuple[object, ...]] = []
    counted: list[tuple[UUID, int, int, int]] = []
    for grid, plan_id in plans.items():
        due = [_due(row) for row in of_grid[grid]]
        placed, _ = spread(due, slots_of(days, crews[grid].people), per_day, taken)
        for one in placed:
            # Somebody may have two grids: what one plan gives them the next one knows of.
            taken[one.slot] = taken.get(one.slot, 0) + 1
        stops += [_stop(plan_id, one) for one in placed]
        care = sum(one.due.is_care for one in placed)
        first = of_grid[grid][0] if of_grid[grid] else None
        whole = (0, 0) if first is None else (first["due_in_grid"], first["care_in_grid"])
        counted.append((plan_id, whole[0], whole[0] - len(placed), whole[1] - care))
    await insert_many(VisitStop, _STOP, stops)
    await execute(
        "UPDATE visit_plan p SET due = p.due - p.left_out + n.due, left_out = n.left_out,"
        " left_out_care = n.left_out_care, version = p.version + 1"
        " FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[])"
        " AS n(id, due, left_out, left_out_care) WHERE p.id = n.id",
        *([one[n] for one in counted] for n in range(4)),
    )


def _due(row: Record) -> Due:
    return Due(
        account=row["id"],
        village=str(row["village"] or ""),
        district=str(row["district"]),
        is_care=row["is_care"],
        form=FormWord(row["form"]),
        due_day=row["due_day"],
        not_for=frozenset(row["relatives"] or ()),
    )


def _stop(plan_id: UUID, one: Placed) -> tuple[object, ...]:
    return (
        new_id(),
        plan_id,
        one.due.account,
        one.due.form.value,
        one.due.is_care,
        one.due.due_day,
        one.slot.day,
        one.slot.staff,
        one.position,
        StopState.PLANNED.value,
    )

"""What people do with a plan: put it in force, move a stop to another day, leave one out."""

from datetime import date, datetime, time
from uuid import UUID

from asyncpg import Record

from grid.kit import audit
from grid.kit.clock import SHANGHAI, business_day, business_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal, StaleVersion
from grid.territory.authority import Action, may
from grid.territory.types import Actor, GridRole, StaffActor
from grid.visits import policies
from grid.visits.due import TAGS_HELD
from grid.visits.plan_types import MoveStop, PlanView, ReleasePlan, RemoveStop
from grid.visits.plan_views import plan_view
from grid.visits.planning import PlanReleasedAlready, loads, workdays_of
from grid.visits.rules import Due, Slot, last_of, may_release, slots_of, spread
from grid.visits.types import VisitPlanReleased
from grid.visits.words import FormWord, PlanState, StopState
from grid.work_orders.planned import PlannedJob, cancel_planned, move_planned, open_planned
from grid.work_orders.words import Capacity, WorkOrderKind

#: When a planned visit begins to count on its day, in Shanghai.
_MORNING = time(8, 30)
#: What the job says; that somebody has a medical device stands on the card only.
_TITLES = {
    FormWord.ORDINARY: "普通客户走访",
    FormWord.SPECIAL_CARE: "特殊群体走访",
    FormWord.MEDICAL_DEVICE: "特殊群体走访",
    FormWord.SMALL_BUSINESS: "小微企业走访",
    FormWord.IMPORTANT: "重要客户走访",
    FormWord.GOVERNMENT: "机关单位走访",
}

_PLANNED = f"""
SELECT v.id, v.account, v.form, v.is_care, v.stop_day, v.staff, a.grid, a.station, a.place_class,
    a.lat, a.lon, a.village, a.district, s.code, coalesce(h.tags, '{{}}') AS tags,
    coalesce(r.role, 'manager') AS role,
    (SELECT array_agg(x.staff) FROM relative_account x WHERE x.account_no = a.account_no)
        AS relatives
FROM visit_stop v JOIN service_account a ON a.id = v.account AND a.state = 'active'
JOIN supply_station s ON s.id = a.station
LEFT JOIN ({TAGS_HELD.format(day="$2::date", scope="true")}) h ON h.account = a.id
LEFT JOIN LATERAL (SELECT p.role FROM grid_appointment p WHERE p.grid = a.grid
    AND p.staff = v.staff AND p.from_day <= v.stop_day
    AND (p.until_day IS NULL OR p.until_day > v.stop_day) LIMIT 1) r ON true
WHERE v.plan = $1 AND v.state = 'planned' ORDER BY v.stop_day, v.staff, v.position
"""  # noqa: S608 - put together from constants above


class DayFull(Refusal):
    """The person has as many visits on that day as one may have."""

    title = "这位同事那天的走访已经排满"


class StopNotPlanned(Refusal):
    """The stop was removed, or its visit is over."""

    title = "这一户已经移出计划,或者已经走访"


async def release(actor: StaffActor, plan_id: UUID, command: ReleasePlan) -> PlanView:
    """Open the jobs of a plan. What lay on days that are past goes to the days that are left.

    Raises NotFound, NotAllowed, StaleVersion, PlanReleasedAlready.
    """
    async with transaction():
        plan = await _locked(actor, plan_id, command.version)
        if not may_release(actor, plan["grid"], plan["station"]):
            raise NotAllowed("走访计划由网格管理员或所长发布", action=Action.PLAN_VISITS.value)
        if plan["state"] != PlanState.DRAFT:
            raise PlanReleasedAlready()
        now = await business_now()
        await _to_days_left(plan, business_day(now))
        rows = await fetch(_PLANNED, plan_id, max(plan["month"], business_day(now)))
        jobs = [_job(row) for row in rows]
        await open_planned(actor, WorkOrderKind.VISIT, jobs)
        await execute(
            "UPDATE visit_stop v SET state = 'released', work_order = n.job"
            " FROM unnest($1::uuid[], $2::uuid[]) AS n(id, job) WHERE v.id = n.id",
            [row["id"] for row in rows],
            [job.id for job in jobs],
        )
        await execute(
            "UPDATE visit_plan SET state = 'released', released_by = $2, released_at = $3,"
            " version = version + 1 WHERE id = $1",
            plan_id,
            actor.subject,
            now,
        )
        await say(
            VisitPlanReleased(
                plan_id=plan_id, grid_id=plan["grid"], month=plan["month"], stops=len(jobs)
            )
        )
        await audit.record("visit_plan.release", str(plan_id), stops=len(jobs))
        return await plan_view(actor, plan_id)


def _job(row: Record) -> PlannedJob:
    assistant = row["role"] == GridRole.ASSISTANT
    return PlannedJob(
        id=new_id(),
        account_id=row["account"],
        grid_id=row["grid"],
        station_id=row["station"],
        station_code=row["code"],
        place_class=row["place_class"],
        lat=row["lat"],
        lon=row["lon"],
        tags=tuple(row["tags"]),
        staff_id=row["staff"],
        capacity=Capacity.ASSISTANT if assistant else Capacity.MANAGER,
        starts_at=morning_of(row["stop_day"]),
        description=_TITLES[FormWord(row["form"])],
    )


def morning_of(day: date) -> datetime:
    """When a planned visit of a day begins to count."""
    return datetime.combine(day, _MORNING, SHANGHAI)


async def _to_days_left(plan: Record, today: date) -> None:
    """Stops of days that are past, spread anew over what is left of the month."""
    rows = [row for row in await fetch(_PLANNED, plan["id"], today) if row["stop_day"] < today]
    if not rows:
        return
    people = sorted({row["staff"] for row in rows}, key=str)
    days = await workdays_of(plan["month"], today) or [max(today, last_of(plan["month"]))]
    per_day = (await policies.plan_limits(await business_now())).per_day
    due = [_due(row) for row in rows]
    placed, left = spread(due, slots_of(days, people), per_day, await loads(people, today))
    await execute(
        "UPDATE visit_stop v SET stop_day = n.day, staff = n.staff, position = n.position"
        " FROM unnest($2::uuid[], $3::date[], $4::uuid[], $5::int[])"
        " AS n(account, day, staff, position) WHERE v.plan = $1 AND v.account = n.account",
        plan["id"],
        [one.due.account for one in placed],
        [one.slot.day for one in placed],
        [one.slot.staff for one in placed],
        [one.position for one in placed],
    )
    await execute(
        "UPDATE visit_stop SET state = 'removed', reason = $3 WHERE plan = $1"
        " AND account = ANY($2::uuid[])",
        plan["id"],
        [one.account for one in left],
        "发布时本月剩余工作日已排满",
    )


def _due(row: Record) -> Due:
    return Due(
        account=row["account"],
        village=str(row["village"] or ""),
        district=str(row["district"]),
        is_care=row["is_care"],
        form=FormWord(row["form"]),
        due_day=None,
        not_for=frozenset(row["relatives"] or ()),
    )


async def move(actor: StaffActor, plan_id: UUID, command: MoveStop) -> PlanView:
    """Another day of the month, or another person of the grid, for one household.

    Raises NotFound, NotAllowed, StaleVersion, StopNotPlanned, DayFull, Invalid naming `day` or
    `staff_id`, WorkOrderStepNotPossible when the visit has begun.
    """
    async with transaction():
        plan = await _locked(actor, plan_id, command.version)
        stop = await _stop(plan_id, command.stop_id)
        staff_id = command.staff_id or stop["staff"]
        await _check_day(plan, command.day)
        await _check_person(plan, stop, staff_id, command.day)
        await _check_room(Slot(command.day, staff_id), stop)
        await execute(
            "UPDATE visit_stop SET stop_day = $2, staff = $3, reason = $4, changed_by = $5,"
            " position = (SELECT count(*) + 1 FROM visit_stop o WHERE o.staff = $3"
            " AND o.stop_day = $2 AND o.state <> 'removed' AND o.id <> $1) WHERE id = $1",
            command.stop_id,
            command.day,
            staff_id,
            command.reason,
            actor.subject,
        )
        if stop["work_order"] is not None:
            await move_planned(
                actor, stop["work_order"], morning_of(command.day), staff_id, command.reason
            )
        await _changed(plan_id, "visit_plan.move", command.stop_id)
        return await plan_view(actor, plan_id)


async def remove(actor: StaffActor, plan_id: UUID, command: RemoveStop) -> PlanView:
    """Leave one household out; its job, if there is one, is cancelled with the same reason.

    Raises NotFound, NotAllowed, StaleVersion, StopNotPlanned, WorkOrderStepNotPossible.
    """
    async with transaction():
        await _locked(actor, plan_id, command.version)
        stop = await _stop(plan_id, command.stop_id)
        await execute(
            "UPDATE visit_stop SET state = 'removed', reason = $2, changed_by = $3 WHERE id = $1",
            command.stop_id,
            command.reason,
            actor.subject,
        )
        if stop["work_order"] is not None:
            await cancel_planned(actor, stop["work_order"], f"移出走访计划:{command.reason}")
        await _changed(plan_id, "visit_plan.remove", command.stop_id)
        return await plan_view(actor, plan_id)


async def _locked(actor: Actor, plan_id: UUID, version: int) -> Record:
    row = await fetch_one(
        "SELECT p.*, g.station FROM visit_plan p JOIN service_grid g ON g.id = p.grid"
        " WHERE p.id = $1 FOR UPDATE OF p",
        plan_id,
    )
    place = {} if row is None else {"grid_id": row["grid"], "station_id": row["station"]}
    if row is None or not may(actor, Action.READ_VISITS, **place):
        raise NotFound("没有这个走访计划")
    if not may(actor, Action.PLAN_VISITS, **place):
        raise NotAllowed(action=Action.PLAN_VISITS.value)
    if row["version"] != version:
        raise StaleVersion(version=row["version"])
    return row


async def _stop(plan_id: UUID, stop_id: UUID) -> Record:
    row = await fetch_one(
        "SELECT v.*, w.state AS job_state, a.account_no FROM visit_stop v"
        " JOIN service_account a ON a.id = v.account"
        " LEFT JOIN work_order w ON w.id = v.work_order WHERE v.id = $1 AND v.plan = $2",
        stop_id,
        plan_id,
    )
    if row is None:
        raise NotFound("计划里没有这一户")
    over = ("completed", "closed", "cancelled", "cannot_complete")
    if row["state"] == StopState.REMOVED or row["job_state"] in over:
        raise StopNotPlanned()
    return row


async def _check_day(plan: Record, day: date) -> None:
    today = business_day(await business_now())
    if not max(plan["month"], today) <= day <= last_of(plan["month"]):
        raise Invalid("day", "请选择本计划当月、今天以后的日子")


async def _check_person(plan: Record, stop: Record, staff_id: UUID, day: date) -> None:
    if staff_id == stop["staff"]:
        return
    found = await fetch_one(
        "SELECT EXISTS (SELECT 1 FROM relative_account x WHERE x.staff = $2"
        " AND x.account_no = $4) AS is_relative FROM grid_appointment p"
        " JOIN staff t ON t.id = p.staff AND t.state = 'active'"
        " WHERE p.grid = $1 AND p.staff = $2 AND p.role IN ('manager', 'assistant')"
        " AND p.from_day <= $3 AND (p.until_day IS NULL OR p.until_day > $3)",
        plan["grid"],
        staff_id,
        day,
        stop["account_no"],
    )
    if found is None:
        raise Invalid("staff_id", "请选择本网格的管理员或协管员")
    if found["is_relative"]:
        raise Invalid("staff_id", "这是该同事亲属的用电户,请选别人")


async def _check_room(slot: Slot, stop: Record) -> None:
    limits = await policies.plan_limits(await business_now())
    used = await fetch_value(
        "SELECT count(*) FROM visit_stop WHERE staff = $1 AND stop_day = $2"
        " AND state <> 'removed' AND id <> $3",
        slot.staff,
        slot.day,
        stop["id"],
    )
    if used >= limits.per_day:
        raise DayFull(limit=limits.per_day)


async def _changed(plan_id: UUID, action: str, stop_id: UUID) -> None:
    await execute("UPDATE visit_plan SET version = version + 1 WHERE id = $1", plan_id)
    await audit.record(action, str(plan_id), stop=str(stop_id))

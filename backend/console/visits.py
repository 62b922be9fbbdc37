"""Plans of visits in the browser: grids of a month, the calendar of one, moves by keyboard."""

from datetime import date
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console import visit_words
from backend.console.forms import command_of, fields_of
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from backend.console.visit_tables import file_of, plan_rows
from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.refusals import Invalid, NotFound, Refusal, StaleVersion
from grid.overviews.board import stations
from grid.territory.authority import Action, may, require
from grid.visits import plan_verbs, plan_views, planning
from grid.visits.plan_types import MakePlan, Month, MoveStop, PlanView, ReleasePlan, RemoveStop
from grid.visits.rules import add_months, month_day, month_of

_WORDS = {
    "month": "月份",
    "grid": "网格",
    "day": "日期",
    "stop_id": "客户",
    "staff_id": "人员",
    "reason": "原因",
    "version": "版本",
}
#: Plans on one page; a county has about a hundred grids.
_SHOWN = 200
_DONE = {
    "made": "计划已生成，请核对后发布",
    "release": "计划已发布，走访工单已派出",
    "move": "已改期",
    "remove": "已移出计划",
}


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    month: Month | None = None


@get("/visits", include_in_schema=False)
async def visits_page(request: ConsoleRequest) -> Response[str]:
    """The plans of a month, grid by grid."""
    return await _overview(request)


@get("/visits/plans", include_in_schema=False)
async def back_to_visits() -> Redirect:
    """An address that only takes a form; going there shows the plans."""
    return Redirect("/console/visits", status_code=303)


@post("/visits/plans", include_in_schema=False)
async def make(request: ConsoleRequest) -> Response[str] | Redirect:
    """Make the draft of a grid's month."""
    fields = await fields_of(request)
    try:
        plan = await planning.make_plan(request.user, command_of(MakePlan, fields, _WORDS))
    except Refusal as refusal:
        return await _overview(request, refusal, fields.get("month"))
    return Redirect(f"/console/visits/plans/{plan.id}?done=made", status_code=303)


async def _overview(
    request: ConsoleRequest, refusal: Refusal | None = None, month: str | None = None
) -> Response[str]:
    require(request.user, Action.READ_VISITS)
    now = await business_now()
    given = month or request.query_params.get("month", "").strip()
    try:
        wanted = command_of(_Wanted, {"month": given} if given else {}, _WORDS)
    except Invalid as invalid:
        refusal, wanted = refusal or invalid, _Wanted()
    this = month_of(business_day(now))
    day = this if wanted.month is None else month_day(wanted.month)
    found = await plan_views.plans(request.user, day, None, None, _SHOWN)
    return await page(
        request,
        "visits.html",
        200 if refusal is None else refusal.status,
        as_of=now,
        month=day,
        months=[add_months(this, number) for number in range(-1, planning.MONTHS_AHEAD + 1)],
        plans=found.items,
        stations=await stations(request.user),
        may_plan=may(request.user, Action.PLAN_VISITS),
        problem=None if refusal is None else refusal.detail,
        w=visit_words,
    )


@get("/visits/plans/{plan_id:uuid}", include_in_schema=False)
async def plan_page(request: ConsoleRequest, plan_id: FromPath[UUID]) -> Response[str]:
    """The calendar of a grid's month, and the households of one day."""
    return await _plan(request, plan_id)


@get("/visits/plans/{plan_id:uuid}/{verb:str}", include_in_schema=False)
async def plan_file(
    request: ConsoleRequest, plan_id: FromPath[UUID], verb: FromPath[str]
) -> Response[bytes] | Redirect:
    """The plan for Excel; the addresses of forms lead back to the plan."""
    if verb != "plan.xlsx":
        return Redirect(f"/console/visits/plans/{plan_id}", status_code=303)
    plan = await plan_views.plan_view(request.user, plan_id)
    await audit.record("visit_plan.exported", str(plan_id), rows=len(plan.stops))
    name = f"visits-{plan.grid}-{plan.month}"
    return file_of(name, "走访计划", *plan_rows(plan), await business_now())


@post("/visits/plans/{plan_id:uuid}/{verb:str}", include_in_schema=False)
async def change(
    request: ConsoleRequest, plan_id: FromPath[UUID], verb: FromPath[str]
) -> Response[str] | Redirect:
    """Release the plan, move a household to another day, or leave one out."""
    fields = await fields_of(request)
    try:
        await _change(request, plan_id, verb, fields)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        return await _plan(request, plan_id, refusal, fields)
    day = f"&day={fields['day']}" if verb == "move" else ""
    return Redirect(f"/console/visits/plans/{plan_id}?done={verb}{day}", status_code=303)


async def _change(
    request: ConsoleRequest, plan_id: UUID, verb: str, fields: dict[str, str]
) -> None:
    if verb == "release":
        await plan_verbs.release(request.user, plan_id, command_of(ReleasePlan, fields, _WORDS))
    elif verb == "move":
        await plan_verbs.move(request.user, plan_id, command_of(MoveStop, fields, _WORDS))
    elif verb == "remove":
        await plan_verbs.remove(request.user, plan_id, command_of(RemoveStop, fields, _WORDS))
    else:
        raise NotFound("没有这个操作")


async def _plan(
    request: ConsoleRequest,
    plan_id: UUID,
    refusal: Refusal | None = None,
    typed: dict[str, str] | None = None,
) -> Response[str]:
    plan = await plan_views.plan_view(request.user, plan_id)
    now = await business_now()
    problem = None if refusal is None else refusal.detail
    if isinstance(refusal, StaleVersion):
        problem = "在您填写的时候，计划已被别人更新。下面是最新情况，请核对后再提交。"
    chosen = _day_of(plan, request.query_params.get("day") or (typed or {}).get("day"), now.date())
    return await page(
        request,
        "visit_plan.html",
        200 if refusal is None else refusal.status,
        as_of=now,
        plan=plan,
        today=business_day(now),
        chosen=chosen,
        stops=[stop for stop in plan.stops if stop.day == chosen],
        left=sum(stop.state == "removed" for stop in plan.stops),
        blanks=plan.days[0].day.weekday(),
        may_plan=may(request.user, Action.PLAN_VISITS),
        done=_DONE.get(request.query_params.get("done", "")),
        problem=problem,
        typed=typed or {},
        w=visit_words,
    )


def _day_of(plan: PlanView, text: str | None, today: date) -> date:
    """The day whose households are shown: the one asked for, or the next one with any."""
    days = {load.day: load for load in plan.days}
    for load in plan.days:
        if text == load.day.isoformat():
            return load.day
    coming = [day for day, load in days.items() if load.stops and day >= today]
    return coming[0] if coming else plan.days[0].day


ROUTES = (visits_page, back_to_visits, make, plan_page, plan_file, change)

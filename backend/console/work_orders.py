"""One job on a page: what is known, its history, who could do it, and the steps of the console."""

from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console.evidence import pieces_of_job
from backend.console.forms import command_of, fields_of
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from grid.dispatch import service as dispatch
from grid.dispatch.types import CandidateView
from grid.kit.clock import business_now
from grid.kit.refusals import Invalid, NotFound, Refusal, StaleVersion
from grid.overviews.assignments import assignments_of
from grid.territory.authority import Action, may
from grid.work_orders import reading, steps
from grid.work_orders.intake import open_work_order
from grid.work_orders.rules import WAITING
from grid.work_orders.tickets.followed import ticket_view
from grid.work_orders.tickets.types import TicketView
from grid.work_orders.types import AssignByHand, DoVerb, OpenWorkOrder, WorkOrderView
from grid.work_orders.words import Priority, WorkOrderEvent, WorkOrderState

#: The steps that have a form here, in the order of the page; the others are the phone's.
STEPS = (
    WorkOrderEvent.CLOSE,
    WorkOrderEvent.REOPEN,
    WorkOrderEvent.SUPERVISE,
    WorkOrderEvent.COMMENT,
    WorkOrderEvent.CANCEL,
)
_WORDS = {"reason": "原因", "version": "版本", "staff_id": "人员"}
_DONE = {event.value: event for event in WorkOrderEvent}


@get("/work-orders/{work_order_id:uuid}", include_in_schema=False)
async def work_order_page(request: ConsoleRequest, work_order_id: FromPath[UUID]) -> Response[str]:
    """Everything of a job. What is not yours to see does not exist."""
    done = _DONE.get(request.query_params.get("done", ""))
    return await _page(request, work_order_id, done=done)


class JobVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What an open page compares itself with after it missed hints."""

    version: int


@get("/work-orders/{work_order_id:uuid}/version", include_in_schema=False)
async def job_version(request: ConsoleRequest, work_order_id: FromPath[UUID]) -> JobVersion:
    """The version of a job now."""
    return JobVersion(version=(await reading.view_one(request.user, work_order_id)).version)


@get(
    [
        "/work-orders/{work_order_id:uuid}/assign",
        "/work-orders/{work_order_id:uuid}/further",
        "/work-orders/{work_order_id:uuid}/steps/{verb:str}",
    ],
    include_in_schema=False,
)
async def back_to_job(work_order_id: FromPath[UUID]) -> Redirect:
    """A refused form stands at its own address; going there again shows the job."""
    return Redirect(f"/console/work-orders/{work_order_id}", status_code=303)


@post("/work-orders/{work_order_id:uuid}/assign", include_in_schema=False)
async def assign(
    request: ConsoleRequest, work_order_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Give the job to somebody by hand, or take it from one and give it to another."""
    fields = await fields_of(request)
    try:
        await _assign(request, work_order_id, command_of(DoVerb, fields, _WORDS))
    except Refusal as refusal:
        return await _refused(request, work_order_id, refusal, fields, "assign")
    return _back(work_order_id, WorkOrderEvent.ASSIGN)


@post("/work-orders/{work_order_id:uuid}/steps/{verb:str}", include_in_schema=False)
async def take_step(
    request: ConsoleRequest, work_order_id: FromPath[UUID], verb: FromPath[str]
) -> Response[str] | Redirect:
    """One step of the console: close, reopen, supervise, comment or cancel."""
    event = next((event for event in STEPS if event.value == verb), None)
    if event is None:
        raise NotFound("没有这个操作")
    fields = await fields_of(request)
    try:
        command = command_of(DoVerb, fields, _WORDS)
        await steps.take_step(request.user, work_order_id, event, command)
    except Refusal as refusal:
        return await _refused(request, work_order_id, refusal, fields, verb)
    return _back(work_order_id, event)


@post("/work-orders/{work_order_id:uuid}/further", include_in_schema=False)
async def further(
    request: ConsoleRequest, work_order_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Another job for a ticket whose last job ended without solving it."""
    fields = await fields_of(request)
    job = await reading.view_one(request.user, work_order_id)
    command = OpenWorkOrder(
        description=job.description,
        ticket_id=job.ticket_id,
        danger=job.priority is Priority.DANGER,
    )
    try:
        made = await open_work_order(request.user, command)
    except Refusal as refusal:
        return await _refused(request, work_order_id, refusal, fields, "further")
    return _back(made.id, WorkOrderEvent.INTAKE)


async def _assign(request: ConsoleRequest, work_order_id: UUID, command: DoVerb) -> None:
    """A choice made on an old page is refused; one beside the first suggestion gives a reason."""
    if command.staff_id is None:
        raise Invalid("staff_id", "请选择人员")
    view = await reading.view_one(request.user, work_order_id)
    if view.version != command.version:
        raise StaleVersion(version=view.version)
    if view.state not in WAITING:
        await dispatch.reassign(request.user, work_order_id, command)
        return
    found = await dispatch.candidates(request.user, work_order_id)
    first = found[0] if found and found[0].rank == 1 else None
    if command.reason is None and (first is None or first.staff_id != command.staff_id):
        raise Invalid("reason", "没有选择排在第一位的人员，请填写原因")
    choice = AssignByHand(staff_id=command.staff_id, reason=command.reason, version=command.version)
    await dispatch.assign_by_hand(request.user, work_order_id, choice)


async def _refused(
    request: ConsoleRequest,
    work_order_id: UUID,
    refusal: Refusal,
    fields: dict[str, str],
    form: str,
) -> Response[str]:
    """The fresh page with what was typed, and why nothing was changed."""
    if isinstance(refusal, NotFound):
        raise refusal
    words = refusal.detail
    if isinstance(refusal, StaleVersion):
        words = (
            "在您填写的时候，工单已被别人更新。下面是最新情况，请核对后再提交；您填写的内容已保留。"
        )
    return await _page(
        request, work_order_id, status=refusal.status, problem=words, typed=fields, form=form
    )


def _back(work_order_id: UUID, event: WorkOrderEvent) -> Redirect:
    return Redirect(f"/console/work-orders/{work_order_id}?done={event.value}", status_code=303)


async def _page(
    request: ConsoleRequest,
    work_order_id: UUID,
    *,
    status: int = 200,
    done: WorkOrderEvent | None = None,
    problem: str | None = None,
    typed: dict[str, str] | None = None,
    form: str | None = None,
) -> Response[str]:
    job = await reading.work_order(request.user, work_order_id)
    ticket = None if job.ticket_id is None else await ticket_view(job.ticket_id)
    return await page(
        request,
        "work_order.html",
        status,
        as_of=await business_now(),
        job=job,
        evidence=await pieces_of_job(request, job.id),
        ticket=ticket,
        may_go_further=_may_go_further(request, job, ticket),
        steps=[event for event in STEPS if event in job.allowed],
        candidates=await _candidates(request, job),
        asked=await assignments_of(request.user, job.id),
        is_waiting=job.state in WAITING,
        done=done,
        problem=problem,
        typed=typed or {},
        form=form,
    )


def _may_go_further(request: ConsoleRequest, job: WorkOrderView, ticket: TicketView | None) -> bool:
    """The ticket's last job is over, the ticket is not, and the reader gives out work."""
    return (
        ticket is not None
        and ticket.closed_at is None
        and ticket.work_order_id == job.id
        and job.state in (WorkOrderState.CANNOT_COMPLETE, WorkOrderState.CLOSED)
        and may(request.user, Action.ASSIGN_WORK)
    )


async def _candidates(request: ConsoleRequest, job: WorkOrderView) -> list[CandidateView] | None:
    """Who could do the job, or None where this reader cannot give it to anybody now."""
    can_give = WorkOrderEvent.REASSIGN in job.allowed or (
        job.state in WAITING and WorkOrderEvent.ASSIGN in job.allowed
    )
    return await dispatch.candidates(request.user, job.id) if can_give else None


#: The routes of these pages.
ROUTES = (
    work_order_page,
    job_version,
    assign,
    back_to_job,
    further,
    take_step,
)

"""Pauses that wait, corrections that wait, and the times of one job with the forms for both."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console.forms import command_of, fields_of
from backend.console.moments import aware, local
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from grid.clocks.rules import PAUSE_RULES
from grid.clocks.types import (
    ClockState,
    DecidePause,
    PauseReason,
    PauseState,
    RequestPause,
    Subject,
)
from grid.kit.refusals import NotFound, Refusal
from grid.territory.authority import Action, may, require, visible
from grid.territory.types import ChangeState
from grid.work_orders import reading
from grid.work_orders.times import corrections, pausing, priorities
from grid.work_orders.times.correction_reading import corrections as list_corrections
from grid.work_orders.times.correction_reading import open_pauses, pauses_of_matter
from grid.work_orders.times.types import (
    OF_PAUSE,
    ChangePriority,
    CorrectedField,
    DecideCorrection,
    ProposeCorrection,
)
from grid.work_orders.words import Priority

FIELD_WORDS = {
    CorrectedField.ACCEPTED_AT: "接单时间",
    CorrectedField.DEPARTED_AT: "出发时间",
    CorrectedField.ARRIVED_AT: "到达时间",
    CorrectedField.RESTORED_AT: "恢复供电时间",
    CorrectedField.COMPLETED_AT: "完成时间",
    CorrectedField.PAUSE_FROM: "暂停开始时间",
    CorrectedField.PAUSE_UNTIL: "暂停结束时间",
}
CLOCK_WORDS = {
    ClockState.RUNNING: "进行中",
    ClockState.PAUSED: "已暂停",
    ClockState.MET: "按时",
    ClockState.BREACHED: "超时",
    ClockState.CANCELLED: "已终止",
}
PAUSE_WORDS = {
    PauseState.REQUESTED: "待批准",
    PauseState.RUNNING: "暂停中",
    PauseState.ENDED: "已结束",
    PauseState.REFUSED: "未同意",
}
CHANGE_WORDS = {
    ChangeState.PROPOSED: "待审",
    ChangeState.APPROVED: "已同意",
    ChangeState.REFUSED: "未同意",
}
_ASK_WORDS = {"reason": "原因", "words": "说明", "until": "暂停到"}
_CORRECT_WORDS = {
    "field": "更正哪个时间",
    "new_at": "更正为",
    "reason": "原因",
    "pause_id": "哪次暂停",
}
_PRIORITY_WORDS = {"priority": "优先级", "reason": "原因", "version": "版本"}
#: Decided corrections shown below those that wait.
_LATEST = 20

_SHARED: dict[str, Any] = {
    "field_words": FIELD_WORDS,
    "clock_words": CLOCK_WORDS,
    "pause_words": PAUSE_WORDS,
    "change_words": CHANGE_WORDS,
}
_PAUSE_VERBS = {
    "approve": pausing.approve_pause,
    "refuse": pausing.refuse_pause,
    "end": pausing.end_pause,
}
_CORRECTION_VERBS = {
    "approve": corrections.approve_correction,
    "refuse": corrections.refuse_correction,
}


@get("/corrections", include_in_schema=False)
async def corrections_page(request: ConsoleRequest) -> Response[str]:
    """The inbox: what waits for somebody outside the station, or for a second person."""
    return await _inbox(request)


@post("/pauses/{pause_id:uuid}/{verb:str}", include_in_schema=False)
async def decide_pause(
    request: ConsoleRequest, pause_id: FromPath[UUID], verb: FromPath[str]
) -> Response[str] | Redirect:
    """Approve, refuse or end a pause."""
    act = _PAUSE_VERBS.get(verb)
    if act is None:
        raise NotFound("没有这个操作")

    async def decided(fields: dict[str, str]) -> object:
        command = command_of(DecidePause, fields, {"words": "说明"})
        return await act(request.user, pause_id, command)

    return await _decided(request, decided)


@post("/corrections/{correction_id:uuid}/{verb:str}", include_in_schema=False)
async def decide_correction(
    request: ConsoleRequest, correction_id: FromPath[UUID], verb: FromPath[str]
) -> Response[str] | Redirect:
    """Approve or refuse a colleague's correction."""
    act = _CORRECTION_VERBS.get(verb)
    if act is None:
        raise NotFound("没有这个操作")

    async def decided(fields: dict[str, str]) -> object:
        command = command_of(DecideCorrection, fields, {"words": "说明"})
        return await act(request.user, correction_id, command)

    return await _decided(request, decided)


async def _decided(
    request: ConsoleRequest, act: Callable[[dict[str, str]], Awaitable[object]]
) -> Response[str] | Redirect:
    try:
        await act(await fields_of(request))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _inbox(request, refusal)
    return Redirect("/console/corrections?done=1", status_code=303)


async def _inbox(request: ConsoleRequest, refusal: Refusal | None = None) -> Response[str]:
    require(request.user, Action.CORRECT_TIMES)
    waiting = await list_corrections(request.user, ChangeState.PROPOSED, limit=200)
    every = await list_corrections(request.user, limit=_LATEST)
    return await page(
        request,
        "corrections.html",
        200 if refusal is None else refusal.status,
        pauses=await open_pauses(request.user),
        waiting=waiting.items,
        decided=[one for one in every.items if one.state is not ChangeState.PROPOSED],
        may_decide_pauses=visible(request.user, Action.APPROVE_PAUSE).everything,
        me_subject=request.user.subject,
        problem=None if refusal is None else refusal.detail,
        done=request.query_params.get("done"),
        **_SHARED,
    )


@get("/work-orders/{work_order_id:uuid}/times", include_in_schema=False)
async def times_page(request: ConsoleRequest, work_order_id: FromPath[UUID]) -> Response[str]:
    """The clocks, pauses and corrections of one job."""
    return await _times(request, work_order_id, {})


@post("/work-orders/{work_order_id:uuid}/times/{form:str}", include_in_schema=False)
async def send_times(
    request: ConsoleRequest, work_order_id: FromPath[UUID], form: FromPath[str]
) -> Response[str] | Redirect:
    """Ask for a pause, propose a correction, or give another priority."""
    act = _FORMS.get(form)
    if act is None:
        raise NotFound("没有这个操作")
    fields = await fields_of(request)
    try:
        await act(request, work_order_id, dict(fields))
    except NotFound:
        raise
    except Refusal as refusal:
        return await _times(request, work_order_id, fields, refusal, form)
    return Redirect(f"/console/work-orders/{work_order_id}/times?done={form}", status_code=303)


async def _ask(request: ConsoleRequest, job_id: UUID, fields: dict[str, str]) -> None:
    if "until" in fields:
        fields["until"] = aware(fields["until"], "until", "暂停到")
    command = command_of(RequestPause, fields, _ASK_WORDS)
    await pausing.request_pause(request.user, Subject.WORK_ORDER, job_id, command)


async def _propose(request: ConsoleRequest, job_id: UUID, fields: dict[str, str]) -> None:
    if "new_at" in fields:
        fields["new_at"] = aware(fields["new_at"], "new_at", "更正为")
    if fields.get("field") not in [field.value for field in OF_PAUSE]:
        fields.pop("pause_id", None)
    command = command_of(ProposeCorrection, fields, _CORRECT_WORDS)
    await corrections.propose_correction(request.user, job_id, command)


async def _change_priority(request: ConsoleRequest, job_id: UUID, fields: dict[str, str]) -> None:
    command = command_of(ChangePriority, fields, _PRIORITY_WORDS)
    await priorities.change_priority(request.user, job_id, command)


_FORMS = {"pause": _ask, "correction": _propose, "priority": _change_priority}


async def _times(
    request: ConsoleRequest,
    work_order_id: UUID,
    fields: dict[str, str],
    refusal: Refusal | None = None,
    form: str | None = None,
) -> Response[str]:
    job = await reading.view_one(request.user, work_order_id)
    found = await list_corrections(request.user, None, work_order_id, limit=50)
    return await page(
        request,
        "times.html",
        200 if refusal is None else refusal.status,
        job=job,
        pauses=await pauses_of_matter(request.user, Subject.WORK_ORDER, work_order_id),
        corrections=found.items,
        reasons=list(PauseReason),
        outside={reason for reason, rule in PAUSE_RULES.items() if rule.outside},
        recorded={
            field: local(getattr(job, field.value, None))
            for field in CorrectedField
            if field not in OF_PAUSE
        },
        priorities=[one for one in Priority if one is not job.priority],
        may_correct=may(request.user, Action.CORRECT_TIMES),
        may_give=may(request.user, Action.ASSIGN_WORK),
        typed=fields if form else {},
        form=form,
        problem=None if refusal is None else refusal.detail,
        done=request.query_params.get("done"),
        me_subject=request.user.subject,
        **_SHARED,
    )


#: The routes of these pages.
ROUTES = (
    corrections_page,
    decide_pause,
    decide_correction,
    times_page,
    send_times,
)

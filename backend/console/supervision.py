"""The supervision inbox: what waits for an answer, the answers, many at once, the Excel table."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from msgspec import Meta

from backend.console import supervision_words, words
from backend.console.forms import command_of, fields_of
from backend.console.pages import fragment, page
from backend.console.saved_filters import filters_of
from backend.console.session import ConsoleRequest
from backend.console.workbook import MEDIA_TYPE, ROWS_MAX, moment_text, workbook
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.pages import Page
from grid.kit.refusals import Invalid, NotFound, Refusal
from grid.supervision import reading, service
from grid.supervision.rules import VERBS
from grid.supervision.types import (
    DoSupervision,
    OpenSupervision,
    SupervisionEvent,
    SupervisionFilter,
    SupervisionView,
)
from grid.territory.authority import Action, require
from grid.territory.types import StaffActor
from grid.work_orders.types import Words

#: Rows of a page, which is also the most that one action takes.
PAGE_ROWS = 30
_EXPORT_PAGE = 200
_PICK = "pick-"
_WORDS = {"words": "说明", "action": "操作", "level": "层级", "state": "状态", "cause": "原因"}
_HEADINGS = (
    "督办单号",
    "层级",
    "状态",
    "原因",
    "时限",
    "应完成时间",
    "工单号",
    "诉求编号",
    "供电所",
    "网格",
    "经办人",
    "督办内容",
    "发起时间",
    "回复期限",
    "回复人",
    "回复",
    "办结时间",
)


Read = Callable[[StaffActor, SupervisionFilter], Awaitable[Page[SupervisionView]]]


class BulkSupervision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step with one text for every picked order."""

    action: Annotated[str, Meta(pattern="^(answer|close|comment)$")]
    words: Words


class Outcome(NamedTuple):
    """What became of one row."""

    order_id: UUID
    number: str
    done: bool
    words: str


@get("/supervision", include_in_schema=False)
async def inbox(request: ConsoleRequest) -> Response[str]:
    """Orders with their answer limits, the earliest first."""
    require(request.user, Action.SUPERVISE_WORK)
    return await page(
        request,
        "supervision.html",
        saved=await filters_of(request.user, "supervision"),
        saved_page="supervision",
        **await _values(request, reading.supervision_orders),
    )


@get("/supervision/rows", include_in_schema=False)
async def inbox_rows(request: ConsoleRequest) -> Response[str]:
    """The part of the inbox that changes."""
    require(request.user, Action.SUPERVISE_WORK)
    values = await _values(request, reading.orders_again)
    return await fragment(request, "supervision_rows.html", **values)


@get("/supervision.xlsx", include_in_schema=False)
async def export(request: ConsoleRequest) -> Response[bytes]:
    """The filtered orders as a table for Excel: cells are text, rows bounded; audited."""
    require(request.user, Action.SUPERVISE_WORK)
    given: dict[str, Any] = {**_given(request.query_params), "limit": str(_EXPORT_PAGE)}
    rows: list[SupervisionView] = []
    while len(rows) < ROWS_MAX:
        found = await reading.supervision_orders(
            request.user, command_of(SupervisionFilter, given, _WORDS)
        )
        rows += found.items
        if found.next is None:
            break
        given["cursor"] = found.next
    await audit.record("supervision.exported", "supervision_orders", rows=len(rows))
    now = await business_now()
    body = workbook(
        "督办单", _HEADINGS, [_row(one) for one in rows], now, complete=found.next is None
    )
    return Response(
        body,
        media_type=MEDIA_TYPE,
        headers={
            "Content-Disposition": f'attachment; filename="supervision-{now:%Y%m%d-%H%M%S}Z.xlsx"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


@post("/supervision", include_in_schema=False)
async def open_by_hand(request: ConsoleRequest) -> Redirect:
    """Ask about a job or a ticket by hand. Raises Invalid and what the verb raises."""
    fields = await fields_of(request)
    command = command_of(OpenSupervision, fields, _WORDS)
    view = await service.open_supervision(request.user, command)
    return Redirect(f"/console/supervision/{view.id}?done=open", status_code=303)


@get("/supervision/bulk", include_in_schema=False)
async def back_to_inbox() -> Redirect:
    """The outcome stands at its own address; going there again shows the inbox."""
    return Redirect("/console/supervision", status_code=303)


@get("/supervision/{order_id:uuid}/{verb:str}", include_in_schema=False)
async def back_to_order(order_id: FromPath[UUID]) -> Redirect:
    """A refused form stands at its own address; going there again shows the order."""
    return Redirect(f"/console/supervision/{order_id}", status_code=303)


@post("/supervision/bulk", include_in_schema=False)
async def bulk(request: ConsoleRequest) -> Response[str]:
    """One step for every picked order; rows that cannot say why, the others are done.

    Raises Invalid naming `pick`, `action` or `words` before anything is done.
    """
    fields = await fields_of(request)
    wanted = command_of(BulkSupervision, fields, _WORDS)
    outcomes = [await _one(request.user, wanted, *one) for one in _picked(fields)]
    return await page(
        request,
        "supervision_bulk.html",
        action=supervision_words.EVENTS[SupervisionEvent(wanted.action)],
        outcomes=outcomes,
        done=sum(one.done for one in outcomes),
    )


def _picked(fields: Mapping[str, str]) -> list[tuple[UUID, int]]:
    names = [name for name in fields if name.startswith(_PICK)]
    if not names:
        raise Invalid("pick", "请先勾选督办单")
    if len(names) > PAGE_ROWS:
        raise Invalid("pick", f"一次最多处理 {PAGE_ROWS} 个督办单")
    try:
        return [(UUID(name.removeprefix(_PICK)), int(fields[name])) for name in names]
    except ValueError as error:
        raise Invalid("pick", "勾选的督办单无法识别,请刷新后重试") from error


async def _one(actor: StaffActor, wanted: BulkSupervision, order_id: UUID, version: int) -> Outcome:
    number = "—"
    try:
        number = (await reading.view_one(actor, order_id)).number
        command = DoSupervision(words=wanted.words, version=version)
        await service.take_supervision_step(
            actor, order_id, SupervisionEvent(wanted.action), command
        )
    except Refusal as refusal:
        return Outcome(order_id, number, False, refusal.detail)
    return Outcome(order_id, number, True, "已完成")


@get("/supervision/{order_id:uuid}", include_in_schema=False)
async def order_page(request: ConsoleRequest, order_id: FromPath[UUID]) -> Response[str]:
    """One order: what it is about, who is asked, its history, and what I may do."""
    return await _order_page(request, order_id, {}, None)


@post("/supervision/{order_id:uuid}/{verb:str}", include_in_schema=False)
async def take_step(
    request: ConsoleRequest, order_id: FromPath[UUID], verb: FromPath[str]
) -> Response[str] | Redirect:
    """Answer, close, reject or comment."""
    event = next((event for event in VERBS if event.value == verb), None)
    if event is None:
        raise NotFound("没有这个操作")
    fields = await fields_of(request)
    try:
        command = command_of(DoSupervision, fields, _WORDS)
        await service.take_supervision_step(request.user, order_id, event, command)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _order_page(request, order_id, {**fields, "form": verb}, refusal)
    return Redirect(f"/console/supervision/{order_id}?done={verb}", status_code=303)


async def _order_page(
    request: ConsoleRequest, order_id: UUID, typed: Mapping[str, str], refusal: Refusal | None
) -> Response[str]:
    order = await reading.supervision_order(request.user, order_id)
    done = {event.value: name for event, name in supervision_words.EVENTS.items()}
    return await page(
        request,
        "supervision_order.html",
        200 if refusal is None else refusal.status,
        order=order,
        supervision=supervision_words,
        typed=typed,
        problem=None if refusal is None else refusal.detail,
        done=done.get(request.query_params.get("done", "")),
    )


async def _values(request: ConsoleRequest, read: Read) -> dict[str, Any]:
    given = _given(request.query_params)
    wanted = command_of(SupervisionFilter, {**given, "limit": str(PAGE_ROWS)}, _WORDS)
    found = await read(request.user, wanted)
    kept = {name: value for name, value in given.items() if name != "cursor"}
    return {
        "as_of": await business_now(),
        "orders": found.items,
        "counts": await reading.counts(request.user),
        "wanted": wanted,
        "query": urlencode(kept),
        "whole_query": urlencode(given),
        "next_query": urlencode({**kept, "cursor": found.next}) if found.next else None,
        "supervision": supervision_words,
    }


def _given(query: Mapping[str, str]) -> dict[str, str]:
    names = ("level", "state", "cause", "mine", "late", "grid", "about", "cursor")
    return {name: query[name] for name in names if query.get(name, "").strip()}


def _row(one: SupervisionView) -> tuple[str | None, ...]:
    return (
        one.number,
        supervision_words.LEVELS[one.level],
        supervision_words.STATES[one.state],
        supervision_words.CAUSES[one.cause],
        None if one.target is None else words.TARGETS[one.target],
        moment_text(one.due_at),
        one.work_order_number,
        one.ticket_number,
        one.station,
        one.grid,
        one.offender_name,
        one.words,
        moment_text(one.opened_at),
        moment_text(one.answer_due_at),
        one.answered_by_name,
        one.answer,
        moment_text(one.closed_at),
    )


#: The routes of these pages.
ROUTES = (
    inbox,
    inbox_rows,
    export,
    open_by_hand,
    back_to_inbox,
    back_to_order,
    bulk,
    order_page,
    take_step,
)

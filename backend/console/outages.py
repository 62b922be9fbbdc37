"""Outages in the browser: the list, a new one, one with its children, and who is inside."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console import outage_words
from backend.console.forms import command_of, fields_of
from backend.console.outage_table import affected_workbook
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from backend.console.workbook import MEDIA_TYPE
from grid.kit import audit
from grid.kit.clock import SHANGHAI, business_now
from grid.kit.pages import LIMIT_MAX
from grid.kit.refusals import Invalid, NotFound, Refusal, StaleVersion
from grid.outages import announcing, inside, joining, reading, service
from grid.outages.rules import VERBS
from grid.outages.types import (
    AffectedAccount,
    AnnounceOutage,
    AnswerChild,
    DoOutageVerb,
    JoinTickets,
    OutageFilter,
    SplitTickets,
)
from grid.outages.words import OutageEvent, OutageKind, OutageState
from grid.territory.authority import Action, may, require

_WORDS = {
    "kind": "停电类别",
    "starts_at": "停电开始时间",
    "expected_end_at": "预计来电时间",
    "districts": "台区",
    "add": "增加的台区",
    "remove": "去掉的台区",
    "feeder": "线路",
    "cause": "原因",
    "public_words": "给客户的话",
    "late_reason": "通知不足的原因",
    "reason": "原因",
    "version": "版本",
    "status": "状态",
    "ticket_ids": "报修",
}
_MOMENTS = ("starts_at", "expected_end_at")
_LISTS = ("districts", "add", "remove")
_VERBS = {event.value: event for event in VERBS}
#: Pages of people inside that one export holds.
_EXPORT_PAGES = 25
#: Rows of children and offers on the page; more are named as left out.
_ROWS_SHOWN, _PICKS_MAX = 200, 30


@get("/outages", include_in_schema=False)
async def outages_page(request: ConsoleRequest) -> Response[str]:
    """Outages that reach a place of mine."""
    query = request.query_params
    given = {
        name: query[name] for name in ("status", "kind", "cursor") if query.get(name, "").strip()
    }
    _check_filter(given)
    wanted = command_of(OutageFilter, {"status": "open", **given}, _WORDS)
    if given.get("status") == "all":
        wanted = OutageFilter(kind=wanted.kind, cursor=wanted.cursor)
    found = await reading.outages(request.user, wanted)
    kept = {name: value for name, value in given.items() if name != "cursor"}
    return await page(
        request,
        "outages.html",
        found=found,
        given=given,
        next_query=urlencode({**kept, "cursor": found.next}) if found.next else None,
        may_announce=may(request.user, Action.MANAGE_OUTAGES),
        names=outage_words,
    )


def _check_filter(given: Mapping[str, str]) -> None:
    states = {"open", "all", *(state.value for state in OutageState)}
    if given.get("status", "open") not in states:
        raise Invalid("status", "没有这个状态")
    if given.get("kind", OutageKind.FAULT.value) not in {kind.value for kind in OutageKind}:
        raise Invalid("kind", "没有这个类别")


@get("/outages/new", include_in_schema=False)
async def new_outage_page(request: ConsoleRequest) -> Response[str]:
    """The form of a new outage, with the districts to choose from."""
    return await _new_page(request, {})


@post("/outages", include_in_schema=False)
async def announce(request: ConsoleRequest) -> Response[str] | Redirect:
    """Announce it; a refused form keeps what was typed."""
    fields = await fields_of(request)
    try:
        command = _command(AnnounceOutage, fields)
        made = await announcing.announce(request.user, command)
    except Refusal as refusal:
        return await _new_page(request, fields, refusal)
    return _back(made.id, OutageEvent.ANNOUNCE.value)


async def _new_page(
    request: ConsoleRequest, fields: dict[str, str], refusal: Refusal | None = None
) -> Response[str]:
    by_station: dict[str, dict[str, list[Any]]] = {}
    for one in await reading.districts_to_choose(request.user):
        by_station.setdefault(one.station, {}).setdefault(one.grid_name, []).append(one)
    return await page(
        request,
        "outage_new.html",
        200 if refusal is None else refusal.status,
        stations=by_station,
        typed={name: fields.get(name, "") for name in AnnounceOutage.__struct_fields__},
        chosen=set(_numbers(fields.get("districts", ""))),
        problem=None if refusal is None else refusal.detail,
        bad_field=refusal.field if isinstance(refusal, Invalid) else None,
        names=outage_words,
    )


@get("/outages/{outage_id:uuid}", include_in_schema=False)
async def outage_page(request: ConsoleRequest, outage_id: FromPath[UUID]) -> Response[str]:
    """Everything of an outage: its clock, its children, what could join, its history."""
    return await _page(request, outage_id)


@get(
    [
        "/outages/{outage_id:uuid}/join",
        "/outages/{outage_id:uuid}/split",
        "/outages/{outage_id:uuid}/answer",
        "/outages/{outage_id:uuid}/verbs/{verb:str}",
    ],
    include_in_schema=False,
)
async def back_to_outage(outage_id: FromPath[UUID]) -> Redirect:
    """A refused form stands at its own address; going there again shows the outage."""
    return Redirect(f"/console/outages/{outage_id}", status_code=303)


@post("/outages/{outage_id:uuid}/verbs/{verb:str}", include_in_schema=False)
async def act(
    request: ConsoleRequest, outage_id: FromPath[UUID], verb: FromPath[str]
) -> Response[str] | Redirect:
    """One step of an outage."""
    event = _VERBS.get(verb)
    if event is None:
        raise NotFound("没有这个操作")
    fields = await fields_of(request)
    try:
        command = _command(DoOutageVerb, fields)
        await service.act(request.user, outage_id, event, command)
    except Refusal as refusal:
        return await _refused(request, outage_id, refusal, fields, verb)
    return _back(outage_id, verb)


@post("/outages/{outage_id:uuid}/join", include_in_schema=False)
async def join(request: ConsoleRequest, outage_id: FromPath[UUID]) -> Response[str] | Redirect:
    """Open faults that were ticked become children; each row says what became of it."""
    fields = await fields_of(request)
    picked = [name.removeprefix("pick-") for name in fields if name.startswith("pick-")]
    try:
        if not picked:
            raise Invalid("ticket_ids", "请先勾选要并入的报修")
        command = _command(JoinTickets, {"ticket_ids": picked})
        rows = (await joining.join(request.user, outage_id, command)).items
    except Refusal as refusal:
        return await _refused(request, outage_id, refusal, fields, "join")
    why_not = {row.ticket_id: row.words for row in rows if not row.done}
    if not why_not:
        return _back(outage_id, "join")
    return await _page(
        request,
        outage_id,
        outcome=f"并入 {len(rows) - len(why_not)} 个，{len(why_not)} 个没有并入",
        why_not=why_not,
    )


@post("/outages/{outage_id:uuid}/split", include_in_schema=False)
async def split(request: ConsoleRequest, outage_id: FromPath[UUID]) -> Response[str] | Redirect:
    """One child becomes a matter of its own."""
    fields = await fields_of(request)
    try:
        known = {**fields, "ticket_ids": [fields.get("ticket_id", "")]}
        command = _command(SplitTickets, known)
        (row,) = (await joining.split_children(request.user, outage_id, command)).items
        if not row.done:
            raise Invalid("ticket_ids", row.words or "没有拆出")
    except Refusal as refusal:
        return await _refused(request, outage_id, refusal, fields, "split")
    return _back(outage_id, "split")


@post("/outages/{outage_id:uuid}/answer", include_in_schema=False)
async def answer(request: ConsoleRequest, outage_id: FromPath[UUID]) -> Response[str] | Redirect:
    """What a customer said on the telephone: is it back?"""
    fields = await fields_of(request)
    try:
        command = _command(AnswerChild, fields)
        await joining.answer_by_staff(request.user, outage_id, command)
    except Refusal as refusal:
        return await _refused(request, outage_id, refusal, fields, "answer")
    return _back(outage_id, "answer")


@get("/outages/{outage_id:uuid}/affected.xlsx", include_in_schema=False)
async def export(request: ConsoleRequest, outage_id: FromPath[UUID]) -> Response[bytes]:
    """Who is inside, for Excel: cells are text, rows bounded, the export logged."""
    require(request.user, Action.READ_CUSTOMERS)
    found: list[AffectedAccount] = []
    cursor = None
    for _ in range(_EXPORT_PAGES):
        part = await inside.affected(request.user, outage_id, cursor, LIMIT_MAX)
        found += part.items
        cursor = part.next
        if cursor is None:
            break
    await audit.record("outage.affected_exported", str(outage_id), rows=len(found))
    now = await business_now()
    return Response(
        affected_workbook(found, now, complete=cursor is None),
        media_type=MEDIA_TYPE,
        headers={
            "Content-Disposition": f'attachment; filename="outage-{now:%Y%m%d-%H%M%S}Z.xlsx"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _command(kind: Any, fields: Mapping[str, Any]) -> Any:
    """Build a command from a form: local times are Shanghai's, districts are numbers in a row."""
    known = dict(fields)
    for name in _MOMENTS:
        if name in known:
            known[name] = _moment(name, known[name])
    for name in _LISTS:
        if name in known:
            known[name] = _numbers(known[name])
    return command_of(kind, known, _WORDS)


def _moment(field: str, text: str) -> str:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).isoformat()
    except ValueError as error:
        raise Invalid(field, f"{_WORDS[field]}的格式不对") from error


def _numbers(text: str) -> list[str]:
    return text.replace(",", " ").replace("，", " ").split()


async def _refused(
    request: ConsoleRequest, outage_id: UUID, refusal: Refusal, fields: dict[str, str], form: str
) -> Response[str]:
    """The fresh page with what was typed, and why nothing was changed."""
    if isinstance(refusal, NotFound):
        raise refusal
    told = refusal.detail
    if isinstance(refusal, StaleVersion):
        told = "在您填写的时候，停电事件已被别人更新。下面是最新情况，请核对后再提交。"
    return await _page(
        request, outage_id, status=refusal.status, problem=told, typed=fields, form=form
    )


def _back(outage_id: UUID, done: str) -> Redirect:
    return Redirect(f"/console/outages/{outage_id}?done={done}", status_code=303)


_DONE = {"join": "报修已并入", "split": "已单独派单", "answer": "已记下客户的答复"}


async def _page(
    request: ConsoleRequest, outage_id: UUID, *, status: int = 200, **values: Any
) -> Response[str]:
    view = await reading.outage(request.user, outage_id)
    children = await inside.children(
        request.user, outage_id, request.query_params.get("children"), _ROWS_SHOWN
    )
    manages = bool(view.allowed)
    offers = await inside.offers(request.user, outage_id, _PICKS_MAX) if manages else None
    done = request.query_params.get("done", "")
    told = _DONE.get(done) or outage_words.EVENTS.get(_VERBS.get(done, OutageEvent.ANNOUNCE))
    return await page(
        request,
        "outage.html",
        status,
        outage=view,
        counts=await inside.affected_counts(request.user, outage_id),
        children=children,
        offers=[] if offers is None else offers.items,
        manages=manages,
        may_call_back=may(request.user, Action.CALL_BACK),
        names=outage_words,
        done=told if done else None,
        **{"problem": None, "typed": {}, "form": None, "outcome": None, "why_not": {}, **values},
    )


#: Every route of outages.
ROUTES = (
    outages_page,
    new_outage_page,
    announce,
    outage_page,
    back_to_outage,
    act,
    join,
    split,
    answer,
    export,
)

"""Other systems on pages: handovers to and from the government's grid, the province's orders."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console import partner_words
from backend.console.forms import command_of, fields_of
from backend.console.pages import fragment, page
from backend.console.session import ConsoleRequest
from grid.kit.idempotency import once
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.partners import handover_reading, handover_steps, handovers, reading
from grid.partners.importing import load_file
from grid.partners.types import (
    Direction,
    DoHandover,
    HandOver,
    HandoverEvent,
    HandoverFilter,
    HandoverView,
    PartnerOrderFilter,
)
from grid.territory.authority import Action, require, visible
from grid.work_orders.tickets import forms as ticket_forms
from grid.work_orders.words import TicketKind

#: The largest file of orders that the page takes: 2,000 rows fit well.
FILE_BYTES_MAX = 900_000
_WORDS = {
    "reason": "移交原因",
    "agency": "政府部门",
    "contact_person": "联系人",
    "contact_phone": "联系电话",
    "their_number": "对方编号",
    "ticket_id": "诉求",
    "ticket_number": "诉求编号",
    "finding_id": "走访发现",
    "kind": "类型",
    "description": "内容",
    "account_no": "户号",
    "address": "地址",
    "phone": "诉求人电话",
    "reporter_name": "诉求人",
    "complaint_class": "投诉类别",
    "words": "说明",
}
_SHOWN = 30
_FORM = "form."


@get("/handovers", include_in_schema=False)
async def handovers_page(request: ConsoleRequest) -> Response[str]:
    """Handovers with their clocks, and the form for what the government hands to us."""
    require(request.user, Action.HAND_OVER_MATTERS)
    return await _list_page(request, {}, None)


@post("/handovers", include_in_schema=False)
async def make_handover(request: ConsoleRequest) -> Response[str] | Redirect:
    """Hand a ticket over, or take what the government hands to us; once for each form."""
    require(request.user, Action.HAND_OVER_MATTERS)
    fields = await fields_of(request)
    try:
        command = _command(fields)
        made = await once(
            request.user.subject,
            f"console.{fields['key'][:40]}" if "key" in fields else None,
            "console.handover",
            command,
            lambda: handovers.hand_over(request.user, command),
            HandoverView,
        )
    except Refusal as refusal:
        return await _list_page(request, fields, refusal)
    return Redirect(f"/console/handovers/{made.id}?done=hand_over", status_code=303)


def _command(fields: Mapping[str, str]) -> HandOver:
    """The command of the form; fields of the ticket's kind are named `form.…`. Raises Invalid."""
    told: dict[str, Any] = dict(fields)
    told["form"] = {
        name.removeprefix(_FORM): value for name, value in fields.items() if name.startswith(_FORM)
    }
    return command_of(HandOver, told, _WORDS)


async def _list_page(
    request: ConsoleRequest, typed: Mapping[str, str], refusal: Refusal | None
) -> Response[str]:
    given = {
        name: request.query_params[name]
        for name in ("direction", "state", "cursor")
        if request.query_params.get(name, "").strip() and refusal is None
    }
    wanted = command_of(HandoverFilter, {**given, "limit": str(_SHOWN)}, _WORDS)
    found = await handover_reading.handovers(request.user, wanted)
    kept = {name: value for name, value in given.items() if name != "cursor"}
    return await page(
        request,
        "handovers.html",
        200 if refusal is None else refusal.status,
        handovers=found.items,
        wanted=wanted,
        next_query=urlencode({**kept, "cursor": found.next}) if found.next else None,
        partner=partner_words,
        kinds=[kind for kind in TicketKind if kind is not TicketKind.TIP_OFF],
        kind_fields={kind: ticket_forms.FIELDS[kind] for kind in TicketKind},
        ticket_number=typed.get("ticket_number") or request.query_params.get("ticket", ""),
        typed=typed,
        key=typed.get("key") or str(new_id()),
        problem=None if refusal is None else refusal.detail,
        bad_field=refusal.field if isinstance(refusal, Invalid) else None,
        outward=Direction.OUT,
    )


@get("/handovers/{handover_id:uuid}", include_in_schema=False)
async def handover_page(request: ConsoleRequest, handover_id: FromPath[UUID]) -> Response[str]:
    """One handover with its paper trail; the page prints as a sheet of paper."""
    return await _one_page(request, handover_id, {}, None)


@get("/handovers/{handover_id:uuid}/{verb:str}", include_in_schema=False)
async def back_to_handover(handover_id: FromPath[UUID]) -> Redirect:
    """A refused form stands at its own address; going there again shows the handover."""
    return Redirect(f"/console/handovers/{handover_id}", status_code=303)


@post("/handovers/{handover_id:uuid}/{verb:str}", include_in_schema=False)
async def take_handover_step(
    request: ConsoleRequest, handover_id: FromPath[UUID], verb: FromPath[str]
) -> Response[str] | Redirect:
    """Accept, remind or return."""
    if verb not in set(HandoverEvent):
        raise NotFound("没有这个操作")
    fields = await fields_of(request)
    try:
        command = command_of(DoHandover, fields, _WORDS)
        await handover_steps.take_handover_step(
            request.user, handover_id, HandoverEvent(verb), command
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _one_page(request, handover_id, {**fields, "form": verb}, refusal)
    return Redirect(f"/console/handovers/{handover_id}?done={verb}", status_code=303)


async def _one_page(
    request: ConsoleRequest, handover_id: UUID, typed: Mapping[str, str], refusal: Refusal | None
) -> Response[str]:
    done = {event.value: name for event, name in partner_words.HANDOVER_EVENTS.items()}
    return await page(
        request,
        "handover.html",
        200 if refusal is None else refusal.status,
        handover=await handover_reading.handover(request.user, handover_id),
        partner=partner_words,
        typed=typed,
        problem=None if refusal is None else refusal.detail,
        done=done.get(request.query_params.get("done", "")),
    )


@get("/province", include_in_schema=False)
async def province_page(request: ConsoleRequest) -> Response[str]:
    """Orders of the province with what it was told, and the form for a file of them."""
    require(request.user, Action.READ_WORK_ORDERS)
    given = {
        name: request.query_params[name]
        for name in ("number", "troubled", "cursor")
        if request.query_params.get(name, "").strip()
    }
    wanted = command_of(PartnerOrderFilter, {**given, "limit": str(_SHOWN)}, {"number": "编号"})
    found = await reading.partner_orders(request.user, wanted)
    kept = {name: value for name, value in given.items() if name != "cursor"}
    return await page(
        request,
        "province.html",
        orders=found.items,
        wanted=wanted,
        next_query=urlencode({**kept, "cursor": found.next}) if found.next else None,
        partner=partner_words,
        may_load=visible(request.user, Action.OPEN_TICKET).everything,
    )


@post("/province/file", include_in_schema=False, request_max_body_size=FILE_BYTES_MAX)
async def take_file(request: ConsoleRequest) -> Response[str]:
    """Load a CSV file of orders, all or nothing; answers with the report as a part of the page."""
    try:
        report = await load_file(request.user, await request.body())
    except NotAllowed:
        raise
    except Refusal as refusal:
        return await fragment(request, "province_file.html", report=None, problem=refusal.detail)
    return await fragment(request, "province_file.html", report=report, problem=None)


#: The routes of these pages.
ROUTES = (
    handovers_page,
    make_handover,
    handover_page,
    back_to_handover,
    take_handover_step,
    province_page,
    take_file,
)

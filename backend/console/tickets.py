"""Tickets in the browser: the worklist, one ticket with its steps, whom to call back, Excel."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console.evidence import pieces_of_ticket
from backend.console.forms import command_of, fields_of
from backend.console.limits import next_limit
from backend.console.pages import page
from backend.console.saved_filters import filters_of
from backend.console.session import ConsoleRequest
from backend.console.ticket_table import tickets_workbook
from backend.console.workbook import MEDIA_TYPE
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.refusals import Invalid, NotFound, Refusal, StaleVersion
from grid.overviews.board import stations
from grid.territory.authority import Action, require, visible
from grid.work_orders.tickets import reading as ticket_reading
from grid.work_orders.tickets import sealed
from grid.work_orders.tickets.callbacks import callbacks
from grid.work_orders.tickets.forms import shown
from grid.work_orders.tickets.handlers import possible_handlers
from grid.work_orders.tickets.rules import TICKET_RIGHT
from grid.work_orders.tickets.steps import take_ticket_step
from grid.work_orders.tickets.types import (
    DoTicketVerb,
    ReadAuthor,
    SealedAuthorView,
    StaffTicketView,
    TicketFilter,
)
from grid.work_orders.words import TicketEvent

_SHOWN = 50
#: Pages of the list that one export holds; more are named as left out.
_EXPORT_PAGES = 25
_WORDS = {
    "status": "状态",
    "kind": "类别",
    "grid": "网格",
    "station": "供电所",
    "q": "搜索内容",
    "cursor": "翻页位置",
    "version": "版本",
    "staff_id": "处理人",
    "words": "内容",
    "reason": "原因",
    "outcome": "回访结果",
    "stars": "评分",
    "complaint_class": "投诉类别",
    "about": "被投诉人工号",
}
#: The steps in the order of the page.
STEPS = tuple(TICKET_RIGHT)
_EVENTS = {event.value: event for event in TicketEvent}


@get("/tickets", include_in_schema=False)
async def tickets_page(request: ConsoleRequest) -> Response[str]:
    """The worklist; what is filtered stands in the address."""
    require(request.user, Action.READ_WORK_ORDERS)
    given = _given(request.query_params)
    wanted = command_of(TicketFilter, {**given, "limit": str(_SHOWN)}, _WORDS)
    found = await ticket_reading.tickets(request.user, wanted)
    kept = {name: value for name, value in given.items() if name != "cursor"}
    return await page(
        request,
        "tickets.html",
        tickets=found.items,
        wanted=wanted,
        query=urlencode(kept),
        next_query=urlencode({**kept, "cursor": found.next}) if found.next else None,
        stations=await stations(request.user),
        saved=await filters_of(request.user, "tickets"),
        saved_page="tickets",
        next_limit=next_limit,
    )


@get("/tickets.xlsx", include_in_schema=False)
async def export_tickets(request: ConsoleRequest) -> Response[bytes]:
    """The list as a table: the same filter, every page of it up to the bound, cells as text."""
    require(request.user, Action.READ_WORK_ORDERS)
    given = _given(request.query_params)
    given.pop("cursor", None)
    rows: list[StaffTicketView] = []
    complete = False
    for _ in range(_EXPORT_PAGES):
        wanted = command_of(TicketFilter, {**given, "limit": "200"}, _WORDS)
        found = await ticket_reading.tickets(request.user, wanted)
        rows += found.items
        if found.next is None:
            complete = True
            break
        given["cursor"] = found.next
    await audit.record("tickets.exported", "tickets", rows=len(rows))
    now = await business_now()
    return Response(
        tickets_workbook(rows, now, complete=complete),
        media_type=MEDIA_TYPE,
        headers={
            "Content-Disposition": f'attachment; filename="tickets-{now:%Y%m%d-%H%M%S}Z.xlsx"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


@get("/callbacks", include_in_schema=False)
async def callbacks_page(request: ConsoleRequest) -> Response[str]:
    """Whom to call back, the longest waiting first."""
    require(request.user, Action.CALL_BACK)
    found = await callbacks(request.user, request.query_params.get("cursor"), _SHOWN)
    return await page(request, "callbacks.html", due=found)


@get("/sealed-lookups", include_in_schema=False)
async def lookups_page(request: ConsoleRequest) -> Response[str]:
    """Who looked up authors of tip-offs."""
    found = await sealed.sealed_lookups(request.user, request.query_params.get("cursor"), _SHOWN)
    return await page(request, "sealed_lookups.html", found=found)


@get("/tickets/{ticket_id:uuid}", include_in_schema=False)
async def ticket_page(request: ConsoleRequest, ticket_id: FromPath[UUID]) -> Response[str]:
    """Everything of a ticket. What is not yours to see does not exist."""
    done = _EVENTS.get(request.query_params.get("done", ""))
    return await _page(request, ticket_id, done=done)


@get(
    [
        "/tickets/{ticket_id:uuid}/steps/{verb:str}",
        "/tickets/{ticket_id:uuid}/author",
    ],
    include_in_schema=False,
)
async def back_to_ticket(ticket_id: FromPath[UUID]) -> Redirect:
    """A refused form stands at its own address; going there again shows the ticket."""
    return Redirect(f"/console/tickets/{ticket_id}", status_code=303)


@post("/tickets/{ticket_id:uuid}/steps/{verb:str}", include_in_schema=False)
async def take_step(
    request: ConsoleRequest, ticket_id: FromPath[UUID], verb: FromPath[str]
) -> Response[str] | Redirect:
    """One step of a ticket."""
    event = _EVENTS.get(verb)
    if event not in TICKET_RIGHT:
        raise NotFound("没有这个操作")
    fields = await fields_of(request)
    try:
        command = command_of(DoTicketVerb, _with_people(fields), _WORDS)
        await take_ticket_step(request.user, ticket_id, event, command)
    except Refusal as refusal:
        return await _refused(request, ticket_id, refusal, fields, verb)
    return Redirect(f"/console/tickets/{ticket_id}?done={verb}", status_code=303)


@post("/tickets/{ticket_id:uuid}/author", include_in_schema=False)
async def show_author(request: ConsoleRequest, ticket_id: FromPath[UUID]) -> Response[str]:
    """Open the seal of a tip-off; shown on this page once, never kept in an address."""
    fields = await fields_of(request)
    try:
        command = command_of(ReadAuthor, fields, _WORDS)
        author = await sealed.read_author(request.user, ticket_id, command)
    except Refusal as refusal:
        return await _refused(request, ticket_id, refusal, fields, "author")
    return await _page(request, ticket_id, author=author)


def _with_people(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a form, with employee numbers typed in one line taken apart."""
    found: dict[str, Any] = dict(fields)
    if "about" in found:
        found["about"] = people_of(found["about"])
    return found


def people_of(text: str) -> list[str]:
    """`T001, T002` as employee numbers."""
    return [one for one in text.replace("，", " ").replace(",", " ").split() if one]


async def _refused(
    request: ConsoleRequest,
    ticket_id: UUID,
    refusal: Refusal,
    fields: dict[str, str],
    form: str,
) -> Response[str]:
    if isinstance(refusal, NotFound) and not isinstance(refusal, Invalid):
        raise refusal
    problem = refusal.detail
    if isinstance(refusal, StaleVersion):
        problem = f"{refusal.detail}。下面是最新情况，请核对后再提交；您填写的内容已保留。"
    return await _page(
        request, ticket_id, status=refusal.status, problem=problem, typed=fields, form=form
    )


async def _page(
    request: ConsoleRequest,
    ticket_id: UUID,
    *,
    status: int = 200,
    done: TicketEvent | None = None,
    problem: str | None = None,
    typed: dict[str, str] | None = None,
    form: str | None = None,
    author: SealedAuthorView | None = None,
) -> Response[str]:
    ticket = await ticket_reading.ticket(request.user, ticket_id)
    may_dispatch = TicketEvent.DISPATCH in ticket.allowed
    opens_seal = ticket.sealed and visible(request.user, Action.READ_SEALED).everything
    return await page(
        request,
        "ticket.html",
        status,
        ticket=ticket,
        evidence=await pieces_of_ticket(request, ticket_id),
        form_shown=shown(ticket.kind, ticket.form),
        steps=[event for event in STEPS if event in ticket.allowed],
        handlers=await possible_handlers(request.user, ticket_id) if may_dispatch else [],
        opens_seal=opens_seal,
        author=author,
        done=done,
        problem=problem,
        typed=typed or {},
        form=form,
    )


def _given(query: Mapping[str, str]) -> dict[str, str]:
    names = [name for name in TicketFilter.__struct_fields__ if name != "limit"]
    return {name: query[name] for name in names if name in query and query[name].strip()}


ROUTES = (
    tickets_page,
    export_tickets,
    callbacks_page,
    lookups_page,
    ticket_page,
    back_to_ticket,
    take_step,
    show_author,
)

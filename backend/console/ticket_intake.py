"""One screen for the telephone and the counter: who calls, what is open already, what it is about.

The call's time begins with the first key (a script); the customer is searched inside the page.
Without scripts the same page is fetched again for a search or another kind.
"""

from datetime import datetime
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from backend.console import outage_words
from backend.console.forms import command_of, fields_of
from backend.console.pages import fragment, page
from backend.console.session import ConsoleRequest
from backend.console.tickets import people_of
from grid.customers import service as customers
from grid.kit.idempotency import once
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, Refusal
from grid.outages import triage
from grid.outages.types import KnownOutage
from grid.territory.authority import Action, may, require
from grid.work_orders.tickets.forms import FIELDS
from grid.work_orders.tickets.reading import open_tickets_of_account
from grid.work_orders.tickets.types import StaffTicketView, TakeTicket, TicketView
from grid.work_orders.words import Channel, TicketKind

_WORDS = {
    "description": "内容",
    "account_no": "户号",
    "address": "地址",
    "phone": "联系电话",
    "reporter_name": "来电人姓名",
    "danger": "危险",
    "channel": "渠道",
    "kind": "类别",
    "complaint_class": "投诉类别",
    "about": "被投诉人工号",
    "called_at": "来电时间",
    "anonymous": "匿名",
}
_SHOWN = 15
_PLAIN = ("kind", "channel", "description", "account_no", "address", "phone", "reporter_name")
_SOMETIMES = ("danger", "called_at", "complaint_class", "anonymous")


@get("/tickets/new", include_in_schema=False)
async def new_ticket(request: ConsoleRequest) -> Response[str]:
    """The screen; `kind` chooses a form, `q` searches, `account_no` has been chosen."""
    require(request.user, Action.OPEN_TICKET)
    return await _page(request, dict(request.query_params.items()))


@get("/tickets/new/customers", include_in_schema=False)
async def found_customers(request: ConsoleRequest) -> Response[str]:
    """The accounts that a search finds, as a part of the screen."""
    require(request.user, Action.OPEN_TICKET)
    values = await _customers(request, dict(request.query_params.items()))
    return await fragment(request, "ticket_customers.html", **values)


@get("/tickets/new/account", include_in_schema=False)
async def chosen_account(request: ConsoleRequest) -> Response[str]:
    """The chosen account with what is open of it, as a part of the screen."""
    require(request.user, Action.OPEN_TICKET)
    values = await _account(request, dict(request.query_params.items()))
    return await fragment(request, "ticket_account.html", **values)


@post("/tickets/new", include_in_schema=False)
async def take(request: ConsoleRequest) -> Response[str] | Redirect:
    """Take it once, however often the button is pressed."""
    require(request.user, Action.OPEN_TICKET)
    fields = await fields_of(request)
    try:
        told = _told(fields)
        ticket = await once(
            request.user.subject,
            f"console.{fields['key'][:40]}" if "key" in fields else None,
            "console.take_ticket",
            [told, "insist" in fields],
            lambda: _take(request, told, insist="insist" in fields),
            TicketView,
        )
    except Refusal as refusal:
        return await _page(request, fields, refusal)
    if ticket.kind is TicketKind.TIP_OFF:
        return Redirect(f"/console/tickets/new?sealed={ticket.number}", status_code=303)
    if ticket.work_order_id is not None:
        return Redirect(f"/console/work-orders/{ticket.work_order_id}?done=intake", status_code=303)
    return Redirect(f"/console/tickets/{ticket.id}?done=intake", status_code=303)


async def _take(request: ConsoleRequest, told: TakeTicket, *, insist: bool) -> TicketView:
    """A fault inside a known outage joins it, unless the clerk saw that and sends somebody."""
    return (await triage.take(request.user, told, insist=insist)).ticket


def _told(fields: dict[str, str]) -> TakeTicket:
    """The command of the fields that belong to the chosen kind. Raises Invalid."""
    known: dict[str, Any] = {
        name: fields[name] for name in (*_PLAIN, *_SOMETIMES) if name in fields
    }
    try:
        kind = TicketKind(fields.get("kind", ""))
    except ValueError as error:
        raise Invalid("kind", "请选择类别") from error
    if kind is TicketKind.FAULT and not (known.get("account_no") or known.get("address")):
        raise Invalid("address", "没有户号时，请填写故障地址")
    if kind is not TicketKind.COMPLAINT:
        known.pop("complaint_class", None)
    if kind is not TicketKind.TIP_OFF:
        known.pop("anonymous", None)
    if kind in (TicketKind.COMPLAINT, TicketKind.TIP_OFF) and "about" in fields:
        known["about"] = people_of(fields["about"])
    names = [field.name for field in FIELDS[kind]]
    prefix = f"form.{kind.value}."
    known["form"] = {name: fields[prefix + name] for name in names if prefix + name in fields}
    return command_of(TakeTicket, known, _WORDS)


async def _customers(request: ConsoleRequest, fields: dict[str, str]) -> dict[str, Any]:
    q = fields.get("q", "").strip()[:60]
    found, problem = None, None
    if q and may(request.user, Action.READ_CUSTOMERS):
        try:
            found = await customers.search(request.user, q=q, limit=_SHOWN)
        except Invalid as refusal:
            problem = refusal.detail
    return {"q": q, "found": found, "search_problem": problem, "kind": _kind(fields)}


async def _account(request: ConsoleRequest, fields: dict[str, str]) -> dict[str, Any]:
    account_no = fields.get("account_no", "").strip()
    account, waiting, problem = None, list[StaffTicketView](), None
    known = list[KnownOutage]()
    if account_no and may(request.user, Action.READ_CUSTOMERS):
        try:
            account = await customers.account(request.user, account_no)
            waiting = await open_tickets_of_account(request.user, account.account_no)
            known = (await triage.known_here(request.user, account.account_no, None)).items
        except Refusal as refusal:
            problem = refusal.detail
    return {
        "account": account,
        "open_tickets": waiting,
        "account_problem": problem,
        "known_outages": known,
        "insists": "insist" in fields,
        "outage_names": outage_words,
    }


def _kind(fields: dict[str, str]) -> str:
    kinds = {kind.value for kind in TicketKind}
    return fields["kind"] if fields.get("kind") in kinds else TicketKind.FAULT.value


async def _page(
    request: ConsoleRequest, fields: dict[str, str], refusal: Refusal | None = None
) -> Response[str]:
    return await page(
        request,
        "ticket_new.html",
        200 if refusal is None else refusal.status,
        **await _customers(request, fields),
        **await _account(request, fields),
        forms=FIELDS,
        channels=(Channel.PHONE, Channel.COUNTER),
        typed=fields,
        called_at=_moment(fields.get("called_at")),
        key=fields.get("key") or str(new_id()),
        sealed_number=fields.get("sealed", "")[:24],
        problem=None if refusal is None else refusal.detail,
        bad_field=refusal.field if isinstance(refusal, Invalid) else None,
    )


def _moment(text: str | None) -> str:
    """A time that came back from the page, if it is one."""
    try:
        return datetime.fromisoformat(text or "").isoformat()
    except ValueError:
        return ""


ROUTES = (new_ticket, found_customers, chosen_account, take)

"""Taking a fault by telephone: find the account or write down the place, then report it."""

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from backend.console import outage_words
from backend.console.forms import command_of, fields_of
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from grid.customers import service as customers
from grid.customers.types import AccountView
from grid.kit.idempotency import once
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, Refusal
from grid.outages import triage
from grid.outages.types import KnownOutage
from grid.territory.authority import Action, may, require
from grid.work_orders.tickets.types import ReportFault, TicketView
from grid.work_orders.words import Channel

_WORDS = {
    "description": "故障情况",
    "account_no": "户号",
    "address": "地址",
    "phone": "联系电话",
    "danger": "危险",
    "q": "搜索内容",
}
_SHOWN = 20
_ASKED = ("description", "account_no", "address", "phone", "danger")


@get("/work-orders/new", include_in_schema=False)
async def new_report(request: ConsoleRequest) -> Response[str]:
    """The form; `q` searches accounts, `account_no` has been chosen."""
    require(request.user, Action.OPEN_TICKET)
    return await _page(request, dict(request.query_params.items()))


@get(["/work-orders", "/sign-out"], include_in_schema=False)
async def back_to_board() -> Redirect:
    """Addresses that only take forms; going there shows the board."""
    return Redirect("/console", status_code=303)


@post("/work-orders", include_in_schema=False)
async def report(request: ConsoleRequest) -> Response[str] | Redirect:
    """Report it once, however often the button is pressed."""
    require(request.user, Action.OPEN_TICKET)
    fields = await fields_of(request)
    try:
        told = command_of(
            ReportFault,
            {**{name: fields[name] for name in _ASKED if name in fields}, "channel": Channel.PHONE},
            _WORDS,
        )
        if told.account_no is None and told.address is None:
            raise Invalid("address", "没有户号时，请填写故障地址")
        ticket = await once(
            request.user.subject,
            f"console.{fields.get('key', '')[:40]}" if "key" in fields else None,
            "console.report_fault",
            [told, "insist" in fields],
            lambda: _report(request, told, insist="insist" in fields),
            TicketView,
        )
    except Refusal as refusal:
        return await _page(request, fields, refusal)
    if ticket.work_order_id is None:
        return Redirect(f"/console/tickets/{ticket.id}?done=intake", status_code=303)
    return Redirect(f"/console/work-orders/{ticket.work_order_id}?done=intake", status_code=303)


async def _report(request: ConsoleRequest, told: ReportFault, *, insist: bool) -> TicketView:
    """A fault inside a known outage joins it, unless the clerk saw that and sends somebody."""
    return (await triage.report(request.user, told, insist=insist)).ticket


async def _page(
    request: ConsoleRequest, fields: dict[str, str], refusal: Refusal | None = None
) -> Response[str]:
    q = fields.get("q", "").strip()[:60]
    found = None
    account: AccountView | None = None
    known = list[KnownOutage]()
    problem = None if refusal is None else refusal.detail
    if may(request.user, Action.READ_CUSTOMERS):
        try:
            if q:
                found = await customers.search(request.user, q=q, limit=_SHOWN)
            if "account_no" in fields:
                account = await customers.account(request.user, fields["account_no"])
                known = (await triage.known_here(request.user, account.account_no, None)).items
        except Refusal as other:
            problem = problem or other.detail
    return await page(
        request,
        "report.html",
        200 if refusal is None else refusal.status,
        q=q,
        found=found,
        account=account,
        known_outages=known,
        insists="insist" in fields,
        outage_names=outage_words,
        typed=_typed(fields),
        key=fields.get("key") or str(new_id()),
        problem=problem,
        bad_field=refusal.field if isinstance(refusal, Invalid) else None,
    )


def _typed(fields: dict[str, str]) -> dict[str, Any]:
    return {name: fields.get(name, "") for name in _ASKED}


#: The routes of these pages.
ROUTES = (
    new_report,
    report,
    back_to_board,
)

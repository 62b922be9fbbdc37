"""Addresses of an earlier screen for taking faults; the one screen is in `ticket_intake`."""

from urllib.parse import urlencode

from litestar import get
from litestar.response import Redirect

from backend.console.session import ConsoleRequest
from grid.territory.authority import Action, require

_KEPT = ("q", "account_no")


@get("/work-orders/new", include_in_schema=False)
async def new_report(request: ConsoleRequest) -> Redirect:
    """The screen with the form of a fault, and what was searched or chosen."""
    require(request.user, Action.OPEN_TICKET)
    kept = {name: request.query_params[name] for name in _KEPT if name in request.query_params}
    query = urlencode({"kind": "fault", **kept})
    return Redirect(f"/console/tickets/new?{query}", status_code=303)


@get(["/work-orders", "/sign-out"], include_in_schema=False)
async def back_to_board() -> Redirect:
    """Addresses that only take forms; going there shows the board."""
    return Redirect("/console", status_code=303)


#: The routes of these addresses.
ROUTES = (new_report, back_to_board)

"""Calls for help on a page: who, where, since when, and what was done about it."""

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from backend.console.forms import command_of, fields_of
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from grid.kit.refusals import NotFound, Refusal
from grid.territory.authority import Action, require
from grid.work_orders.on_site.safety import answer_alarms
from grid.work_orders.types import AnswerAlarm

_WORDS = {"words": "核实情况和处理结果"}
_HERE = "/console/safety-alarms"


@get("/safety-alarms", include_in_schema=False)
async def safety_alarms_page(request: ConsoleRequest) -> Response[str]:
    """Everybody who called for help or did not check in, until somebody answered."""
    require(request.user, Action.READ_WORK_ORDERS)
    done = "done" in request.query_params
    return await page(request, "safety_alarms.html", done=done, problem=None, typed={}, form=None)


@get("/safety-alarms/{work_order_id:uuid}", include_in_schema=False)
async def back_to_alarms(work_order_id: FromPath[UUID]) -> Redirect:
    """A refused form stands at its own address; going there again shows the alarms."""
    return Redirect(_HERE, status_code=303)


@post("/safety-alarms/{work_order_id:uuid}", include_in_schema=False)
async def answer_alarm(
    request: ConsoleRequest, work_order_id: FromPath[UUID]
) -> Response[str] | Redirect:
    """Say what was found and done; the open alarms of the job are answered."""
    fields = await fields_of(request)
    try:
        await answer_alarms(request.user, work_order_id, command_of(AnswerAlarm, fields, _WORDS))
    except NotFound:
        raise
    except Refusal as refusal:
        return await page(
            request,
            "safety_alarms.html",
            refusal.status,
            done=False,
            problem=refusal.detail,
            typed=fields,
            form=work_order_id,
        )
    return Redirect(f"{_HERE}?done", status_code=303)


#: The routes of these pages.
ROUTES = (
    safety_alarms_page,
    back_to_alarms,
    answer_alarm,
)

"""Every page of the console: its frame, who is signed in, what alarms, and as of when."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response

from backend.console import limits, words
from backend.console.assets import asset
from backend.console.session import TOKEN_FIELD, ConsoleRequest, form_token
from backend.http.pages import html_of, templates
from grid.kit.clock import SHANGHAI, business_now
from grid.overviews.board import DANGERS_SHOWN, dangers
from grid.territory.authority import Action, may
from grid.territory.types import StaffActor
from grid.work_orders.on_site.safety import open_alarms
from grid.work_orders.types import SafetyAlarmView, WorkOrderView

PAGES = templates(Path(__file__).parent / "templates")

#: Address, name, key of the shortcut after `g`, and the right that shows the entry; what is used
#: most comes first.
_PLACES = (
    ("/console", "工单看板", "b", Action.READ_WORK_ORDERS),
    ("/console/tickets/new", "受理", "n", Action.OPEN_TICKET),
    ("/console/tickets", "客户诉求", "t", Action.READ_WORK_ORDERS),
    ("/console/supervision", "督办", "u", Action.SUPERVISE_WORK),
    ("/console/outages", "停电", "o", Action.READ_OUTAGES),
    ("/console/customers", "客户", "c", Action.READ_CUSTOMERS),
    ("/console/visits", "走访", "v", Action.READ_VISITS),
    ("/console/indicators", "指标", "i", Action.READ_INDICATORS),
    ("/console/people", "网格与人员", "p", Action.SIGN_IN_CONSOLE),
    ("/console/corrections", "暂停与更正", "e", Action.CORRECT_TIMES),
    ("/console/handovers", "政府移交", "z", Action.HAND_OVER_MATTERS),
    ("/console/province", "省 95598", "x", Action.READ_WORK_ORDERS),
    ("/console/numbers", "时限与参数", "s", Action.PROPOSE_SETTINGS),
    ("/console/dead-letters", "失败消息", "d", Action.READ_DEAD_LETTERS),
)

#: Entries of the menu that stand in its line; more would wrap on a small desk. The rest opens.
_IN_LINE = 8


async def page(
    request: ConsoleRequest, name: str, status: int = 200, **values: Any
) -> Response[str]:
    """A whole page for somebody who is signed in."""
    actor = request.user
    answer = html_of(
        PAGES,
        name,
        status,
        me=actor,
        places=places_of(actor),
        places_in_line=_IN_LINE,
        here=request.scope["path"].rstrip("/") or "/console",
        token_field=TOKEN_FIELD,
        form_token=form_token(str(request.auth)),
        alarms=await alarms_of(actor),
        sos=await sos_of(actor),
        **{"as_of": await business_now(), **values},
    )
    return from_here(answer)


async def fragment(request: ConsoleRequest, name: str, **values: Any) -> Response[str]:
    """A part of a page, fetched again by a script."""
    answer = html_of(PAGES, name, 200, me=request.user, **values)
    return from_here(answer)


def public_page(
    request: Request[Any, Any, Any], name: str, status: int = 200, **values: Any
) -> Response[str]:
    """A page for somebody who is not signed in, or when nothing may be asked of the database."""
    return from_here(html_of(PAGES, name, status, token_field=TOKEN_FIELD, **values))


def from_here(answer: Response[str]) -> Response[str]:
    """Our own forms say where they come from (the guard asks), other sites learn nothing."""
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


async def alarms_of(actor: StaffActor) -> list[WorkOrderView]:
    """Open danger jobs for those who read jobs."""
    return await dangers(actor) if may(actor, Action.READ_WORK_ORDERS) else []


async def sos_of(actor: StaffActor) -> list[SafetyAlarmView]:
    """Calls for help that nobody answered, for those who read jobs."""
    return await open_alarms(actor) if may(actor, Action.READ_WORK_ORDERS) else []


def places_of(actor: StaffActor) -> list[tuple[str, str, str]]:
    """What stands in the menu."""
    return [(path, name, key) for path, name, key, right in _PLACES if may(actor, right)]


def day_and_time(moment: datetime | None) -> str:
    """`11-22 08:05:31` in Shanghai, or a dash."""
    return "—" if moment is None else f"{moment.astimezone(SHANGHAI):%m-%d %H:%M:%S}"


def full_time(moment: datetime) -> str:
    """`2026-11-22 08:05:31` in Shanghai."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def hour_and_minute(moment: datetime) -> str:
    """`08:05` in Shanghai."""
    return f"{moment.astimezone(SHANGHAI):%H:%M}"


def anchor(identity: UUID) -> str:
    """An id that stays when the part of the page around it is fetched again."""
    return f"row-{identity}"


#: Characters that turn the direction of writing: what stands behind them reads as something else.
_TURNING = dict.fromkeys(
    (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd"
)


def said(text: str) -> str:
    """What somebody typed, with every character that turns the writing shown as `\ufffd`."""
    return text.translate(_TURNING)


def raw_text(body: msgspec.Raw) -> str:
    """The JSON of an event as it is stored."""
    return bytes(body).decode()


PAGES.globals.update(
    asset=asset,
    words=words,
    limits=limits,
    may=may,
    Action=Action,
    dangers_shown=DANGERS_SHOWN,
)
PAGES.filters.update(
    day_and_time=day_and_time,
    full_time=full_time,
    hour_and_minute=hour_and_minute,
    anchor=anchor,
    raw_text=raw_text,
    said=said,
)

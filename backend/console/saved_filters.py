"""Filters kept for a list: those of one's post to begin with, and those of one's own."""

from typing import Annotated, NamedTuple
from uuid import UUID

import msgspec
from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect
from msgspec import Meta

from backend.console.forms import command_of, fields_of
from backend.console.session import ConsoleRequest
from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotFound, TooMany
from grid.territory.authority import Action, may
from grid.territory.types import StaffActor

#: Lists that keep filters, and where they are.
PAGES = {
    "board": "/console",
    "tickets": "/console/tickets",
    "supervision": "/console/supervision",
    "visits": "/console/visits",
    "outages": "/console/outages",
}
#: Filters of one person for one list.
KEPT_MAX = 20


class Preset(NamedTuple):
    """A filter that everybody with the right begins with."""

    name: str
    query: str
    right: Action


PRESETS: dict[str, tuple[Preset, ...]] = {
    "board": (
        Preset("等我派人", "state=waiting", Action.ASSIGN_WORK),
        Preset("已超时", "late=1", Action.SUPERVISE_WORK),
        Preset("等我归档", "state=done", Action.CLOSE_WORK),
        Preset("我经手的", "mine=1", Action.READ_WORK_ORDERS),
    ),
    "tickets": (
        Preset("等我派工", "status=accepted", Action.ASSIGN_WORK),
        Preset("我处理的", "mine=1", Action.HANDLE_TICKETS),
        Preset("等我回访", "status=replied", Action.CALL_BACK),
        Preset("已超时", "late=1", Action.SUPERVISE_WORK),
    ),
    "supervision": (
        Preset("等我回复", "mine=1", Action.SUPERVISE_WORK),
        Preset("待办结", "state=answered", Action.SUPERVISE_WORK),
        Preset("已逾期", "late=1", Action.SUPERVISE_WORK),
    ),
}


class KeptFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter as the page offers it; `id` is null for those of the post."""

    id: UUID | None
    name: str
    address: str


class SaveFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep what is filtered now under a name; the same name again replaces it."""

    worklist: Annotated[str, Meta(pattern=f"^({'|'.join(PAGES)})$")]
    name: Annotated[str, Meta(min_length=1, max_length=20, pattern=r"^[^\x00-\x1f\x7f]+$")]
    query: Annotated[str, Meta(min_length=1, max_length=400, pattern=r"^[\x21-\x7e]+$")]


async def filters_of(actor: StaffActor, page: str) -> list[KeptFilter]:
    """The filters that one person finds above a list."""
    rows = await fetch(
        "SELECT id, name, query FROM saved_filter WHERE staff = $1 AND page = $2"
        " ORDER BY name LIMIT $3",
        actor.staff_id,
        page,
        KEPT_MAX,
    )
    found = [
        KeptFilter(id=None, name=preset.name, address=f"{PAGES[page]}?{preset.query}")
        for preset in PRESETS.get(page, ())
        if may(actor, preset.right)
    ]
    return found + [
        KeptFilter(id=row["id"], name=row["name"], address=f"{PAGES[page]}?{row['query']}")
        for row in rows
    ]


@post("/filters", include_in_schema=False)
async def save_filter(request: ConsoleRequest) -> Redirect:
    """Keep a filter. Raises Invalid naming `name`, TooMany beyond KEPT_MAX."""
    fields = await fields_of(request)
    if "query" not in fields:
        raise Invalid("query", "请先选好筛选条件,再保存")
    words = {"name": "名称", "query": "筛选条件", "worklist": "列表"}
    wanted = command_of(SaveFilter, fields, words)
    stored = await execute(
        "INSERT INTO saved_filter (id, staff, page, name, query, saved_at)"
        " SELECT $1, $2, $3::varchar, $4::varchar, $5, $6 WHERE (SELECT count(*) FROM saved_filter"
        " WHERE staff = $2 AND page = $3 AND name <> $4) < $7"
        " ON CONFLICT (staff, page, name) DO UPDATE SET query = EXCLUDED.query,"
        " saved_at = EXCLUDED.saved_at",
        new_id(),
        request.user.staff_id,
        wanted.worklist,
        wanted.name,
        wanted.query,
        machine_now(),
        KEPT_MAX,
    )
    if not stored:
        raise TooMany("保存的筛选已满,请先删除不用的", limit=KEPT_MAX)
    return Redirect(f"{PAGES[wanted.worklist]}?{wanted.query}", status_code=303)


@post("/filters/{filter_id:uuid}/delete", include_in_schema=False)
async def delete_filter(request: ConsoleRequest, filter_id: FromPath[UUID]) -> Redirect:
    """Forget one of one's own filters."""
    rows = await fetch(
        "DELETE FROM saved_filter WHERE id = $1 AND staff = $2 RETURNING page",
        filter_id,
        request.user.staff_id,
    )
    if not rows:
        raise NotFound("没有这个筛选")
    return Redirect(PAGES[rows[0]["page"]], status_code=303)


#: The routes of these pages.
ROUTES = (
    save_filter,
    delete_filter,
)

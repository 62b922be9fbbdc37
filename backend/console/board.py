"""The board of open work: the page, the parts that refresh, the map, the export, the live hints."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.response import Redirect, Stream

from backend.console.bulk import ACTIONS
from backend.console.export import board_table, board_workbook
from backend.console.forms import command_of
from backend.console.pages import alarms_of, fragment, page, places_of, sos_of
from backend.console.saved_filters import filters_of
from backend.console.session import ConsoleRequest
from backend.console.workbook import MEDIA_TYPE
from backend.http.live import HUB
from grid.kit import audit
from grid.kit.clock import business_now
from grid.overviews.board import board, stations
from grid.overviews.map import map_view
from grid.overviews.types import BoardFilter, MapView
from grid.territory.authority import Action, may, require
from grid.territory.service import staff_list
from grid.work_orders.types import WorkOrderView

#: Pages of the board that one export holds; more are named as left out.
_EXPORT_PAGES = 40
_WORDS = {
    "station": "供电所",
    "grid": "网格",
    "state": "状态",
    "priority": "优先级",
    "q": "搜索内容",
    "cursor": "翻页位置",
}


@get("/", include_in_schema=False)
async def board_page(request: ConsoleRequest) -> Response[str] | Redirect:
    """Open jobs with their limits; somebody whose post reads no jobs gets what it does read."""
    if not may(request.user, Action.READ_WORK_ORDERS):
        return Redirect(places_of(request.user)[0][0], status_code=303)
    values = await _board_values(request)
    may_assign = may(request.user, Action.ASSIGN_WORK)
    people = (await staff_list(request.user, on_shift=True, limit=200)).items if may_assign else []
    return await page(
        request,
        "board.html",
        saved=await filters_of(request.user, "board"),
        saved_page="board",
        bulk_actions=ACTIONS if may_assign else {},
        people=people,
        **values,
    )


@get("/board/rows", include_in_schema=False)
async def board_rows(request: ConsoleRequest) -> Response[str]:
    """The part of the board that changes."""
    require(request.user, Action.READ_WORK_ORDERS)
    return await fragment(request, "board_rows.html", **await _board_values(request))


@get("/alarms", include_in_schema=False)
async def alarms(request: ConsoleRequest) -> Response[str]:
    """Calls for help and open danger jobs, for the top of every page."""
    found, sos = await alarms_of(request.user), await sos_of(request.user)
    return await fragment(request, "alarms.html", alarms=found, sos=sos, as_of=await business_now())


@get("/live", media_type="text/event-stream", include_in_schema=False)
async def live(request: ConsoleRequest) -> Stream:
    """Hints that say "read again", for the pages of this door."""
    return Stream(
        await HUB.stream(request.user),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@get("/map.json", include_in_schema=False)
async def map_data(request: ConsoleRequest) -> Response[MapView]:
    """What the map draws."""
    require(request.user, Action.READ_WORK_ORDERS)
    return Response(await map_view(request.user), headers={"Cache-Control": "no-store"})


@get(["/board.csv", "/board.xlsx"], include_in_schema=False)
async def export(request: ConsoleRequest) -> Response[bytes]:
    """The board as a table for a spreadsheet: the same filter, every page of it, cells as text."""
    require(request.user, Action.READ_WORK_ORDERS)
    rows, complete = await _every_row(request)
    await audit.record("board.exported", "work_orders", rows=len(rows))
    now = await business_now()
    excel = request.scope["path"].endswith(".xlsx")
    body = board_workbook if excel else board_table
    name = f"board-{now:%Y%m%d-%H%M%S}Z.{'xlsx' if excel else 'csv'}"
    return Response(
        body(rows, now, complete=complete),
        media_type=MEDIA_TYPE if excel else "text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _every_row(request: ConsoleRequest) -> tuple[list[WorkOrderView], bool]:
    """Every page of the board up to the bound, and whether that was all."""
    values = _given(request.query_params)
    rows: list[WorkOrderView] = []
    for _ in range(_EXPORT_PAGES):
        found = await board(request.user, command_of(BoardFilter, values, _WORDS))
        rows += found.items
        if found.next is None:
            return rows, True
        values["cursor"] = found.next
    return rows, False


async def _board_values(request: ConsoleRequest) -> dict[str, Any]:
    given = _given(request.query_params)
    wanted = command_of(BoardFilter, given, _WORDS)
    found = await board(request.user, wanted)
    kept = {name: value for name, value in given.items() if name != "cursor"}
    return {
        "as_of": found.as_of,
        "board": found,
        "wanted": wanted,
        "query": urlencode(kept),
        "whole_query": urlencode(given),
        "next_query": urlencode({**kept, "cursor": found.next}) if found.next else None,
        "stations": await stations(request.user),
    }


def _given(query: Mapping[str, str]) -> dict[str, str]:
    return {
        name: query[name]
        for name in BoardFilter.__struct_fields__
        if name in query and query[name].strip()
    }


#: The routes of these pages.
ROUTES = (
    board_page,
    board_rows,
    alarms,
    live,
    map_data,
    export,
)

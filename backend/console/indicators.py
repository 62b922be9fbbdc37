"""Indicators in the browser: all of a place at a glance, and one with its trend and its records."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from msgspec import Meta

from backend.console import indicator_words as said
from backend.console.forms import command_of, fields_of
from backend.console.pages import page
from backend.console.session import ConsoleRequest
from backend.console.workbook import MEDIA_TYPE, ROWS_MAX, moment_text, workbook
from grid.indicators import comparing, reading, records, service
from grid.indicators.catalogue import CATALOGUE, indicator_named
from grid.indicators.periods import PeriodKind, period_named, period_of
from grid.indicators.scopes import choices, scope_named, widest_scope
from grid.indicators.types import (
    Asked,
    By,
    ChangePeriod,
    IndicatorView,
    PeriodVerb,
    RecordView,
    Theme,
    Which,
)
from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.pages import LIMIT_MAX
from grid.kit.refusals import NotFound, Refusal
from grid.territory.authority import Action, visible
from grid.territory.types import StaffActor

_WORDS = {
    "scope": "范围",
    "period": "时段",
    "kind": "类别",
    "by": "对比方式",
    "which": "明细",
    "cursor": "翻页位置",
    "version": "版本",
    "reason": "原因",
}
#: Periods that a trend shows, and lines of one page of records.
_TREND, _SHOWN = 12, 50
_FIGURE_HEADINGS = (
    "主题",
    "指标",
    "数值",
    "分子",
    "分母",
    "不计入",
    "目标",
    "情况",
    "归期",
    "依据",
)
_RECORD_HEADINGS = (
    *("记录", "编号", "类别", "时间", "供电所"),
    *("网格", "人员", "结果", "不计入的原因", "数量"),
)


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page of indicators was asked for; nothing named means this month, the widest place."""

    scope: Annotated[str, Meta(max_length=40)] | None = None
    period: Annotated[str, Meta(max_length=10)] | None = None
    kind: Annotated[str, Meta(max_length=24)] | None = None
    version: Annotated[int, Meta(ge=1, le=32_000)] | None = None
    by: By = By.STATION
    which: Which = Which.COUNTED
    cursor: Annotated[str, Meta(max_length=400)] | None = None


@get("/indicators", include_in_schema=False)
async def indicators_page(request: ConsoleRequest) -> Response[str]:
    """Every indicator of a place and period, by theme, with target and standing."""
    return await _overview(request, {})


@get("/indicators.xlsx", include_in_schema=False)
async def export(request: ConsoleRequest) -> Response[bytes]:
    """The same table for a spreadsheet; logged."""
    asked, _ = await _asked(request)
    rows: list[list[str | None]] = []
    for theme in Theme:
        for one in await reading.values(request.user, theme, asked):
            view = CATALOGUE[one.indicator].view()
            rows.append(
                [
                    said.THEMES[theme],
                    view.title,
                    said.figure(one.value, view.unit),
                    str(one.numerator),
                    str(one.denominator),
                    str(one.excluded),
                    said.figure(one.target, view.unit),
                    said.STANDINGS[one.standing][0],
                    view.cut_off,
                    view.source,
                ]
            )
    return await _sheet(request.user, asked, "指标", _FIGURE_HEADINGS, rows)


@get("/indicators/{name:str}", include_in_schema=False)
async def indicator_page(request: ConsoleRequest, name: FromPath[str]) -> Response[str]:
    """One indicator: how it is counted, its trend, side by side, and the records behind it."""
    asked, wanted = await _asked(request)
    actor, view = request.user, indicator_named(name).view()
    figure = await reading.value(actor, name, asked)
    compared = await comparing.comparison(actor, name, asked, _by(asked, wanted, view))
    shown = await records.records(actor, name, asked, wanted.which, wanted.cursor, _SHOWN)
    whole = msgspec.structs.replace(asked, version=None)
    points = (await reading.trend(actor, name, whole, _TREND)).items
    return await page(
        request,
        "indicator.html",
        as_of=figure.as_of,
        view=view,
        figure=figure,
        scope=await scope_named(actor, asked.scope),
        asked=asked,
        wanted=wanted,
        by=_by(asked, wanted, view),
        ways=[by for by in By if by is not By.STAFF or view.by_staff],
        compared=compared,
        bars=said.bars(points, view.unit),
        records=shown,
        said=said,
        query=_query(asked),
        link=lambda **more: f"/console/indicators/{name}?{_query(asked, wanted, **more)}",
    )


@get("/indicators/{name:str}/records.xlsx", include_in_schema=False)
async def export_records(request: ConsoleRequest, name: FromPath[str]) -> Response[bytes]:
    """The records behind a figure for a spreadsheet, as many as one table holds; logged."""
    asked, wanted = await _asked(request)
    found: list[RecordView] = []
    cursor: str | None = None
    while len(found) < ROWS_MAX:
        part = await records.records(request.user, name, asked, wanted.which, cursor, LIMIT_MAX)
        found += part.items
        cursor = part.next
        if cursor is None:
            break
    rows = [_record_cells(one) for one in found]
    title = indicator_named(name).title[:31]
    return await _sheet(request.user, asked, title, _RECORD_HEADINGS, rows, complete=cursor is None)


@post("/indicators/periods/{period:str}/{verb:str}", include_in_schema=False)
async def change_period(
    request: ConsoleRequest, period: FromPath[str], verb: FromPath[str]
) -> Response[str] | Redirect:
    """Close or recalculate a month: one asks, another confirms."""
    if verb not in set(PeriodVerb):
        raise NotFound("没有这个操作")
    fields = await fields_of(request)
    try:
        command = command_of(ChangePeriod, fields, _WORDS)
        done = await service.change_period(request.user, period, PeriodVerb(verb), command)
    except Refusal as refusal:
        return await _overview(request, {"period": period}, refusal)
    state = "asked" if done.asked is not None else verb
    return Redirect(f"/console/indicators?period={period}&done={state}", status_code=303)


async def _asked(
    request: ConsoleRequest, given: dict[str, str] | None = None
) -> tuple[Asked, Wanted]:
    """What is to be shown. Raises Invalid naming the field of the address that does not fit."""
    query = {
        **{name: value for name, value in request.query_params.items() if value},
        **(given or {}),
    }
    wanted = command_of(Wanted, query, _WORDS)
    today = business_day(await business_now())
    return (
        Asked(
            scope=wanted.scope or await widest_scope(request.user),
            period=wanted.period or period_of(PeriodKind.MONTH, today).name,
            kind=wanted.kind,
            version=wanted.version,
        ),
        wanted,
    )


def _by(asked: Asked, wanted: Wanted, view: IndicatorView) -> By:
    """A station is not compared with stations, a grid not with grids."""
    if wanted.by is By.STAFF and not view.by_staff:
        return By.KIND
    if asked.scope.startswith(("grid:", "staff:")) and wanted.by in (By.STATION, By.GRID):
        return By.STAFF if view.by_staff else By.KIND
    if asked.scope.startswith("station:") and wanted.by is By.STATION:
        return By.GRID
    return wanted.by


def _query(asked: Asked, wanted: Wanted | None = None, **more: str) -> str:
    """The query of a link: the same place and period, with what is to be different."""
    kept: dict[str, Any] = {"scope": asked.scope, "period": asked.period}
    for name, value in (("kind", asked.kind), ("version", asked.version)):
        if value is not None:
            kept[name] = value
    if wanted is not None:
        kept |= {"by": wanted.by.value, "which": wanted.which.value}
    return urlencode({**kept, **more})


async def _overview(
    request: ConsoleRequest, given: dict[str, str], refusal: Refusal | None = None
) -> Response[str]:
    asked, _ = await _asked(request, given)
    actor = request.user
    themes = [(said.THEMES[theme], await reading.values(actor, theme, asked)) for theme in Theme]
    is_month = period_named(asked.period).kind is PeriodKind.MONTH
    return await page(
        request,
        "indicators.html",
        200 if refusal is None else refusal.status,
        as_of=themes[0][1][0].as_of,
        asked=asked,
        scope=await scope_named(actor, asked.scope),
        choices=await choices(actor),
        themes=themes,
        catalogue=CATALOGUE,
        said=said,
        query=_query(asked),
        month=await service.period(actor, asked.period) if is_month else None,
        may_close=visible(actor, Action.CLOSE_PERIODS).everything,
        me_subject=actor.subject,
        done=request.query_params.get("done"),
        problem=None if refusal is None else refusal.detail,
    )


def _record_cells(one: RecordView) -> list[str | None]:
    if one.hidden or one.record_kind is None or one.matter is None:
        return ["不便显示", *[None] * 9]
    return [
        said.RECORDS[one.record_kind],
        one.number,
        said.matter(one.matter),
        moment_text(one.at),
        one.station,
        one.grid,
        one.staff,
        "不计入" if one.excluded else ("计入分子" if one.hit else "未计入分子"),
        one.excluded,
        None if one.amount is None else str(one.amount),
    ]


async def _sheet(
    actor: StaffActor,
    asked: Asked,
    name: str,
    headings: Sequence[str],
    rows: list[list[str | None]],
    *,
    complete: bool = True,
) -> Response[bytes]:
    now = await business_now()
    await audit.record("indicator.exported", asked.scope, period=asked.period, rows=len(rows))
    return Response(
        workbook(name, headings, rows, now, complete=complete),
        media_type=MEDIA_TYPE,
        headers={
            "Content-Disposition": f'attachment; filename="indicators-{asked.period}.xlsx"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


#: The routes of these pages.
ROUTES = (
    indicators_page,
    export,
    indicator_page,
    export_records,
    change_period,
)

"""Indicators on the phone and for programs: definitions, figures, trends, the records behind."""

from typing import Annotated, TypeAlias

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from grid.indicators import comparing, reading, records, service
from grid.indicators.types import (
    Asked,
    By,
    ChangePeriod,
    Comparison,
    Figure,
    IndicatorView,
    PeriodVerb,
    PeriodView,
    Records,
    Trend,
    Which,
)
from grid.kit.idempotency import once
from grid.kit.pages import LIMIT_DEFAULT, Page
from grid.kit.refusals import NotFound
from mobile_api.parameters import Cursor, IdempotencyKey, Limit, StaffRequest

Scope: TypeAlias = Annotated[
    str,
    QueryParameter(
        name="scope",
        pattern=r"^(county|(station|grid|staff):[A-Za-z0-9_-]{1,20})$",
        description="`county`, `station:CODE`, `grid:CODE` or `staff:NUMBER`",
    ),
]
PeriodName: TypeAlias = Annotated[
    str,
    QueryParameter(
        pattern=r"^\d{4}(-(\d{2}(-\d{2})?|W\d{2}|Q[1-4]))?$",
        description="`2026-11-22`, `2026-W47`, `2026-11`, `2026-Q4` or `2026`, of Shanghai",
    ),
]
Matter: TypeAlias = Annotated[
    str | None,
    QueryParameter(pattern=r"^[a-z_]{1,24}$", description="one kind of ticket, job or promise"),
]
Version: TypeAlias = Annotated[
    int | None, QueryParameter(ge=1, le=32_000, description="an older closing of a month")
]


class IndicatorController(Controller):
    path = "/indicators"
    tags = ("indicators",)

    @get()
    async def catalogue(self, request: StaffRequest) -> Page[IndicatorView]:
        """Every indicator as it is defined: numerator, denominator, exclusions, cut-off, source."""
        return Page(items=await reading.catalogue(request.user))

    @get("/{name:str}")
    async def value(
        self,
        request: StaffRequest,
        name: FromPath[str],
        period: PeriodName,
        of_scope: Scope = "county",
        kind: Matter = None,
        version: Version = None,
    ) -> Figure:
        """One figure with its numerator and denominator, target and standing."""
        asked = Asked(scope=of_scope, period=period, kind=kind, version=version)
        return await reading.value(request.user, name, asked)

    @get("/{name:str}/records")
    async def records(
        self,
        request: StaffRequest,
        name: FromPath[str],
        period: PeriodName,
        of_scope: Scope = "county",
        kind: Matter = None,
        version: Version = None,
        which: Annotated[Which, QueryParameter()] = Which.COUNTED,
        cursor: Cursor = None,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Records:
        """The records behind a figure, the newest first; what I may not see is shown as hidden."""
        asked = Asked(scope=of_scope, period=period, kind=kind, version=version)
        return await records.records(request.user, name, asked, which, cursor, limit)

    @get("/{name:str}/comparison")
    async def comparison(
        self,
        request: StaffRequest,
        name: FromPath[str],
        period: PeriodName,
        by: Annotated[By, QueryParameter()],
        of_scope: Scope = "county",
        kind: Matter = None,
        version: Version = None,
        cursor: Cursor = None,
    ) -> Comparison:
        """The figure over stations, grids, people or kinds, side by side."""
        asked = Asked(scope=of_scope, period=period, kind=kind, version=version)
        return await comparing.comparison(request.user, name, asked, by, cursor)

    @get("/{name:str}/trend")
    async def trend(
        self,
        request: StaffRequest,
        name: FromPath[str],
        period: PeriodName,
        of_scope: Scope = "county",
        kind: Matter = None,
        count: Annotated[int, QueryParameter(ge=1, le=reading.TREND_MAX)] = 12,
    ) -> Trend:
        """The figure over the periods that end with this one, the oldest first."""
        asked = Asked(scope=of_scope, period=period, kind=kind)
        return await reading.trend(request.user, name, asked, count)

    @get("/periods/{period:str}")
    async def period(self, request: StaffRequest, period: FromPath[str]) -> PeriodView:
        """A month: in which versions it is closed, and what waits for a second person."""
        return await service.period(request.user, period)

    @post("/periods/{period:str}/{verb:str}", status_code=200)
    async def change_period(
        self,
        request: StaffRequest,
        period: FromPath[str],
        verb: FromPath[str],
        data: JSONBody[ChangePeriod],
        idempotency_key: IdempotencyKey = None,
    ) -> PeriodView:
        """close recalculate withdraw: one person asks, the same call by another confirms."""
        if verb not in set(PeriodVerb):
            raise NotFound("没有这个操作")
        return await once(
            request.user.subject,
            idempotency_key,
            f"indicators.{verb}:{period}",
            data,
            lambda: service.change_period(request.user, period, PeriodVerb(verb), data),
            PeriodView,
        )

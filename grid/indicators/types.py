"""What goes in and out of indicators: definitions, figures, the records behind them, closings."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.territory.types import StaffRole
from grid.work_orders.types import Words


class Theme(StrEnum):
    """What an indicator is about; pages show one theme after the other."""

    GRID = "grid"
    CLOCKS = "clocks"
    SATISFACTION = "satisfaction"
    WATCH = "watch"


class Measure(StrEnum):
    """How records become a figure: share of them, mean or sum of their amounts, or their number."""

    RATE = "rate"
    AVERAGE = "average"
    TOTAL = "total"
    COUNT = "count"


class Unit(StrEnum):
    """What a figure is counted in. Rates are fractions of 1 in the API."""

    SHARE = "share"
    MINUTES = "minutes"
    STARS = "stars"
    PIECES = "pieces"


class Direction(StrEnum):
    """Which way is better."""

    UP = "up"
    DOWN = "down"


class Standing(StrEnum):
    """How a figure stands to its target; exactly at the target is met."""

    MET = "met"
    MISSED = "missed"
    NO_TARGET = "no_target"
    NOTHING = "nothing"


class RecordKind(StrEnum):
    """What one record of an indicator is."""

    TICKET = "ticket"
    WORK_ORDER = "work_order"
    CLOCK = "clock"
    STEP = "step"
    RATING = "rating"
    PAUSE = "pause"
    CORRECTION = "correction"
    VISIT = "visit"
    PROMISE = "promise"


class Which(StrEnum):
    """Which of an indicator's records: those counted, those that hit or missed, those left out."""

    COUNTED = "counted"
    HIT = "hit"
    MISSED = "missed"
    EXCLUDED = "excluded"


class ScopeKind(StrEnum):
    COUNTY = "county"
    STATION = "station"
    GRID = "grid"
    STAFF = "staff"


class By(StrEnum):
    """What a comparison puts side by side."""

    STATION = "station"
    GRID = "grid"
    STAFF = "staff"
    KIND = "kind"


class IndicatorView(msgspec.Struct, frozen=True, kw_only=True):
    """The definition of an indicator in words; `target` names its dated setting."""

    name: str
    title: str
    theme: Theme
    measure: Measure
    unit: Unit
    direction: Direction
    numerator: str
    denominator: str
    exclusions: str
    cut_off: str
    source: str
    owner: StaffRole
    version: int
    target: str | None
    by_staff: bool


class ClosingMark(msgspec.Struct, frozen=True, kw_only=True):
    """A closed month that a figure was read from, and in which version."""

    month: str
    version: int
    closed_at: datetime


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: what was counted, its value in the indicator's unit, and how it stands.

    `value` null: nothing to count. `amount` is the sum of the records' amounts (seconds or stars).
    `definition_versions`: a span over closed months may hold more than one.
    """

    indicator: str
    scope: str
    period: str
    numerator: int
    denominator: int
    excluded: int
    amount: int
    value: float | None
    target: float | None
    standing: Standing
    definition_versions: list[int]
    closed: list[ClosingMark]
    as_of: datetime


class ComparedFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a comparison; `code` null: what belongs to none of them."""

    code: str | None
    title: str
    numerator: int
    denominator: int
    excluded: int
    value: float | None
    standing: Standing


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator over stations, grids, people or kinds, in the order of their codes."""

    items: list[ComparedFigure]
    next: str | None
    as_of: datetime


class TrendPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One period of a trend."""

    period: str
    numerator: int
    denominator: int
    value: float | None
    target: float | None
    standing: Standing


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator over the periods up to the asked one, the oldest first."""

    items: list[TrendPoint]
    next: None = None
    as_of: datetime


class RecordView(msgspec.Struct, frozen=True, kw_only=True):
    """One record behind a figure. A hidden one is counted, but not the reader's to see."""

    hidden: bool
    record_kind: RecordKind | None = None
    record_id: UUID | None = None
    number: str | None = None
    ticket_id: UUID | None = None
    work_order_id: UUID | None = None
    matter: str | None = None
    at: datetime | None = None
    grid: str | None = None
    station: str | None = None
    staff: str | None = None
    hit: bool = False
    excluded: str | None = None
    amount: int | None = None


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the records behind a figure, the newest first."""

    items: list[RecordView]
    next: str | None
    as_of: datetime


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which figure: `scope` is `county`, `station:CODE`, `grid:CODE` or `staff:NUMBER`.

    `kind` narrows to one kind of ticket or job; `version` reads an older closing of a month.
    """

    scope: str = "county"
    period: str
    kind: str | None = None
    version: int | None = None


class PeriodVerb(StrEnum):
    """Fix a month's figures; fix them anew; take back what was asked for."""

    CLOSE = "close"
    RECALCULATE = "recalculate"
    WITHDRAW = "withdraw"


class ChangePeriod(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a month is closed or recalculated by hand."""

    reason: Words


class RequestState(StrEnum):
    ASKED = "asked"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class PeriodView(msgspec.Struct, frozen=True, kw_only=True):
    """A month: its closings, the newest first, and what somebody asked for and nobody confirmed."""

    period: str
    closings: list["ClosingView"]
    asked: "RequestView | None"


class ClosingView(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a closed month; what came later never changes it."""

    version: int
    closed_at: datetime
    asked_by: str
    confirmed_by: str | None
    reason: str
    digest: str
    changed: Annotated[int, Meta(ge=0)]


class RequestView(msgspec.Struct, frozen=True, kw_only=True):
    """A closing or recalculation that waits for a second person."""

    verb: PeriodVerb
    reason: str
    asked_by: str
    asked_at: datetime

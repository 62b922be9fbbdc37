"""What goes in and out of plans: drafts, stops, the load of days."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.visits.words import (
    FormWord,
    PlanState,
    StopState,
)
from grid.work_orders.types import PersonView, ShortWords
from grid.work_orders.words import WorkOrderState

Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", max_length=7)]
GridCode = Annotated[str, Meta(min_length=1, max_length=20)]
Version = Annotated[int, Meta(ge=0, le=1_000_000)]


class MakePlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Plan the visits of a grid for a month, as a draft."""

    month: Month
    grid: GridCode


class ReleasePlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put a plan in force as it was read."""

    version: Version


class MoveStop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another day of the month, or another of the grid's people, for one household."""

    version: Version
    stop_id: UUID
    day: date
    staff_id: UUID | None = None
    reason: ShortWords


class RemoveStop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Leave one household out of the plan, with the reason."""

    version: Version
    stop_id: UUID
    reason: ShortWords


class DayLoad(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a plan: how many stops, how many in special care, and how many there may be."""

    day: date
    is_workday: bool
    stops: int
    care: int
    done: int
    room: int


class StopView(msgspec.Struct, frozen=True, kw_only=True):
    """One household in a plan."""

    id: UUID
    account_no: str
    name: str
    address: str
    village: str | None
    form: FormWord
    is_care: bool
    due_day: date | None
    day: date
    staff: PersonView
    position: int
    state: StopState
    reason: str | None
    work_order_id: UUID | None
    work_order_number: str | None
    work_order_state: WorkOrderState | None


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a grid and month. `due` households were due; `left_out` of them found no room."""

    id: UUID
    grid: str
    grid_name: str
    station: str
    month: str
    state: PlanState
    version: int
    due: int
    left_out: int
    left_out_care: int
    stops_count: int
    made_by: str
    made_at: datetime
    released_by: str | None
    released_at: datetime | None
    may_release: bool
    days: list[DayLoad]
    people: list[PersonView] = []
    stops: list[StopView] = []

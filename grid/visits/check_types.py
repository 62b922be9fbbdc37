"""What goes in and out of checks and of the draw."""

from datetime import datetime
from uuid import UUID

import msgspec

from grid.visits.words import (
    CheckMethod,
    CheckOutcome,
    CheckReason,
    CheckState,
)
from grid.work_orders.types import PersonView, Words


class VerifyVisit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody else found out about a visit, by a call or at the place."""

    method: CheckMethod
    outcome: CheckOutcome
    words: Words


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """A visit that waits for a check, or was checked."""

    id: UUID
    visit_id: UUID
    work_order_id: UUID
    work_order_number: str
    account_no: str
    name: str
    phone: str | None
    address: str
    grid: str
    grid_name: str
    month: str
    visited_at: datetime
    author: str
    reasons: list[CheckReason]
    state: CheckState
    staff: PersonView | None
    opened_at: datetime
    closed_at: datetime | None
    may_verify: bool


class CheckFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which checks: `state` is a state; `mine` those that lie with me."""

    state: str | None = None
    grid: str | None = None
    month: str | None = None
    mine: bool = False
    cursor: str | None = None
    limit: int = 50


class DrawView(msgspec.Struct, frozen=True, kw_only=True):
    """The random draw of a month; its seed is told once the month is closed."""

    month: str
    percent: int
    seed: str | None
    reviewed: int
    drawn: int
    closed_at: datetime | None


class VerdictView(msgspec.Struct, frozen=True, kw_only=True):
    method: CheckMethod
    outcome: CheckOutcome
    words: str
    by: str
    at: datetime

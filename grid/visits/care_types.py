"""What goes in and out of the care card and of the one-to-one list."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from grid.customers.types import CustomerTagWord
from grid.visits.words import (
    FormWord,
    Satisfaction,
)
from grid.work_orders.types import PersonView


class CareTagView(msgspec.Struct, frozen=True, kw_only=True):
    """One tag on the card: what to mind, who looks after them, whom to reach."""

    id: UUID
    tag: CustomerTagWord
    from_day: date
    until_day: date | None
    reason: str | None
    mind: list[str]
    owner: PersonView | None
    contact_name: str | None
    contact_phone: str | None
    consent: bool | None


class CareCard(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody should know before the door opens; no amounts of money at all."""

    account_no: str
    name: str
    phone: str | None
    address: str
    tags: list[CareTagView]
    last_visit_on: date | None
    last_visit_by: str | None
    last_satisfaction: Satisfaction | None
    due_on: date | None
    is_overdue: bool
    open_matters: int
    form: FormWord
    as_of: datetime


class CareLine(msgspec.Struct, frozen=True, kw_only=True):
    """One household of the one-to-one list."""

    account_no: str
    name: str
    address: str
    grid: str
    grid_name: str
    tags: list[CustomerTagWord]
    owner: str | None
    last_visit_on: date | None
    due_on: date | None
    is_due: bool
    is_overdue: bool
    planned_on: date | None


class CareFilter(msgspec.Struct, frozen=True, kw_only=True):
    grid: str | None = None
    mine: bool = False
    cursor: str | None = None
    limit: int = 50

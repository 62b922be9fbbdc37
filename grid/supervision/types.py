"""Words, commands, views and events of supervision (督办)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.clocks.types import Target
from grid.kit.outbox import Event
from grid.work_orders.types import Words


class Level(StrEnum):
    """Who is asked; it goes up one at a time."""

    GRID = "grid"
    STATION = "station"
    COUNTY = "county"


class OrderState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class Cause(StrEnum):
    """Why somebody has to answer."""

    NEAR_BREACH = "near_breach"
    BREACH = "breach"
    BY_HAND = "by_hand"
    LEFT_OPEN = "left_open"
    SOS = "sos"
    UNACKNOWLEDGED = "unacknowledged"
    VISIT_DENIED = "visit_denied"


class SupervisionEvent(StrEnum):
    """What may happen to an order; the first four are verbs of people."""

    ANSWER = "answer"
    CLOSE = "close"
    REJECT = "reject"
    COMMENT = "comment"
    OPEN = "open"
    RAISE = "raise"
    ESCALATE = "escalate"
    OVERDUE = "overdue"


class OpenSupervision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A supervisor asks by hand, about a job or a ticket: exactly one of the two is named."""

    words: Words
    work_order_id: UUID | None = None
    ticket_id: UUID | None = None


class DoSupervision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of a person; with `version` it holds only for the order as it was read."""

    words: Words
    version: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None


class SupervisionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders to list: `state` is a state or `all`; `mine` those that wait for me; `about` the
    job or the ticket they stand above."""

    level: Level | None = None
    state: str = "open"
    cause: Cause | None = None
    mine: bool = False
    late: bool = False
    grid: Annotated[str, Meta(max_length=20)] | None = None
    about: UUID | None = None
    cursor: Annotated[str, Meta(max_length=400)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class SupervisionStepView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order's history; `asked` is how many people could answer from then on."""

    event: SupervisionEvent
    from_state: OrderState | None
    to_state: OrderState
    from_level: Level | None
    to_level: Level
    actor: str
    actor_name: str | None
    at: datetime
    words: str | None
    asked: int | None


class SupervisionView(msgspec.Struct, frozen=True, kw_only=True):
    """One order. `answer_due_at`: until when the present level has to answer."""

    id: UUID
    number: str
    work_order_id: UUID | None
    work_order_number: str | None
    work_order_kind: str | None
    ticket_id: UUID | None
    ticket_number: str | None
    ticket_kind: str | None
    grid: str | None
    station: str | None
    sealed: bool
    cause: Cause
    target: Target | None
    due_at: datetime | None
    level: Level
    state: OrderState
    words: str
    offender_name: str | None
    opened_by_name: str | None
    opened_at: datetime
    level_since: datetime
    answer_due_at: datetime
    is_late: bool
    answer: str | None
    answered_by_name: str | None
    answered_at: datetime | None
    closed_at: datetime | None
    version: int
    allowed: list[SupervisionEvent]
    asked: list[str] = []
    history: list[SupervisionStepView] = []


class SupervisionCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many orders one can see: open at each level, past their limit, left at the county."""

    grid: int
    station: int
    county: int
    late: int
    answered: int
    county_missed: int


class SupervisionOpened(Event, frozen=True, kw_only=True):
    """Somebody has to answer for a matter."""

    order_id: UUID
    grid_id: UUID | None
    cause: Cause
    level: Level
    sealed: bool


class SupervisionEscalated(Event, frozen=True, kw_only=True):
    """Nobody answered in time: the next level is asked."""

    order_id: UUID
    grid_id: UUID | None
    level: Level
    sealed: bool


class SupervisionClosed(Event, frozen=True, kw_only=True):
    """The answer was accepted."""

    order_id: UUID
    grid_id: UUID | None
    sealed: bool

"""What goes in and out of tickets: intake of every kind, verbs, what people read."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.clocks.types import ClockView
from grid.geography.types import Place, RawPlace
from grid.territory.types import EmployeeNo, Line
from grid.work_orders.types import AccountNo, PersonView, ShortWords, Words
from grid.work_orders.words import (
    CallbackOutcome,
    Channel,
    ComplaintClass,
    TicketEvent,
    TicketKind,
    TicketLevel,
    TicketState,
    WorkOrderState,
)

Phone = Annotated[str, Meta(pattern=r"^[0-9+ -]{5,20}$")]
#: The further fields of a kind, by name; `forms.FIELDS` says which.
Form = Annotated[
    dict[
        Annotated[str, Meta(max_length=40)],
        Annotated[str, Meta(min_length=1, max_length=500)],
    ],
    Meta(max_length=20),
]


class ReportFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault as it was told. With an account its place is known; else a place or address helps.

    `called_at`: when the telephone call began, for intake by the office.
    """

    description: Words
    channel: Channel
    account_no: AccountNo | None = None
    place: Place | None = None
    raw_place: RawPlace | None = None
    address: ShortWords | None = None
    phone: Phone | None = None
    danger: bool = False
    called_at: Annotated[datetime, Meta(tz=True)] | None = None
    reporter_name: Line | None = None
    form: Form = {}


class TakeTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any matter as it was told.

    A complaint names its class and, where known, whom it is about (`about`, employee numbers) or
    which ticket's handling (`about_ticket_id`). `form` holds the further fields of the kind
    (`forms.FIELDS`). Of a tip-off the author is sealed; `anonymous` keeps none at all.
    """

    kind: TicketKind
    description: Words
    channel: Channel
    account_no: AccountNo | None = None
    place: Place | None = None
    raw_place: RawPlace | None = None
    address: ShortWords | None = None
    reporter_name: Line | None = None
    phone: Phone | None = None
    danger: bool = False
    called_at: Annotated[datetime, Meta(tz=True)] | None = None
    complaint_class: ComplaintClass | None = None
    about: Annotated[list[EmployeeNo], Meta(max_length=5)] = []
    about_ticket_id: UUID | None = None
    anonymous: bool = False
    form: Form = {}


class DoTicketVerb(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a ticket. `words` is the answer, the note, or what the customer said."""

    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    occurred_at: Annotated[datetime, Meta(tz=True)] | None = None
    reason: Words | None = None
    words: Words | None = None
    staff_id: UUID | None = None
    outcome: CallbackOutcome | None = None
    stars: Annotated[int, Meta(ge=1, le=5)] | None = None
    kind: TicketKind | None = None
    complaint_class: ComplaintClass | None = None
    about: Annotated[list[EmployeeNo], Meta(max_length=5)] | None = None


class RateWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a customer adds in own words after the stars."""

    ticket_id: UUID
    words: Words


class ReadAuthor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the author of a tip-off has to be known."""

    reason: Words


class RateTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One to five stars, once per ticket."""

    ticket_id: UUID
    stars: Annotated[int, Meta(ge=1, le=5)]
    comment: Words | None = None


class TicketView(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer follows."""

    id: UUID
    number: str
    kind: TicketKind
    state: TicketState
    danger: bool
    description: str
    account_no: str | None
    address: str | None
    reported_at: datetime
    closed_at: datetime | None
    work_order_id: UUID | None
    work_order_state: WorkOrderState | None
    assignee_name: str | None
    assignee_phone: str | None
    arrive_due_at: datetime | None
    stars: int | None
    answer: str | None = None
    urges: int = 0
    replied_at: datetime | None = None


class TicketStepView(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a ticket's history."""

    event: TicketEvent
    from_state: TicketState | None
    to_state: TicketState
    actor: str
    actor_name: str | None
    at: datetime
    device_at: datetime | None
    reason: str | None


class StaffTicketView(msgspec.Struct, frozen=True, kw_only=True):
    """What staff read of a ticket. `phone` is masked by role; a sealed author is nowhere in it."""

    id: UUID
    number: str
    kind: TicketKind
    complaint_class: ComplaintClass | None
    state: TicketState
    channel: Channel
    danger: bool
    sealed: bool
    description: str
    form: dict[str, str]
    account_no: str | None
    customer_name: str | None
    phone: str | None
    address: str | None
    grid: str | None
    station: str | None
    handler: PersonView | None
    work_order_id: UUID | None
    work_order_number: str | None
    work_order_state: WorkOrderState | None
    parent_id: UUID | None
    urges: int
    urged_at: datetime | None
    stars: int | None
    callback: CallbackOutcome | None
    answer: str | None
    about_ticket_id: UUID | None
    level: TicketLevel
    version: int
    reported_at: datetime
    called_at: datetime | None
    closed_at: datetime | None
    clocks: list[ClockView]
    allowed: list[TicketEvent]
    history: list[TicketStepView] = []


class TicketFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tickets to list: `status` is a state or `open`; `mine` those I handle."""

    status: str | None = None
    kind: str | None = None
    grid: str | None = None
    station: str | None = None
    mine: bool = False
    late: bool = False
    q: str | None = None
    cursor: str | None = None
    limit: int = 50


class RatingView(msgspec.Struct, frozen=True, kw_only=True):
    """One rating as staff read it; who gave it is not told. Nobody can change it."""

    id: UUID
    ticket_id: UUID
    ticket_number: str
    kind: TicketKind
    stars: int
    comment: str | None
    words: str | None
    grid: str | None
    station: str | None
    handled_by: str | None
    rated_at: datetime


class CallbackView(msgspec.Struct, frozen=True, kw_only=True):
    """An answered ticket whose customer is to be called; `asked_in_wechat`: they may answer there.

    `mine_to_call` is false for those who had it in hand: somebody else calls.
    """

    ticket_id: UUID
    ticket_number: str
    kind: TicketKind
    customer_name: str | None
    phone: str | None
    answer: str | None
    handled_by: str | None
    replied_at: datetime
    due_at: datetime | None
    late: bool
    tries: int
    asked_in_wechat: bool
    mine_to_call: bool
    version: int


class SealedLookupView(msgspec.Struct, frozen=True, kw_only=True):
    """Staff looked up the author of a tip-off after it was sealed."""

    id: UUID
    ticket_id: UUID
    ticket_number: str
    actor: str
    actor_name: str | None
    action: str
    looked_at: datetime


class SealedAuthorView(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote a tip-off; all null when it came without a name."""

    ticket_id: UUID
    name: str | None
    phone: str | None
    account_no: str | None
    in_wechat: bool

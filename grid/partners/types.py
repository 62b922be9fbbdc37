"""Words, commands and views of what other systems hand over, and of what we tell them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.clocks.types import ClockView
from grid.geography.types import Place
from grid.territory.types import Line
from grid.work_orders.tickets.types import Form, Phone
from grid.work_orders.types import AccountNo, ShortWords, Words
from grid.work_orders.words import ComplaintClass, TicketKind, TicketState

#: A number that another system gave: it is read out and compared, never computed with.
TheirNumber = Annotated[str, Meta(min_length=4, max_length=40, pattern=r"^[0-9A-Za-z_-]+$")]
Moment = Annotated[datetime, Meta(tz=True)]


class ProvinceKind(StrEnum):
    """The kinds of the province's orders, as it writes them."""

    FAULT = "故障报修"
    COMPLAINT = "投诉"
    TIP_OFF = "举报"
    SUGGESTION = "建议"
    OPINION = "意见"
    PRAISE = "表扬"
    INQUIRY = "业务咨询"
    QUERY = "查询"
    REQUEST = "业务申请"
    SERVICE = "服务申请"
    URGE = "催办"


class ProvinceClass(StrEnum):
    """The five classes of complaints, as the province writes them."""

    SERVICE = "服务"
    BILLING = "营业"
    SUPPLY_INTERRUPTION = "停送电"
    POWER_QUALITY = "供电质量"
    GRID_CONSTRUCTION = "电网建设"


class ProvinceOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One order of the province, over HTTP or as a row of a file.

    `accepted_at` is when the province took it: our limits count from then. Of an urge `number` is
    its own and `urged_number` that of the order which it urges.
    """

    number: TheirNumber
    kind: ProvinceKind
    accepted_at: Moment
    description: Words
    complaint_class: ProvinceClass | None = None
    urged_number: TheirNumber | None = None
    account_no: AccountNo | None = None
    reporter_name: Line | None = None
    phone: Phone | None = None
    address: ShortWords | None = None
    place: Place | None = None
    danger: bool = False
    anonymous: bool = False


class OrderOutcome(StrEnum):
    """What became of an order that came in."""

    TAKEN = "taken"
    MERGED = "merged"
    REPEATED = "repeated"
    URGED = "urged"
    URGE_WAITING = "urge_waiting"


class OrderReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the province is told about an order: its number again, and what became of it."""

    number: str
    outcome: OrderOutcome
    ticket_number: str | None


class Stage(StrEnum):
    """What the province is told of a ticket, in the order in which it happens."""

    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    ARRIVED = "arrived"
    RESTORED = "restored"
    REPLIED = "replied"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"


class MessageState(StrEnum):
    """`sent` is not yet acknowledged; `chasing` is asked for again until it is."""

    WAITING = "waiting"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    CHASING = "chasing"


class Feedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message to the province; the same `message_id` always means the same."""

    message_id: UUID
    number: str
    stage: Stage
    round: int
    occurred_at: datetime
    words: str | None = None


class Acknowledge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The province took a message of ours, or refused it for a reason."""

    message_id: UUID
    accepted: bool = True
    reason: Annotated[str, Meta(max_length=200)] | None = None


class PartnerMessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One message of ours and how it stands."""

    id: UUID
    stage: Stage
    round: int
    state: MessageState
    occurred_at: datetime
    attempts: int
    last_error: str | None
    acknowledged_at: datetime | None


class PartnerOrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order of the province beside our ticket; `ticket_id` null: an urge that still waits."""

    id: UUID
    number: str
    kind: ProvinceKind
    urged_number: str | None
    outcome: OrderOutcome
    via: str
    accepted_at: datetime
    received_at: datetime
    ticket_id: UUID | None
    ticket_number: str | None
    ticket_state: TicketState | None
    grid: str | None
    station: str | None
    messages: list[PartnerMessageView]


class PartnerOrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders to list; `troubled` are those with a refused or chased message."""

    number: Annotated[str, Meta(max_length=40)] | None = None
    troubled: bool = False
    cursor: Annotated[str, Meta(max_length=400)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class Direction(StrEnum):
    """From us to the government's grid, or from there to us."""

    OUT = "out"
    IN = "in"


class HandoverState(StrEnum):
    HANDED_OVER = "handed_over"
    ACCEPTED = "accepted"
    RETURNED = "returned"


class HandoverEvent(StrEnum):
    """What may happen to a handover; the last three are verbs."""

    HAND_OVER = "hand_over"
    ACCEPT = "accept"
    REMIND = "remind"
    RETURN = "return"


class HandOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hand a matter over, or take one that the government's grid hands to us.

    Out: `ticket_id` or `ticket_number`, or `finding_id` of a visit's finding that became a ticket.
    In: `their_number` and what they told (`kind`, `description`, the fields of its `form`, and an
    account, a place or an address).
    """

    direction: Direction
    reason: Words
    agency: Line
    contact_person: Line
    contact_phone: Phone
    their_number: TheirNumber | None = None
    ticket_id: UUID | None = None
    ticket_number: Annotated[str, Meta(max_length=24)] | None = None
    finding_id: UUID | None = None
    kind: TicketKind | None = None
    complaint_class: ComplaintClass | None = None
    description: Words | None = None
    account_no: AccountNo | None = None
    place: Place | None = None
    address: ShortWords | None = None
    reporter_name: Line | None = None
    phone: Phone | None = None
    form: Form = {}


class DoHandover(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of a handover; `their_number` is what they gave it when they accepted."""

    words: Words
    their_number: TheirNumber | None = None
    version: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None


class HandoverEntryView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the paper trail."""

    event: HandoverEvent
    actor_name: str | None
    at: datetime
    words: str
    their_number: str | None


class HandoverView(msgspec.Struct, frozen=True, kw_only=True):
    """One handover with its own clocks."""

    id: UUID
    number: str
    direction: Direction
    state: HandoverState
    ticket_id: UUID
    ticket_number: str
    ticket_kind: TicketKind
    ticket_state: TicketState
    grid: str | None
    station: str | None
    reason: str
    agency: str
    contact_person: str
    contact_phone: str
    their_number: str | None
    reminders: int
    paused: bool
    handed_at: datetime
    handed_by_name: str | None
    accepted_at: datetime | None
    returned_at: datetime | None
    outcome: str | None
    due_at: datetime | None
    clocks: list[ClockView]
    version: int
    allowed: list[HandoverEvent]
    trail: list[HandoverEntryView] = []


class HandoverFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which handovers to list; `open` are those that were not returned."""

    direction: Direction | None = None
    state: str = "open"
    ticket_id: UUID | None = None
    cursor: Annotated[str, Meta(max_length=400)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50

"""Words, commands, views and events of field work."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.clocks.types import ClockView
from grid.geography.types import Place, RawPlace
from grid.kit.outbox import Event

#: Text that people type, several lines, bounded; NUL and other control characters are refused.
Words = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")]
ShortWords = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")
]
AccountNo = Annotated[str, Meta(min_length=4, max_length=20, pattern=r"^[0-9]+$")]


class TicketKind(StrEnum):
    FAULT = "fault"


class TicketState(StrEnum):
    ACCEPTED = "accepted"
    IN_HAND = "in_hand"
    REPLIED = "replied"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Channel(StrEnum):
    WECHAT = "wechat"
    PHONE = "phone"
    COUNTER = "counter"
    STAFF = "staff"


class WorkOrderKind(StrEnum):
    FAULT_REPAIR = "fault_repair"


class WorkOrderState(StrEnum):
    DRAFT = "draft"
    TRIAGED = "triaged"
    PENDING_DISPATCH = "pending_dispatch"
    SCHEDULED = "scheduled"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CANNOT_COMPLETE = "cannot_complete"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class WorkOrderEvent(StrEnum):
    """What may happen to a work order; the verbs of the phone are among them."""

    INTAKE = "intake"
    ASSIGN = "assign"
    SCHEDULE = "schedule"
    ACCEPT = "accept"
    DECLINE = "decline"
    SILENCE = "silence"
    DEPART = "depart"
    ARRIVE = "arrive"
    START = "start"
    RESTORE = "restore"
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    CANNOT_COMPLETE = "cannot-complete"
    CANCEL = "cancel"
    REASSIGN = "reassign"
    CLOSE = "close"
    REOPEN = "reopen"
    SUPERVISE = "supervise"
    COMMENT = "comment"


class AssignmentState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    WORKING = "working"
    FINISHED = "finished"
    RELEASED = "released"


class Priority(StrEnum):
    DANGER = "danger"
    URGENT = "urgent"
    NORMAL = "normal"


class Capacity(StrEnum):
    """In which capacity somebody was chosen."""

    MANAGER = "manager"
    ASSISTANT = "assistant"
    NEIGHBOUR = "neighbour"
    CREW = "crew"
    BY_HAND = "by_hand"


class ArrivalGrade(StrEnum):
    """How well an arrival is proved: only `strong` and `weak` are by position (W2)."""

    STRONG = "strong"
    WEAK = "weak"
    DISPUTED = "disputed"


class DevicePosition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the phone says it is (WGS-84) and how sure it is, in metres."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, Meta(ge=0, le=100_000)]
    mock: bool = False


class ReportFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault as it was told. With an account its place is known; else a place or address helps."""

    description: Words
    channel: Channel
    account_no: AccountNo | None = None
    place: Place | None = None
    raw_place: RawPlace | None = None
    address: ShortWords | None = None
    phone: Annotated[str, Meta(pattern=r"^[0-9+ -]{5,20}$")] | None = None
    danger: bool = False


class DoVerb(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a work order, as the phone or the console sends it."""

    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    occurred_at: Annotated[datetime, Meta(tz=True)] | None = None
    position: DevicePosition | None = None
    reason: Words | None = None
    resolution: Words | None = None
    staff_id: UUID | None = None
    starts_at: Annotated[datetime, Meta(tz=True)] | None = None


class OpenWorkOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job made by hand: a further one for a ticket, or a fault that was told to staff."""

    description: Words
    ticket_id: UUID | None = None
    account_no: AccountNo | None = None
    place: Place | None = None
    address: ShortWords | None = None
    phone: Annotated[str, Meta(pattern=r"^[0-9+ -]{5,20}$")] | None = None
    kind: WorkOrderKind = WorkOrderKind.FAULT_REPAIR
    danger: bool = False


class AssignByHand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dispatcher's choice; `reason` is needed to take a job from somebody who has it.

    With `version` the choice holds only for the job as it was read.
    """

    staff_id: UUID
    reason: Words | None = None
    version: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None


class RateTicket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One to five stars, once per ticket."""

    ticket_id: UUID
    stars: Annotated[int, Meta(ge=1, le=5)]
    comment: Words | None = None


class WorkOrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs to list: `status` is a state or `open`; `near` sorts by distance."""

    status: str | None = None
    kind: str | None = None
    grid: str | None = None
    mine: bool = False
    near: Place | None = None
    q: str | None = None
    cursor: str | None = None
    limit: int = 50


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    employee_no: str
    name: str
    phone: str


class TransitionView(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the history: who, when on the server, when on the device, why."""

    event: WorkOrderEvent
    from_state: WorkOrderState | None
    to_state: WorkOrderState
    actor: str
    actor_name: str | None
    at: datetime
    device_at: datetime | None
    reason: str | None
    grade: ArrivalGrade | None
    distance_m: float | None


class WorkOrderView(msgspec.Struct, frozen=True, kw_only=True):
    """A job. `phone` is masked for those whose role does not need it."""

    id: UUID
    number: str
    ticket_id: UUID | None
    ticket_number: str | None
    account_no: str | None
    customer_name: str | None
    phone: str | None
    address: str | None
    description: str
    kind: WorkOrderKind
    state: WorkOrderState
    priority: Priority
    place_class: str
    grid: str | None
    station: str | None
    lat: float | None
    lon: float | None
    distance_m: float | None
    version: int
    assignee: PersonView | None
    supervised: bool
    reported_at: datetime
    arrived_at: datetime | None
    restored_at: datetime | None
    completed_at: datetime | None
    arrival_grade: ArrivalGrade | None
    resolution: str | None
    clocks: list[ClockView]
    allowed: list[WorkOrderEvent]
    history: list[TransitionView] = []


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


class WorkOrderOpened(Event, frozen=True, kw_only=True):
    """A job waits for somebody."""

    work_order_id: UUID
    ticket_id: UUID | None
    grid_id: UUID | None
    version: int
    danger: bool


class WorkOrderChanged(Event, frozen=True, kw_only=True):
    """A step was taken; `event` says which. Boards and phones read again."""

    work_order_id: UUID
    grid_id: UUID | None
    version: int
    event: WorkOrderEvent
    state: WorkOrderState
    staff_id: UUID | None


class WorkOrderNeedsSomebody(Event, frozen=True, kw_only=True):
    """Declined, silent or reopened: the job is to be offered on."""

    work_order_id: UUID
    grid_id: UUID | None
    version: int


class WorkOrderAccepted(Event, frozen=True, kw_only=True):
    work_order_id: UUID
    ticket_id: UUID | None
    staff_id: UUID


class WorkOrderArrived(Event, frozen=True, kw_only=True):
    work_order_id: UUID
    ticket_id: UUID | None
    staff_id: UUID


class WorkOrderCompleted(Event, frozen=True, kw_only=True):
    work_order_id: UUID
    ticket_id: UUID | None


class TicketClosed(Event, frozen=True, kw_only=True):
    ticket_id: UUID


class DangerReported(Event, frozen=True, kw_only=True):
    """Somebody wrote of mortal danger: the dispatcher is paged."""

    ticket_id: UUID
    work_order_id: UUID
    grid_id: UUID | None

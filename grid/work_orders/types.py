"""Words, commands, views and events of field work."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.clocks.types import ClockView, PauseReason
from grid.evidence.types import EvidencePurpose
from grid.geography.types import Place
from grid.work_orders.kinds import Gate
from grid.work_orders.words import (
    ArrivalDoubt,
    ArrivalGrade,
    ArrivalProof,
    Priority,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderState,
)

#: Text that people type, several lines, bounded; NUL and other control characters are refused.
Words = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")]
ShortWords = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")
]
AccountNo = Annotated[str, Meta(min_length=4, max_length=20, pattern=r"^[0-9]+$")]


#: The number of a work permit (工作票), as printed on it.
PermitNo = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]+$")]
#: What only the customer was shown.
CustomerCode = Annotated[str, Meta(pattern=r"^[0-9]{4}$")]
#: What is printed on the meter or its seal, as scanned.
SealCode = Annotated[str, Meta(pattern=r"^[0-9A-Za-z-]{4,40}$")]


class DevicePosition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the phone says it is (WGS-84) and how sure it is, in metres."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, Meta(ge=0, le=100_000)]
    mock: bool = False


class DoVerb(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a work order, as the phone or the console sends it."""

    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    occurred_at: Annotated[datetime, Meta(tz=True)] | None = None
    position: DevicePosition | None = None
    reason: Words | None = None
    resolution: Words | None = None
    staff_id: UUID | None = None
    starts_at: Annotated[datetime, Meta(tz=True)] | None = None
    live_work: bool | None = None
    permit_no: PermitNo | None = None
    second_person_id: UUID | None = None
    customer_code: CustomerCode | None = None
    seal_code: SealCode | None = None
    pause_reason: PauseReason | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None


class OpenWorkOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job of any kind made by hand: for a ticket, for an account, or for a place.

    `starts_at`: not before then is it offered. `live_work`: it will be done under voltage.
    """

    description: Words
    ticket_id: UUID | None = None
    account_no: AccountNo | None = None
    place: Place | None = None
    address: ShortWords | None = None
    phone: Annotated[str, Meta(pattern=r"^[0-9+ -]{5,20}$")] | None = None
    kind: WorkOrderKind = WorkOrderKind.FAULT_REPAIR
    danger: bool = False
    starts_at: Annotated[datetime, Meta(tz=True)] | None = None
    live_work: bool = False
    priority: Priority | None = None


class AssignByHand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dispatcher's choice; `reason` is needed to take a job from somebody who has it.

    With `version` the choice holds only for the job as it was read.
    """

    staff_id: UUID
    reason: Words | None = None
    version: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None


class ProveArrival(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A further proof of an arrival that the position alone made `weak`."""

    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    customer_code: CustomerCode | None = None
    seal_code: SealCode | None = None


class OnSite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sign of life, or a call for help, from the place of the work."""

    words: Words | None = None
    position: DevicePosition | None = None
    occurred_at: Annotated[datetime, Meta(tz=True)] | None = None


class AnswerAlarm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was found out and done about the open alarms of a job."""

    words: Words


class SafetyAlarmView(msgspec.Struct, frozen=True, kw_only=True):
    """A call for help (or a check-in that was missed) and what became of it."""

    id: UUID
    work_order_id: UUID
    number: str
    staff: "PersonView"
    missed_check_in: bool
    words: str | None
    lat: float | None
    lon: float | None
    address: str | None
    raised_at: datetime
    answered_at: datetime | None
    answered_by: str | None
    answer: str | None


class ArrivalFlagView(msgspec.Struct, frozen=True, kw_only=True):
    """Two arrivals of two people that cannot both be what they seem."""

    id: UUID
    kind: ArrivalDoubt
    found_at: datetime
    work_order_id: UUID
    number: str
    staff_name: str
    other_work_order_id: UUID
    other_number: str
    other_staff_name: str


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
    given_to: str | None = None


class WorkOrderView(msgspec.Struct, frozen=True, kw_only=True):
    """A job. `phone` is masked for those whose role does not need it.

    `title`: what its kind is called. `needs`: evidence still missing, any one purpose of each entry
    serves; null in lists, which do not count it.
    """

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
    title: str = ""
    gate: Gate = Gate.NONE
    live_work: bool = False
    permit_no: str | None = None
    second_person_id: UUID | None = None
    starts_at: datetime | None = None
    check_in_due_at: datetime | None = None
    arrival_proof: ArrivalProof | None = None
    needs: list[list[EvidencePurpose]] | None = None
    history: list[TransitionView] = []

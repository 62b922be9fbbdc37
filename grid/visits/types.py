"""What goes in and out of visits, and what the room says has happened."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.kit.outbox import Event
from grid.territory.types import Line
from grid.visits.check_types import VerdictView
from grid.visits.form_types import Answers, AnswerView
from grid.visits.words import (
    CheckState,
    FormWord,
    Leaflet,
    Satisfaction,
)
from grid.work_orders.types import AccountNo, DevicePosition, PersonView, Words
from grid.work_orders.words import ArrivalGrade, TicketKind, WorkOrderState


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something found at the door that may become a ticket in one tap.

    No complaint: it would go through the hands of whom it may be about; that is for 95598.
    """

    kind: TicketKind
    words: Words
    danger: bool = False


class ReportVisit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of a visit. `work_order_id` of a planned one, or `account_no` for one without plan.

    A correction names the result that it `supersedes`; nothing is overwritten.
    """

    work_order_id: UUID | None = None
    account_no: AccountNo | None = None
    form: FormWord
    form_version: Annotated[int, Meta(ge=1, le=10_000)]
    answers: Answers
    leaflets: Annotated[list[Leaflet], Meta(max_length=20)] = []
    present: Line | None = None
    present_relation: Annotated[str, Meta(min_length=1, max_length=20)] | None = None
    satisfaction: Satisfaction | None = None
    satisfaction_words: Words | None = None
    note: Words | None = None
    findings: Annotated[list[Finding], Meta(max_length=10)] = []
    occurred_at: Annotated[datetime, Meta(tz=True)] | None = None
    position: DevicePosition | None = None
    supersedes: UUID | None = None
    reason: Words | None = None


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    kind: TicketKind
    words: str
    danger: bool
    ticket_id: UUID | None
    ticket_number: str | None


class VisitView(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a visit; `is_newest` is false for one that was corrected by a later one.

    Of money a reader sees what their post shows. `phone` is masked by role.
    """

    id: UUID
    work_order_id: UUID
    work_order_number: str
    work_order_state: WorkOrderState
    work_order_version: int
    account_no: str
    name: str
    phone: str | None
    address: str
    grid: str
    grid_name: str
    author: PersonView
    revision: int
    is_newest: bool
    form: FormWord
    form_version: int
    device_at: datetime | None
    received_at: datetime
    grade: ArrivalGrade
    distance_m: float | None
    minutes: int | None
    present: str | None
    present_relation: str | None
    satisfaction: Satisfaction | None
    satisfaction_words: str | None
    note: str | None
    leaflets: list[Leaflet]
    findings: list[FindingView]
    checks: list[CheckState]
    answers: list[AnswerView] = []
    verdicts: list[VerdictView] = []
    may_verify: bool = False


class VisitFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which results to list, newest first."""

    grid: str | None = None
    account_no: str | None = None
    mine: bool = False
    cursor: str | None = None
    limit: int = 50


class VisitPlanReleased(Event, frozen=True, kw_only=True):
    """The jobs of a month's visits of a grid were opened."""

    plan_id: UUID
    grid_id: UUID
    month: date
    stops: int


class VisitReported(Event, frozen=True, kw_only=True):
    """The result of a visit is in; `revision` above 1 corrects an earlier one."""

    visit_id: UUID
    work_order_id: UUID
    grid_id: UUID
    revision: int


class VisitCheckOpened(Event, frozen=True, kw_only=True):
    """A visit is to be confirmed by somebody else."""

    check_id: UUID
    visit_id: UUID
    grid_id: UUID
    staff_id: UUID | None


class VisitNotConfirmed(Event, frozen=True, kw_only=True):
    """Somebody who checked a visit says that it was not so."""

    check_id: UUID
    visit_id: UUID
    work_order_id: UUID
    grid_id: UUID
    author_id: UUID

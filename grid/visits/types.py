"""What goes in and out of visits: plans, results, checks, forms, special care."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.customers.types import CustomerTagWord
from grid.kit.outbox import Event
from grid.territory.types import Line
from grid.visits.words import (
    CheckMethod,
    CheckOutcome,
    CheckReason,
    CheckState,
    FieldType,
    FormState,
    FormWord,
    PlanState,
    Satisfaction,
    StopState,
)
from grid.work_orders.types import AccountNo, DevicePosition, PersonView, ShortWords, Words
from grid.work_orders.words import ArrivalGrade, TicketKind, WorkOrderState

Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", max_length=7)]
Key = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,29}$", max_length=30)]
Label = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
GridCode = Annotated[str, Meta(min_length=1, max_length=20)]
Version = Annotated[int, Meta(ge=0, le=1_000_000)]

#: An answer as the phone sends it: words, a number, yes or no, or several choices.
Answer = (
    Annotated[str, Meta(max_length=500)]
    | Annotated[float, Meta(ge=-1e9, le=1e9)]
    | bool
    | Annotated[list[Annotated[str, Meta(max_length=60)]], Meta(max_length=20)]
)
Answers = Annotated[dict[Key, Answer], Meta(max_length=40)]


class VisitField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question. `money`: an assistant neither sees nor answers it. `choices` are what is shown
    and stored."""

    key: Key
    label: Label
    type: FieldType
    required: bool = False
    help: Annotated[str, Meta(max_length=120)] | None = None
    choices: Annotated[list[Label], Meta(max_length=20)] = []
    money: bool = False


class VisitFormView(msgspec.Struct, frozen=True, kw_only=True):
    """A form in one version, as data that a phone draws. `id` null: one to start with."""

    id: UUID | None
    form: FormWord
    version: int
    title: str
    state: FormState
    fields: list[VisitField]
    proposed_by: str | None = None


class LeafletView(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    title: str


class VisitFormsView(msgspec.Struct, frozen=True, kw_only=True):
    """The forms in force (or one old version), and the leaflets that are handed over."""

    items: list[VisitFormView]
    leaflets: list[LeafletView]
    next: None = None


class ProposeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new version of a form; another person puts it in force."""

    form: FormWord
    title: Label
    fields: Annotated[list[VisitField], Meta(min_length=1, max_length=40)]


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
    leaflets: Annotated[list[Key], Meta(max_length=20)] = []
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


class AnswerView(msgspec.Struct, frozen=True, kw_only=True):
    """One answer with the words of its question in the version it was asked in."""

    key: str
    label: str
    answer: str


class VerdictView(msgspec.Struct, frozen=True, kw_only=True):
    method: CheckMethod
    outcome: CheckOutcome
    words: str
    by: str
    at: datetime


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
    leaflets: list[str]
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

"""What goes in and out of outages: commands, views, events."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.customers.types import CustomerTagWord
from grid.geography.types import Place
from grid.kit.outbox import Event
from grid.outages.words import (
    ChildState,
    EtrSource,
    JoinedBy,
    OutageEvent,
    OutageKind,
    OutageState,
)
from grid.work_orders.tickets.types import ReportFault, TicketView
from grid.work_orders.types import ShortWords, Words
from grid.work_orders.words import Channel, TicketState, WorkOrderState

#: Districts that one outage names, and tickets that one tap joins.
DISTRICTS_MAX, TICKETS_MAX = 500, 50

DistrictNo = Annotated[str, Meta(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9_-]+$")]
DistrictNos = Annotated[list[DistrictNo], Meta(max_length=DISTRICTS_MAX)]
Feeder = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
PublicWords = Annotated[
    str, Meta(min_length=1, max_length=300, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")
]
Moment = Annotated[datetime, Meta(tz=True)]
TicketIds = Annotated[list[UUID], Meta(min_length=1, max_length=TICKETS_MAX)]
Version = Annotated[int, Meta(ge=0, le=1_000_000)]


class AnnounceOutage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An outage with its scope and times. One that has begun already is a fault.

    `late_reason` is needed when people are told later than the rule wants.
    """

    kind: OutageKind
    starts_at: Moment
    districts: Annotated[list[DistrictNo], Meta(min_length=1, max_length=DISTRICTS_MAX)]
    expected_end_at: Moment | None = None
    feeder: Feeder | None = None
    cause: ShortWords | None = None
    public_words: PublicWords | None = None
    late_reason: ShortWords | None = None


class DoOutageVerb(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of an outage. `districts` adds and removes; `dispatch` says the work in `reason`."""

    version: Version
    reason: Words | None = None
    expected_end_at: Moment | None = None
    source: EtrSource | None = None
    cause: ShortWords | None = None
    public_words: PublicWords | None = None
    add: DistrictNos = []
    remove: DistrictNos = []
    live_work: bool = False


class JoinTickets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open fault tickets from inside that become children; their jobs not yet on site end."""

    ticket_ids: TicketIds


class SplitTickets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Children that become matters of their own, each with its own job."""

    ticket_ids: TicketIds
    reason: Words


class AnswerChild(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a customer said on the telephone: is it back?"""

    ticket_id: UUID
    is_back: bool
    words: Words | None = None


class ReportInside(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault taken by staff with triage; `insist` sends somebody although an outage is known."""

    fault: ReportFault
    insist: bool = False


class RowOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one ticket of a bulk action; `words` says why nothing did."""

    ticket_id: UUID
    done: bool
    words: str | None = None


class RowOutcomes(msgspec.Struct, frozen=True, kw_only=True):
    items: list[RowOutcome]


class KnownOutage(msgspec.Struct, frozen=True, kw_only=True):
    """An outage as a customer is told of it. `etr` is null when it is unknown or has passed."""

    id: UUID
    number: str
    kind: OutageKind
    state: OutageState
    starts_at: datetime
    etr: datetime | None
    cause: str | None
    public_words: str | None


class KnownOutages(msgspec.Struct, frozen=True, kw_only=True):
    """What is known at a place now; empty when nothing is."""

    items: list[KnownOutage]


class TriageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a report became: a child of an outage (nobody is sent), or a matter with its job.

    `known` without `joined`: an outage is known there, and somebody is sent all the same.
    """

    ticket: TicketView
    known: KnownOutage | None
    joined: bool


class DistrictView(msgspec.Struct, frozen=True, kw_only=True):
    """A district with how many active accounts hang on it."""

    district_no: str
    name: str
    grid: str
    grid_name: str
    station: str
    accounts: int


class ChildCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How the children stand."""

    joined: int = 0
    asked: int = 0
    leaving: int = 0
    back: int = 0
    no_answer: int = 0
    split: int = 0
    withdrawn: int = 0

    @property
    def waiting(self) -> int:
        return self.joined + self.asked + self.leaving


class OutageLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list."""

    id: UUID
    number: str
    kind: OutageKind
    state: OutageState
    feeder: str | None
    cause: str | None
    starts_at: datetime
    etr: datetime | None
    restored_at: datetime | None
    districts: int
    accounts: int
    children: int
    waiting: int
    short_notice: bool


class OutageStepView(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the history; `etr_before` and `etr_after` where the time was changed."""

    event: OutageEvent
    from_state: OutageState | None
    to_state: OutageState
    actor: str
    actor_name: str | None
    at: datetime
    reason: str | None
    etr_before: datetime | None = None
    etr_after: datetime | None = None
    etr_source: EtrSource | None = None


class OutageJobView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    number: str
    state: WorkOrderState
    assignee: str | None


class TellingView(msgspec.Struct, frozen=True, kw_only=True):
    """A round of telling followers: how many were told, and whether it is over."""

    topic: str
    started_at: datetime
    told: int
    finished_at: datetime | None


class OutageView(msgspec.Struct, frozen=True, kw_only=True):
    """One outage with its scope, its children in numbers, its jobs and its history."""

    id: UUID
    number: str
    kind: OutageKind
    state: OutageState
    feeder: str | None
    cause: str | None
    public_words: str | None
    starts_at: datetime
    etr: datetime | None
    etr_source: EtrSource | None
    announced_at: datetime
    confirmed_at: datetime | None
    restored_at: datetime | None
    ended_at: datetime | None
    late_reason: str | None
    version: int
    accounts: int
    districts: list[DistrictView]
    children: ChildCounts
    jobs: list[OutageJobView]
    tellings: list[TellingView]
    allowed: list[OutageEvent]
    history: list[OutageStepView] = []


class AffectedCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many accounts the outage reaches, and how many of them need to be looked after first."""

    accounts: int
    first: int
    followers: int
    children: int


class AffectedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account inside; `first`: important, medical or in need of special care."""

    account_no: str
    name: str
    phone: str | None
    address: str
    district_no: str
    grid: str
    tags: list[CustomerTagWord]
    first: bool
    follows: bool
    place: Place


class ChildView(msgspec.Struct, frozen=True, kw_only=True):
    """A child ticket. `channel`: without WeChat somebody has to call to ask."""

    ticket_id: UUID
    number: str
    account_no: str | None
    customer_name: str | None
    phone: str | None
    address: str | None
    channel: Channel
    in_wechat: bool
    ticket_state: TicketState
    state: ChildState
    joined_how: JoinedBy
    joined_at: datetime
    asked_at: datetime | None
    answer_due_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    work_order_id: UUID | None
    work_order_number: str | None


class OfferView(msgspec.Struct, frozen=True, kw_only=True):
    """An open fault from inside that is no child yet; `on_site`: somebody is there, let it be."""

    ticket_id: UUID
    number: str
    account_no: str | None
    customer_name: str | None
    address: str | None
    description: str
    reported_at: datetime
    danger: bool
    work_order_id: UUID | None
    work_order_state: WorkOrderState | None
    on_site: bool


class OutageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which outages to list: `status` is a state or `open`."""

    status: str | None = None
    kind: str | None = None
    cursor: str | None = None
    limit: int = 50


class OutageChanged(Event, frozen=True, kw_only=True):
    """A step of an outage was taken; pages read again."""

    outage_id: UUID
    version: int
    event: OutageEvent
    state: OutageState


class OutageChildJoined(Event, frozen=True, kw_only=True):
    """A ticket became a child by a dispatcher's tap; who told it is told what is known."""

    outage_id: UUID
    ticket_id: UUID
    membership_id: UUID


class OutageChildAsked(Event, frozen=True, kw_only=True):
    """Supply is back, says the grid; the child is asked whether that is true."""

    outage_id: UUID
    ticket_id: UUID
    membership_id: UUID

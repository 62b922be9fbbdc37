"""The words of clocks: what is promised, in which hours it counts, and how a promise stands."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.kit.outbox import Event


class Target(StrEnum):
    """What a clock runs towards."""

    ACCEPT = "accept"
    ARRIVE = "arrive"
    RESTORE = "restore"
    COMPLETE = "complete"
    FIRST_CONTACT = "first_contact"
    ANSWER = "answer"
    CALLBACK = "callback"


class Hours(StrEnum):
    """When a clock counts: round the clock, on whole working days, or in office hours."""

    ALWAYS = "always"
    WORKDAYS = "workdays"
    OFFICE = "office"


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


class Subject(StrEnum):
    """Whose clock it is."""

    TICKET = "ticket"
    WORK_ORDER = "work_order"
    HANDOVER = "handover"


class PauseReason(StrEnum):
    """Why a clock stands still; which of them need somebody outside the station is a table."""

    CUSTOMER_ABSENT = "customer_absent"
    CUSTOMER_ASKED = "customer_asked"
    SITE_BLOCKED = "site_blocked"
    WEATHER = "weather"
    WAITING_MATERIAL = "waiting_material"
    UPSTREAM_OUTAGE = "upstream_outage"
    GOVERNMENT = "government"


class PauseState(StrEnum):
    """A requested pause stops nothing; approved, it holds from when it was asked for."""

    REQUESTED = "requested"
    RUNNING = "running"
    ENDED = "ended"
    REFUSED = "refused"


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit as frozen at intake: seconds counted in `hours`, with where it comes from.

    `warn_percent` of the limit used up makes a near-breach; null: nobody is warned.
    """

    target: Target
    limit_s: int
    hours: Hours
    warn_percent: int | None
    source: str


class Pause(NamedTuple):
    """A stretch that does not count for some targets; an open one ends with its time box."""

    from_at: datetime
    until_at: datetime
    targets: frozenset[Target] = frozenset(Target)


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """One clock: when it is due, when it was stopped, and how it stands at the time asked.

    `warn_at`: from then on it is near its limit. `limit_s` counts in `hours`.
    """

    target: Target
    due_at: datetime
    stopped_at: datetime | None
    state: ClockState
    warn_at: datetime | None = None
    limit_s: int | None = None
    hours: Hours = Hours.ALWAYS
    source: str | None = None


class PauseView(msgspec.Struct, frozen=True, kw_only=True):
    """One pause of a matter, asked for by one person and where needed approved by another."""

    id: UUID
    subject: Subject
    subject_id: UUID
    reason: PauseReason
    words: str
    state: PauseState
    from_at: datetime
    box_until: datetime
    ended_at: datetime | None
    requested_by: str
    requested_at: datetime
    approved_by: str | None
    decided_at: datetime | None = None
    decision: str | None = None
    targets: list[Target] = []
    needs_outside: bool = False


#: What people type about a pause: bounded, without control characters.
PauseWords = Annotated[
    str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")
]


class RequestPause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let the clocks of a matter stand still, for a coded reason and no longer than `until`."""

    reason: PauseReason
    words: PauseWords
    until: Annotated[datetime, Meta(tz=True)]


class DecidePause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Approve, refuse or end a pause; a refusal says why."""

    words: PauseWords | None = None


class ClockNearBreach(Event, frozen=True, kw_only=True):
    """A clock used up the share of its limit that its policy warns at."""

    clock_id: UUID
    subject: Subject
    subject_id: UUID
    target: Target
    due_at: datetime


class ClockBreached(Event, frozen=True, kw_only=True):
    """A limit has passed without what it was for; said once per clock."""

    clock_id: UUID
    subject: Subject
    subject_id: UUID
    target: Target
    due_at: datetime


class DueTimesMoved(Event, frozen=True, kw_only=True):
    """The calendar changed and clocks were reckoned anew; who keeps a copy of a due time reads."""

    subject: Subject
    subject_ids: list[UUID]

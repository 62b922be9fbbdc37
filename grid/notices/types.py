"""Words, commands, views and events of promises."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from grid.kit.outbox import Event


class PromiseWhat(StrEnum):
    """What is promised for a time: somebody comes, supply is back, an answer is given."""

    ARRIVE = "arrive"
    RESTORE = "restore"
    ANSWER = "answer"


class PromiseSource(StrEnum):
    """Where the time comes from."""

    CLOCK_LIMIT = "clock_limit"
    DISPATCHER = "dispatcher"
    CREW = "crew"
    OUTAGE = "outage"


class PromiseSubject(StrEnum):
    """What the promise is about."""

    TICKET = "ticket"
    WORK_ORDER = "work_order"
    OUTAGE = "outage"


class ToldBy(StrEnum):
    """How the customer hears of it."""

    WECHAT = "wechat"
    PHONE = "phone"
    COUNTER = "counter"
    STAFF = "staff"


class Change(StrEnum):
    """What a new time means beside what the customer was told before."""

    FIRST = "first"
    SAME = "same"
    MATERIAL = "material"
    SMALL = "small"


class NewPromise(NamedTuple):
    """A time that is about to be told. To a ticket's reporter, or (no ticket) to an openid.

    `is_told`: the caller says it in the same breath, so nothing is to be sent. `can_be_sent`:
    somebody will hear of a change by a message; else a change stays an estimate.
    """

    what: PromiseWhat
    subject: PromiseSubject
    subject_id: UUID
    source: PromiseSource
    promised_at: datetime
    channel: ToldBy
    ticket_id: UUID | None = None
    account_id: UUID | None = None
    openid: str | None = None
    is_told: bool = False

    @property
    def whom(self) -> str:
        """Who holds the promise: the ticket's reporter, else the person in WeChat."""
        return f"openid:{self.openid}" if self.ticket_id is None else f"ticket:{self.ticket_id}"

    @property
    def can_be_sent(self) -> bool:
        return self.is_told or self.openid is not None


class Given(NamedTuple):
    """What became of a new time; `promised_at` is what the customer now counts on."""

    change: Change
    promise_id: UUID
    promised_at: datetime


class PromiseView(msgspec.Struct, frozen=True, kw_only=True):
    """One time that was told, or (`is_estimate`) only known.

    `kept` is null until it is known; `replaced_by` names the promise that was told instead.
    """

    id: UUID
    what: PromiseWhat
    subject: PromiseSubject
    subject_id: UUID
    source: PromiseSource
    channel: ToldBy
    promised_at: datetime
    made_at: datetime
    told_at: datetime | None
    is_estimate: bool
    replaced_by: UUID | None
    withdrawn_at: datetime | None
    kept: bool | None
    kept_at: datetime | None


class PromiseToTell(NamedTuple):
    """What a door needs to tell somebody of a promise; `stands`: nothing has overtaken it."""

    id: UUID
    what: PromiseWhat
    subject: PromiseSubject
    subject_id: UUID
    source: PromiseSource
    promised_at: datetime
    ticket_id: UUID | None
    openid: str | None
    told_at: datetime | None
    stands: bool


class PromiseMade(Event, frozen=True, kw_only=True):
    """Times were promised for the first time and are to be told (at most 200 in one event)."""

    promise_ids: list[UUID]


class PromiseChanged(Event, frozen=True, kw_only=True):
    """Promised times changed so much that the customers are to be told again."""

    promise_ids: list[UUID]


class PromiseWithdrawn(Event, frozen=True, kw_only=True):
    """What was promised will not take place: a planned outage was cancelled."""

    promise_ids: list[UUID]

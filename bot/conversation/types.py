"""What the engine is told, what it remembers and what it wants done: plain data, no I/O.

One customer message makes one or more turns: the engine may ask for a command (bind, report …);
whoever runs it (`bot/effects.py`) hands the result back as an `Outcome`, which makes the next turn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from grid.geography.types import RawPlace

# --- what the engine is told ---------------------------------------------------------------------


class Said(msgspec.Struct, frozen=True):
    """Words, as typed."""

    text: str


class Picked(msgspec.Struct, frozen=True):
    """A tap on an answer of a message menu: its id and its words."""

    choice: str
    text: str


class Located(msgspec.Struct, frozen=True):
    """A place picked on the platform's map, still in the map's datum."""

    place: RawPlace
    label: str = ""


class Tapped(msgspec.Struct, frozen=True):
    """A tap on the account's menu."""

    key: str


class SentMedia(msgspec.Struct, frozen=True):
    """A picture, voice, video or link, which the bot cannot read."""

    kind: str


class Followed(msgspec.Struct, frozen=True):
    """Somebody follows the account, or a follower scanned its code."""


class Left(msgspec.Struct, frozen=True):
    """Somebody unfollowed: nothing can be said any more."""


class AccountChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A bound account as the customer may see it."""

    account_no: str
    address: str


class TicketLine(msgspec.Struct, frozen=True, kw_only=True):
    """One of the customer's tickets, in facts."""

    number: str
    state: str
    reported_at: datetime
    who: str | None = None
    who_phone: str | None = None
    answer: str | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to call: name, phone, and the grid they serve."""

    name: str
    phone: str
    grid_name: str


class OutageNote(msgspec.Struct, frozen=True, kw_only=True):
    """A known outage at the place; `joined`: nobody is sent for this report alone."""

    kind: str
    cause: str | None
    etr: datetime | None
    joined: bool


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command: a code (a refusal's, or the service's word) and its facts."""

    code: str
    accounts: tuple[AccountChoice, ...] = ()
    tickets: tuple[TicketLine, ...] = ()
    person: Person | None = None
    number: str | None = None
    outage: OutageNote | None = None
    count: int = 0


Input = Said | Picked | Located | Tapped | SentMedia | Followed | Left
Event = Input | Outcome

# --- what the engine wants done ------------------------------------------------------------------


class Reply(msgspec.Struct, frozen=True):
    """Words for the customer."""

    text: str


class FindAccounts(msgspec.Struct, frozen=True):
    """Which accounts is this customer bound to? -> `found` with accounts."""


class BindAccount(msgspec.Struct, frozen=True, kw_only=True):
    """-> `bound`, or the code of a refusal."""

    account_no: str
    name: str
    meter_no: str


class UnbindAccount(msgspec.Struct, frozen=True):
    """-> `unbound`, or the code of a refusal."""

    account_no: str


class FindGridManager(msgspec.Struct, frozen=True):
    """Who serves the default account's grid? -> `found` with `person`, or without when unknown."""


class FileFault(msgspec.Struct, frozen=True, kw_only=True):
    """-> `reported` with the ticket's number, or the code of a refusal."""

    description: str
    account_no: str | None = None
    phone: str | None = None
    address: str | None = None
    place: RawPlace | None = None


class PageDispatcher(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody may be hurt. -> `paged` with a number, `already_paged`, or else it failed."""

    description: str
    address: str | None = None
    place: RawPlace | None = None


class FindTickets(msgspec.Struct, frozen=True):
    """-> `found` with tickets, newest first."""


class RateLatest(msgspec.Struct, frozen=True):
    """Rate the newest ticket that waits for it. -> `rated` or `nothing_to_rate`."""

    stars: int


class SayRatingWords(msgspec.Struct, frozen=True, kw_only=True):
    """Free words after few stars for a ticket of this number. -> `said`, or a refusal's code."""

    number: str
    text: str


class FileMatter(msgspec.Struct, frozen=True, kw_only=True):
    """A matter that is no fault. -> `taken` with the ticket's number, or the code of a refusal.

    `who`: whom a complaint is about, where the customer knows no name (`matters.WHO`).
    """

    kind: str
    description: str
    complaint_class: str | None = None
    subject: str | None = None
    who: str | None = None
    anonymous: bool = False
    phone: str | None = None
    account_no: str | None = None


class UrgeLatest(msgspec.Struct, frozen=True):
    """Urge the newest open ticket. -> `urged` with it and the count, or `nothing_to_urge`."""


class ConfirmRestored(msgspec.Struct, frozen=True):
    """Is the power back at the newest repaired ticket? -> `confirmed` or `nothing_to_confirm`.

    Without one, but with a report that waits inside a restored outage -> `outage_answered`.
    """

    is_back: bool


class AnswerOutage(msgspec.Struct, frozen=True):
    """Is the power back after the outage? -> `outage_answered` or `nothing_to_confirm`."""

    is_back: bool


Command = (
    FindAccounts
    | BindAccount
    | UnbindAccount
    | FindGridManager
    | FileFault
    | PageDispatcher
    | FindTickets
    | RateLatest
    | SayRatingWords
    | FileMatter
    | UrgeLatest
    | ConfirmRestored
    | AnswerOutage
)
Effect = Reply | Command

# --- what the engine remembers -------------------------------------------------------------------


class Suspended(msgspec.Struct, frozen=True, kw_only=True):
    """A flow that another one interrupted; there is at most one."""

    flow: str
    flow_version: int
    step: str
    slots: dict[str, Any]
    deadline: datetime


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """Where one customer's talk stands. `flow` None is idle; `deadline` is None only then."""

    flow: str | None = None
    flow_version: int = 0
    step: str | None = None
    slots: dict[str, Any] = {}
    misses: int = 0
    deadline: datetime | None = None
    suspended: Suspended | None = None


class Turn(msgspec.Struct, frozen=True):
    """The new state and what to do: replies in order, then at most one command."""

    state: Conversation
    effects: tuple[Effect, ...]

    @property
    def replies(self) -> tuple[str, ...]:
        return tuple(effect.text for effect in self.effects if isinstance(effect, Reply))

    @property
    def command(self) -> Command | None:
        last = self.effects[-1] if self.effects else None
        return None if isinstance(last, Reply) else last


# --- what a flow says ----------------------------------------------------------------------------

S = TypeVar("S", bound=msgspec.Struct)


class Go(msgspec.Struct, frozen=True):
    """Say something, keep the slots, and ask the question of a step."""

    step: str
    slots: msgspec.Struct
    say: tuple[str, ...] = ()


class Miss(msgspec.Struct, frozen=True):
    """The answer does not fit; say why and ask again. Three in a row end in the menu."""

    say: str


class Run(msgspec.Struct, frozen=True):
    """Run a command; its outcome comes back to the flow."""

    command: Command
    slots: msgspec.Struct
    say: tuple[str, ...] = ()


class Finish(msgspec.Struct, frozen=True):
    """The flow is over; `then` names the flow that follows, with its first slots."""

    say: tuple[str, ...]
    then: str | None = None
    then_slots: dict[str, Any] = {}


Move = Go | Miss | Run | Finish

#: The step of a flow whose command is running; it is never stored.
RUNNING = "running"


@dataclass(frozen=True)
class Step(Generic[S]):
    """One question: its words, what to do with an answer, and where 返回 leads (None: out)."""

    ask: Callable[[S], str]
    take: Callable[[S, Said | Picked | Located], Move]
    back: str | None = None


@dataclass(frozen=True)
class Flow(Generic[S]):
    """One conversation: its name and version, its slots, and pure functions for each step.

    `restart` is where a talk goes on whose stored step this version does not know: with all the
    slots that could be kept, at a step that lets the customer confirm them.
    """

    name: str
    version: int
    title: str
    slots: type[S]
    start: Callable[[S], Move]
    restart: Callable[[S], Move]
    steps: Mapping[str, Step[S]]
    outcome: Callable[[S, Outcome], Move]

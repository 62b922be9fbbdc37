"""What goes in and out of the province's simulator."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.partners.types import Feedback, ProvinceOrder


class SimulatorConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shared key (`kid:secret`), and where Wangge takes orders."""

    key: Annotated[str, Meta(max_length=600)]
    orders_url: Annotated[str, Meta(max_length=1024)]


class Mood(StrEnum):
    """How the province takes feedback.

    `acknowledge` says at once that it has it. `receive` takes it and acknowledges when told to.
    `refuse` never takes it. `hang` takes it and never answers. `away` answers 503. `forget` takes
    it, acknowledges nothing and keeps nothing.
    """

    ACKNOWLEDGE = "acknowledge"
    RECEIVE = "receive"
    REFUSE = "refuse"
    HANG = "hang"
    AWAY = "away"
    FORGET = "forget"


class SetMood(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How feedback is taken from now on."""

    mood: Mood


class SendOrders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Orders to send to Wangge: each `copies` times, in a shuffled order with `shuffle`, after a
    while with `after_s`; with `stale_s` as if they had been signed so long ago."""

    orders: Annotated[list[ProvinceOrder], Meta(min_length=1, max_length=500)]
    copies: Annotated[int, Meta(ge=1, le=10)] = 1
    shuffle: int | None = None
    after_s: Annotated[float, Meta(ge=0, le=60)] = 0
    stale_s: Annotated[int, Meta(ge=0, le=100_000)] = 0


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What Wangge answered to one order."""

    number: str
    status: int
    answer: Any


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A message that the province has, how often it came, and whether it was acknowledged."""

    feedback: Feedback
    times: int
    acknowledged: bool


class AcknowledgeKept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Acknowledge these messages, or all that wait; with `refuse_because` refuse them."""

    message_ids: list[UUID] | None = None
    refuse_because: Annotated[str, Meta(max_length=200)] | None = None
    copies: Annotated[int, Meta(ge=1, le=10)] = 1

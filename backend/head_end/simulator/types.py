"""What goes in and out of the head-end simulator."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

MeterNo = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z-]+$")]
Word = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[!-~]+$")]


class SimulatorConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may send commands, where results go, and which meters there are."""

    commands_key: Annotated[str, Meta(min_length=16, max_length=512)]
    results_url: Annotated[str, Meta(max_length=1024)] | None = None
    results_key: Annotated[str, Meta(min_length=16, max_length=512)] | None = None
    meters: Annotated[tuple[MeterNo, ...], Meta(max_length=200_000)] = ()


class Relay(StrEnum):
    """The switch inside a meter: open is without power."""

    OPEN = "open"
    CLOSED = "closed"


class Answer(StrEnum):
    """How a meter behaves when it is commanded.

    `ok` obeys and says so. `lie` says it obeyed and did nothing. `silent` swallows the command.
    `late` obeys and says so after `LATE_S`. `twice` obeys and says so twice.
    """

    OK = "ok"
    LIE = "lie"
    SILENT = "silent"
    LATE = "late"
    TWICE = "twice"


class CommandKind(StrEnum):
    """What a meter can be told (`ControlCommand` in the glossary)."""

    TRIP = "trip"
    CLOSE_PERMIT = "close_permit"
    CLOSE_DIRECT = "close_direct"
    HOLD = "hold"
    RELEASE_HOLD = "release_hold"


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One command from Wangge. The result must carry the nonce, or it proves nothing."""

    command_id: Word
    nonce: Word
    meter_no: MeterNo
    kind: CommandKind
    expires_at: Annotated[datetime, Meta(tz=True)]


class Outcome(StrEnum):
    """What became of a command."""

    ACCEPTED = "accepted"
    EXECUTED = "executed"
    FAILED = "failed"
    EXPIRED = "expired"


class CommandResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the head-end tells Wangge about a command, in the shape of the inbound door."""

    command_id: str
    nonce: str
    outcome: Outcome
    relay: Relay | None
    voltage_v: float | None
    occurred_at: datetime


class MeterView(msgspec.Struct, frozen=True, kw_only=True):
    """A read-back: the relay and voltage in volts, both null when the meter is not reached."""

    meter_no: str
    online: bool
    relay: Relay | None
    voltage_v: float | None
    read_at: datetime


class ControlMeter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a tester sets on a meter; what is left out stays as it is."""

    relay: Relay | None = None
    online: bool | None = None
    answer: Answer | None = None


class ControlView(msgspec.Struct, frozen=True, kw_only=True):
    """A meter as it really is, whatever it would say."""

    meter_no: str
    relay: Relay
    online: bool
    answer: Answer
    held: bool
    close_permitted: bool
    commands_seen: int

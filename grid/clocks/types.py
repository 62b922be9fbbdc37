"""The words of clocks: what is promised, and how a promise stands."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Target(StrEnum):
    """What a clock runs towards."""

    ACCEPT = "accept"
    ARRIVE = "arrive"
    RESTORE = "restore"


class ClockState(StrEnum):
    RUNNING = "running"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """One clock: when it is due, when it was stopped, and how it stands at the time asked."""

    target: Target
    due_at: datetime
    stopped_at: datetime | None
    state: ClockState

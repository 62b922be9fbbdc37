"""What goes in and out of positions. WGS-84, metres, metres per second."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class Fix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fix of a phone; `recorded_at` is the phone's own time."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, Meta(ge=0, le=100_000)]
    recorded_at: Annotated[datetime, Meta(tz=True)]
    speed_mps: Annotated[float, Meta(ge=0, le=200)] | None = None


class ReportPositions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch of fixes, at most 500."""

    fixes: Annotated[list[Fix], Meta(min_length=1, max_length=500)]


class PositionsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """How many fixes were new and stored, and why the rest were not."""

    stored: int
    duplicate: int
    refused: int
    reason: str | None = None

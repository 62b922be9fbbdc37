"""Pauses, priorities and corrections of recorded times: what goes in and comes out."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.clocks.types import ClockView, PauseView
from grid.territory.types import ChangeState
from grid.work_orders.types import Words
from grid.work_orders.words import Priority

Moment = Annotated[datetime, Meta(tz=True)]


class CorrectedField(StrEnum):
    """The recorded moment that is wrong: of the job, or of one of its pauses."""

    ACCEPTED_AT = "accepted_at"
    DEPARTED_AT = "departed_at"
    ARRIVED_AT = "arrived_at"
    RESTORED_AT = "restored_at"
    COMPLETED_AT = "completed_at"
    PAUSE_FROM = "pause_from"
    PAUSE_UNTIL = "pause_until"


OF_PAUSE = (CorrectedField.PAUSE_FROM, CorrectedField.PAUSE_UNTIL)


class ProposeCorrection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put one recorded moment right, with the reason; `pause_id` names the pause it is of.

    The moment that stands already may be proposed for a disputed arrival: it confirms the arrival.
    """

    field: CorrectedField
    new_at: Moment
    reason: Words
    pause_id: UUID | None = None


class DecideCorrection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Approve or refuse; a refusal says why."""

    words: Words | None = None


class ClockLine(msgspec.Struct, frozen=True, kw_only=True):
    """One clock at a moment: how it stands, when it began and since when it is breached."""

    clock: ClockView
    started_at: datetime | None
    given_up_at: datetime | None
    breached_at: datetime | None
    round: int


class CorrectionView(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal with every clock before and after; both stay, whatever is decided."""

    id: UUID
    work_order_id: UUID
    number: str
    field: CorrectedField
    pause_id: UUID | None
    old_at: datetime
    new_at: datetime
    reason: str
    state: ChangeState
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None
    before: list[ClockLine]
    after: list[ClockLine]


class OpenPauseView(msgspec.Struct, frozen=True, kw_only=True):
    """A pause that waits for a decision, with the matter that it is of."""

    pause: PauseView
    number: str
    kind: str
    station: str | None
    grid: str | None
    asked_by: str | None


class ChangePriority(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another priority for a job that is not over, with the reason."""

    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    priority: Priority
    reason: Words

"""Changes to people and rights: what one person asks for, another decides, and what comes out."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.territory.types import (
    Appoint,
    ChangeKind,
    ChangeState,
    EmployeeNo,
    GridRole,
    NewStaff,
    StaffRole,
)

Code = Annotated[str, Meta(min_length=1, max_length=20, pattern=r"^[^\x00-\x1f\x7f]+$")]


class EndAppointment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `until_day` on somebody no longer holds `role` in the grid."""

    grid_code: Code
    employee_no: EmployeeNo
    role: GridRole
    until_day: date


class GrantRole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `from_day` on somebody holds a post, in a station or (no code) in the whole county."""

    employee_no: EmployeeNo
    role: StaffRole
    station_code: Code | None = None
    from_day: date


class EndRole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `until_day` on somebody no longer holds a post of a station or of the county."""

    employee_no: EmployeeNo
    role: StaffRole
    station_code: Code | None = None
    until_day: date


class ResetPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new first password, and a new second factor where there was one; all sessions end."""

    employee_no: EmployeeNo


Change = NewStaff | Appoint | EndAppointment | GrantRole | EndRole | ResetPassword

KINDS: dict[type[Change], ChangeKind] = {
    NewStaff: ChangeKind.CREATE_STAFF,
    Appoint: ChangeKind.APPOINT,
    EndAppointment: ChangeKind.END_APPOINTMENT,
    GrantRole: ChangeKind.GRANT_ROLE,
    EndRole: ChangeKind.END_ROLE,
    ResetPassword: ChangeKind.RESET_PASSWORD,
}
_TYPES = {kind: change for change, kind in KINDS.items()}


def change_of(kind: str, body: str) -> Change:
    """A stored change. Raises msgspec.ValidationError for a body of another version."""
    change: Change = msgspec.json.decode(body, type=_TYPES[ChangeKind(kind)])
    return change


class DecideStaffChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second person's word on a proposed change; the proposer may only take it back."""

    change_id: UUID
    approve: bool


class ChangePassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's own new password."""

    old: Annotated[str, Meta(min_length=1, max_length=128)]
    new: Annotated[str, Meta(min_length=10, max_length=128)]


class StaffChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A change that waits for, or has had, its second person."""

    id: UUID
    kind: ChangeKind
    body: msgspec.Raw
    state: ChangeState
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a person needs to sign in; shown once to who approved, stored nowhere in clear.

    `password` is null when only a second factor was issued; `totp_uri` is what a QR code holds.
    """

    employee_no: str
    password: str | None
    totp_secret: str | None
    totp_uri: str | None


class DecidedChange(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a decision."""

    id: UUID
    state: ChangeState
    credentials: Credentials | None = None


class DisabledStaff(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was disabled; grids named here need another manager or supervisor now."""

    employee_no: str
    sessions_ended: int
    grids_left_open: list[str]

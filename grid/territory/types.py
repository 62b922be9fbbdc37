"""What goes in and out of the territory: roles, actors, commands, views."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.geography.types import PlaceClass as PlaceClass
from grid.kit.outbox import Event

#: One line of text without control characters, as people type it.
Line = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
EmployeeNo = Annotated[str, Meta(min_length=2, max_length=20, pattern=r"^[A-Za-z0-9_-]+$")]


class GridRole(StrEnum):
    MANAGER = "manager"
    ASSISTANT = "assistant"
    SUPERVISOR = "supervisor"


class StaffRole(StrEnum):
    DISPATCHER = "dispatcher"
    BACK_OFFICE = "back_office"
    FINANCE = "finance"
    STATION_HEAD = "station_head"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    CREW = "crew"


class Skill(StrEnum):
    LOW_VOLTAGE = "low_voltage"
    CLIMBING = "climbing"
    FAULT_REPAIR = "fault_repair"
    METERING = "metering"
    LIVE_LINE = "live_line"


class StaffState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class Audience(StrEnum):
    PHONE = "phone"
    CONSOLE = "console"


class ChangeKind(StrEnum):
    CREATE_STAFF = "create_staff"
    APPOINT = "appoint"
    END_APPOINTMENT = "end_appointment"
    GRANT_ROLE = "grant_role"
    END_ROLE = "end_role"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a change, not a password


class ChangeState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


class HeldRole(msgspec.Struct, frozen=True, kw_only=True):
    """A post in force today; `station_id` null means the whole county."""

    role: StaffRole
    station_id: UUID | None = None


class HeldGridRole(msgspec.Struct, frozen=True, kw_only=True):
    """A grid role in force today."""

    role: GridRole
    grid_id: UUID
    station_id: UUID


class StaffActor(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in member of staff with the rights in force today."""

    staff_id: UUID
    employee_no: str
    name: str
    station_id: UUID | None
    session_id: UUID
    audience: Audience
    second_factor: bool
    roles: tuple[HeldRole, ...] = ()
    grid_roles: tuple[HeldGridRole, ...] = ()
    must_change_password: bool = False

    @property
    def subject(self) -> str:
        return f"staff:{self.employee_no}"


class CustomerActor(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in WeChat, known by openid only."""

    openid: str

    @property
    def subject(self) -> str:
        return f"openid:{self.openid}"


class SystemActor(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule or a reaction, named for what it does."""

    name: str

    @property
    def subject(self) -> str:
        return f"system:{self.name}"


Actor = StaffActor | CustomerActor | SystemActor


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Employee number and password; `code` is the six-digit second factor where a role needs it."""

    employee_no: EmployeeNo
    password: Annotated[str, Meta(min_length=1, max_length=128)]
    device_id: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
    code: Annotated[str, Meta(pattern=r"^[0-9]{6}$")] | None = None


class StaffView(msgspec.Struct, frozen=True, kw_only=True):
    """A colleague as everybody in the company may see them."""

    id: UUID
    employee_no: str
    name: str
    phone: str
    station: str | None
    roles: list[str]
    grids: list[str]
    on_shift: bool


class MeView(msgspec.Struct, frozen=True, kw_only=True):
    """Who I am and what my roles allow."""

    staff: StaffView
    second_factor: bool
    must_change_password: bool
    roles: list[HeldRole]
    grid_roles: list[HeldGridRole]
    permissions: list[str]


class GridRoleView(msgspec.Struct, frozen=True, kw_only=True):
    role: GridRole
    staff_id: UUID
    employee_no: str
    name: str
    phone: str


class GridView(msgspec.Struct, frozen=True, kw_only=True):
    """A grid with its people of today."""

    id: UUID
    code: str
    name: str
    station: str
    villages: list[str]
    people: list[GridRoleView]


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in in the device list."""

    id: UUID
    audience: Audience
    device_id: str
    device_name: str | None
    created_at: datetime
    last_used_at: datetime
    current: bool


class NewStaff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person to be added; the first password is made by the system and shown once."""

    employee_no: EmployeeNo
    name: Line
    phone: Annotated[str, Meta(pattern=r"^[0-9+ -]{5,20}$")]
    station_code: Annotated[str, Meta(max_length=20)] | None = None
    roles: list[StaffRole] = []


class Appoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `from_day` on somebody holds `role` in the grid; a manager replaces the last one."""

    grid_code: Annotated[str, Meta(max_length=20)]
    employee_no: EmployeeNo
    role: GridRole
    from_day: date


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A session and the token that renews it; the token is shown once and stored as a digest."""

    session_id: UUID
    actor: StaffActor
    refresh_token: str


class StaffDisabled(Event, frozen=True, kw_only=True):
    """Somebody may not work with the system any more; all sessions ended in the same moment."""

    staff_id: UUID


class SessionEnded(Event, frozen=True, kw_only=True):
    """A sign-in is over: signed out, replaced, withdrawn, or its token came back used."""

    session_id: UUID
    staff_id: UUID

"""What is stored of the county, its grids and its people."""

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grid.kit.columns import (
    big,
    blob,
    day,
    json,
    key,
    moment,
    one_of,
    real,
    small,
    text,
    to,
    whole,
    yes_no,
)
from grid.kit.database import DB
from grid.territory.types import (
    Audience,
    ChangeKind,
    ChangeState,
    GridRole,
    PlaceClass,
    Skill,
    StaffRole,
    StaffState,
)


class SupplyStation(Table, db=DB):
    """A power-supply station: one a town."""

    id = key()
    code = text(20, unique=True)
    name = text(60)
    lat = real()
    lon = real()


class ServiceGrid(Table, db=DB):
    """A service grid: whole villages, one manager, an assistant, at least one supervisor.

    `active_from` null: prepared by an import, not yet in service. From its first active day on a
    grid has exactly one manager and at least one supervisor; PostgreSQL checks that at commit (W6).
    """

    id = key()
    code = text(20, unique=True)
    name = text(60)
    station = to(SupplyStation)
    shape = json(null=True)
    active_from = day(null=True)
    active_until = day(null=True)

    service_grid_dates = Check("active_until IS NULL OR active_until > active_from")


class Village(Table, db=DB):
    """A village belongs to exactly one grid (W6)."""

    id = key()
    code = text(20, unique=True)
    name = text(60)
    grid = to(ServiceGrid)
    lat = real()
    lon = real()


class TransformerDistrict(Table, db=DB):
    """台区: the customers behind one public transformer."""

    id = key()
    district_no = text(20, unique=True)
    name = text(80)
    grid = to(ServiceGrid)
    village = to(Village, null=True)
    place_class = text(10)
    lat = real()
    lon = real()

    transformer_district_place_class = one_of("place_class", PlaceClass)


class Staff(Table, db=DB):
    """A person who works for the company; signs in with `employee_no`."""

    id = key()
    employee_no = text(20, unique=True)
    name = text(40)
    phone = text(20)
    station = to(SupplyStation, null=True)
    state = text(10)
    password_hash = text(200)
    must_change_password = yes_no()
    totp_secret = text(64, null=True)
    totp_last_step = big(null=True)
    failed_tries = small()
    locked_until = moment(null=True)
    created_at = moment()
    disabled_at = moment(null=True)

    staff_state = one_of("state", StaffState)


class StaffRoleGrant(Table, db=DB):
    """A post beside the grid roles; `station` null means the whole county."""

    id = key()
    staff = to(Staff)
    role = text(20)
    station = to(SupplyStation, null=True)
    from_day = day()
    until_day = day(null=True)
    granted_by = text(80)
    approved_by = text(80)

    staff_role_grant_role = one_of("role", StaffRole)
    staff_role_grant_dates = Check("until_day IS NULL OR until_day > from_day")


class StaffSkill(Table, db=DB):
    """What somebody may do on site, and until when the certificate holds (inclusive)."""

    id = key()
    staff = to(Staff)
    skill = text(30)
    valid_until = day()

    staff_skill_once = Unique([staff, skill])
    staff_skill_word = one_of("skill", Skill)


class Shift(Table, db=DB):
    """Somebody is on duty from `starts_at` (inclusive) to `ends_at` (exclusive)."""

    id = key()
    staff = to(Staff)
    starts_at = moment()
    ends_at = moment(index=True)

    shift_dates = Check("ends_at > starts_at")


class GridAppointment(Table, db=DB):
    """Who held which of the three roles of a grid, from a day (inclusive) until one (exclusive)."""

    id = key()
    grid = to(ServiceGrid)
    staff = to(Staff)
    role = text(12)
    from_day = day()
    until_day = day(null=True)
    appointed_by = text(80)
    approved_by = text(80)

    grid_appointment_role = one_of("role", GridRole)
    grid_appointment_dates = Check("until_day IS NULL OR until_day > from_day")


class RelativeAccount(Table, db=DB):
    """An account of a relative that somebody declared; others handle it."""

    id = key()
    staff = to(Staff)
    account_no = text(20)
    declared_at = moment()

    relative_account_once = Unique([staff, account_no])


class StaffChange(Table, db=DB):
    """A change to people or rights that one person asked for and another decides."""

    id = key()
    kind = text(20)
    body = json()
    state = text(10)
    proposed_by = text(80)
    proposed_at = moment()
    decided_by = text(80, null=True)
    decided_at = moment(null=True)

    staff_change_kind = one_of("kind", ChangeKind)
    staff_change_state = one_of("state", ChangeState)
    staff_change_two_people = Check(
        "decided_by IS NULL OR decided_by <> proposed_by OR state <> 'approved'"
    )


class SignInSession(Table, db=DB):
    """One sign-in of one person on one device; ended sessions stay for the device list."""

    id = key()
    staff = to(Staff)
    audience = text(10)
    device_id = text(64)
    device_name = text(200, null=True)
    second_factor = yes_no()
    created_at = moment()
    last_used_at = moment()
    expires_at = moment()
    ended_at = moment(null=True)
    end_reason = text(40, null=True)

    sign_in_session_audience = one_of("audience", Audience)


class RefreshToken(Table, db=DB):
    """Every refresh token ever issued, by digest; a used one that comes back ends the session."""

    id = key()
    session = to(SignInSession)
    digest = blob()
    generation = whole()
    issued_at = moment()
    used_at = moment(null=True)

    refresh_token_digest = Unique([digest])


TABLES = (
    SupplyStation,
    ServiceGrid,
    Village,
    TransformerDistrict,
    Staff,
    StaffRoleGrant,
    StaffSkill,
    Shift,
    GridAppointment,
    RelativeAccount,
    StaffChange,
    SignInSession,
    RefreshToken,
)

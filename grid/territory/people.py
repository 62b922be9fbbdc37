"""Creating people and giving rights: one person asks, another decides, and it happens at once.

The first operator is set up alone, in an empty installation. Nobody asks for, or decides, what lies
outside the stations of their own post; posts of the whole county are given by those who hold one;
nobody decides on a change that is for themselves (S1).
"""

from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit import audit
from grid.kit.clock import business_day, business_now, machine_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, insert, transaction
from grid.kit.dated_settings import SamePerson
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.pages import LIMIT_DEFAULT, LIMIT_MAX, Page, decode_cursor, encode_cursor, page_of
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.territory import appointments, passwords, rights
from grid.territory.authority import Action, require, visible
from grid.territory.changes import (
    KINDS,
    Change,
    Credentials,
    DecidedChange,
    DecideStaffChange,
    DisabledStaff,
    EndAppointment,
    EndRole,
    GrantRole,
    ResetPassword,
    StaffChangeView,
    change_of,
)
from grid.territory.sessions import end_sessions_of
from grid.territory.tables import StaffChange
from grid.territory.types import (
    Actor,
    Appoint,
    ChangeKind,
    ChangeState,
    NewStaff,
    StaffActor,
    StaffDisabled,
    StaffRole,
    StaffState,
)

#: Posts over the whole system, whichever station their holder sits in.
_COUNTY_POSTS = frozenset({StaffRole.OPERATOR, StaffRole.AUDITOR})
_BOOTSTRAP = "bootstrap"
#: One number for the advisory lock that keeps two first operators, or two disablings, apart.
_PEOPLE_LOCK = 0x77676F70
#: $4 everything, $5 stations: a change is seen where its post, its grid or its person is.
_CHANGE_REACHED = (
    "($4 OR EXISTS (SELECT 1 FROM supply_station s WHERE s.id = ANY($5::uuid[])"
    " AND (s.code = c.body->>'station_code' OR EXISTS (SELECT 1 FROM service_grid g"
    "  WHERE g.code = c.body->>'grid_code' AND g.station = s.id)"
    " OR c.kind = 'reset_password' AND EXISTS (SELECT 1 FROM staff p"
    "  WHERE p.employee_no = c.body->>'employee_no' AND p.station = s.id))))"
)
_ISSUING = frozenset({ChangeKind.CREATE_STAFF, ChangeKind.RESET_PASSWORD})


class FirstOperatorExists(Refusal):
    """Staff exist: from here on every person and right takes two people."""

    title = "系统里已有职工,新增人员需要两个人办理"


class ChangeAlreadyDecided(Refusal):
    """Somebody decided or took back the change before."""

    title = "这项申请已处理过"


class LastOperator(Refusal):
    """Without an operator nobody could give rights any more."""

    title = "这是最后一名系统运维人员,不能停用"


async def first_operator(command: NewStaff) -> Credentials:
    """Set up the first person, an operator of the whole county; only while there is no staff.

    Raises FirstOperatorExists, Invalid (roles, station_code).
    """
    if set(command.roles) - {StaffRole.OPERATOR} or command.station_code is not None:
        raise Invalid("roles", "第一个账号是全县的系统运维,不能带其他岗位")
    operator = msgspec.structs.replace(command, roles=[StaffRole.OPERATOR])
    first = await _first_password()
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock($1)", _PEOPLE_LOCK)
        if await fetch_value("SELECT EXISTS (SELECT 1 FROM staff)"):
            raise FirstOperatorExists()
        return await rights.create_staff(operator, first, _BOOTSTRAP, _BOOTSTRAP)


async def propose_staff_change(actor: Actor, change: Change) -> StaffChangeView:
    """Ask for a change; nothing happens until another person agrees.

    Raises NotAllowed (outside the actor's reach), NotFound and Invalid for what does not exist.
    """
    async with transaction():
        await _require_reach(actor, Action.PROPOSE_STAFF, change)
        if isinstance(change, NewStaff) and await _is_taken(change.employee_no):
            raise rights.EmployeeNoTaken()
        await _refuse_past(change)
        change_id = new_id()
        kind = KINDS[type(change)]
        await insert(
            StaffChange,
            id=change_id,
            kind=kind.value,
            body=msgspec.json.encode(change).decode(),
            state=ChangeState.PROPOSED.value,
            proposed_by=actor.subject,
            proposed_at=await business_now(),
        )
        await audit.record(
            "territory.change_proposed", f"staff_change:{change_id}", kind=kind.value
        )
        row = await fetch_one("SELECT * FROM staff_change WHERE id = $1", change_id)
    assert row is not None, "it was inserted in this transaction"
    return _view(row)


async def decide_staff_change(actor: StaffActor, command: DecideStaffChange) -> DecidedChange:
    """Agree to a change, which carries it out, or refuse it; the proposer may take it back.

    Raises NotFound, NotAllowed, SamePerson (own request, or for oneself), ChangeAlreadyDecided,
    and whatever the change itself meets (AlreadyHasRole, GridNeedsSupervisor, …).
    """
    kind = await fetch_value("SELECT kind FROM staff_change WHERE id = $1", command.change_id)
    # Hashing takes a core for 30 ms: before the transaction, and only when a password is issued.
    first = await _first_password() if command.approve and kind in _ISSUING else None
    async with transaction():
        row = await fetch_one(
            "SELECT * FROM staff_change WHERE id = $1 FOR UPDATE", command.change_id
        )
        if row is None:
            raise NotFound("没有这项申请")
        change = change_of(row["kind"], row["body"])
        issued = await _decided(actor, row, change, command.approve, first)
        state = ChangeState.APPROVED if command.approve else ChangeState.REFUSED
        await execute(
            "UPDATE staff_change SET state = $2, decided_by = $3, decided_at = $4 WHERE id = $1",
            row["id"],
            state.value,
            actor.subject,
            await business_now(),
        )
        await audit.record("territory.change_decided", f"staff_change:{row['id']}", state=state)
    return DecidedChange(id=row["id"], state=state, credentials=issued)


async def staff_changes(
    actor: Actor,
    state: ChangeState = ChangeState.PROPOSED,
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Page[StaffChangeView]:
    """Changes in a state that the actor's post reaches, the newest first.

    Raises NotAllowed, Invalid (cursor, limit).
    """
    require(actor, Action.DECIDE_STAFF)
    if not 1 <= limit <= LIMIT_MAX:
        raise Invalid("limit", f"每页 1 到 {LIMIT_MAX} 条", limit_max=LIMIT_MAX)
    reach = visible(actor, Action.DECIDE_STAFF)
    before = None if cursor is None else decode_cursor(cursor, tuple[UUID])[0]
    rows = await fetch(
        f"SELECT * FROM staff_change c WHERE state = $1 AND ($2::uuid IS NULL OR id < $2)"  # noqa: S608
        f" AND {_CHANGE_REACHED} ORDER BY id DESC LIMIT $3",
        state.value,
        before,
        limit + 1,
        reach.everything,
        reach.station_ids,
    )
    last = encode_cursor(str(rows[:limit][-1]["id"])) if rows else None
    return page_of([_view(row) for row in rows], limit, last)


async def disable_staff(actor: Actor, employee_no: str, reason: str) -> DisabledStaff:
    """Take somebody out of service at once: all sessions end in this transaction.

    One person may do this alone, because it only takes rights away. `reason` is one of our words
    or a short line without names. Raises NotFound, NotAllowed, SamePerson, LastOperator.
    """
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock($1)", _PEOPLE_LOCK)
        if actor.subject == f"staff:{employee_no}":
            raise SamePerson("不能停用自己的账号")
        stations = await rights.stations_of_person(employee_no)
        _require_stations(actor, Action.DISABLE_STAFF, stations)
        staff_id = await appointments.active_staff_id(employee_no)
        if await rights.is_last_operator(staff_id):
            raise LastOperator()
        await execute(
            "UPDATE staff SET state = $2, disabled_at = $3 WHERE id = $1",
            staff_id,
            StaffState.DISABLED.value,
            machine_now(),
        )
        ended = await end_sessions_of(staff_id, "disabled")
        await say(StaffDisabled(staff_id=staff_id))
        await audit.record("territory.staff_disabled", f"staff:{employee_no}", reason=reason[:100])
        left_open = await rights.grids_left_open_by(staff_id)
    return DisabledStaff(
        employee_no=employee_no,
        sessions_ended=ended,
        grids_left_open=left_open,
    )


async def _first_password() -> rights.FirstPassword:
    password = passwords.new_password()
    return rights.FirstPassword(password, await passwords.hashed(password))


async def _decided(
    actor: StaffActor,
    row: Record,
    change: Change,
    approve: bool,
    first: rights.FirstPassword | None,
) -> Credentials | None:
    """Check who decides, and carry the change out when it is approved."""
    own = row["proposed_by"] == actor.subject
    await _require_reach(
        actor, Action.PROPOSE_STAFF if own and not approve else Action.DECIDE_STAFF, change
    )
    if row["state"] != ChangeState.PROPOSED:
        raise ChangeAlreadyDecided()
    if not approve:
        return None
    if own or change.employee_no == actor.employee_no:
        raise SamePerson()
    asked_by = str(row["proposed_by"])
    match change:
        case NewStaff():
            assert first is not None, "made for this kind before the transaction"
            return await rights.create_staff(change, first, asked_by, actor.subject)
        case ResetPassword():
            assert first is not None, "made for this kind before the transaction"
            return await rights.reset_password(change, first)
        case Appoint():
            await appointments.appoint(change, asked_by, actor.subject)
        case EndAppointment():
            await appointments.end_appointment(change)
        case GrantRole():
            return await rights.grant_role(change, asked_by, actor.subject)
        case EndRole():
            await rights.end_role(change)
    return None


async def _require_reach(actor: Actor, action: Action, change: Change) -> None:
    """Raises NotAllowed when the change touches more than the actor's post reaches."""
    match change:
        case NewStaff():
            stations = {await rights.station_id_of(change.station_code)}
            if _COUNTY_POSTS & set(change.roles):
                stations.add(None)
        case GrantRole() | EndRole():
            await rights.person_named(change.employee_no)
            stations = {await rights.station_id_of(change.station_code)}
            if change.role in _COUNTY_POSTS:
                stations.add(None)
        case ResetPassword():
            # The new password opens every post the person holds, so the actor must reach them all.
            stations = await rights.stations_of_person(change.employee_no)
        case Appoint() | EndAppointment():
            await rights.person_named(change.employee_no)
            stations = {(await appointments.locked_grid(change.grid_code))["station"]}
    _require_stations(actor, action, stations)


def _require_stations(actor: Actor, action: Action, stations: set[UUID | None]) -> None:
    reach = visible(actor, action)
    if not reach.everything and not stations <= set(reach.station_ids):
        raise NotAllowed(action=action.value)


async def _refuse_past(change: Change) -> None:
    today = business_day(await business_now())
    for field in ("from_day", "until_day"):
        if getattr(change, field, today) < today:
            raise Invalid(field, f"不能早于今天({today.isoformat()})")


async def _is_taken(employee_no: str) -> bool:
    return bool(
        await fetch_value("SELECT EXISTS (SELECT 1 FROM staff WHERE employee_no = $1)", employee_no)
    )


def _view(row: Record) -> StaffChangeView:
    return StaffChangeView(
        id=row["id"],
        kind=ChangeKind(row["kind"]),
        body=msgspec.Raw(row["body"].encode()),
        state=ChangeState(row["state"]),
        proposed_by=row["proposed_by"],
        proposed_at=row["proposed_at"],
        decided_by=row["decided_by"],
    )

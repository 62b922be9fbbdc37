"""Who may do what, where: one table of action x role, and one function that asks it.

A grid role reaches its grid. A staff role reaches the station of its grant, or the whole county if
the grant names none. Doors declare only their audience; verbs call `require`. Reads are scoped in
the query with `visible` (grids and stations that the actor reaches).
"""

from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from grid.kit.refusals import NotAllowed, NotFound
from grid.territory.types import Actor, GridRole, StaffActor, StaffRole, SystemActor

_M, _A, _S = GridRole.MANAGER, GridRole.ASSISTANT, GridRole.SUPERVISOR
_DISPATCHER, _BACK_OFFICE = StaffRole.DISPATCHER, StaffRole.BACK_OFFICE
_FINANCE, _HEAD = StaffRole.FINANCE, StaffRole.STATION_HEAD
_AUDITOR, _OPERATOR, _CREW = StaffRole.AUDITOR, StaffRole.OPERATOR, StaffRole.CREW


class Action(StrEnum):
    """Everything that needs a right."""

    SIGN_IN_CONSOLE = "sign_in_console"
    READ_WORK_ORDERS = "read_work_orders"
    OPEN_TICKET = "open_ticket"
    DO_WORK = "do_work"
    ASSIGN_WORK = "assign_work"
    CLOSE_WORK = "close_work"
    REOPEN_WORK = "reopen_work"
    SUPERVISE_WORK = "supervise_work"
    READ_CUSTOMERS = "read_customers"
    READ_PHONES = "read_phones"
    REPORT_POSITION = "report_position"
    READ_POSITIONS = "read_positions"
    PROPOSE_STAFF = "propose_staff"
    DECIDE_STAFF = "decide_staff"
    DISABLE_STAFF = "disable_staff"
    READ_DEAD_LETTERS = "read_dead_letters"
    REPLAY_DEAD_LETTERS = "replay_dead_letters"
    PROPOSE_SETTINGS = "propose_settings"
    RELEASE_SETTINGS = "release_settings"
    READ_AUDIT = "read_audit"
    HANDLE_TICKETS = "handle_tickets"
    CALL_BACK = "call_back"
    READ_SEALED = "read_sealed"
    APPROVE_PAUSE = "approve_pause"
    CORRECT_TIMES = "correct_times"
    PLAN_VISITS = "plan_visits"
    VISIT = "visit"
    VERIFY_VISITS = "verify_visits"
    READ_VISITS = "read_visits"
    MARK_SPECIAL_CARE = "mark_special_care"
    READ_OUTAGES = "read_outages"
    MANAGE_OUTAGES = "manage_outages"
    HAND_OVER_MATTERS = "hand_over_matters"
    READ_INDICATORS = "read_indicators"
    CLOSE_PERIODS = "close_periods"
    PROPOSE_POLICIES = "propose_policies"
    RELEASE_POLICIES = "release_policies"
    ATTACH_EVIDENCE = "attach_evidence"
    READ_EVIDENCE = "read_evidence"
    READ_ORIGINALS = "read_originals"


AnyRole = GridRole | StaffRole

ALLOWED: dict[Action, frozenset[AnyRole]] = {
    Action.SIGN_IN_CONSOLE: frozenset(
        {_DISPATCHER, _BACK_OFFICE, _FINANCE, _HEAD, _AUDITOR, _OPERATOR}
    ),
    Action.READ_WORK_ORDERS: frozenset(
        {_M, _A, _S, _DISPATCHER, _BACK_OFFICE, _HEAD, _AUDITOR, _CREW}
    ),
    Action.OPEN_TICKET: frozenset({_M, _A, _DISPATCHER, _BACK_OFFICE, _HEAD, _CREW}),
    Action.DO_WORK: frozenset({_M, _A, _CREW}),
    Action.ASSIGN_WORK: frozenset({_DISPATCHER, _HEAD}),
    Action.CLOSE_WORK: frozenset({_DISPATCHER, _BACK_OFFICE, _HEAD}),
    Action.REOPEN_WORK: frozenset({_DISPATCHER, _BACK_OFFICE, _HEAD, _S}),
    Action.SUPERVISE_WORK: frozenset({_S, _DISPATCHER, _HEAD, _AUDITOR}),
    Action.READ_CUSTOMERS: frozenset(
        {_M, _A, _S, _DISPATCHER, _BACK_OFFICE, _FINANCE, _HEAD, _AUDITOR, _CREW}
    ),
    Action.READ_PHONES: frozenset({_M, _DISPATCHER, _BACK_OFFICE, _HEAD, _CREW}),
    Action.REPORT_POSITION: frozenset({_M, _A, _S, _CREW}),
    Action.READ_POSITIONS: frozenset({_DISPATCHER, _HEAD}),
    Action.PROPOSE_STAFF: frozenset({_OPERATOR, _HEAD}),
    Action.DECIDE_STAFF: frozenset({_OPERATOR, _HEAD}),
    Action.DISABLE_STAFF: frozenset({_OPERATOR, _HEAD}),
    Action.READ_DEAD_LETTERS: frozenset({_OPERATOR, _DISPATCHER}),
    Action.REPLAY_DEAD_LETTERS: frozenset({_OPERATOR}),
    Action.PROPOSE_SETTINGS: frozenset({_OPERATOR, _BACK_OFFICE, _HEAD}),
    Action.RELEASE_SETTINGS: frozenset({_OPERATOR, _HEAD}),
    Action.READ_AUDIT: frozenset({_AUDITOR}),
    Action.HANDLE_TICKETS: frozenset({_M, _DISPATCHER, _BACK_OFFICE, _HEAD, _AUDITOR}),
    Action.CALL_BACK: frozenset({_S, _DISPATCHER, _BACK_OFFICE, _HEAD, _AUDITOR}),
    Action.READ_SEALED: frozenset({_AUDITOR}),
    Action.APPROVE_PAUSE: frozenset({_DISPATCHER, _AUDITOR}),
    Action.CORRECT_TIMES: frozenset({_DISPATCHER, _BACK_OFFICE, _HEAD, _AUDITOR}),
    Action.PLAN_VISITS: frozenset({_M, _BACK_OFFICE, _HEAD}),
    Action.VISIT: frozenset({_M, _A, _CREW}),
    Action.VERIFY_VISITS: frozenset({_S, _AUDITOR}),
    Action.READ_VISITS: frozenset({_M, _A, _S, _BACK_OFFICE, _HEAD, _AUDITOR, _DISPATCHER}),
    Action.MARK_SPECIAL_CARE: frozenset({_M, _BACK_OFFICE, _HEAD}),
    Action.READ_OUTAGES: frozenset({_M, _A, _S, _DISPATCHER, _BACK_OFFICE, _HEAD, _AUDITOR, _CREW}),
    Action.MANAGE_OUTAGES: frozenset({_DISPATCHER, _HEAD}),
    Action.HAND_OVER_MATTERS: frozenset({_M, _DISPATCHER, _BACK_OFFICE, _HEAD}),
    Action.READ_INDICATORS: frozenset(
        {_M, _S, _DISPATCHER, _BACK_OFFICE, _FINANCE, _HEAD, _AUDITOR, _OPERATOR}
    ),
    Action.CLOSE_PERIODS: frozenset({_AUDITOR, _HEAD}),
    Action.PROPOSE_POLICIES: frozenset({_OPERATOR, _BACK_OFFICE, _HEAD}),
    Action.RELEASE_POLICIES: frozenset({_OPERATOR, _HEAD}),
    Action.ATTACH_EVIDENCE: frozenset({_M, _A, _S, _CREW, _DISPATCHER, _BACK_OFFICE, _HEAD}),
    Action.READ_EVIDENCE: frozenset(
        {_M, _A, _S, _DISPATCHER, _BACK_OFFICE, _HEAD, _AUDITOR, _CREW}
    ),
    # What was photographed as it was photographed: with faces, the place and the time inside it.
    Action.READ_ORIGINALS: frozenset({_AUDITOR, _HEAD}),
}

#: Posts with money, price, stop or role rights, and who may open a seal, sign in to the console
#: with a second factor.
SECOND_FACTOR_ROLES = frozenset({_FINANCE, _BACK_OFFICE, _HEAD, _OPERATOR, _AUDITOR})

#: What no session may do that was opened with a password alone, at whichever door.
SECOND_FACTOR_ACTIONS = frozenset(
    {
        Action.PROPOSE_STAFF,
        Action.DECIDE_STAFF,
        Action.DISABLE_STAFF,
        Action.REPLAY_DEAD_LETTERS,
        Action.PROPOSE_SETTINGS,
        Action.RELEASE_SETTINGS,
        Action.PROPOSE_POLICIES,
        Action.RELEASE_POLICIES,
        Action.READ_ORIGINALS,
        Action.READ_SEALED,
    }
)


class Visible(NamedTuple):
    """The rows an actor reaches: everything, or those of these stations or grids."""

    everything: bool
    station_ids: list[UUID]
    grid_ids: list[UUID]


def visible(actor: Actor, action: Action) -> Visible:
    """Where the actor may do the action. Nobody but staff and the system reaches rows this way."""
    if isinstance(actor, SystemActor):
        return Visible(True, [], [])
    if not isinstance(actor, StaffActor) or not _session_suffices(actor, action):
        return Visible(False, [], [])
    roles = ALLOWED[action]
    held = [post for post in actor.roles if post.role in roles]
    return Visible(
        any(post.station_id is None for post in held),
        [post.station_id for post in held if post.station_id is not None],
        [post.grid_id for post in actor.grid_roles if post.role in roles],
    )


def _session_suffices(actor: StaffActor, action: Action) -> bool:
    """A first password allows nothing but being changed; some acts need the second factor."""
    if actor.must_change_password:
        return action is Action.SIGN_IN_CONSOLE
    return actor.second_factor or action not in SECOND_FACTOR_ACTIONS


def may(
    actor: Actor, action: Action, *, grid_id: UUID | None = None, station_id: UUID | None = None
) -> bool:
    """Whether the actor may do the action in this grid or station, or anywhere if none is named."""
    reach = visible(actor, action)
    if reach.everything:
        return True
    if grid_id is None and station_id is None:
        return bool(reach.station_ids or reach.grid_ids)
    return grid_id in reach.grid_ids or station_id in reach.station_ids


def require(
    actor: Actor, action: Action, *, grid_id: UUID | None = None, station_id: UUID | None = None
) -> None:
    """Raises NotAllowed when the actor's roles, or this session, do not reach."""
    if may(actor, action, grid_id=grid_id, station_id=station_id):
        return
    if isinstance(actor, StaffActor) and not _session_suffices(actor, action):
        first = actor.must_change_password
        raise NotAllowed(
            "请先修改初始密码" if first else "请用动态口令重新登录后再操作", action=action.value
        )
    raise NotAllowed(action=action.value)


def require_visible(
    actor: Actor, action: Action, *, grid_id: UUID | None, station_id: UUID | None
) -> None:
    """Like `require`, but what is not yours does not exist: raises NotFound."""
    if not may(actor, action, grid_id=grid_id, station_id=station_id):
        raise NotFound()


def needs_second_factor(actor_roles: frozenset[StaffRole]) -> bool:
    """Whether these posts ask for a second factor at the console."""
    return bool(actor_roles & SECOND_FACTOR_ROLES)

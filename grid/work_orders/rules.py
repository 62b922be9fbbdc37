"""What may happen to a job: one transition table, who may, what must be said. Pure."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from grid.clocks.ledger import GIVE_UP_ALL, Effects
from grid.clocks.types import Target
from grid.geography.datum import is_shifted
from grid.kit.refusals import Invalid, Refusal
from grid.territory.authority import Action, may, visible
from grid.territory.types import Actor
from grid.work_orders.types import DevicePosition, DoVerb
from grid.work_orders.words import ArrivalGrade, AssignmentState, WorkOrderEvent, WorkOrderState

_E, _S = WorkOrderEvent, WorkOrderState

#: States before anybody is on site; a job may be cancelled in these.
BEFORE_SITE = (
    _S.DRAFT,
    _S.TRIAGED,
    _S.PENDING_DISPATCH,
    _S.SCHEDULED,
    _S.ASSIGNED,
    _S.ACCEPTED,
    _S.EN_ROUTE,
)
#: States in which the job is over and needs nobody.
OVER = (_S.COMPLETED, _S.CANNOT_COMPLETE, _S.CANCELLED, _S.CLOSED)
#: States in which the job waits for somebody to be chosen.
WAITING = (_S.TRIAGED, _S.PENDING_DISPATCH, _S.SCHEDULED)

#: (event, from) -> to: the table that code and documents share.
TRANSITIONS: dict[tuple[WorkOrderEvent, WorkOrderState], WorkOrderState] = {
    (_E.ASSIGN, _S.TRIAGED): _S.ASSIGNED,
    (_E.ASSIGN, _S.PENDING_DISPATCH): _S.ASSIGNED,
    (_E.ASSIGN, _S.SCHEDULED): _S.ASSIGNED,
    (_E.SCHEDULE, _S.TRIAGED): _S.SCHEDULED,
    (_E.SCHEDULE, _S.PENDING_DISPATCH): _S.SCHEDULED,
    (_E.ACCEPT, _S.ASSIGNED): _S.ACCEPTED,
    (_E.DECLINE, _S.ASSIGNED): _S.PENDING_DISPATCH,
    (_E.SILENCE, _S.ASSIGNED): _S.PENDING_DISPATCH,
    (_E.RELEASE, _S.ASSIGNED): _S.PENDING_DISPATCH,
    (_E.RELEASE, _S.ACCEPTED): _S.PENDING_DISPATCH,
    (_E.RELEASE, _S.EN_ROUTE): _S.PENDING_DISPATCH,
    (_E.DEPART, _S.ACCEPTED): _S.EN_ROUTE,
    (_E.ARRIVE, _S.ACCEPTED): _S.ON_SITE,
    (_E.ARRIVE, _S.EN_ROUTE): _S.ON_SITE,
    (_E.START, _S.ON_SITE): _S.IN_PROGRESS,
    (_E.RESTORE, _S.IN_PROGRESS): _S.IN_PROGRESS,
    (_E.HOLD, _S.IN_PROGRESS): _S.ON_HOLD,
    (_E.RESUME, _S.ON_HOLD): _S.IN_PROGRESS,
    (_E.COMPLETE, _S.IN_PROGRESS): _S.COMPLETED,
    (_E.CANNOT_COMPLETE, _S.ON_SITE): _S.CANNOT_COMPLETE,
    (_E.CANNOT_COMPLETE, _S.IN_PROGRESS): _S.CANNOT_COMPLETE,
    (_E.CANNOT_COMPLETE, _S.ON_HOLD): _S.CANNOT_COMPLETE,
    **{(_E.CANCEL, state): _S.CANCELLED for state in BEFORE_SITE},
    (_E.REASSIGN, _S.ASSIGNED): _S.ASSIGNED,
    (_E.REASSIGN, _S.ACCEPTED): _S.ASSIGNED,
    (_E.REASSIGN, _S.EN_ROUTE): _S.ASSIGNED,
    (_E.REASSIGN, _S.ON_SITE): _S.ASSIGNED,
    (_E.CLOSE, _S.COMPLETED): _S.CLOSED,
    (_E.CLOSE, _S.CANNOT_COMPLETE): _S.CLOSED,
    (_E.REOPEN, _S.COMPLETED): _S.PENDING_DISPATCH,
    (_E.REOPEN, _S.CLOSED): _S.PENDING_DISPATCH,
    **{(_E.SUPERVISE, state): state for state in _S},
    **{(_E.COMMENT, state): state for state in _S},
}

_A = AssignmentState
_BEFORE_SITE = (_A.OFFERED, _A.ACCEPTED, _A.EN_ROUTE)
_AT_WORK = (_A.ON_SITE, _A.WORKING)
#: States of an assignment that hold the job; the others are its end.
OPEN_ASSIGNMENT = (*_BEFORE_SITE, *_AT_WORK)

#: (event of the job, from) -> to, for the assignment that is open; `assign` and `reassign` open one
#: as `offered`. What is not here leaves the assignment as it is.
ASSIGNMENT_TRANSITIONS: dict[tuple[WorkOrderEvent, AssignmentState], AssignmentState] = {
    (_E.ACCEPT, _A.OFFERED): _A.ACCEPTED,
    (_E.DECLINE, _A.OFFERED): _A.DECLINED,
    (_E.SILENCE, _A.OFFERED): _A.RELEASED,
    **{(_E.RELEASE, state): _A.RELEASED for state in _BEFORE_SITE},
    (_E.DEPART, _A.ACCEPTED): _A.EN_ROUTE,
    (_E.ARRIVE, _A.ACCEPTED): _A.ON_SITE,
    (_E.ARRIVE, _A.EN_ROUTE): _A.ON_SITE,
    (_E.START, _A.ON_SITE): _A.WORKING,
    (_E.COMPLETE, _A.WORKING): _A.FINISHED,
    **{(_E.CANNOT_COMPLETE, state): _A.FINISHED for state in _AT_WORK},
    **{(_E.CANCEL, state): _A.RELEASED for state in _BEFORE_SITE},
    **{(_E.REASSIGN, state): _A.RELEASED for state in (*_BEFORE_SITE, _A.ON_SITE)},
}

#: Events that only the person who has the job may cause (but see IN_PLACE_OF).
ASSIGNEE_ONLY = frozenset(
    {
        _E.ACCEPT,
        _E.DECLINE,
        _E.DEPART,
        _E.ARRIVE,
        _E.START,
        _E.RESTORE,
        _E.HOLD,
        _E.RESUME,
        _E.COMPLETE,
        _E.CANNOT_COMPLETE,
    }
)

#: Steps that the office may take too: for somebody who fell ill or left in the middle of the work.
IN_PLACE_OF = {_E.CANNOT_COMPLETE: Action.CLOSE_WORK}

#: The right that each event asks for; the phone's and the console's verbs.
RIGHT: dict[WorkOrderEvent, Action] = {
    **dict.fromkeys(ASSIGNEE_ONLY, Action.DO_WORK),
    _E.SCHEDULE: Action.ASSIGN_WORK,
    _E.REASSIGN: Action.ASSIGN_WORK,
    _E.CANCEL: Action.CLOSE_WORK,
    _E.CLOSE: Action.CLOSE_WORK,
    _E.REOPEN: Action.REOPEN_WORK,
    _E.SUPERVISE: Action.SUPERVISE_WORK,
    _E.COMMENT: Action.READ_WORK_ORDERS,
}

#: Events that `take_step` takes; the others are verbs and schedules of their own.
STEPS = frozenset(RIGHT) - {_E.REASSIGN}

#: Fields of the command that an event cannot do without.
NEEDED: dict[WorkOrderEvent, tuple[str, ...]] = {
    _E.DECLINE: ("reason",),
    _E.HOLD: ("reason",),
    _E.CANNOT_COMPLETE: ("reason",),
    _E.CANCEL: ("reason",),
    _E.REASSIGN: ("reason", "staff_id"),
    _E.REOPEN: ("reason",),
    _E.SUPERVISE: ("reason",),
    _E.COMMENT: ("reason",),
    _E.COMPLETE: ("resolution",),
    _E.SCHEDULE: ("starts_at",),
}

_WORDS = {
    "reason": "请填写原因",
    "resolution": "请填写处理结果",
    "staff_id": "请选择人员",
    "starts_at": "请填写开始时间",
}


class WorkOrderStepNotPossible(Refusal):
    """The job's state does not allow this step."""

    title = "当前状态不能进行这一步"


class NotRestoredYet(Refusal):
    """A fault repair is complete only after supply was restored (W1: no step skipped)."""

    title = "请先确认恢复供电,再提交完成"


class ArrivalNotProved(Refusal):
    """The position does not show the person at the place (W2); a reason makes it disputed."""

    title = "定位不在现场范围内,请靠近后重试,或填写原因"


def next_state(event: WorkOrderEvent, state: WorkOrderState) -> WorkOrderState:
    """The state after an event. Raises WorkOrderStepNotPossible when the table has no such row."""
    target = TRANSITIONS.get((event, state))
    if target is None:
        raise WorkOrderStepNotPossible(event=event.value, state=state.value)
    return target


def check_fields(event: WorkOrderEvent, command: DoVerb) -> None:
    """Raises Invalid naming the first field that the event needs and the command lacks."""
    for field in NEEDED.get(event, ()):
        if getattr(command, field) is None:
            raise Invalid(field, _WORDS[field])


#: A phone whose battery was out may believe in 1970; what lies before is no time at all.
_DEVICE_FROM = datetime(1970, 1, 1, tzinfo=UTC)
#: A phone's clock may run ahead; a step that is to happen tomorrow has not happened.
DEVICE_AHEAD = timedelta(days=1)
#: A start is planned for later, and not for another season.
SCHEDULE_AHEAD = timedelta(days=60)


def check_times(
    now: datetime, *, occurred_at: datetime | None = None, starts_at: datetime | None = None
) -> None:
    """Raises Invalid naming `occurred_at` or `starts_at` when it cannot be meant."""
    if occurred_at is not None and not _DEVICE_FROM <= occurred_at <= now + DEVICE_AHEAD:
        raise Invalid("occurred_at", "手机时间不正确,请校准后再试")
    if starts_at is not None and not now < starts_at <= now + SCHEDULE_AHEAD:
        days = SCHEDULE_AHEAD.days
        raise Invalid("starts_at", f"开始时间应在现在之后、{days} 天之内", days=days)


def check_position(position: DevicePosition | None) -> None:
    """Raises Invalid naming `position` for one outside of the rectangle around China."""
    if position is not None and not is_shifted(position.lat, position.lon):
        raise Invalid("position", "定位不在中国境内,请检查手机定位")


def reaches(actor: Actor, action: Action, grid_id: UUID | None, station_id: UUID | None) -> bool:
    """Whether the actor may do the action on a job of this place.

    A job whose place nobody knows belongs to the county: a right in some grid does not reach it.
    """
    if grid_id is None and station_id is None:
        return visible(actor, action).everything
    return may(actor, action, grid_id=grid_id, station_id=station_id)


_T = Target
#: What each step does to the clocks of its job; of a disputed arrival the clock runs on.
CLOCK_EFFECTS: dict[WorkOrderEvent, Effects] = {
    _E.ASSIGN: Effects(start=(_T.ACCEPT,)),
    # Who comes next has to arrive, too; the customer's wait for supply does not begin anew.
    _E.REASSIGN: Effects(again=(_T.ACCEPT,), start=(_T.ARRIVE,)),
    _E.ACCEPT: Effects(stop=(_T.ACCEPT,)),
    _E.DECLINE: Effects(give_up=(_T.ACCEPT,)),
    _E.SILENCE: Effects(give_up=(_T.ACCEPT,)),
    _E.RELEASE: Effects(give_up=(_T.ACCEPT,)),
    _E.ARRIVE: Effects(stop=(_T.ARRIVE,), start=(_T.RESTORE,)),
    _E.RESTORE: Effects(stop=(_T.RESTORE,)),
    _E.COMPLETE: Effects(stop=(_T.COMPLETE,), give_up=tuple(_T)),
    _E.CANNOT_COMPLETE: GIVE_UP_ALL,
    _E.CANCEL: GIVE_UP_ALL,
    _E.REOPEN: Effects(again=(_T.ARRIVE, _T.COMPLETE), renew=(_T.ACCEPT, _T.RESTORE)),
}
DISPUTED_ARRIVAL = Effects(start=(_T.RESTORE,))
#: The clocks that run from intake on.
FROM_INTAKE = (_T.ARRIVE, _T.COMPLETE)


def effects_of(event: WorkOrderEvent, grade: ArrivalGrade | None) -> Effects | None:
    """What a judged step does to the clocks; None: nothing."""
    if event is _E.ARRIVE and grade is ArrivalGrade.DISPUTED:
        return DISPUTED_ARRIVAL
    return CLOCK_EFFECTS.get(event)

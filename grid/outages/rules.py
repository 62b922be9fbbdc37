"""What may happen to outages and children, what is late, what sounds like no power. Pure."""

import re
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple

from grid.kit.refusals import Invalid, Refusal
from grid.outages.words import ChildState, EtrSource, OutageEvent, OutageKind, OutageState
from grid.work_orders.words import CallbackOutcome, TicketState

_E, _S = OutageEvent, OutageState

#: (event, from) -> to: the table that code and documents share.
TRANSITIONS: dict[tuple[OutageEvent, OutageState], OutageState] = {
    (_E.CONFIRM, _S.PLANNED): _S.CONFIRMED,
    (_E.WORK, _S.CONFIRMED): _S.RESTORING,
    (_E.RESTORE, _S.CONFIRMED): _S.RESTORED,
    (_E.RESTORE, _S.RESTORING): _S.RESTORED,
    (_E.CLOSE, _S.RESTORED): _S.CLOSED,
    **{(_E.CANCEL, state): _S.CANCELLED for state in (_S.PLANNED, _S.CONFIRMED, _S.RESTORING)},
    **{
        (event, state): state
        for event in (_E.ETR, _E.DISTRICTS, _E.DISPATCH)
        for state in (_S.PLANNED, _S.CONFIRMED, _S.RESTORING)
    },
    **{(_E.COMMENT, state): state for state in _S},
}

#: States in which people may be without supply because of it.
DARK = (_S.CONFIRMED, _S.RESTORING)
#: States that are over for good.
OVER = (_S.CLOSED, _S.CANCELLED)

#: Children that still wait for their end.
OPEN_CHILD = (ChildState.JOINED, ChildState.ASKED, ChildState.LEAVING)
#: The ends: a child reaches exactly one of them, once (W4).
CHILD_ENDS = (ChildState.BACK, ChildState.NO_ANSWER, ChildState.SPLIT, ChildState.WITHDRAWN)

#: Verbs that somebody taps; the others happen by reactions and schedules.
VERBS = (
    _E.CONFIRM,
    _E.ETR,
    _E.DISTRICTS,
    _E.DISPATCH,
    _E.WORK,
    _E.RESTORE,
    _E.CLOSE,
    _E.CANCEL,
    _E.COMMENT,
)

#: What a verb cannot do without, with the words that ask for it.
NEEDED: dict[OutageEvent, tuple[tuple[str, str], ...]] = {
    _E.ETR: (("expected_end_at", "请填写预计来电时间"), ("reason", "请填写原因")),
    _E.CANCEL: (("reason", "请填写原因"),),
    _E.COMMENT: (("reason", "请填写内容"),),
    _E.DISPATCH: (("reason", "请写明要做的工作"),),
}

#: A plan reaches no farther than this; a longer one is two outages.
LONGEST = timedelta(days=7)
AHEAD_MAX = timedelta(days=90)


class OutageStepNotPossible(Refusal):
    """The outage's state does not allow this step."""

    title = "当前状态不能进行这一步"


class ChildrenNotAnswered(Refusal):
    """Somebody was not asked yet, or has not answered and is still within the limit (W4)."""

    title = "还有报修没有确认来电,不能结束"


class OutageOverlaps(Refusal):
    """A district is in another outage already that is not over."""

    title = "有台区已经在另一个停电事件里"


class NoticeLimits(NamedTuple):
    """How long ahead people must be told."""

    planned: timedelta
    temporary: timedelta


def next_state(event: OutageEvent, state: OutageState) -> OutageState:
    """The state after an event. Raises OutageStepNotPossible when the table has no such row."""
    target = TRANSITIONS.get((event, state))
    if target is None:
        raise OutageStepNotPossible(event=event.value, state=state.value)
    return target


def is_short_notice(
    kind: OutageKind, starts_at: datetime, now: datetime, limits: NoticeLimits
) -> bool:
    """Whether people are told later than the rule wants: planned 7 days, temporary 24 hours."""
    if kind is OutageKind.FAULT:
        return False
    ahead = limits.planned if kind is OutageKind.PLANNED else limits.temporary
    return starts_at - now < ahead


def check_span(
    kind: OutageKind, starts_at: datetime, end_at: datetime | None, now: datetime
) -> None:
    """Raises Invalid naming `starts_at` or `expected_end_at` when the times cannot be meant."""
    if kind is OutageKind.FAULT:
        if not now - LONGEST <= starts_at <= now:
            raise Invalid("starts_at", "故障停电的开始时间应在现在之前、七天之内")
    elif not now < starts_at <= now + AHEAD_MAX:
        days = AHEAD_MAX.days
        raise Invalid("starts_at", f"停电开始时间应在现在之后、{days} 天之内", days=days)
    if end_at is None:
        if kind is not OutageKind.FAULT:
            raise Invalid("expected_end_at", "请填写预计来电时间")
        return
    check_end(starts_at, end_at, now)


def check_end(starts_at: datetime, end_at: datetime, now: datetime) -> None:
    """Raises Invalid naming `expected_end_at`: it lies ahead, after the start, within a week."""
    if end_at <= max(starts_at, now):
        raise Invalid("expected_end_at", "预计来电时间应在现在和停电开始之后")
    if end_at - max(starts_at, now) > LONGEST:
        days = LONGEST.days
        raise Invalid("expected_end_at", f"预计停电不应超过 {days} 天", days=days)


def source_of(kind: OutageKind, event: OutageEvent, said: EtrSource | None) -> EtrSource:
    """Who says when supply is back: the plan at first, later whom the dispatcher names."""
    if said is not None:
        return said
    planned = kind is not OutageKind.FAULT and event is OutageEvent.ANNOUNCE
    return EtrSource.PLAN if planned else EtrSource.DISPATCHER


_OTHER_TROUBLE = re.compile(
    "电压|忽明忽暗|[一]?闪一闪|闪烁|灯.{0,3}[闪暗]|跳闸|跳了|漏保|空开|合不上|推不上|送不上"
    "|电表|表箱|表[坏烧]|线.{0,4}[断掉落垂烧]|杆.{0,4}[倒斜断]|变压器|火花|冒烟|着火|烧|焦|漏电|触电|麻"
    "|只有我|就我家|别人家?[都]?有电|邻居[都]?有电|欠费|交了?费|缴了?费|充了?值"
)
_NO_POWER = re.compile("没|无|断电|停电|停了|黑|不来|未来电|缺电|不亮")


def is_no_power(description: str) -> bool:
    """Whether a fault reads as plain "no power": only that may be the outage everybody has.

    Trouble of another sort (voltage, a tripped switch, a broken line, "only my house", a payment)
    is looked at by somebody even where an outage is known.
    """
    return _OTHER_TROUBLE.search(description) is None and _NO_POWER.search(description) is not None


class ChildMove(Enum):
    """What time, the outage or the office makes of a child."""

    STAY = auto()
    ARRIVE = auto()
    ASK = auto()
    SPLIT = auto()
    END_BACK = auto()
    END_NO_ANSWER = auto()
    END_SPLIT = auto()
    END_WITHDRAWN = auto()


class Child(NamedTuple):
    """What matters of a child: itself, its ticket, and whether that has a job of its own by now."""

    state: ChildState
    answer_due_at: datetime | None
    ticket: TicketState
    callback: CallbackOutcome | None
    has_job: bool


_ANSWERED = {
    CallbackOutcome.SATISFIED: ChildMove.END_BACK,
    CallbackOutcome.UNSATISFIED: ChildMove.END_BACK,
    CallbackOutcome.NO_ANSWER: ChildMove.END_NO_ANSWER,
    CallbackOutcome.NOT_SOLVED: ChildMove.SPLIT,
}


def child_move(child: Child, outage: OutageState, now: datetime) -> ChildMove:
    """The next move of a child that has not ended.

    A ticket that somebody moved by itself is followed: what was closed, cancelled, called back or
    given a job elsewhere ends here too, so that no child is lost and none ends twice (W4).
    """
    if child.has_job:
        return ChildMove.END_SPLIT
    if child.ticket is TicketState.CANCELLED:
        return ChildMove.END_WITHDRAWN
    if child.ticket in (TicketState.CLOSED, TicketState.CALLED_BACK):
        return _ANSWERED[child.callback or CallbackOutcome.NO_ANSWER]
    if child.state is ChildState.LEAVING or child.ticket is TicketState.ACCEPTED:
        return ChildMove.SPLIT
    if child.state is ChildState.ASKED:
        late = child.answer_due_at is not None and child.answer_due_at <= now
        return ChildMove.END_NO_ANSWER if late else ChildMove.STAY
    if outage in (OutageState.RESTORED, OutageState.CLOSED):
        return ChildMove.ASK
    if outage is OutageState.RESTORING and child.ticket is TicketState.IN_HAND:
        return ChildMove.ARRIVE
    return ChildMove.STAY

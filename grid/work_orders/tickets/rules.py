"""What may happen to a ticket: the steps of each kind as a table, and who may take them. Pure."""

from datetime import datetime
from itertools import pairwise

from grid.kit.refusals import Invalid, Refusal
from grid.territory.authority import Action
from grid.work_orders.rules import check_times
from grid.work_orders.tickets.types import DoTicketVerb
from grid.work_orders.words import TicketEvent, TicketKind, TicketState

_E, _K, _S = TicketEvent, TicketKind, TicketState

#: The closed loop of each kind, in order: a step that a kind does not need is not in its row.
STEPS_OF: dict[TicketKind, tuple[TicketState, ...]] = {
    _K.FAULT: (
        _S.ACCEPTED,
        _S.DISPATCHED,
        _S.IN_HAND,
        _S.ON_SITE,
        _S.HANDLED,
        _S.REPLIED,
        _S.CALLED_BACK,
        _S.CLOSED,
    ),
    _K.SERVICE_REQUEST: (
        _S.ACCEPTED,
        _S.DISPATCHED,
        _S.IN_HAND,
        _S.HANDLED,
        _S.REPLIED,
        _S.CALLED_BACK,
        _S.CLOSED,
    ),
    _K.COMPLAINT: (
        _S.ACCEPTED,
        _S.DISPATCHED,
        _S.IN_HAND,
        _S.HANDLED,
        _S.REPLIED,
        _S.CALLED_BACK,
        _S.CLOSED,
    ),
    _K.TIP_OFF: (_S.ACCEPTED, _S.DISPATCHED, _S.IN_HAND, _S.HANDLED, _S.REPLIED, _S.CLOSED),
    _K.SUGGESTION: (_S.ACCEPTED, _S.DISPATCHED, _S.IN_HAND, _S.REPLIED, _S.CLOSED),
    _K.OPINION: (
        _S.ACCEPTED,
        _S.DISPATCHED,
        _S.IN_HAND,
        _S.HANDLED,
        _S.REPLIED,
        _S.CALLED_BACK,
        _S.CLOSED,
    ),
    _K.INQUIRY: (_S.ACCEPTED, _S.IN_HAND, _S.REPLIED, _S.CLOSED),
    _K.PRAISE: (_S.ACCEPTED, _S.REPLIED, _S.CLOSED),
}

#: The event that reaches each state of the loop.
REACHED_BY: dict[TicketState, TicketEvent] = {
    _S.DISPATCHED: _E.DISPATCH,
    _S.IN_HAND: _E.TAKE,
    _S.ON_SITE: _E.ARRIVE,
    _S.HANDLED: _E.HANDLE,
    _S.REPLIED: _E.REPLY,
    _S.CALLED_BACK: _E.CALLBACK,
    _S.CLOSED: _E.ARCHIVE,
}
_OPEN = (_S.ACCEPTED, _S.DISPATCHED, _S.IN_HAND, _S.ON_SITE, _S.HANDLED)
_ANSWERED = (_S.REPLIED, _S.CALLED_BACK, _S.CLOSED)
_ALIVE = (*_OPEN, _S.REPLIED, _S.CALLED_BACK)


def _table(kind: TicketKind) -> dict[tuple[TicketEvent, TicketState], TicketState]:
    steps = STEPS_OF[kind]
    found = {(REACHED_BY[to], before): to for before, to in pairwise(steps)}
    if _S.DISPATCHED in steps:
        for state in (_S.DISPATCHED, _S.IN_HAND, _S.ON_SITE, _S.HANDLED):
            if state in steps:
                found[(_E.RETURN, state)] = _S.ACCEPTED
        found[(_E.DISPATCH, _S.DISPATCHED)] = _S.DISPATCHED
        found[(_E.DISPATCH, _S.IN_HAND)] = _S.DISPATCHED
    for state in steps:
        if state in _OPEN:
            found[(_E.CANCEL, state)] = _S.CANCELLED
            found[(_E.RECLASSIFY, state)] = _S.ACCEPTED
        if state in (_S.HANDLED, *_ANSWERED):
            found[(_E.REOPEN, state)] = _S.ACCEPTED
        if state in _ALIVE:
            for event in (_E.URGE, _E.MERGE, _E.CONTACT):
                found[(event, state)] = state
    for state in (*steps, _S.CANCELLED):
        found[(_E.COMMENT, state)] = state
        found[(_E.SPLIT, state)] = state
    return found


#: kind -> (event, from) -> to: the table that code and documents share.
TICKET_TRANSITIONS = {kind: _table(kind) for kind in TicketKind}

#: The right that each verb asks for.
TICKET_RIGHT: dict[TicketEvent, Action] = {
    _E.DISPATCH: Action.ASSIGN_WORK,
    _E.TAKE: Action.HANDLE_TICKETS,
    _E.RETURN: Action.HANDLE_TICKETS,
    _E.CONTACT: Action.HANDLE_TICKETS,
    _E.HANDLE: Action.HANDLE_TICKETS,
    _E.REPLY: Action.HANDLE_TICKETS,
    _E.CALLBACK: Action.CALL_BACK,
    _E.ARCHIVE: Action.CLOSE_WORK,
    _E.CANCEL: Action.CLOSE_WORK,
    _E.REOPEN: Action.REOPEN_WORK,
    _E.RECLASSIFY: Action.CLOSE_WORK,
    _E.URGE: Action.OPEN_TICKET,
    _E.COMMENT: Action.READ_WORK_ORDERS,
}

#: Kinds whose loop is driven by a job; the office does not tap these steps by hand.
DRIVEN_BY_JOB = frozenset({_K.FAULT})
BY_JOB = frozenset({_E.DISPATCH, _E.TAKE, _E.RETURN, _E.CONTACT, _E.HANDLE, _E.REPLY})
#: What ends or turns a ticket waits until its job is over.
NOT_WHILE_JOB_RUNS = frozenset({_E.REPLY, _E.ARCHIVE, _E.CANCEL, _E.RECLASSIFY})
#: Steps of whoever has the ticket in hand, once somebody has.
HANDLERS_OWN = frozenset({_E.TAKE, _E.CONTACT, _E.HANDLE, _E.REPLY})
#: Steps that whoever had it in hand leaves to somebody else; of a complaint also saying that it
#: is nothing, or none: another kind has another limit and perhaps no callback.
NOT_BY_HANDS = frozenset({_E.CALLBACK})
ENDS_COMPLAINT = frozenset({_E.CANCEL, _E.RECLASSIFY})
NOT_ENDED_BY_HANDS = frozenset({_K.COMPLAINT, _K.TIP_OFF})
#: What stays what it was told as: a fault has its job, a tip-off its seal.
KEEPS_ITS_KIND = frozenset({_K.FAULT, _K.TIP_OFF})
#: Kinds for which a job may be opened; a tip-off's place is nobody's business but the auditor's.
MAY_HAVE_JOBS = frozenset({_K.FAULT, _K.SERVICE_REQUEST, _K.COMPLAINT, _K.OPINION, _K.INQUIRY})

#: What a verb cannot do without.
TICKET_NEEDED: dict[TicketEvent, tuple[str, ...]] = {
    _E.DISPATCH: ("staff_id",),
    _E.RETURN: ("reason",),
    _E.CONTACT: ("words",),
    _E.HANDLE: ("words",),
    _E.REPLY: ("words",),
    _E.CALLBACK: ("outcome",),
    _E.CANCEL: ("reason",),
    _E.REOPEN: ("reason",),
    _E.RECLASSIFY: ("kind", "reason"),
    _E.COMMENT: ("words",),
}


_WORDS = {
    "staff_id": "请选择处理人",
    "reason": "请填写原因",
    "words": "请填写内容",
    "outcome": "请选择回访结果",
    "kind": "请选择类别",
}


class TicketStepNotPossible(Refusal):
    """The ticket's kind and state do not allow this step."""

    title = "当前状态不能进行这一步"


def next_ticket_state(kind: TicketKind, event: TicketEvent, state: TicketState) -> TicketState:
    """The state after an event. Raises TicketStepNotPossible when the table has no such row."""
    target = TICKET_TRANSITIONS[kind].get((event, state))
    if target is None:
        raise TicketStepNotPossible(event=event.value, state=state.value)
    return target


def check_ticket_fields(event: TicketEvent, command: DoTicketVerb, now: datetime) -> None:
    """Raises Invalid naming the first field that the event lacks, or an impossible device time."""
    for field in TICKET_NEEDED.get(event, ()):
        if getattr(command, field) is None:
            raise Invalid(field, _WORDS[field])
    check_times(now, occurred_at=command.occurred_at)
    to_complaint = event is TicketEvent.RECLASSIFY and command.kind is _K.COMPLAINT
    if to_complaint and command.complaint_class is None:
        raise Invalid("complaint_class", "请选择投诉类别")


def check_reclassified(kind: TicketKind, to: TicketKind) -> None:
    """Raises Invalid naming `kind`: what a matter may not turn into, or turn from."""
    if kind in KEEPS_ITS_KIND or to in KEEPS_ITS_KIND:
        raise Invalid("kind", "报修和举报不能改变类别,请另行受理")
    if kind is to:
        raise Invalid("kind", "已经是这个类别")

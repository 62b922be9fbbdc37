"""What their words mean here, what they are told, and what may happen to a handover. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from grid.clocks.ledger import Effects
from grid.clocks.types import Target
from grid.kit.refusals import Invalid, Refusal
from grid.partners.types import (
    Direction,
    HandoverEvent,
    HandoverState,
    ProvinceClass,
    ProvinceKind,
    ProvinceOrder,
    Stage,
)
from grid.work_orders.words import ComplaintClass, TicketEvent, TicketKind, TicketState

#: The kind of our ticket; an urge is no kind.
KIND_OF: Mapping[ProvinceKind, TicketKind] = {
    ProvinceKind.FAULT: TicketKind.FAULT,
    ProvinceKind.COMPLAINT: TicketKind.COMPLAINT,
    ProvinceKind.TIP_OFF: TicketKind.TIP_OFF,
    ProvinceKind.SUGGESTION: TicketKind.SUGGESTION,
    ProvinceKind.OPINION: TicketKind.OPINION,
    ProvinceKind.PRAISE: TicketKind.PRAISE,
    ProvinceKind.INQUIRY: TicketKind.INQUIRY,
    ProvinceKind.QUERY: TicketKind.INQUIRY,
    ProvinceKind.REQUEST: TicketKind.SERVICE_REQUEST,
    ProvinceKind.SERVICE: TicketKind.SERVICE_REQUEST,
}
CLASS_OF: Mapping[ProvinceClass, ComplaintClass] = {
    one: ComplaintClass[one.name] for one in ProvinceClass
}

#: An order older than this is history, not work; one from the future is a clock gone wrong.
ORDER_AGE_MAX, CLOCK_SKEW_MAX = timedelta(days=60), timedelta(minutes=5)


class PartnerOrderChanged(Refusal):
    """The number came before, with another content: nothing was changed."""

    title = "这个工单编号已用于另一张工单"


class HandoverStepNotPossible(Refusal):
    """The handover's state or direction does not allow this step."""

    title = "移交单当前状态不能进行这一步"


class AlreadyHandedOver(Refusal):
    """The ticket is with the government's grid already."""

    title = "这件事已经移交政府网格,尚未退回"


class SealedStaysHere(Refusal):
    """A tip-off is never handed to another system."""

    title = "举报不能移交外部"


def check_order(order: ProvinceOrder, now: datetime) -> None:
    """Raises Invalid naming the first field that does not fit the order's kind or time."""
    is_urge = order.kind is ProvinceKind.URGE
    if is_urge != (order.urged_number is not None):
        raise Invalid("urged_number", "催办要写被催的工单编号,其他类型不写")
    if order.urged_number == order.number:
        raise Invalid("urged_number", "催办的编号不能与被催工单相同")
    if (order.kind is ProvinceKind.COMPLAINT) != (order.complaint_class is not None):
        raise Invalid("complaint_class", "投诉要写类别,其他类型不写")
    if order.anonymous and order.kind is not ProvinceKind.TIP_OFF:
        raise Invalid("anonymous", "只有举报可以匿名")
    if not now - ORDER_AGE_MAX <= order.accepted_at <= now + CLOCK_SKEW_MAX:
        raise Invalid("accepted_at", "受理时间应在最近 60 天之内,不能晚于现在")


def digest_of(order: ProvinceOrder) -> bytes:
    """What must be equal for two orders under one number to be the same."""
    return hashlib.sha256(msgspec.json.encode(order)).digest()


_STAGE_OF: Mapping[TicketEvent, Stage] = {
    TicketEvent.INTAKE: Stage.ACCEPTED,
    TicketEvent.DISPATCH: Stage.DISPATCHED,
    TicketEvent.ARRIVE: Stage.ARRIVED,
    TicketEvent.REPLY: Stage.REPLIED,
    TicketEvent.ARCHIVE: Stage.ARCHIVED,
    TicketEvent.CANCEL: Stage.CANCELLED,
}


class TicketStepTaken(NamedTuple):
    """One line of a ticket's history, as far as the province is concerned."""

    event: TicketEvent
    at: datetime


class Reached(NamedTuple):
    """A stage that a ticket reached, in which round, and when."""

    stage: Stage
    round: int
    at: datetime


def stages_reached(kind: TicketKind, steps: Sequence[TicketStepTaken]) -> list[Reached]:
    """What the province is told of a history: each stage once in a round, a reopening begins one.

    The power is back when a fault was handled; other kinds have nothing to restore.
    """
    found: dict[tuple[Stage, int], Reached] = {}
    round_ = 0
    for step in steps:
        if step.event is TicketEvent.REOPEN:
            round_ += 1
        stage = _STAGE_OF.get(step.event)
        if step.event is TicketEvent.HANDLE and kind is TicketKind.FAULT:
            stage = Stage.RESTORED
        if stage is not None and (stage, round_) not in found:
            found[(stage, round_)] = Reached(stage, round_, step.at)
    return list(found.values())


#: The longest wait between two tries, and between two reminders of a message that is chased.
BACKOFF_MAX_S, CHASE_EVERY_S = 600, 600


def wait_s(attempts: int) -> int:
    """How long to wait after so many tries that failed: 2, 4, 8 … seconds, at most ten minutes."""
    return min(BACKOFF_MAX_S, 1 << min(attempts, 20))


_S, _E = HandoverState, HandoverEvent

#: (event, from) -> to: the table that code and documents share.
HANDOVER_TRANSITIONS: dict[tuple[HandoverEvent, HandoverState], HandoverState] = {
    (_E.ACCEPT, _S.HANDED_OVER): _S.ACCEPTED,
    (_E.REMIND, _S.HANDED_OVER): _S.HANDED_OVER,
    (_E.REMIND, _S.ACCEPTED): _S.ACCEPTED,
    (_E.RETURN, _S.HANDED_OVER): _S.RETURNED,
    (_E.RETURN, _S.ACCEPTED): _S.RETURNED,
}
#: What each step does to the handover's own clocks.
HANDOVER_EFFECTS: dict[HandoverEvent, Effects] = {
    _E.ACCEPT: Effects(stop=(Target.ACCEPT,)),
    _E.RETURN: Effects(stop=(Target.ANSWER,), give_up=(Target.ACCEPT,)),
}
HANDOVER_FROM_START = (Target.ACCEPT, Target.ANSWER)


def next_handover_state(
    event: HandoverEvent, state: HandoverState, direction: Direction
) -> HandoverState:
    """The state after a step. Raises HandoverStepNotPossible.

    What the government handed to us it does not need to be reminded of.
    """
    target = HANDOVER_TRANSITIONS.get((event, state))
    if target is None or (event is _E.REMIND and direction is Direction.IN):
        raise HandoverStepNotPossible(event=event.value, state=state.value)
    return target


#: States of a ticket in which its work was thought done: what comes back unsolved reopens it.
THOUGHT_DONE = frozenset(
    {TicketState.HANDLED, TicketState.REPLIED, TicketState.CALLED_BACK, TicketState.CLOSED}
)

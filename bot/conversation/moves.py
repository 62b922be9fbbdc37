"""Carrying out what a flow decides: the next state and the words, for every kind of move."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot import words
from bot.conversation.types import (
    RUNNING,
    Conversation,
    Effect,
    Finish,
    Flow,
    Go,
    Miss,
    Move,
    Reply,
    Suspended,
    Turn,
)
from bot.flows.registry import FLOWS

#: How long a question stays open; checked when the next message is read.
STEP_TIME_OUT = timedelta(minutes=30)

#: How long a question stays open that we asked: people look at their phone in the evening.
INVITATION_TIME_OUT = timedelta(hours=24)
_INVITED = frozenset({"restored", "rate", "outage_back"})

#: Wrong answers in a row after which the bot stops asking and offers the menu and a person.
MAX_MISSES = 3


def apply(
    state: Conversation, flow: Flow[Any], move: Move, now: datetime, said: tuple[str, ...] = ()
) -> Turn:
    """The turn that a flow's move makes; `said` is spoken before the move's own words."""
    if isinstance(move, Finish):
        return _finish(state, move, now, said)
    if isinstance(move, Miss):
        return _miss(state, flow, move, now, said)
    after = msgspec.structs.replace(
        state,
        flow=flow.name,
        flow_version=flow.version,
        step=move.step if isinstance(move, Go) else RUNNING,
        slots=msgspec.to_builtins(move.slots),
        misses=0,
        deadline=now + STEP_TIME_OUT,
    )
    spoken = tuple(map(Reply, (*said, *move.say)))
    if isinstance(move, Go):
        return Turn(after, (*spoken, Reply(flow.steps[move.step].ask(move.slots))))
    return Turn(after, (*spoken, move.command))


def begin(
    state: Conversation,
    name: str,
    slots: dict[str, Any],
    now: datetime,
    said: tuple[str, ...] = (),
) -> Turn:
    """Start a flow; one that was going on waits as the suspended one."""
    flow = FLOWS[name]
    parked = state.suspended
    if state.flow != name:
        parked = _parked(state) or parked
    if parked is not None and parked.flow == name:
        parked = None
    move = flow.start(recovered(flow, slots))
    return apply(Conversation(suspended=parked), flow, move, now, said)


def invite(state: Conversation, name: str, now: datetime) -> Conversation:
    """Ask a flow's first question from our side, unless the customer is busy with something else.

    The question is sent apart from the talk; it stays open for INVITATION_TIME_OUT.
    """
    busy = state.flow is not None and state.flow not in _INVITED
    if busy and state.deadline is not None and state.deadline >= now:
        return state
    flow = FLOWS[name]
    slots = flow.slots()
    first = flow.start(slots)
    if not isinstance(first, Go):
        return state
    return Conversation(
        flow=name,
        flow_version=flow.version,
        step=first.step,
        slots=msgspec.to_builtins(slots),
        deadline=now + INVITATION_TIME_OUT,
        suspended=state.suspended,
    )


def suspend(state: Conversation) -> Conversation:
    """Idle, with what was going on waiting to be continued."""
    return Conversation(suspended=_parked(state) or state.suspended)


def resume(waiting: Suspended, now: datetime) -> Turn:
    """Go on with a suspended flow at its question."""
    state = Conversation(
        flow=waiting.flow,
        flow_version=waiting.flow_version,
        step=waiting.step,
        slots=waiting.slots,
        deadline=now + STEP_TIME_OUT,
    )
    asked = question(state)
    if asked is None:
        return restart(state, now)
    return Turn(state, (Reply(asked),))


def restart(state: Conversation, now: datetime) -> Turn:
    """A stored step that this version does not know: keep what fits and have it confirmed."""
    flow = FLOWS.get(state.flow or "")
    if flow is None:
        idle = Conversation(suspended=state.suspended)
        return Turn(idle, (Reply(words.SORRY_LOST), Reply(words.MENU)))
    move = flow.restart(recovered(flow, state.slots))
    return apply(state, flow, move, now, (words.SORRY_UPDATED,))


def question(state: Conversation) -> str | None:
    """The words of the open question; None when idle or when this version does not know it."""
    flow = FLOWS.get(state.flow or "")
    if flow is None or flow.version != state.flow_version:
        return None
    step = flow.steps.get(state.step or "")
    slots = exact(flow, state.slots)
    return None if step is None or slots is None else step.ask(slots)


def title_of(name: str | None) -> str | None:
    """The customer's word for a flow, or None for one that does not exist."""
    flow = FLOWS.get(name or "")
    return None if flow is None else flow.title


def exact(flow: Flow[Any], slots: dict[str, Any]) -> Any:
    """The flow's slots, or None when what is stored has another shape."""
    try:
        return msgspec.convert(slots, flow.slots)
    except msgspec.ValidationError:
        return None


def recovered(flow: Flow[Any], slots: dict[str, Any]) -> Any:
    """The flow's slots with every stored value that still fits."""
    whole = exact(flow, slots)
    if whole is not None:
        return whole
    kept: dict[str, Any] = {}
    for field in msgspec.structs.fields(flow.slots):
        name = field.name
        if name in slots and exact(flow, {name: slots[name]}) is not None:
            kept[name] = slots[name]
    return msgspec.convert(kept, flow.slots)


def _finish(state: Conversation, move: Finish, now: datetime, said: tuple[str, ...]) -> Turn:
    idle = Conversation(suspended=state.suspended)
    if move.then is not None:
        return begin(idle, move.then, move.then_slots, now, (*said, *move.say))
    return Turn(idle, (*map(Reply, (*said, *move.say)), *offer(idle)))


def offer(state: Conversation) -> tuple[Reply, ...]:
    """The reminder that a suspended flow waits, if one does."""
    title = None if state.suspended is None else title_of(state.suspended.flow)
    return () if title is None else (Reply(words.offer_to_resume(title)),)


def _miss(
    state: Conversation, flow: Flow[Any], move: Miss, now: datetime, said: tuple[str, ...]
) -> Turn:
    misses = state.misses + 1
    if misses >= MAX_MISSES:
        return Turn(
            suspend(state), (*map(Reply, said), Reply(words.THREE_MISSES), Reply(words.MENU))
        )
    again = msgspec.structs.replace(state, misses=misses, deadline=now + STEP_TIME_OUT)
    asked = question(again)
    effects: tuple[Effect, ...] = (*map(Reply, said), Reply(move.say))
    return Turn(again, effects if asked is None else (*effects, Reply(asked)))


def _parked(state: Conversation) -> Suspended | None:
    """The running flow as a suspended one; None when nothing that could be continued runs."""
    if state.flow not in FLOWS or state.step in (None, RUNNING) or state.deadline is None:
        return None
    return Suspended(
        flow=state.flow or "",
        flow_version=state.flow_version,
        step=state.step or "",
        slots=state.slots,
        deadline=state.deadline,
    )

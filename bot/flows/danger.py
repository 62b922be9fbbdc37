"""Danger: the dispatcher is paged first, and then asked where.

The safety words have been said before this flow asks anything; the flow only adds the place. Each
answer pages again, so that a place that comes late reaches whoever is near it.
"""

import msgspec

from bot import words
from bot.conversation.reading import tidy
from bot.conversation.types import (
    Finish,
    Flow,
    Go,
    Located,
    Miss,
    Move,
    Outcome,
    PageDispatcher,
    Picked,
    Run,
    Said,
    Step,
)


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """What was told; `number` is the ticket's once the dispatcher was paged."""

    description: str = ""
    number: str | None = None


def _start(slots: Slots) -> Move:
    return Run(PageDispatcher(description=slots.description), slots, (words.SAFETY,))


def _take_where(slots: Slots, answer: Said | Picked | Located) -> Move:
    if isinstance(answer, Located):
        address = tidy(answer.label)[:200] or None
        command = PageDispatcher(description=slots.description, address=address, place=answer.place)
        return Run(command, slots)
    address = tidy(answer.text).replace("\n", " ")[:200]
    if len(address) < 2 or address.isdigit():
        return Miss(words.DANGER_WHERE_MISSED)
    return Run(PageDispatcher(description=slots.description, address=address), slots)


def _outcome(slots: Slots, outcome: Outcome) -> Move:
    if outcome.code == "already_paged":
        return Finish((words.DANGER_ALREADY_PAGED,))
    if outcome.code != "paged" or outcome.number is None:
        return Finish((words.DANGER_NOT_PAGED,))
    if slots.number is not None:
        return Finish((words.DANGER_PLACE_TOLD,))
    told = msgspec.structs.replace(slots, number=outcome.number)
    return Go("where", told, (words.danger_paged(outcome.number),))


FLOW = Flow(
    name="danger",
    version=1,
    title=words.DANGER_TITLE,
    slots=Slots,
    start=_start,
    restart=lambda slots: Go("where", slots),
    steps={"where": Step(ask=lambda _: words.DANGER_WHERE, take=_take_where)},
    outcome=_outcome,
)

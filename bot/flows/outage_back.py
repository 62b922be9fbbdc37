"""停电后来电了吗: after an outage everybody who reported from inside says whether it is true.

A yes closes the report; a no makes it a matter of its own, and somebody is sent.
"""

import msgspec

from bot import outage_words, words
from bot.conversation.types import (
    AnswerOutage,
    Finish,
    Flow,
    Go,
    Located,
    Miss,
    Move,
    Outcome,
    Picked,
    Run,
    Said,
    Step,
)
from bot.flows.restored import power_is_back, said_in_a_sentence


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, once it is given."""

    is_back: bool | None = None


def _start(slots: Slots) -> Move:
    if slots.is_back is None:
        return Go("is_back", slots)
    return Run(AnswerOutage(slots.is_back), slots)


def _take_is_back(_slots: Slots, answer: Said | Picked | Located) -> Move:
    is_back = power_is_back(answer)
    if is_back is None and not isinstance(answer, Located):
        is_back = said_in_a_sentence(answer.text)
    if is_back is None:
        return Miss(words.CHOOSE_1_OR_2)
    return Run(AnswerOutage(is_back), Slots(is_back=is_back))


def _outcome(slots: Slots, outcome: Outcome) -> Move:
    if outcome.code == "outage_answered":
        return Finish(
            (outage_words.OUTAGE_BACK_THANKS if slots.is_back else outage_words.OUTAGE_STILL_OUT,)
        )
    if outcome.code not in ("nothing_to_confirm", "child_not_asked", "not_found"):
        return Finish((words.FAILED,))
    if slots.is_back:
        return Finish((words.RESTORED_THANKS,))
    then_slots = {"description": words.WHAT_CHOICES[0]}
    return Finish((words.NOTHING_REPAIRED,), then="report_fault", then_slots=then_slots)


FLOW = Flow(
    name="outage_back",
    version=1,
    title=outage_words.OUTAGE_BACK_TITLE,
    slots=Slots,
    start=_start,
    restart=lambda _slots: Go("is_back", Slots()),
    steps={"is_back": Step(ask=lambda _: outage_words.ASK_OUTAGE_BACK, take=_take_is_back)},
    outcome=_outcome,
)

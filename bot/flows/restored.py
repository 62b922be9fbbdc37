"""来电了吗: after "repaired" the customer says whether it is true; a no sends somebody again."""

import msgspec

from bot import outage_words, words
from bot.conversation.reading import bare, choice_of
from bot.conversation.types import (
    ConfirmRestored,
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
from bot.conversation.vocabulary import POWER_IS_BACK, POWER_IS_OUT, SAYS_BACK, SAYS_OUT
from bot.flows.rate import stars_of


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, once it is given; `stars` when somebody rated instead of answering."""

    is_back: bool | None = None
    stars: int | None = None


def _start(slots: Slots) -> Move:
    if slots.is_back is None:
        return Go("is_back", slots)
    return Run(ConfirmRestored(slots.is_back), slots)


def _take_is_back(_slots: Slots, answer: Said | Picked | Located) -> Move:
    is_back = power_is_back(answer)
    if is_back is None and not isinstance(answer, Located):
        is_back = said_in_a_sentence(answer.text)
    if is_back is not None:
        return Run(ConfirmRestored(is_back), Slots(is_back=is_back))
    # Whoever already gives stars sits in the light.
    stars = stars_of(answer)
    if stars is None:
        return Miss(words.CHOOSE_1_OR_2)
    return Run(ConfirmRestored(True), Slots(is_back=True, stars=stars))


def power_is_back(answer: Said | Picked | Located) -> bool | None:
    """What the answer says about the power, or None when it says something else."""
    if isinstance(answer, Located):
        return None
    said = bare(answer.text)
    if said in POWER_IS_BACK:
        return True
    return False if said in POWER_IS_OUT else None


def said_in_a_sentence(text: str) -> bool | None:
    """The answer of somebody who was just asked: a number, or news in own words."""
    choice = choice_of(text)
    if choice is not None:
        return {1: True, 2: False}.get(choice)
    said = bare(text)
    if SAYS_OUT.search(said):
        return False
    return True if SAYS_BACK.search(said) else None


def _outcome(slots: Slots, outcome: Outcome) -> Move:
    if outcome.code == "confirmed":
        if slots.is_back:
            rated = {} if slots.stars is None else {"stars": slots.stars}
            return Finish((words.RESTORED_THANKS,), then="rate", then_slots=rated)
        return Finish((words.STILL_OUT,))
    if outcome.code == "outage_answered":
        return Finish(
            (outage_words.OUTAGE_BACK_THANKS if slots.is_back else outage_words.OUTAGE_STILL_OUT,)
        )
    if outcome.code != "nothing_to_confirm":
        return Finish((words.FAILED,))
    if slots.is_back:
        return Finish((words.RESTORED_THANKS,))
    then_slots = {"description": words.WHAT_CHOICES[0]}
    return Finish((words.NOTHING_REPAIRED,), then="report_fault", then_slots=then_slots)


FLOW = Flow(
    name="restored",
    version=1,
    title=words.RESTORED_TITLE,
    slots=Slots,
    start=_start,
    restart=lambda _slots: Go("is_back", Slots()),
    steps={"is_back": Step(ask=lambda _: words.ASK_RESTORED, take=_take_is_back)},
    outcome=_outcome,
)

"""评价: one tap, one rating per ticket."""

import msgspec

from bot import words
from bot.conversation.reading import bare, choice_of
from bot.conversation.types import (
    Finish,
    Flow,
    Go,
    Located,
    Miss,
    Move,
    Outcome,
    Picked,
    RateLatest,
    Run,
    Said,
    Step,
)
from bot.conversation.vocabulary import STARS

#: From here on the words of thanks are for somebody who is content.
CONTENT_STARS = 3


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """The stars, once they are given."""

    stars: int | None = None


def _start(slots: Slots) -> Move:
    return Go("stars", slots) if slots.stars is None else Run(RateLatest(slots.stars), slots)


def _take_stars(_slots: Slots, answer: Said | Picked | Located) -> Move:
    stars = stars_of(answer)
    if stars is None:
        return Miss(words.STARS_WRONG)
    return Run(RateLatest(stars), Slots(stars=stars))


def stars_of(answer: Said | Picked | Located) -> int | None:
    """One to five stars, from a word or a digit; None when it says something else."""
    if isinstance(answer, Located):
        return None
    by_word = STARS.get(bare(answer.text))
    if by_word is not None:
        return by_word
    choice = choice_of(answer.text)
    return choice if choice is not None and 1 <= choice <= 5 else None


def _outcome(slots: Slots, outcome: Outcome) -> Move:
    if outcome.code == "rated":
        content = (slots.stars or 0) >= CONTENT_STARS
        return Finish((words.RATED_WELL if content else words.RATED_BADLY,))
    if outcome.code in ("nothing_to_rate", "already_rated", "not_found"):
        return Finish((words.NOTHING_TO_RATE,))
    return Finish((words.FAILED,))


FLOW = Flow(
    name="rate",
    version=1,
    title=words.RATE_TITLE,
    slots=Slots,
    start=_start,
    restart=lambda _slots: Go("stars", Slots()),
    steps={"stars": Step(ask=lambda _: words.ASK_STARS, take=_take_stars)},
    outcome=_outcome,
)

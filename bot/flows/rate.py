"""评价: one tap, one rating per ticket; who is not content may say why in own words."""

import msgspec

from bot import matter_words, words
from bot.conversation.reading import bare, choice_of, tidy
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
    SayRatingWords,
    Step,
)
from bot.conversation.vocabulary import NOTHING_MORE, STARS, Start, hint_of

#: From here on the words of thanks are for somebody who is content.
CONTENT_STARS = 3


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """The stars, once they are given, and the number of the ticket that got them."""

    stars: int | None = None
    number: str | None = None


def _start(slots: Slots) -> Move:
    return Go("stars", slots) if slots.stars is None else Run(RateLatest(slots.stars), slots)


def _take_stars(_slots: Slots, answer: Said | Picked | Located) -> Move:
    stars = stars_of(answer)
    if stars is None and not isinstance(answer, Located) and bare(answer.text) in NOTHING_MORE:
        return Finish((words.RATING_LEFT,))
    if stars is None:
        return Miss(words.STARS_WRONG)
    return Run(RateLatest(stars), Slots(stars=stars))


def _take_words(slots: Slots, answer: Said | Picked | Located) -> Move:
    if isinstance(answer, Located) or slots.number is None:
        return Miss(words.PLACE_NOT_WANTED)
    said, short = tidy(answer.text), bare(answer.text)
    if short in NOTHING_MORE:
        return Finish((words.RATING_NO_WORDS,))
    stars = stars_of(answer)
    if stars is not None:
        return Run(RateLatest(stars), Slots(stars=stars))
    # Somebody whose power is out again must not be taken for telling why the stars were few.
    if not short or hint_of(short) is Start.REPORT_FAULT:
        return Miss(matter_words.STORY_WRONG)
    return Run(SayRatingWords(number=slots.number, text=said), slots)


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
        if (slots.stars or 0) >= CONTENT_STARS or outcome.number is None:
            return Finish((words.RATED_WELL,))
        told = msgspec.structs.replace(slots, number=outcome.number)
        return Go("words", told, (words.RATED_BADLY,))
    if outcome.code == "said":
        return Finish((words.RATING_WORDS_KEPT,))
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
    steps={
        "stars": Step(ask=lambda _: words.ASK_STARS, take=_take_stars),
        "words": Step(ask=lambda _: words.ASK_RATING_WORDS, take=_take_words),
    },
    outcome=_outcome,
)

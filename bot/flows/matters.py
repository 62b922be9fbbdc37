"""投诉, 举报, 建议, 意见, 表扬: what happened, whom it is about, how to reach who tells it.

One flow for each kind, from the same steps; a kind asks only what it needs. A tip-off asks neither
account nor phone: an answer comes here, or nowhere when it is anonymous.
"""

from functools import partial
from typing import TypeAlias

import msgspec

from bot import matter_words, words
from bot.conversation.reading import bare, choice_of, phone_of, tidy
from bot.conversation.types import (
    FileMatter,
    FindAccounts,
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
from bot.conversation.vocabulary import Start, hint_of
from grid.work_orders.words import ComplaintClass, TicketKind

Answer: TypeAlias = Said | Picked | Located

#: Words that may stand alone before the story: they tell the kind, not the matter.
_SHORTEST = 4
#: What is this long and no number is the story itself.
_STORY = 8
_CLASSES = tuple(ComplaintClass)
_SUBJECTS = ("theft", "staff_conduct", "fees", "impersonation", "damage", "other")
#: Whom a complaint about service may name without knowing a name.
WHO = ("served", "manager", "unknown")


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """What was told so far; `kind` is the flow's own."""

    description: str | None = None
    complaint_class: str | None = None
    subject: str | None = None
    who: str | None = None
    anonymous: bool | None = None
    phone: str | None = None
    account_no: str | None = None
    looked: bool = False


def flow_of(kind: TicketKind) -> Flow[Slots]:
    """The conversation for one kind."""
    return Flow(
        name=kind.value,
        version=1,
        title=matter_words.MATTER_TITLES[kind.value],
        slots=Slots,
        start=partial(_onward, kind),
        restart=partial(_onward, kind),
        steps={
            "class": Step(ask=lambda _: matter_words.ASK_CLASS, take=partial(_take_class, kind)),
            "subject": Step(
                ask=lambda _: matter_words.ASK_SUBJECT, take=partial(_take_subject, kind)
            ),
            "what": Step(
                ask=lambda _: matter_words.ASK_STORY[kind.value], take=partial(_take_what, kind)
            ),
            "who": Step(ask=lambda _: matter_words.ASK_WHO, take=partial(_take_who, kind)),
            "anonymous": Step(
                ask=lambda _: matter_words.ASK_ANONYMOUS, take=partial(_take_anonymous, kind)
            ),
            "phone": Step(
                ask=lambda _: matter_words.ASK_PHONE_BACK, take=partial(_take_phone, kind)
            ),
        },
        outcome=partial(_outcome, kind),
    )


def _onward(kind: TicketKind, slots: Slots) -> Move:
    step = next_step(kind, slots)
    return _file(kind, slots) if step is None else Go(step, slots)


def _take_class(kind: TicketKind, slots: Slots, answer: Answer) -> Move:
    choice = _choice(answer, len(_CLASSES))
    if choice is None:
        return _story_first(kind, "class", slots, answer) or Miss(matter_words.CLASS_WRONG)
    chosen = _CLASSES[choice - 1].value
    return _onward(kind, msgspec.structs.replace(slots, complaint_class=chosen))


def _take_subject(kind: TicketKind, slots: Slots, answer: Answer) -> Move:
    choice = _choice(answer, len(_SUBJECTS))
    if choice is None:
        return _story_first(kind, "subject", slots, answer) or Miss(matter_words.SUBJECT_WRONG)
    return _onward(kind, msgspec.structs.replace(slots, subject=_SUBJECTS[choice - 1]))


def _story_first(kind: TicketKind, step: str, slots: Slots, answer: Answer) -> Go | None:
    """Keep a story that is told when a number was asked; another request is none."""
    if isinstance(answer, Located) or slots.description is not None:
        return None
    told = tidy(answer.text)
    hint = hint_of(bare(told))
    if len(bare(told)) < _STORY or (isinstance(hint, Start) and hint.value != kind.value):
        return None
    kept = msgspec.structs.replace(slots, description=told)
    return Go(step, kept, (matter_words.STORY_KEPT,))


def _take_what(kind: TicketKind, slots: Slots, answer: Answer) -> Move:
    told = None if isinstance(answer, Located) else tidy(answer.text)
    if told is None or len(bare(told)) < _SHORTEST:
        return Miss(matter_words.STORY_WRONG)
    return _onward(kind, msgspec.structs.replace(slots, description=told))


def _take_who(kind: TicketKind, slots: Slots, answer: Answer) -> Move:
    choice = _choice(answer, len(WHO))
    if choice is None:
        return Miss(words.CHOOSE_ACCOUNT)
    return _onward(kind, msgspec.structs.replace(slots, who=WHO[choice - 1]))


def _take_anonymous(kind: TicketKind, slots: Slots, answer: Answer) -> Move:
    choice = _choice(answer, 2)
    if choice is None:
        return Miss(words.CHOOSE_1_OR_2)
    return _onward(kind, msgspec.structs.replace(slots, anonymous=choice == 2))


def _take_phone(kind: TicketKind, slots: Slots, answer: Answer) -> Move:
    phone = None if isinstance(answer, Located) else phone_of(answer.text)
    if phone is None:
        return Miss(words.PHONE_WRONG)
    return _onward(kind, msgspec.structs.replace(slots, phone=phone))


def _outcome(kind: TicketKind, slots: Slots, result: Outcome) -> Move:
    if result.code == "found":
        account_no = result.accounts[0].account_no if result.accounts else None
        return _onward(kind, msgspec.structs.replace(slots, account_no=account_no, looked=True))
    if result.code == "taken" and result.number is not None:
        return Finish((_filed(kind, slots, result.number),))
    too_many = result.code == "too_many"
    failed = matter_words.MATTER_TOO_MANY if too_many else matter_words.MATTER_NOT_FILED
    return Finish((failed,))


def next_step(kind: TicketKind, slots: Slots) -> str | None:
    """What is to be asked next of a kind, or None when everything is known or can be looked up."""
    if kind is TicketKind.COMPLAINT and slots.complaint_class is None:
        return "class"
    if kind is TicketKind.TIP_OFF and slots.subject is None:
        return "subject"
    if slots.description is None:
        return "what"
    about_service = slots.complaint_class == ComplaintClass.SERVICE
    if kind is TicketKind.COMPLAINT and about_service and slots.who is None:
        return "who"
    if kind is TicketKind.TIP_OFF:
        return "anonymous" if slots.anonymous is None else None
    if slots.looked and slots.account_no is None and slots.phone is None:
        return "phone"
    return None


def _file(kind: TicketKind, slots: Slots) -> Move:
    if kind is not TicketKind.TIP_OFF and not slots.looked:
        return Run(FindAccounts(), slots)
    command = FileMatter(
        kind=kind.value,
        description=slots.description or "",
        complaint_class=slots.complaint_class,
        subject=slots.subject,
        who=slots.who,
        anonymous=bool(slots.anonymous),
        phone=slots.phone,
        account_no=slots.account_no,
    )
    return Run(command, slots)


def _filed(kind: TicketKind, slots: Slots, number: str) -> str:
    if kind is TicketKind.TIP_OFF:
        return matter_words.tip_off_filed(number, bool(slots.anonymous))
    return matter_words.matter_filed(number)


def _choice(answer: Answer, last: int) -> int | None:
    choice = None if isinstance(answer, Located) else choice_of(answer.text)
    return choice if choice is not None and 1 <= choice <= last else None


FLOWS = tuple(
    flow_of(kind)
    for kind in (
        TicketKind.COMPLAINT,
        TicketKind.TIP_OFF,
        TicketKind.SUGGESTION,
        TicketKind.OPINION,
        TicketKind.PRAISE,
    )
)

"""绑定: account number, name and meter number; four turns, and one text for every failure.

Which of the three was wrong is never told (P1), and tries are limited by the customers' room.
"""

import re

import msgspec

from bot import words
from bot.conversation.reading import choice_of, digits_of, tidy
from bot.conversation.types import (
    BindAccount,
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

_ACCOUNT_NO = re.compile(r"[0-9]{4,20}")
_METER_NO = re.compile(r"[0-9A-Z]{4,20}")
_NAME = re.compile(r"[^\d\W][^\d\n]{0,29}")

_SENTENCES = {
    "bound": words.BOUND,
    "already_bound": words.ALREADY_BOUND,
    "binding_refused": words.BIND_REFUSED,
    "too_many_tries": words.BIND_TOO_MANY,
    "too_many_accounts": words.BIND_TOO_MANY_ACCOUNTS,
}


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered so far."""

    account_no: str | None = None
    name: str | None = None
    meter_no: str | None = None


def _start(slots: Slots) -> Move:
    if slots.account_no is None:
        return Go("account_no", slots)
    if slots.name is None:
        return Go("name", slots)
    if slots.meter_no is None:
        return Go("meter_no", slots)
    return Go("confirm", slots)


def _take_account_no(slots: Slots, answer: Said | Picked | Located) -> Move:
    number = "" if isinstance(answer, Located) else digits_of(answer.text).removeprefix("户号")
    if not _ACCOUNT_NO.fullmatch(number):
        return Miss(words.ACCOUNT_NO_WRONG)
    return Go("name", msgspec.structs.replace(slots, account_no=number))


def _take_name(slots: Slots, answer: Said | Picked | Located) -> Move:
    name = "" if isinstance(answer, Located) else tidy(answer.text).removeprefix("姓名")
    if not _NAME.fullmatch(name):
        return Miss(words.NAME_WRONG)
    return Go("meter_no", msgspec.structs.replace(slots, name=name))


def _take_meter_no(slots: Slots, answer: Said | Picked | Located) -> Move:
    number = "" if isinstance(answer, Located) else digits_of(answer.text).removeprefix("表号")
    number = number.upper()
    if not _METER_NO.fullmatch(number):
        return Miss(words.METER_NO_WRONG)
    return _bind(msgspec.structs.replace(slots, meter_no=number))


def _take_confirm(slots: Slots, answer: Said | Picked | Located) -> Move:
    choice = None if isinstance(answer, Located) else choice_of(answer.text)
    if choice == 1 and slots.account_no and slots.name and slots.meter_no:
        return _bind(slots)
    if choice == 2:
        return Go("account_no", Slots())
    return Miss(words.CHOOSE_1_OR_2)


def _bind(slots: Slots) -> Move:
    if slots.account_no is None or slots.name is None or slots.meter_no is None:
        return _start(slots)
    command = BindAccount(account_no=slots.account_no, name=slots.name, meter_no=slots.meter_no)
    return Run(command, slots)


def _outcome(_slots: Slots, outcome: Outcome) -> Move:
    return Finish((_SENTENCES.get(outcome.code, words.FAILED),))


FLOW = Flow(
    name="bind",
    version=1,
    title=words.BIND_TITLE,
    slots=Slots,
    start=_start,
    restart=_start,
    steps={
        "account_no": Step(ask=lambda _: words.ASK_ACCOUNT_NO, take=_take_account_no),
        "name": Step(ask=lambda _: words.ASK_NAME, take=_take_name, back="account_no"),
        "meter_no": Step(ask=lambda _: words.ASK_METER_NO, take=_take_meter_no, back="name"),
        "confirm": Step(ask=lambda _: words.BIND_CONFIRM, take=_take_confirm, back="meter_no"),
    },
    outcome=_outcome,
)

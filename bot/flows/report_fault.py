"""报修: what is wrong and where, in at most five turns; two when the customer is bound.

A bound customer chooses among the own accounts; anybody else leaves a phone number and an address
or a place on the map. Nobody has to be bound to report that the power is gone.
"""

import msgspec

from bot import outage_words, words
from bot.conversation.reading import choice_of, phone_of, tidy
from bot.conversation.types import (
    AccountChoice,
    FileFault,
    FindAccounts,
    Finish,
    Flow,
    Go,
    Located,
    Miss,
    Move,
    OutageNote,
    Outcome,
    Picked,
    Run,
    Said,
    Step,
)
from grid.geography.types import RawPlace

#: More accounts than can be chosen by one digit are reported as "somewhere else".
MAX_CHOICES = 8

_SENTENCES = {
    "too_many": words.FAULT_TOO_MANY,
    "not_found": words.FAULT_NOT_YOURS,
}


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """What was told so far; `accounts` is what the customer was offered."""

    description: str | None = None
    accounts: tuple[AccountChoice, ...] = ()
    account_no: str | None = None
    phone: str | None = None
    address: str | None = None
    place: RawPlace | None = None


def _start(slots: Slots) -> Move:
    if slots.description is None:
        said = () if slots.place is None else (words.LOCATION_KEPT,)
        return Go("what", slots, said)
    return Run(FindAccounts(), slots)


def _restart(slots: Slots) -> Move:
    known_place = slots.account_no or (slots.phone and (slots.address or slots.place))
    if slots.description is not None and known_place:
        return Go("confirm", slots)
    return _start(slots)


def _located(slots: Slots, answer: Located) -> Slots:
    """The picked place, and the map's words for it unless the customer wrote better ones."""
    label = tidy(answer.label)[:200] or None
    return msgspec.structs.replace(
        slots, place=answer.place, address=slots.address or label, account_no=None
    )


def _take_what(slots: Slots, answer: Said | Picked | Located) -> Move:
    if isinstance(answer, Located):
        return Go("what", _located(slots, answer), (words.LOCATION_KEPT,))
    choice = choice_of(answer.text)
    if choice is not None and 1 <= choice <= len(words.WHAT_CHOICES):
        description = words.WHAT_CHOICES[choice - 1]
    else:
        description = tidy(answer.text)
    if choice is not None and description.isdigit():
        return Miss(words.WHAT_WRONG)
    if len(description) < 2:
        return Miss(words.WHAT_WRONG)
    return Run(FindAccounts(), msgspec.structs.replace(slots, description=description))


def _take_which(slots: Slots, answer: Said | Picked | Located) -> Move:
    if isinstance(answer, Located):
        return _where(_located(slots, answer))
    choice = choice_of(answer.text)
    if choice is None or not 1 <= choice <= len(slots.accounts) + 1:
        return Miss(words.CHOOSE_ACCOUNT)
    if choice == len(slots.accounts) + 1:
        return Go("phone", slots)
    account_no = slots.accounts[choice - 1].account_no
    return _file(msgspec.structs.replace(slots, account_no=account_no))


def _take_phone(slots: Slots, answer: Said | Picked | Located) -> Move:
    if isinstance(answer, Located):
        return Go("phone", _located(slots, answer), (words.LOCATION_KEPT,))
    phone = phone_of(answer.text)
    if phone is None:
        return Miss(words.PHONE_WRONG)
    slots = msgspec.structs.replace(slots, phone=phone)
    return Go("address", slots) if slots.place is None else _file(slots)


def _take_address(slots: Slots, answer: Said | Picked | Located) -> Move:
    if isinstance(answer, Located):
        return _file(_located(slots, answer))
    address = tidy(answer.text).replace("\n", " ")[:200]
    if len(address) < 4:
        return Miss(words.ADDRESS_WRONG)
    return _file(msgspec.structs.replace(slots, address=address))


def _take_confirm(slots: Slots, answer: Said | Picked | Located) -> Move:
    choice = None if isinstance(answer, Located) else choice_of(answer.text)
    if choice == 1:
        return _file(slots)
    if choice == 2:
        return Go("what", Slots())
    return Miss(words.CHOOSE_1_OR_2)


def _file(slots: Slots) -> Move:
    if slots.description is None:
        return Go("what", slots)
    command = FileFault(
        description=slots.description,
        account_no=slots.account_no,
        phone=slots.phone,
        address=slots.address,
        place=slots.place,
    )
    return Run(command, slots)


def _outcome(slots: Slots, outcome: Outcome) -> Move:
    if outcome.code == "found":
        return _where(msgspec.structs.replace(slots, accounts=outcome.accounts[:MAX_CHOICES]))
    if outcome.code == "reported" and outcome.number is not None:
        return Finish(_filed(outcome.number, outcome.outage))
    return Finish((_SENTENCES.get(outcome.code, words.FAULT_NOT_FILED),))


def _filed(number: str, outage: OutageNote | None) -> tuple[str, ...]:
    """Somebody is sent; or an outage is known there, and this is what is known of it."""
    if outage is None:
        return (words.fault_filed(number),)
    if outage.joined:
        return (outage_words.outage_joined(number, outage.kind, outage.cause, outage.etr),)
    beside = outage_words.outage_known_beside(outage.kind, outage.cause, outage.etr)
    return (words.fault_filed(number), beside)


def _where(slots: Slots) -> Move:
    if slots.place is None and slots.accounts:
        return Go("which", slots)
    if len(slots.accounts) == 1:
        # The only account tells who is asking and which phone to ring; the place is the map's.
        return _file(msgspec.structs.replace(slots, account_no=slots.accounts[0].account_no))
    return Go("phone", slots, (words.LOCATION_KEPT,) if slots.place is not None else ())


def _ask_which(slots: Slots) -> str:
    return words.ask_which_account([account.address for account in slots.accounts])


FLOW = Flow(
    name="report_fault",
    version=1,
    title=words.FAULT_TITLE,
    slots=Slots,
    start=_start,
    restart=_restart,
    steps={
        "what": Step(ask=lambda _: words.ASK_WHAT, take=_take_what),
        "which": Step(ask=_ask_which, take=_take_which, back="what"),
        "phone": Step(ask=lambda _: words.ASK_PHONE, take=_take_phone, back="what"),
        "address": Step(ask=lambda _: words.ASK_ADDRESS, take=_take_address, back="phone"),
        "confirm": Step(ask=lambda _: words.FAULT_CONFIRM, take=_take_confirm, back="what"),
    },
    outcome=_outcome,
)

"""解绑: choose one of the bound accounts and let it go; two turns."""

import msgspec

from bot import words
from bot.conversation.reading import choice_of
from bot.conversation.types import (
    AccountChoice,
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
    UnbindAccount,
)

#: What one digit can choose.
MAX_CHOICES = 9

_SENTENCES = {"unbound": words.UNBOUND, "not_found": words.NOT_BOUND}


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts that were offered."""

    accounts: tuple[AccountChoice, ...] = ()


def _start(slots: Slots) -> Move:
    return Run(FindAccounts(), slots)


def _take_which(slots: Slots, answer: Said | Picked | Located) -> Move:
    choice = None if isinstance(answer, Located) else choice_of(answer.text)
    if choice is None or not 1 <= choice <= len(slots.accounts):
        return Miss(words.CHOOSE_ACCOUNT)
    return Run(UnbindAccount(slots.accounts[choice - 1].account_no), slots)


def _outcome(_slots: Slots, outcome: Outcome) -> Move:
    if outcome.code != "found":
        return Finish((_SENTENCES.get(outcome.code, words.FAILED),))
    if not outcome.accounts:
        return Finish((words.NOT_BOUND,))
    return Go("which", Slots(accounts=outcome.accounts[:MAX_CHOICES]))


def _ask_which(slots: Slots) -> str:
    return words.ask_which_to_unbind([account.address for account in slots.accounts])


FLOW = Flow(
    name="unbind",
    version=1,
    title=words.UNBIND_TITLE,
    slots=Slots,
    start=_start,
    restart=_start,
    steps={"which": Step(ask=_ask_which, take=_take_which)},
    outcome=_outcome,
)

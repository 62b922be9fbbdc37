"""网格: who serves the customer's default account; one turn."""

import msgspec

from bot import words
from bot.conversation.types import FindGridManager, Finish, Flow, Move, Outcome, Run


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing to remember."""


def _start(slots: Slots) -> Move:
    return Run(FindGridManager(), slots)


def _outcome(_slots: Slots, outcome: Outcome) -> Move:
    if outcome.code != "found":
        return Finish((words.FAILED,))
    person = outcome.person
    if person is None:
        return Finish((words.GRID_UNKNOWN,))
    return Finish((words.who_serves(person.name, person.phone, person.grid_name),))


FLOW = Flow(
    name="grid_manager",
    version=1,
    title=words.GRID_TITLE,
    slots=Slots,
    start=_start,
    restart=_start,
    steps={},
    outcome=_outcome,
)

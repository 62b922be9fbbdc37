"""催办: the customer's newest open matter is urged; one turn, and told back how often."""

import msgspec

from bot import matter_words, words
from bot.conversation.types import Finish, Flow, Move, Outcome, Run, UrgeLatest


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing to remember."""


def _start(slots: Slots) -> Move:
    return Run(UrgeLatest(), slots)


def _outcome(_slots: Slots, outcome: Outcome) -> Move:
    if outcome.code == "nothing_to_urge":
        return Finish((matter_words.NOTHING_TO_URGE,))
    if outcome.code != "urged" or not outcome.tickets:
        return Finish((words.FAILED,))
    line = outcome.tickets[0]
    shown = words.progress_line(line.number, line.state, line.reported_at, line.who, line.who_phone)
    return Finish((matter_words.urged(outcome.count, shown),))


FLOW = Flow(
    name="urge",
    version=1,
    title=matter_words.URGE_TITLE,
    slots=Slots,
    start=_start,
    restart=_start,
    steps={},
    outcome=_outcome,
)

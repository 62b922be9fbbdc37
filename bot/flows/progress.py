"""进度: how far the customer's own tickets are; one turn."""

import msgspec

from bot import matter_words, words
from bot.conversation.types import FindTickets, Finish, Flow, Move, Outcome, Run

#: The newest tickets shown in one reply.
MAX_TICKETS = 3


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing to remember."""


def _start(slots: Slots) -> Move:
    return Run(FindTickets(), slots)


def _outcome(_slots: Slots, outcome: Outcome) -> Move:
    if outcome.code != "found":
        return Finish((words.FAILED,))
    if not outcome.tickets:
        return Finish((words.NO_TICKETS,))
    lines = [
        words.progress_line(line.number, line.state, line.reported_at, line.who, line.who_phone)
        + matter_words.answer_line(line.answer)
        for line in outcome.tickets[:MAX_TICKETS]
    ]
    return Finish((words.progress(lines),))


FLOW = Flow(
    name="progress",
    version=1,
    title=words.PROGRESS_TITLE,
    slots=Slots,
    start=_start,
    restart=_start,
    steps={},
    outcome=_outcome,
)

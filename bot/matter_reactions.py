"""What the customer is told of matters that are no faults: the answer with its question, the end.

To the author of a tip-off nothing is sent that says which matter, or that it was one: what waits
to be sent is read by more people than the seal allows. The cause of such a message is made of the
sealed row's own id, which stands nowhere else.
"""

from typing import NamedTuple

from bot import matter_words, words
from bot.conversation.moves import invite
from bot.inbound import load, lock_customer, save
from bot.outbound import Menu, Text, queue
from grid.kit.clock import business_now
from grid.kit.database import fetch_one
from grid.kit.outbox import reaction
from grid.work_orders.events import TicketChanged, TicketReplied
from grid.work_orders.words import TicketEvent, TicketKind, TicketState

_WHOM = (
    "SELECT t.number, t.state, t.answer, t.version, t.sealed, t.kind,"
    " coalesce(t.openid, a.openid) AS openid, coalesce(a.id, t.id) AS named"
    " FROM ticket t LEFT JOIN sealed_author a ON a.ticket = t.id WHERE t.id = $1"
)


class _Matter(NamedTuple):
    openid: str
    number: str
    state: TicketState
    answer: str
    sealed: bool
    cause: str


@reaction(TicketReplied)
async def tell_answer(event: TicketReplied) -> None:
    """The office answered: what, and how was it? A repair asks whether the power is back."""
    if event.kind is TicketKind.FAULT:
        return
    matter = await _matter(event)
    if matter is None or matter.state is not TicketState.REPLIED:
        return
    if matter.sealed:
        await queue(f"answer:{matter.cause}", matter.openid, Text(matter_words.SEALED_ANSWERED))
        return
    await lock_customer(matter.openid)
    now = await business_now()
    before = await load(matter.openid)
    after = invite(before, "rate", now)
    if after != before:
        await save(matter.openid, after, now)
    head = matter_words.answered(matter.number, matter.answer)
    menu = Menu(head, words.RATE_CHOICES, words.MENU_TAIL)
    await queue(f"answer:{matter.cause}", matter.openid, menu)


@reaction(TicketChanged)
async def tell_cancelled(event: TicketChanged) -> None:
    """Cancelled by the office: nobody waits for nothing."""
    if event.event is not TicketEvent.CANCEL or event.kind is TicketKind.FAULT:
        return
    matter = await _matter(event)
    if matter is None or matter.state is not TicketState.CANCELLED:
        return
    said = (
        matter_words.SEALED_NEWS if matter.sealed else matter_words.matter_cancelled(matter.number)
    )
    await queue(f"cancelled:{matter.cause}", matter.openid, Text(said))


async def _matter(event: TicketReplied | TicketChanged) -> _Matter | None:
    row = await fetch_one(_WHOM, event.ticket_id)
    if row is None or row["openid"] is None:
        return None
    return _Matter(
        row["openid"],
        row["number"],
        TicketState(row["state"]),
        row["answer"] or "",
        row["sealed"],
        f"{row['named']}:{row['version']}",
    )

"""A customer talking to the engine, with commands answered as a test says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.conversation.engine import advance
from bot.conversation.types import (
    AccountChoice,
    Command,
    Conversation,
    Event,
    FileFault,
    FileMatter,
    FindAccounts,
    FindGridManager,
    FindTickets,
    Outcome,
    PageDispatcher,
    RateLatest,
    Said,
    TicketLine,
    UrgeLatest,
)

START = datetime(2024, 1, 1, tzinfo=UTC)
HOME = AccountChoice(account_no="4228280001", address="容美镇屏山村三组 12 号")
SHOP = AccountChoice(account_no="4228280002", address="容美镇中坪街 8 号")


def bound_once(command: Command) -> Outcome:
    """The world of a customer with one account, where everything succeeds."""
    if isinstance(command, FindAccounts):
        return Outcome(code="found", accounts=(HOME,))
    return unbound(command)


def unbound(command: Command) -> Outcome:
    """The world of a customer without an account, where everything succeeds."""
    if isinstance(command, FindAccounts | FindTickets):
        return Outcome(code="found")
    if isinstance(command, FindGridManager):
        return Outcome(code="found")
    if isinstance(command, FileFault):
        return Outcome(code="reported", number="F2401010001")
    if isinstance(command, PageDispatcher):
        return Outcome(code="paged", number="F2401010002")
    if isinstance(command, FileMatter):
        return Outcome(code="taken", number="TS2401010003")
    if isinstance(command, RateLatest):
        return Outcome(code="rated", number="F2401010001")
    if isinstance(command, UrgeLatest):
        line = TicketLine(number="TS2401010003", state="in_hand", reported_at=START)
        return Outcome(code="urged", tickets=(line,), count=2)
    words = {
        "BindAccount": "bound",
        "UnbindAccount": "unbound",
        "SayRatingWords": "said",
        "ConfirmRestored": "confirmed",
    }
    return Outcome(code=words[type(command).__name__])


class Talk:
    """One customer's talk: `say` feeds an event and returns all the words that come back."""

    def __init__(self, world: Callable[[Command], Outcome] = unbound) -> None:
        self.state = Conversation()
        self.now = START
        self.world = world
        self.commands: list[Command] = []

    def tell(self, event: Event) -> str:
        turn = advance(self.state, event, self.now)
        replies = list(turn.replies)
        for _ in range(4):
            if turn.command is None:
                break
            self.commands.append(turn.command)
            turn = advance(turn.state, self.world(turn.command), self.now)
            replies += turn.replies
        assert turn.command is None, "commands without end"
        self.state = turn.state
        return "\n\n".join(replies)

    def say(self, text: str) -> str:
        return self.tell(Said(text))

    def wait(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

"""How many customer-service messages an account may send to one person, since 2023-06-12."""

from dataclasses import dataclass

from bot.simulator.errors import PlatformError

MESSAGE_BUDGET = 5
MESSAGE_WINDOW_S = 48 * 3600
ACTION_BUDGET = 3
ACTION_WINDOW_S = 60


@dataclass(slots=True)
class SendingWindow:
    """Two allowances that run side by side; each new act of the person starts its own anew."""

    message_until: float = float("-inf")
    message_left: int = 0
    action_until: float = float("-inf")
    action_left: int = 0

    def open_by_message(self, now: float) -> None:
        """The person wrote: 5 messages within 48 hours."""
        self.message_until = now + MESSAGE_WINDOW_S
        self.message_left = MESSAGE_BUDGET

    def open_by_action(self, now: float) -> None:
        """The person followed, scanned, or chose from a menu: 3 messages within a minute."""
        self.action_until = now + ACTION_WINDOW_S
        self.action_left = ACTION_BUDGET

    def close(self) -> None:
        """The person does not follow any more: nothing may be sent."""
        self.message_until = self.action_until = float("-inf")

    def check(self, now: float) -> None:
        """PlatformError 45015 when no window is open, 45047 when the open ones are used up."""
        action_open, message_open = now < self.action_until, now < self.message_until
        if not action_open and not message_open:
            raise PlatformError(45015)
        if not (action_open and self.action_left) and not (message_open and self.message_left):
            raise PlatformError(45047)

    def spend(self, now: float) -> None:
        """Check, then take one message, from the shorter window first: it is lost sooner."""
        self.check(now)
        if now < self.action_until and self.action_left:
            self.action_left -= 1
        else:
            self.message_left -= 1

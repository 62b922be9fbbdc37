"""How much one sender may cost: the first messages of a minute are free of questions.

Honest people send a few messages a minute; those are counted in this process only. Whoever sends
more is counted in the shared budget, so that all processes together slow a flood down. With N
processes a sender gets at most N times FREE_A_MINUTE beyond the shared limit.
"""

import asyncio
import time

from backend.http.budgets import budgets

#: Messages of one customer in a minute that reach the database; danger has its own budget.
MESSAGES_A_MINUTE, DANGER_A_MINUTE = 30, 6
#: Of these, what this process grants without asking the transport.
FREE_A_MINUTE = 5
WINDOW_S = 60
#: Senders remembered here; with more in one minute the oldest are forgotten, which is generous.
SENDERS_MAX = 50_000
#: A transport that does not answer in this time does not keep a customer waiting.
_ASK_LIMIT_S = 0.3


class SenderBudget:
    """Counts messages per sender in the running minute of this process, then asks the others."""

    def __init__(self) -> None:
        self._minute = -1
        self._counts: dict[str, int] = {}

    async def take(self, openid: str, in_danger: bool) -> bool:
        """Whether this message may cost more than an answer; True when nobody can count in time."""
        name, limit = ("bot_danger", DANGER_A_MINUTE) if in_danger else ("bot", MESSAGES_A_MINUTE)
        if self._count(f"{name}:{openid}") <= FREE_A_MINUTE:
            return True
        try:
            async with asyncio.timeout(_ASK_LIMIT_S):
                return await budgets().take(name, openid, limit - FREE_A_MINUTE, WINDOW_S)
        except TimeoutError:
            return True

    async def may_say_busy(self, openid: str) -> bool:
        """Once a minute somebody who is too fast is told so; otherwise silence is the answer."""
        return await budgets().take("bot_busy", openid, 1, WINDOW_S)

    def _count(self, key: str) -> int:
        minute = int(time.monotonic() // WINDOW_S)
        if minute != self._minute or len(self._counts) >= SENDERS_MAX:
            self._minute = minute
            self._counts.clear()
        count = self._counts[key] = self._counts.get(key, 0) + 1
        return count

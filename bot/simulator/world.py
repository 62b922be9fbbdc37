"""One simulated account, whole: everything the endpoints, the control side and the page share."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from litestar.di import NamedDependency

from bot.simulator.cipher import Envelope
from bot.simulator.clock import VirtualClock
from bot.simulator.config import SimulatorConfig
from bot.simulator.faults import FaultBoard
from bot.simulator.followers import FollowerBook
from bot.simulator.mailbox import Mailbox
from bot.simulator.media import MediaShelf
from bot.simulator.push import Pusher
from bot.simulator.quotas import QuotaBook
from bot.simulator.reply import ReplyReader
from bot.simulator.scenes import BoundedShelf, OAuthCodes, Scene
from bot.simulator.tokens import TokenBook

MAX_BACKGROUND_TASKS = 10_000


class World:
    """The state of the platform for one account. Everything in it is bounded."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.clock = VirtualClock()
        self.quotas = QuotaBook(self.clock, config.quotas)
        self.tokens = TokenBook(self.clock, self.quotas)
        self.followers = FollowerBook(config.followers, self.clock.now())
        self.mailbox = Mailbox(self.clock, config.messages_per_follower)
        self.media = MediaShelf(self.clock)
        self.scenes: BoundedShelf[Scene] = BoundedShelf()
        self.oauth = OAuthCodes(self.clock)
        self.faults = FaultBoard()
        self.menu: list[dict[str, Any]] | None = None
        self.ticket: tuple[str, float] | None = None
        self.calls: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        envelope = Envelope(config.encoding_aes_key, config.app_id)
        reader = ReplyReader(config.token, config.original_id, envelope, self.media)
        self.pusher = Pusher(config, self.clock, reader)
        self._tasks: set[asyncio.Task[Any]] = set()
        # Ids grow over restarts, as the platform's do: the second of the start, then a number.
        self._ids = itertools.count(int(time.time()) * 10_000_000 + 1)

    def next_id(self) -> int:
        """A new MsgId or MsgID (64-bit, never repeated)."""
        return next(self._ids)

    def in_background(self, work: Coroutine[Any, Any, Any]) -> bool:
        """Run `work` beside the request; False when 10,000 such works wait already."""
        if len(self._tasks) >= MAX_BACKGROUND_TASKS:
            work.close()
            self.errors["background_full"] += 1
            return False
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def settle(self) -> None:
        """Wait until everything in the background has ended (tests and orderly steps)."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """End the background work."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


# How a request handler asks for the one world of its application.
InWorld = NamedDependency[World]

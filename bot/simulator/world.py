"""One simulated account, whole: everything the endpoints, the control side and the page share."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

from litestar.di import NamedDependency

from bot.simulator.cipher import Envelope
from bot.simulator.clock import VirtualClock
from bot.simulator.config import SimulatorConfig
from bot.simulator.faults import FaultBoard
from bot.simulator.followers import Follower, FollowerBook
from bot.simulator.journal import (
    ClockLine,
    FollowerLine,
    Journal,
    Line,
    MenuLine,
    MessageLine,
    follower_line,
    message_line,
    restore_follower,
    restored_message,
)
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
        self.journal: Journal | None = None
        if config.journal_path is not None:
            self.journal = Journal(Path(config.journal_path), self._lines)
        self._touched: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        # Ids grow over restarts, as the platform's do: the second of the start, then a number.
        self._ids = itertools.count(int(time.time()) * 10_000_000 + 1)

    def start(self) -> None:
        """Remember what the journal kept, then write on in it. Without a journal: nothing."""
        if self.journal is None:
            return
        for line in self.journal.read():
            self._recall(line)
        self.journal.compact()
        self.mailbox.on_new = lambda message: self._note(message_line(message))

    def remember(self, follower: Follower) -> None:
        """The person's state has changed."""
        self._touched.add(follower.openid)
        self._note(follower_line(follower))

    def set_menu(self, menu: list[dict[str, Any]] | None) -> None:
        """Replace the account's menu."""
        self.menu = menu
        self._note(MenuLine(menu))

    def advance(self, seconds: float) -> float:
        """Move the clock; its offset in seconds. ValueError for a step back or too far."""
        offset_s = self.clock.advance(seconds)
        self._note(ClockLine(offset_s))
        return offset_s

    def _note(self, line: Line) -> None:
        if self.journal is not None:
            self.journal.append(line)

    def _lines(self) -> Iterator[Line]:
        yield ClockLine(self.clock.offset_s)
        yield MenuLine(self.menu)
        for openid in self._touched:
            follower = self.followers.find(openid)
            if follower is not None:
                yield follower_line(follower)
        yield from map(message_line, self.mailbox.kept())

    def _recall(self, line: Line) -> None:
        if isinstance(line, FollowerLine):
            follower = self.followers.meet(line.openid, line.subscribed_at)
            restore_follower(follower, line)
            self._touched.add(line.openid)
        elif isinstance(line, MessageLine):
            self.mailbox.restore(restored_message(line))
        elif isinstance(line, MenuLine):
            self.menu = line.menu
        else:
            self.clock.offset_s = line.offset_s

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
        """End the background work and the journal."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.journal is not None:
            self.journal.close()


# How a request handler asks for the one world of its application.
InWorld = NamedDependency[World]

"""Keeps children alive, gives up on one that keeps dying, and stops all of them in order."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum

from backend.refused import Refused
from backend.supervisor.child import Child

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
MOST_DEATHS = 6
DEATHS_WINDOW_S = 30.0


class Stage(IntEnum):
    """The order of stopping: whoever uses a service ends before the service does."""

    WEB = 1
    WORKER = 2
    SIMULATOR = 3
    TRANSPORT = 4
    DATABASE = 5


class KeepsDying(Refused):
    """A child died too often in a short time; the text names it and shows its last words."""


@dataclass(kw_only=True)
class Kept:
    """One child under supervision. `start` makes it, or makes it again; `child` is the last one."""

    name: str
    stage: Stage
    start: Callable[[], Awaitable[Child]]
    child: Child
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_DEATHS))
    keeper: asyncio.Task[None] | None = None


class Supervisor:
    """Starts children, starts them again when they die, stops them stage by stage.

    `say` gets one line per event; `on_change` is called when a child has a new process.
    """

    def __init__(
        self, say: Callable[[str], None], on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._say = say
        self._on_change = on_change
        self._kept: list[Kept] = []

    @property
    def processes(self) -> list[tuple[str, int]]:
        """(name, pid) of every child, in the order they were added."""
        return [(kept.name, kept.child.pid) for kept in self._kept]

    async def add(
        self,
        name: str,
        stage: Stage,
        start: Callable[[], Awaitable[Child]],
        *,
        running: Child | None = None,
    ) -> None:
        """Start a child (or take one that runs already) and keep it alive from now on."""
        child = running if running is not None else await start()
        kept = Kept(name=name, stage=stage, start=start, child=child)
        kept.keeper = asyncio.create_task(self._keep(kept), name=f"keeper of {name}")
        self._kept.append(kept)

    async def wait(self) -> None:
        """Wait until a child is given up; raises KeepsDying. Without one, waits for ever."""
        keepers = [kept.keeper for kept in self._kept if kept.keeper is not None]
        done, _ = await asyncio.wait(keepers, return_when=asyncio.FIRST_COMPLETED)
        for keeper in done:
            keeper.result()

    async def stop(self) -> None:
        """Stop every child, one stage after the other, all of one stage at once."""
        keepers = [kept.keeper for kept in self._kept if kept.keeper is not None]
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        for stage in Stage:
            same = [kept for kept in self._kept if kept.stage is stage]
            if same:
                self._say(f"stopping {', '.join(kept.name for kept in same)}")
            await asyncio.gather(*(kept.child.stop() for kept in same))
        self._kept.clear()

    async def _keep(self, kept: Kept) -> None:
        while True:
            ending = _ending(await kept.child.wait())
            while True:
                pause_s = self._pause_after(kept, ending)
                self._say(f"{kept.name} ended ({ending}); starting it again")
                await asyncio.sleep(pause_s)
                try:
                    kept.child = await kept.start()
                    break
                except Refused as error:
                    # A service that cannot start at this moment has died once more.
                    ending = str(error)
            self._on_change()

    def _pause_after(self, kept: Kept, ending: str) -> float:
        """How long to wait before the next try; raises KeepsDying after too many."""
        now = time.monotonic()
        kept.deaths.append(now)
        recent = [moment for moment in kept.deaths if now - moment < DEATHS_WINDOW_S]
        if len(recent) >= MOST_DEATHS:
            words = kept.child.last_words()
            raise KeepsDying(
                f"{kept.name} died {len(recent)} times within {DEATHS_WINDOW_S:.0f} s "
                f"({ending}), see {kept.child.spec.log_path}:\n{words}"
            )
        pause_s: float = FIRST_PAUSE_S * 2 ** (len(recent) - 1)
        return min(pause_s, LONGEST_PAUSE_S)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"

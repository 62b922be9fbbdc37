"""The database of a home: migrated at every start, filled with the demo county at the first."""

from collections.abc import Callable

import msgspec

from backend.demo.seeding import seed
from backend.migrate import migrate
from backend.one_machine.home import HomeSecrets
from backend.one_machine.ready import Facts
from backend.settings import Settings
from grid.kit.clock import allow_moving
from grid.kit.database import close_pool, open_pool

Say = Callable[[str], None]


class Progress:
    """Turns many small steps into few lines: one a stage, one for each fifth of it."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._last: tuple[str, int] = ("", -1)

    def __call__(self, stage: str, fraction: float) -> None:
        fifth = (stage, int(fraction * 5))
        if fifth != self._last:
            self._last = fifth
            self._say(f"  {fraction:4.0%} {stage}")


async def prepare_database(
    settings: Settings, secrets: HomeSecrets, customers: int, say: Say
) -> Facts:
    """Migrate, load the demo county where none is yet, and return who is in it.

    Each half is one transaction a step or one altogether, so a start that was cut off is simply
    begun again. Without a demo there are no facts.
    """
    await migrate(settings, say)
    if not settings.demo:
        return {}
    allow_moving(True)
    await open_pool(settings.database_url.reveal(), max_size=2)
    try:
        facts = await seed(
            customers=customers,
            home_secret=bytes.fromhex(secrets.demo_secret),
            progress=Progress(say),
        )
    finally:
        await close_pool()
    found: Facts = msgspec.to_builtins(facts)
    return found

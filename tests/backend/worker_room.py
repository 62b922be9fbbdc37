"""A small room for the worker's tests: events whose reaction leaves a countable effect.

The table `effect` is made by the tests' owner role. A doubled effect is a second row, a lost one
no row.
"""

import asyncio
import os
from uuid import UUID

from grid.kit.database import execute
from grid.kit.outbox import Event, reaction
from grid.kit.schedule import schedule

CREATE_EFFECT = "CREATE TABLE effect (event_key uuid NOT NULL, done_by int NOT NULL)"
TICK_KEY = UUID(int=0)


class Knocked(Event):
    """Somebody knocked; `wait_s` is how long the door takes, `refuse` that it never opens."""

    key: UUID
    wait_s: float = 0.0
    refuse: bool = False


@reaction(Knocked)
async def open_door(event: Knocked) -> None:
    """Leave one row; it is written before the waiting, so that an abort has to undo it."""
    await execute("INSERT INTO effect VALUES ($1, $2)", event.key, os.getpid())
    if event.refuse:
        raise ValueError("the door stays shut")
    if event.wait_s:
        await asyncio.sleep(event.wait_s)


@schedule("tests.tick", every_s=1.0)
async def tick() -> None:
    """Leave one row for each run."""
    await execute("INSERT INTO effect VALUES ($1, $2)", TICK_KEY, os.getpid())

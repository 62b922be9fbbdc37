"""What rooms do when time passes: run by whichever worker claims the schedule's row first.

A row per schedule says when it is next due, in machine time. A worker claims it by a conditional
update that moves the due time past the longest possible run, so any number of workers run it once,
and one that dies in the middle only delays it. What a schedule does must bear being done twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple

import structlog

from grid.kit import context
from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch
from grid.kit.faults import fault_place, fault_words

#: Between the end of a run's time limit and the moment at which another worker may claim it.
MARGIN_S = 5.0

log = structlog.get_logger()

Run = Callable[[], Awaitable[object]]


class Schedule(NamedTuple):
    name: str
    every_s: float
    limit_s: float
    run: Run


_SCHEDULES: dict[str, Schedule] = {}


def schedule(name: str, every_s: float, limit_s: float = 30.0) -> Callable[[Run], Run]:
    """Register a function that a worker runs every `every_s`, cut off after `limit_s`.

    Raises ValueError when another function has the name: the row of the one would guard both.
    """

    def register(run: Run) -> Run:
        if name in _SCHEDULES:
            raise ValueError(f"two schedules are called {name}")
        _SCHEDULES[name] = Schedule(name, every_s, limit_s, run)
        return run

    return register


def schedules() -> dict[str, Schedule]:
    """Every registered schedule by name (those whose modules were imported)."""
    return dict(_SCHEDULES)


async def prepare() -> None:
    """Give every registered schedule its row; a new one is due at once."""
    await execute(
        "INSERT INTO schedule_guard (name, due_at) SELECT name, $2"
        " FROM unnest($1::text[]) AS name ON CONFLICT (name) DO NOTHING",
        sorted(_SCHEDULES),
        machine_now(),
    )


async def due() -> list[str]:
    """Registered schedules whose time has come, the longest waiting first."""
    rows = await fetch(
        "SELECT name FROM schedule_guard WHERE name = ANY($1::text[]) AND due_at <= $2"
        " ORDER BY due_at",
        list(_SCHEDULES),
        machine_now(),
    )
    return [row["name"] for row in rows]


async def run_claimed(name: str) -> bool:
    """Run one schedule if nobody else claimed it; False when somebody did or it is not due.

    A failure is recorded in the row and logged, and the next run comes at its normal time.
    """
    known = _SCHEDULES[name]
    began = machine_now()
    leased_until = began + timedelta(seconds=max(known.every_s, known.limit_s + MARGIN_S))
    if not await execute(
        "UPDATE schedule_guard SET due_at = $2 WHERE name = $1 AND due_at <= $3",
        name,
        leased_until,
        began,
    ):
        return False
    failure = await _run(known)
    ended = machine_now()
    await execute(
        "UPDATE schedule_guard SET due_at = $3, last_finished_at = $4, last_error = $5"
        " WHERE name = $1 AND due_at = $2",
        name,
        leased_until,
        max(began + timedelta(seconds=known.every_s), ended),
        ended,
        failure,
    )
    return True


async def _run(known: Schedule) -> str | None:
    """Run it inside its limit; returns the words of its failure, or None."""
    try:
        with context.acting(f"schedule:{known.name}"):
            async with asyncio.timeout(known.limit_s):
                await known.run()
    except Exception as error:
        words = fault_words(error)
        if isinstance(error, TimeoutError):
            words = f"TimeoutError: took longer than {known.limit_s:g} s"
        log.error("schedule_failed", schedule=known.name, error=words, place=fault_place(error))
        return words
    return None

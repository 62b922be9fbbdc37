"""What rooms do when time passes: run by whichever worker claims the schedule's row first.

A row per schedule says when it is next due, in machine time. A worker claims it by a conditional
update that moves the due time a lease ahead, and moves it on while it runs, so any number of
workers run it once, and one that dies in the middle delays it by a lease. What a schedule does must
bear being done twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from grid.kit import context
from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch
from grid.kit.faults import fault_place, fault_words

#: After so long without a sign of life of the worker that runs it, another worker may.
LEASE_S = 6.0

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


async def wake() -> int:
    """Make every schedule that rests due now, because business time was pushed; returns how many.

    One that is running, or was claimed a moment ago, keeps its lease and its next time.
    """
    now = machine_now()
    return await execute(
        "UPDATE schedule_guard SET due_at = $1 WHERE due_at > $2",
        now,
        now + timedelta(seconds=LEASE_S),
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


async def run_claimed(name: str, *, lease_s: float = LEASE_S) -> bool:
    """Run one schedule if nobody else claimed it; False when somebody did or it is not due.

    A failure is recorded in the row and logged, and the next run comes at its normal time.
    """
    known = _SCHEDULES[name]
    began = machine_now()
    lease = _Lease(name, lease_s)
    if not await lease.claim(began):
        return False
    keeper = asyncio.create_task(lease.keep())
    try:
        failure = await _run(known)
    finally:
        keeper.cancel()
    ended = machine_now()
    next_due = max(began + timedelta(seconds=known.every_s), ended)
    await execute(
        "UPDATE schedule_guard SET due_at = $3, last_finished_at = $4, last_error = $5"
        " WHERE name = $1 AND due_at = ANY($2::timestamptz[])",
        name,
        lease.ends,
        next_due,
        ended,
        failure,
    )
    return True


class _Lease:
    """The claim on one schedule's row; `ends` are the due times that may stand in it as ours."""

    def __init__(self, name: str, lease_s: float) -> None:
        self._name = name
        self._lease_s = lease_s
        self.ends: list[datetime] = []

    async def claim(self, now: datetime) -> bool:
        """Move the due time a lease ahead; False when the schedule is not due (any more)."""
        self.ends = [now + timedelta(seconds=self._lease_s)]
        claimed = await execute(
            "UPDATE schedule_guard SET due_at = $2 WHERE name = $1 AND due_at <= $3",
            self._name,
            self.ends[0],
            now,
        )
        return bool(claimed)

    async def keep(self) -> None:
        """Move the due time on until cancelled, or until the row is not ours any more."""
        while True:
            await asyncio.sleep(self._lease_s / 3)
            end = machine_now() + timedelta(seconds=self._lease_s)
            held, self.ends = self.ends, [*self.ends[-1:], end]
            try:
                kept = await execute(
                    "UPDATE schedule_guard SET due_at = $3"
                    " WHERE name = $1 AND due_at = ANY($2::timestamptz[])",
                    self._name,
                    held,
                    end,
                )
            except Exception as error:
                log.warning("schedule_lease_lost", schedule=self._name, error=fault_words(error))
                return
            if not kept:
                return


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

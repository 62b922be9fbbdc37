"""A matter with clocks and nothing else, for tests of clocks by themselves."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from grid.clocks import pauses
from grid.clocks.ledger import ClockRow, latest
from grid.clocks.service import clock_rows, open_clocks, recompute
from grid.clocks.types import Hours, Limit, PauseReason, RequestPause, Subject, Target
from grid.kit.database import execute, fetch
from grid.kit.ids import new_id
from grid.territory.types import SystemActor

ANYBODY = SystemActor(name="test")
MINUTE, HOUR, DAY = 60, 3600, 86400


def limit(
    target: Target,
    limit_s: int,
    hours: Hours = Hours.ALWAYS,
    warn_percent: int | None = 80,
    source: str = "承诺",
) -> Limit:
    return Limit(
        target=target, limit_s=limit_s, hours=hours, warn_percent=warn_percent, source=source
    )


async def opened_at(at: datetime, *limits: Limit, started: tuple[Target, ...] = ()) -> UUID:
    """A new matter whose clocks began then, those of `started` or else all."""
    matter = new_id()
    begin = started or tuple(one.target for one in limits)
    await open_clocks(Subject.WORK_ORDER, matter, limits, begin, at)
    return matter


async def paused(
    matter: UUID, reason: PauseReason, from_at: datetime, until: datetime, ended: bool = True
) -> UUID:
    """A pause that was held; its clocks are reckoned."""
    asked = RequestPause(reason=reason, words="原因", until=until)
    pause = await pauses.write_pause(ANYBODY, Subject.WORK_ORDER, matter, asked, from_at)
    await execute("UPDATE sla_pause SET state = 'running' WHERE id = $1", pause)
    if ended:
        await pauses.end_open(matter, until)
    await recompute(Subject.WORK_ORDER, matter, from_at)
    return pause


async def clocks_of(matter: UUID) -> dict[Target, ClockRow]:
    return latest(await clock_rows(matter))


async def said(kind: str) -> list[dict[str, Any]]:
    """The bodies of the events of a kind."""
    rows = await fetch("SELECT body FROM outbox_event WHERE kind = $1 ORDER BY id", kind)
    return [msgspec.json.decode(row["body"]) for row in rows]


async def said_of_clocks(kind: str) -> Counter[str]:
    """How often an event was said of each clock."""
    return Counter(body["clock_id"] for body in await said(kind))

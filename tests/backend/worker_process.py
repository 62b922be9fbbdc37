"""Start real worker processes on a test's own PostgreSQL and Valkey, and look at what they did."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from grid.kit.database import fetch, fetch_value, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from tests.backend.worker_room import Knocked
from tests.support.launching import ROOT

PROGRAM = "import tests.backend.worker_room; from backend.worker import main; main()"

SETTINGS = {
    "WANGGE_BASE_URL": "http://127.0.0.1:1",
    "WANGGE_SESSION_KEYS": "test:" + "s" * 40,
    "WANGGE_COOKIE_KEYS": "test:" + "c" * 40,
    "WANGGE_WECHAT_APP_ID": "wx0000000000000000",
    "WANGGE_WECHAT_APP_SECRET": "a" * 32,
    "WANGGE_WECHAT_ORIGINAL_ID": "gh_000000000000",
    "WANGGE_WECHAT_TOKEN": "t" * 20,
    "WANGGE_WECHAT_ENCODING_AES_KEY": "k" * 43,
}


def worker_environment(database_url: str, redis_url: str, *, demo: bool = True) -> dict[str, str]:
    """Every setting a worker needs, over this process's own environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    return {
        **kept,
        **SETTINGS,
        "WANGGE_DEMO": str(demo).lower(),
        "WANGGE_DATABASE_URL": database_url,
        "WANGGE_REDIS_URL": redis_url,
        "PYTHONPATH": str(ROOT),
    }


@contextmanager
def worker(
    environment: dict[str, str], log_path: Path, program: str = PROGRAM
) -> Iterator[subprocess.Popen[bytes]]:
    """A running worker process; whatever happens, it is gone at the end."""
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", program], env=environment, cwd=ROOT, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(timeout=5)


async def knock(count: int, *, wait_s: float = 0.0, refuse: bool = False) -> list[UUID]:
    """Say `count` events, each in a transaction of its own; returns their keys."""
    keys = [new_id() for _ in range(count)]
    for key in keys:
        async with transaction():
            await say(Knocked(key=key, wait_s=wait_s, refuse=refuse))
    return keys


async def effects_of(keys: list[UUID]) -> dict[UUID, int]:
    """How many effects each event left; those without any are absent."""
    rows = await fetch(
        "SELECT event_key, count(*) AS n FROM effect WHERE event_key = ANY($1::uuid[])"
        " GROUP BY event_key",
        keys,
    )
    return {row["event_key"]: row["n"] for row in rows}


async def unfinished() -> int:
    """Events without deliveries and deliveries without an end."""
    return int(
        await fetch_value(
            "SELECT (SELECT count(*) FROM outbox_event WHERE relayed_at IS NULL)"
            " + (SELECT count(*) FROM event_delivery WHERE state = 'pending')"
        )
    )


async def until(
    condition: Callable[[], Awaitable[bool]], what: str, within_s: float = 10.0
) -> None:
    """Poll a fact until it holds, or fail with its words."""
    end = time.monotonic() + within_s
    while not await condition():
        assert time.monotonic() < end, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.02)


async def until_handled(keys: list[UUID], within_s: float = 10.0) -> None:
    """Wait until every event left its effect and nothing is under way."""

    async def done() -> bool:
        return len(await effects_of(keys)) == len(keys) and await unfinished() == 0

    await until(done, f"{len(keys)} events are handled", within_s)

"""The database of a home for one command, whether or not `wangge up` is running there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from backend.embedded import EmbeddedPostgres, HomeInUse
from backend.embedded.home import HomeLock
from backend.keys import Secret
from backend.settings import DatabaseSettings


@asynccontextmanager
async def standing_database(settings: DatabaseSettings) -> AsyncIterator[DatabaseSettings]:
    """Settings whose database answers: a home that stands still is started for this one command.

    An installation with a database of its own is left as it is. Raises EmbeddedError.
    """
    lock = _lock_of_still_home(settings)
    if lock is None:
        yield settings
        return
    try:
        async with EmbeddedPostgres(Path(settings.home or "")) as server:
            yield msgspec.structs.replace(
                settings,
                database_url=Secret(server.app_url),
                migration_database_url=Secret(server.owner_url),
            )
    finally:
        lock.release()


def _lock_of_still_home(settings: DatabaseSettings) -> HomeLock | None:
    """The lock of a home with a database that nobody runs; None when there is no such home."""
    if settings.home is None or not (Path(settings.home) / "postgres" / "state.json").exists():
        return None
    lock = HomeLock(Path(settings.home), "this home")
    try:
        lock.acquire()
    except HomeInUse:
        return None
    return lock

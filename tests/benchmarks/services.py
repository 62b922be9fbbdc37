"""The servers of a benchmark run: embedded, durable, migrated, thrown away afterwards."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg

from backend.embedded import EmbeddedPostgres, EmbeddedValkey
from backend.keys import Secret
from backend.migrate import migrate
from backend.settings import DatabaseSettings
from grid.kit.database import close_pool, open_pool


class Services(NamedTuple):
    """Where the servers are, and a directory for logs."""

    owner_url: str
    app_url: str
    redis_url: str
    directory: Path


@asynccontextmanager
async def running() -> AsyncIterator[Services]:
    """PostgreSQL with fsync and Valkey with its append-only file, and this process's pool."""
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as place:
        home = Path(place) / "home"
        async with EmbeddedPostgres(home) as postgres, EmbeddedValkey(home) as valkey:
            await migrate(
                DatabaseSettings(
                    database_url=Secret(postgres.app_url),
                    migration_database_url=Secret(postgres.owner_url),
                )
            )
            await open_pool(postgres.app_url, max_size=8)
            try:
                yield Services(postgres.owner_url, postgres.app_url, valkey.url, Path(place))
            finally:
                await close_pool()


async def as_owner(services: Services, *statements: str) -> None:
    """Run statements as the role that owns the tables."""
    owner = await asyncpg.connect(services.owner_url)
    try:
        for statement in statements:
            await owner.execute(statement)
    finally:
        await owner.close()

"""One embedded PostgreSQL and Valkey for the whole run; a migrated database for each test process."""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from backend.embedded import EmbeddedPostgres
from backend.keys import Secret
from backend.migrate import migrate
from backend.settings import DatabaseSettings
from grid.kit import clock
from grid.kit.database import APPEND_ONLY_TABLES, close_pool, open_pool, transaction

os.environ.setdefault("PICCOLO_CONF", "backend.piccolo_conf")


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    """A PostgreSQL of this test process, without fsync."""
    with tempfile.TemporaryDirectory(prefix="wangge-test-") as place:
        async with EmbeddedPostgres(Path(place) / "home", durable=False) as server:
            yield server


@pytest.fixture(scope="session")
async def database_url(postgres: EmbeddedPostgres) -> str:
    """The run-time role's address of a freshly migrated database (as `wangge migrate` leaves it)."""
    settings = DatabaseSettings(
        database_url=Secret(postgres.app_url), migration_database_url=Secret(postgres.owner_url)
    )
    await migrate(settings)
    return postgres.app_url


@pytest.fixture(scope="session")
async def pool(database_url: str) -> AsyncIterator[None]:
    """The process's pool, opened on the test database, with business time movable."""
    await open_pool(database_url, max_size=8)
    clock.allow_moving(True)
    yield
    await close_pool()


@pytest.fixture
async def rolled_back(pool: None) -> AsyncIterator[None]:
    """Everything the test writes is rolled back: for tests that do not look at commit or locks."""
    async with transaction() as running:
        yield
        await running.rollback()
    # What the test may have learnt of a clock that it pushed went back too.
    clock.allow_moving(True)


@pytest.fixture
async def committed(pool: None, postgres: EmbeddedPostgres) -> AsyncIterator[None]:
    """The test commits for real; afterwards every table is emptied by the owner."""
    yield
    await empty_tables(postgres.owner_url)


async def empty_tables(owner_url: str) -> None:
    """Empty every table but the settings and the clock's one row, which migrations fill."""
    owner = await asyncpg.connect(owner_url)
    try:
        tables = await owner.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT IN ('migration', 'business_clock', 'dated_setting')"
        )
        names = ", ".join(f'"{row["tablename"]}"' for row in tables)
        for trigger in APPEND_ONLY_TABLES:
            await owner.execute(f"ALTER TABLE {trigger} DISABLE TRIGGER {trigger}_append_only")
        await owner.execute(f"TRUNCATE {names}")
        for trigger in APPEND_ONLY_TABLES:
            await owner.execute(f"ALTER TABLE {trigger} ENABLE TRIGGER {trigger}_append_only")
        await owner.execute("UPDATE business_clock SET offset_s = 0")
    finally:
        await owner.close()
    clock.allow_moving(True)

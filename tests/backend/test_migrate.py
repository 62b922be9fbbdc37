"""`wangge migrate`: one runner at a time, whole steps, rights, and no harm to an open pool."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from backend.apart import apart
from backend.embedded import EmbeddedPostgres
from backend.embedded.postgres import APP_ROLE
from backend.keys import Secret
from backend.migrate import LOCK_KEY, grant_rights, migrate, pending, role_of
from backend.settings import DatabaseSettings
from grid.kit.database import APPEND_ONLY_TABLES, fetch_value, transaction


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[DatabaseSettings]:
    """A database of its own, without tables."""
    name = f"migrate_{uuid4().hex[:12]}"
    await postgres.create_database(name)
    yield DatabaseSettings(
        database_url=Secret(postgres.url_of(name, APP_ROLE)),
        migration_database_url=Secret(postgres.url_of(name)),
    )
    await postgres.drop_database(name)


async def value(url: Secret, sql: str, *args: object) -> object:
    connection = await asyncpg.connect(url.reveal())
    try:
        return await connection.fetchval(sql, *args)
    finally:
        await connection.close()


async def test_everything_runs_once(empty: DatabaseSettings) -> None:
    said: list[str] = []
    first = await migrate(empty, said.append)
    assert first
    assert said == [f"migrated {identity}" for identity in first]
    assert await migrate(empty) == []
    connection = await asyncpg.connect(empty.database_url.reveal())
    try:
        assert await pending(connection) == []
    finally:
        await connection.close()


async def test_two_runners_at_once_do_it_once(empty: DatabaseSettings) -> None:
    held = await asyncpg.connect(empty.owner_database_url.reveal())
    await held.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
    running = asyncio.create_task(migrate(empty))
    await asyncio.sleep(0.5)
    assert not running.done()
    assert await held.fetchval("SELECT to_regclass('migration')") is None
    await held.close()
    assert await running
    assert await migrate(empty) == []


async def test_the_runtime_role_works_with_tables_but_rewrites_no_proof(
    empty: DatabaseSettings,
) -> None:
    await migrate(empty)
    for table in APPEND_ONLY_TABLES:
        for right, may in (("SELECT", 1), ("INSERT", 1), ("UPDATE", 0), ("DELETE", 0)):
            sql = "SELECT has_table_privilege($1, $2)"
            assert await value(empty.database_url, sql, table, right) is bool(may), (table, right)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await value(empty.database_url, "DELETE FROM audit_entry")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await value(empty.database_url, "INSERT INTO migration DEFAULT VALUES")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await value(empty.database_url, "ALTER TABLE audit_entry DISABLE TRIGGER ALL")


async def test_one_role_for_all_needs_no_rights(empty: DatabaseSettings) -> None:
    await migrate(empty)
    await grant_rights(DatabaseSettings(database_url=empty.owner_database_url))
    assert role_of("postgresql://wang%40ge:x@h/d") == "wang@ge"
    assert role_of("postgresql:///d") == ""


async def test_an_open_pool_stays_where_it_was(pool: None, empty: DatabaseSettings) -> None:
    here = await fetch_value("SELECT current_database()")
    await migrate(empty)
    with apart(empty.database_url.reveal(), {}):
        async with transaction():
            assert await fetch_value("SELECT current_database()") != here
    assert await fetch_value("SELECT current_database()") == here

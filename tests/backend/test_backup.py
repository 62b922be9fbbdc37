"""Backup and restore: the same rows come back, and nothing old is sent again."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from backend.apart import apart
from backend.backup import BackupRefused, back_up, manifest_of
from backend.embedded import EmbeddedPostgres
from backend.keys import Secret
from backend.migrate import migrate
from backend.postgres_tools import ToolFailed, find_tool, libpq_environment
from backend.restore import check_copy, restore
from backend.settings import DatabaseSettings
from grid.kit.outbox import release_frozen


@contextlib.asynccontextmanager
async def installation(home: Path) -> AsyncIterator[DatabaseSettings]:
    """A migrated database with two waiting deliveries, one handled, and one event not relayed."""
    async with EmbeddedPostgres(home, durable=False) as server:
        settings = DatabaseSettings(
            database_url=Secret(server.app_url), migration_database_url=Secret(server.owner_url)
        )
        await migrate(settings)
        for reaction, state in (("a", "pending"), ("b", "pending"), ("c", "handled")):
            await _event_with_delivery(server.app_url, reaction, state)
        await run(
            server.app_url,
            "INSERT INTO outbox_event (id, kind, body, said_by, said_at)"
            " VALUES ($1, 'test.Fresh', '{}', 'test', '2026-01-01Z')",
            uuid4(),
        )
        yield settings


async def run(url: str, sql: str, *args: object) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql, *args)
    finally:
        await connection.close()


async def _event_with_delivery(url: str, reaction: str, state: str) -> None:
    event = uuid4()
    await run(
        url,
        "INSERT INTO outbox_event (id, kind, body, said_by, said_at, relayed_at)"
        " VALUES ($1, 'test.Said', '{}', 'test', '2026-01-01Z', '2026-01-01Z')",
        event,
    )
    await run(
        url,
        "INSERT INTO event_delivery (id, event, reaction, state, attempts, due_at)"
        " VALUES ($1, $2, $3, $4, 0, '2026-01-01Z')",
        uuid4(),
        event,
        reaction,
        state,
    )


async def deliveries(settings: DatabaseSettings, state: str) -> object:
    sql = "SELECT count(*) FROM event_delivery WHERE state = $1"
    return await run(settings.database_url.reveal(), sql, state)


def names_in(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


async def test_rows_come_back_and_what_waited_is_frozen(tmp_path: Path) -> None:
    copy = tmp_path / "副本 copy.dump"
    async with installation(tmp_path / "home") as settings:
        manifest = await back_up(settings, copy)
        assert copy.stat().st_mode & 0o777 == 0o600
        assert manifest_of(copy).stat().st_mode & 0o777 == 0o600
        assert manifest.dump_bytes == copy.stat().st_size
        assert names_in(tmp_path) == {copy.name, manifest_of(copy).name, "home"}

        app = settings.database_url.reveal()
        await run(app, "DELETE FROM event_delivery")
        await run(app, "UPDATE business_clock SET offset_s = 9")
        done = await restore(settings, copy, replace=True)

        assert (done.manifest, done.frozen, done.migrated) == (manifest, 3, [])
        assert await run(app, "SELECT offset_s FROM business_clock") == 0
        assert await deliveries(settings, "handled") == 1
        assert await deliveries(settings, "pending") == 0
        assert await deliveries(settings, "frozen") == 3
        assert await run(app, "SELECT count(*) FROM outbox_event WHERE relayed_at IS NULL") == 0


async def test_the_runtime_role_has_its_rights_again_and_no_more(tmp_path: Path) -> None:
    async with installation(tmp_path / "home") as settings:
        await back_up(settings, tmp_path / "copy")
        await restore(settings, tmp_path / "copy", replace=True)
        app = settings.database_url.reveal()
        await run(app, "UPDATE business_clock SET offset_s = 9")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(app, "DELETE FROM audit_entry")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(app, "DROP TABLE audit_entry")


async def test_two_different_people_release_what_waited(tmp_path: Path) -> None:
    async with installation(tmp_path / "home") as settings:
        await back_up(settings, tmp_path / "copy")
        await restore(settings, tmp_path / "copy", replace=True)
        app = settings.database_url.reveal()
        with apart(app, {}):
            assert await release_frozen("A-1") == 0
            assert await release_frozen("A-1") == 0
            assert await deliveries(settings, "frozen") == 3
            assert await release_frozen("B-2") == 3
        assert await run(app, "SELECT count(*) FROM frozen_release") == 0
        assert await deliveries(settings, "pending") == 2


async def test_a_database_with_work_in_it_is_not_overwritten(tmp_path: Path) -> None:
    async with installation(tmp_path / "home") as settings:
        await back_up(settings, tmp_path / "copy")
        with pytest.raises(BackupRefused, match="not empty: --replace"):
            await restore(settings, tmp_path / "copy", replace=False)
        assert await deliveries(settings, "pending") == 2


async def test_an_empty_house_takes_a_copy_without_being_asked_twice(tmp_path: Path) -> None:
    async with installation(tmp_path / "home") as settings:
        await back_up(settings, tmp_path / "copy")
    async with EmbeddedPostgres(tmp_path / "new home", durable=False) as server:
        fresh = DatabaseSettings(
            database_url=Secret(server.app_url), migration_database_url=Secret(server.owner_url)
        )
        await migrate(fresh)
        assert (await restore(fresh, tmp_path / "copy", replace=False)).frozen == 3


async def test_a_damaged_copy_changes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    async with installation(tmp_path / "home") as settings:
        await back_up(settings, copy)
        whole = copy.read_bytes()
        copy.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(BackupRefused, match="damaged"):
            await restore(settings, copy, replace=True)
        manifest_of(copy).unlink()
        copy.write_bytes(whole[: len(whole) // 2])
        with pytest.raises((BackupRefused, ToolFailed)):
            await restore(settings, copy, replace=True)
        assert await deliveries(settings, "pending") == 2


async def test_a_copy_that_fails_leaves_the_last_one_alone(tmp_path: Path) -> None:
    async with installation(tmp_path / "home") as settings:
        await back_up(settings, tmp_path / "copy")
        before = (tmp_path / "copy").read_bytes()
        await run(settings.owner_database_url.reveal(), "DROP TABLE migration")
        with pytest.raises(BackupRefused, match="no tables to copy"):
            await back_up(settings, tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == before
        assert names_in(tmp_path) == {"copy", "copy.manifest.json", "home"}


async def test_a_copy_needs_a_place(tmp_path: Path) -> None:
    async with installation(tmp_path / "home") as settings:
        with pytest.raises(BackupRefused, match="cannot write in"):
            await back_up(settings, tmp_path / "nowhere" / "copy")


async def test_one_role_for_all_has_to_be_silent(tmp_path: Path) -> None:
    async with installation(tmp_path / "home") as settings:
        await back_up(settings, tmp_path / "copy")
        alone = DatabaseSettings(database_url=settings.owner_database_url)
        busy = await asyncpg.connect(
            alone.database_url.reveal(), server_settings={"application_name": "wangge-worker"}
        )
        try:
            with pytest.raises(BackupRefused, match="stop web and worker first: 1 "):
                await restore(alone, tmp_path / "copy", replace=True)
        finally:
            await busy.close()


def test_a_missing_file_and_a_wrong_manifest_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="no file"):
        check_copy(tmp_path / "none")
    (tmp_path / "copy").write_bytes(b"x")
    assert check_copy(tmp_path / "copy") is None
    manifest_of(tmp_path / "copy").write_text('{"made_at": 5}')
    with pytest.raises(BackupRefused, match="malformed"):
        check_copy(tmp_path / "copy")


def test_no_password_becomes_an_argument() -> None:
    found = libpq_environment("postgresql://user:p%40ss@db.example:5433/wangge?sslmode=disable")
    assert found["PGPASSWORD"] == "p@ss"
    assert (found["PGHOST"], found["PGPORT"], found["PGUSER"]) == ("db.example", "5433", "user")
    assert (found["PGDATABASE"], found["PGSSLMODE"]) == ("wangge", "disable")


def test_a_program_older_than_the_server_is_not_used() -> None:
    assert find_tool("pg_dump", 15).endswith("pg_dump")
    with pytest.raises(ToolFailed, match="no pg_dump of PostgreSQL 99"):
        find_tool("pg_dump", 99)

"""Bring the tables to this version, one runner at a time, and give the run-time role its rights."""

import contextlib
import io
import os
from collections.abc import AsyncIterator, Callable
from urllib.parse import unquote, urlsplit

import asyncpg
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.apps.migrations.commands.base import BaseMigrationManager
from piccolo.apps.migrations.tables import Migration
from piccolo.conf.apps import MigrationModule

from backend.apart import apart
from backend.refused import Refused
from backend.settings import DatabaseSettings
from grid.kit.database import APPEND_ONLY_TABLES, DB

APP_NAME = "wangge"
LOCK_KEY = 0x77616E676765  # "wangge": one runner in the whole database
LOCK_WAIT_S = 30
STATEMENT_LOCK_WAIT_S = 10


class MigrationRefused(Refused):
    """The tables cannot be migrated now; the text says why and how to mend it."""


async def migrate(
    settings: DatabaseSettings, say: Callable[[str], None] = lambda words: None
) -> list[str]:
    """Run what has not run yet and return its ids; raises MigrationRefused.

    Each step and its mark commit together, so a runner that is killed leaves no half step.
    """
    _use_piccolo_configuration()
    url = settings.owner_database_url.reveal()
    server_settings = {
        "application_name": "wangge migrate",
        "lock_timeout": str(STATEMENT_LOCK_WAIT_S * 1000),
    }
    async with _only_runner(url):
        with apart(url, server_settings):
            waiting = await _run_waiting(say)
        await grant_rights(settings)
    return waiting


async def _run_waiting(say: Callable[[str], None]) -> list[str]:
    """Run the migrations that have not run; returns their ids."""
    manager = BaseMigrationManager()
    await manager.create_migration_table()
    modules = _modules(manager)
    already = await Migration.get_migrations_which_ran(app_name=APP_NAME)
    waiting = sorted(set(modules) - set(already))
    for identity in waiting:
        await _run_step(identity, modules[identity])
        say(f"migrated {identity}")
    return waiting


async def pending(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """The ids of migrations that have not run on the database of `connection`."""
    _use_piccolo_configuration()
    ran: set[str] = set()
    if await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL"):
        rows = await connection.fetch("SELECT name FROM migration WHERE app_name = $1", APP_NAME)
        ran = {row["name"] for row in rows}
    return sorted(set(_modules(BaseMigrationManager())) - ran)


def _use_piccolo_configuration() -> None:
    os.environ["PICCOLO_CONF"] = "backend.piccolo_conf"


def _modules(manager: BaseMigrationManager) -> dict[str, MigrationModule]:
    folder = manager.get_app_config(APP_NAME).resolved_migrations_folder_path
    return manager.get_migration_modules(folder)


@contextlib.asynccontextmanager
async def _only_runner(url: str) -> AsyncIterator[None]:
    """Hold the migration lock of the database; raises MigrationRefused when it stays taken."""
    connection = await asyncpg.connect(url, server_settings={"application_name": "wangge migrate"})
    try:
        await connection.execute(f"SET lock_timeout = '{LOCK_WAIT_S}s'")
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
        yield
    except asyncpg.LockNotAvailableError as error:
        raise MigrationRefused(
            f"waited too long for a lock ({error}): another migration runs, or the service is busy "
            "with these tables; try again when it is quiet"
        ) from None
    finally:
        # Closing the session gives the lock back, also when the unlock could not be said.
        await connection.close()


async def _run_step(identity: str, module: MigrationModule) -> None:
    """Run one migration file and mark it, in one transaction where the file allows it."""
    step = await module.forwards()
    alone = isinstance(step, MigrationManager) and not step.wrap_in_transaction
    async with contextlib.nullcontext() if alone else DB.transaction():
        if isinstance(step, MigrationManager):
            # Piccolo reports each table on standard output; our own line says enough.
            with contextlib.redirect_stdout(io.StringIO()):
                await step.run()
        await Migration.insert().add(Migration(name=identity, app_name=APP_NAME)).run()


def role_of(url: str) -> str:
    """The role an address signs in as; empty when it names none."""
    return unquote(urlsplit(url).username or "")


async def grant_rights(settings: DatabaseSettings) -> None:
    """Let the run-time role work with every table, but rewrite none of the append-only ones."""
    owner, runtime = settings.owner_database_url.reveal(), settings.database_url.reveal()
    role = role_of(runtime)
    if not role or role == role_of(owner):
        return
    connection = await asyncpg.connect(owner)
    try:
        async with connection.transaction():
            for statement in await _grants(connection, role):
                await connection.execute(statement)
    finally:
        await connection.close()


async def _grants(connection: "asyncpg.Connection[asyncpg.Record]", role: str) -> list[str]:
    name = await connection.fetchval("SELECT quote_ident($1)", role)
    schema = await connection.fetchval("SELECT quote_ident(current_schema())")
    kept = ", ".join((*APPEND_ONLY_TABLES, "migration"))
    return [
        f"GRANT USAGE ON SCHEMA {schema} TO {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {name}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {kept} FROM {name}",
        f"REVOKE INSERT ON migration FROM {name}",
    ]

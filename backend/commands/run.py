"""Run one piece of asynchronous work for a command, with its settings and its refusals."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from backend.commands.words import CommandRefused
from backend.one_machine.standing import standing_database
from backend.settings import DatabaseSettings, Settings, SettingsError, load, load_database
from grid.kit.clock import allow_moving
from grid.kit.database import close_pool, open_pool
from grid.kit.refusals import Refusal

Result = TypeVar("Result")


def full_settings() -> Settings:
    """Every setting; raises CommandRefused naming the wrong ones."""
    try:
        return load(os.environ)
    except SettingsError as error:
        raise CommandRefused(f"the settings are not right:\n{error}") from None


def database_settings() -> DatabaseSettings:
    """The settings of the database alone; raises CommandRefused naming the wrong ones."""
    try:
        return load_database(os.environ)
    except SettingsError as error:
        raise CommandRefused(f"the settings are not right:\n{error}") from None


def finish(work: Awaitable[Result]) -> Result:
    """Run `work` to its end; raises CommandRefused for every refusal a person can act on."""

    async def watched() -> Result:
        return await work

    try:
        return asyncio.run(watched())
    except Refusal as refusal:
        raise CommandRefused(refusal.detail) from None
    except (OSError, asyncpg.CannotConnectNowError) as error:
        raise CommandRefused(f"cannot reach the database or the network: {error}") from None
    except asyncpg.PostgresError as error:
        raise CommandRefused(f"the database refused: {error}") from None


def with_database(
    settings: DatabaseSettings, work: Callable[[DatabaseSettings], Awaitable[Result]]
) -> Result:
    """Run `work` on a database that answers, that of a home that stands still, too."""

    async def standing() -> Result:
        async with standing_database(settings) as found:
            return await work(found)

    return finish(standing())


def with_pool(settings: DatabaseSettings, work: Callable[[], Awaitable[Result]]) -> Result:
    """Run `work` with the connection pool of the ground floor open."""

    async def pooled(found: DatabaseSettings) -> Result:
        allow_moving(settings.demo)
        # A command may think longer than a web request.
        await open_pool(
            found.database_url.reveal(), max_size=2, server_settings={"statement_timeout": "600000"}
        )
        try:
            return await work()
        finally:
            await close_pool()

    return with_database(settings, pooled)

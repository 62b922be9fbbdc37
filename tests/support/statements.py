"""Which statements a piece of code sends to PostgreSQL: to count them, or to tell them again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

from asyncpg.connection import LoggedQuery

from grid.kit.database import DB

#: asyncpg asks a new connection about array types, with jit off; no code of ours wants that.
_ASKED_BY_THE_DRIVER = ("typeinfo_tree", "set_config('jit'")


class Statement(NamedTuple):
    sql: str
    args: tuple[Any, ...]


@asynccontextmanager
async def recorded() -> AsyncIterator[list[Statement]]:
    """Every statement run inside the block, BEGIN and COMMIT too.

    Inside a transaction: those of its connection; otherwise those of this process's whole pool.
    """
    statements: list[Statement] = []

    def note(query: LoggedQuery) -> None:
        if not any(mark in query.query for mark in _ASKED_BY_THE_DRIVER):
            statements.append(Statement(query.query, tuple(query.args or ())))

    async with _connections() as connections:
        for connection in connections:
            connection.add_query_logger(note)
    try:
        yield statements
    finally:
        # asyncpg tells its listeners in the event loop's next turn.
        await asyncio.sleep(0)
        async with _connections() as connections:
            for connection in connections:
                connection.remove_query_logger(note)


@asynccontextmanager
async def _connections() -> AsyncIterator[list[Any]]:
    """The running transaction's connection, or for a moment every connection of the pool."""
    running = DB.current_transaction.get()
    if running is not None:
        yield [running.connection]
        return
    async with AsyncExitStack() as held:
        yield [
            await held.enter_async_context(DB.pool.acquire()) for _ in range(DB.pool.get_max_size())
        ]

"""How many statements a verb sends to PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asyncpg.connection import LoggedQuery

from grid.kit.database import connection_of_transaction

#: What asyncpg asks once on each connection when it meets a type for the first time.
_LEARNING = ("typeinfo_tree", "current_setting('jit')", "set_config('jit'")


@asynccontextmanager
async def counted() -> AsyncIterator[list[str]]:
    """Every statement sent on the running transaction's connection inside the block.

    For tests that stand in one transaction (`rolled_back`): verbs join it, so no BEGIN and COMMIT
    are among the statements.
    """
    statements: list[str] = []

    def note(query: LoggedQuery) -> None:
        if not any(sign in query.query for sign in _LEARNING):
            statements.append(query.query)

    connection = connection_of_transaction()
    connection.add_query_logger(note)
    try:
        yield statements
        # The driver tells of a statement in the loop's next turn.
        await asyncio.sleep(0)
    finally:
        connection.remove_query_logger(note)

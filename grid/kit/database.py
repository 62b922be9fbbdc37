"""The one way to PostgreSQL: a pool, transactions that give their connection back, thin SQL.

Piccolo describes the tables and runs the migrations; statements on busy paths are written as SQL
and run here, on the connection of the current transaction or else on one from the pool
(`backend/decisions/0002-thin-sql-beside-piccolo.md`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Literal, cast

import asyncpg
from asyncpg import Record
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.table import Table

#: Tables the run-time role may read and append to, but never rewrite (`wangge migrate` grants).
APPEND_ONLY_TABLES = (
    "audit_entry",
    "audit_link",
    "work_order_transition",
    "ticket_transition",
    "evidence_item",
    "supervision_transition",
    "handover_entry",
    "rating",
    "rating_comment",
    "sealed_lookup",
    "customer_visit",
    "visit_review",
    "visit_verdict",
    "customer_tag_step",
    "indicator_period",
    "indicator_record",
    "indicator_sum",
    "outage_transition",
)

_DEFAULT_SERVER_SETTINGS: Mapping[str, str] = {
    "application_name": "wangge",
    "timezone": "UTC",
    "statement_timeout": "4000",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "10000",
}


class PooledConnection(asyncpg.Connection):
    """A connection without session state to undo, so returning it costs no round trip.

    The house sets no session variables and takes only transaction-level advisory locks. asyncpg
    still rolls back a transaction that was left open.
    """

    __slots__ = ()

    def get_reset_query(self) -> str:
        return ""


class ConnectionPool(asyncpg.Pool):
    """asyncpg's pool, which gives a connection in good order back without a task of its own.

    asyncpg shields every return from cancellation by a task, for it may have to wait for the
    server. With nothing to reset, a connection that is neither closed nor worn out nor inside a
    transaction is returned without any waiting, so there is nothing to shield.
    """

    __slots__ = ()

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:
        holder, inner = connection._holder, connection._con
        if (
            inner is not None
            and holder._pool is self
            and holder._generation == self._generation
            and not inner.is_closed()
            and not inner.is_in_transaction()
            and inner._top_xact is None
            and not inner._protocol._is_cancelling()
            and inner._protocol.queries_count < self._max_queries
        ):
            await holder.release(None)
        else:
            await super().release(connection, timeout=timeout)


class Transaction(PostgresTransaction):
    """A transaction that always gives its connection back, whatever BEGIN or COMMIT does."""

    async def __aenter__(self) -> PostgresTransaction:
        if self._parent is not None:
            return self._parent
        self.connection = await self.get_connection()
        self.transaction = self.connection.transaction()
        try:
            await self.begin()
        except BaseException:
            await self._drop_connection()
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(
        self, exception_type: Any, exception: Any, traceback: Any
    ) -> Literal[False]:
        try:
            await super().__aexit__(exception_type, exception, traceback)
            return False
        except BaseException:
            if self._parent is None:
                with suppress(ValueError):
                    self.engine.current_transaction.reset(self.context)
                await self._drop_connection()
            raise

    async def _drop_connection(self) -> None:
        """Break the connection rather than guess its state; the pool makes a new one."""
        with suppress(Exception):
            self.connection.terminate()
        if self.engine.pool:
            with suppress(asyncpg.InterfaceError):
                await asyncio.shield(self.engine.pool.release(self.connection))


class Database(PostgresEngine):
    """Piccolo's engine with the repaired transaction and a pool that has limits."""

    async def check_version(self) -> None:
        """Piccolo asks here on import; a module that is only imported must not need a server."""

    def transaction(self, allow_nested: bool = True) -> Transaction:
        return Transaction(engine=self, allow_nested=allow_nested)


DB = Database(config={}, extensions=())


def point_at(database_url: str) -> None:
    """Name the database; before this call every use fails with asyncpg's own defaults."""
    DB.config.clear()
    DB.config.update({"dsn": database_url})


async def open_pool(
    database_url: str, *, max_size: int = 8, server_settings: Mapping[str, str] | None = None
) -> None:
    """Open this process's pool (1 to `max_size` connections, time-outs set on the server side)."""
    point_at(database_url)
    await close_pool()
    DB.pool = await ConnectionPool(
        database_url,
        min_size=1,
        max_size=max_size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        connection_class=PooledConnection,
        record_class=Record,
        command_timeout=30,
        server_settings={**_DEFAULT_SERVER_SETTINGS, **(server_settings or {})},
    )


async def close_pool(grace_s: float = 5.0) -> None:
    """Close the pool; connections still in use after `grace_s` are cut."""
    if DB.pool is None:
        return
    try:
        async with asyncio.timeout(grace_s):
            await DB.pool.close()
    except TimeoutError:
        DB.pool.terminate()
    DB.pool = None


def transaction() -> Transaction:
    """Begin a transaction, or join the one that is running in this task."""
    return DB.transaction()


def in_transaction() -> bool:
    return DB.current_transaction.get() is not None


def connection_of_transaction() -> "asyncpg.Connection[Record]":
    """The asyncpg connection of the running transaction, for COPY. Raises outside of one."""
    current = DB.current_transaction.get()
    if current is None:
        raise RuntimeError("COPY needs a transaction: open one in the service")
    return cast("asyncpg.Connection[Record]", current.connection)


async def fetch(sql: str, *args: object) -> list[Record]:
    """Run one statement and return all its rows."""
    current = DB.current_transaction.get()
    if current is not None:
        return cast("list[Record]", await current.connection.fetch(sql, *args))
    return cast("list[Record]", await _pool().fetch(sql, *args))


async def fetch_one(sql: str, *args: object) -> Record | None:
    """Run one statement and return its first row, or None."""
    current = DB.current_transaction.get()
    if current is not None:
        return cast("Record | None", await current.connection.fetchrow(sql, *args))
    return cast("Record | None", await _pool().fetchrow(sql, *args))


async def fetch_value(sql: str, *args: object) -> Any:
    """Run one statement and return the first column of its first row, or None."""
    row = await fetch_one(sql, *args)
    return None if row is None else row[0]


async def execute(sql: str, *args: object) -> int:
    """Run one statement and return how many rows it changed: the way to claim work."""
    current = DB.current_transaction.get()
    runner = current.connection if current is not None else _pool()
    status: str = await runner.execute(sql, *args)
    count = status.rsplit(" ", 1)[-1]
    return int(count) if count.isdigit() else 0


async def insert(table: type[Table], /, **values: object) -> None:
    """Insert one row; the statement's text depends only on the table and the columns' names."""
    columns = tuple(values)
    await execute(_insert_sql(table._meta.tablename, columns), *values.values())


async def insert_many(
    table: type[Table], columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """COPY rows into a table inside the running transaction."""
    await connection_of_transaction().copy_records_to_table(
        table._meta.tablename, records=rows, columns=list(columns)
    )


@cache
def _insert_sql(tablename: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    return f'INSERT INTO "{tablename}" ({names}) VALUES ({marks})'  # noqa: S608 - names are ours


def _pool() -> Any:
    if DB.pool is None:
        raise RuntimeError("the connection pool is not open: call open_pool() first")
    return DB.pool

"""Whatever BEGIN, COMMIT or a cancellation does, the connection comes back to the pool."""

import asyncio
import os
import random
import signal
import time
from contextlib import AsyncExitStack

import asyncpg
import pytest

from grid.kit.database import (
    DB,
    execute,
    fetch_one,
    fetch_value,
    in_transaction,
    insert,
    insert_many,
    transaction,
)
from grid.kit.tables import ScheduleGuard
from tests.support.statements import recorded


async def whole_pool_answers() -> bool:
    """Every connection the pool may hold can be had at the same time, and answers."""
    async with asyncio.timeout(10), AsyncExitStack() as held:
        for _ in range(DB.pool.get_max_size()):
            connection = await held.enter_async_context(DB.pool.acquire())
            assert await connection.fetchval("SELECT 1") == 1
            assert not connection.is_in_transaction()
    return True


async def words() -> list[str]:
    return [row["word"] for row in await DB.pool.fetch("SELECT word FROM probe ORDER BY word")]


async def write_and_fail(word: str) -> None:
    async with transaction():
        await execute("INSERT INTO probe VALUES ($1)", word)
        raise ZeroDivisionError


async def write_and_be_cut() -> None:
    """The server ends the connection between two statements."""
    async with transaction():
        await execute("INSERT INTO probe VALUES ('cut')")
        backend = await fetch_value("SELECT pg_backend_pid()")
        await DB.pool.execute("SELECT pg_terminate_backend($1)", backend)
        await execute("INSERT INTO probe VALUES ('after')")


async def test_a_failing_commit_gives_its_connection_back(probe: None) -> None:
    for n in range(DB.pool.get_max_size() + 2):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with transaction():
                await execute("INSERT INTO probe_pair VALUES ($1, $2)", n, 1000)
        assert not in_transaction()
    assert await whole_pool_answers()
    assert await fetch_value("SELECT count(*) FROM probe_pair") == 0


async def test_after_a_failing_commit_the_same_task_begins_anew(probe: None) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with transaction():
            await execute("INSERT INTO probe_pair VALUES (1, 1000)")
    with pytest.raises(ZeroDivisionError):
        await write_and_fail("undone")
    assert await words() == []


async def test_a_failing_begin_gives_its_connection_back(pool: None) -> None:
    assert await whole_pool_answers()
    async with AsyncExitStack() as held:
        backends = [
            (await held.enter_async_context(DB.pool.acquire())).get_server_pid()
            for _ in range(DB.pool.get_max_size())
        ]
    for backend in backends:
        os.kill(backend, signal.SIGTERM)
    # Without giving the event loop a turn, so that the pool still believes in its connections.
    time.sleep(0.3)  # noqa: ASYNC251
    failures = 0
    for _ in backends:
        try:
            async with transaction():
                assert await fetch_value("SELECT 1") == 1
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            failures += 1
        assert not in_transaction()
    assert failures >= 1
    assert await whole_pool_answers()


async def test_a_connection_cut_in_the_middle_is_replaced(probe: None) -> None:
    for _ in range(DB.pool.get_max_size() + 2):
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await write_and_be_cut()
        assert not in_transaction()
    assert await whole_pool_answers()
    assert await words() == []


async def test_a_thousand_cancelled_tasks_leave_the_pool_whole(probe: None) -> None:
    chance = random.Random(20261121)

    async def work(n: int) -> None:
        async with transaction():
            await execute("INSERT INTO probe VALUES ($1)", f"word {n}")
            await execute("SELECT pg_sleep(0.002)")

    for _ in range(50):
        tasks = [asyncio.create_task(work(n)) for n in range(20)]
        await asyncio.sleep(chance.random() * 0.02)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await whole_pool_answers()
    assert (
        await fetch_value(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE state = 'idle in transaction' AND datname = current_database()"
        )
        == 0
    )


async def test_an_inner_transaction_joins_the_outer(probe: None) -> None:
    async with transaction() as outer:
        async with transaction():
            await execute("INSERT INTO probe VALUES ('undone')")
        await outer.rollback()
    assert await words() == []
    async with transaction():
        async with transaction():
            await execute("INSERT INTO probe VALUES ('inner')")
        await execute("INSERT INTO probe VALUES ('outer')")
    assert await words() == ["inner", "outer"]


async def test_a_savepoint_undoes_one_part(probe: None) -> None:
    async with transaction() as running:
        await execute("INSERT INTO probe VALUES ('kept')")
        before = await running.savepoint()
        with pytest.raises(asyncpg.NotNullViolationError):
            await execute("INSERT INTO probe VALUES (NULL)")
        await before.rollback_to()
        await execute("INSERT INTO probe VALUES ('too')")
    assert await words() == ["kept", "too"]


async def test_nobody_sees_what_is_not_committed(probe: None) -> None:
    async with transaction():
        await execute("INSERT INTO probe VALUES ('mine')")
        assert await fetch_value("SELECT count(*) FROM probe") == 1
        assert await words() == []
    assert await words() == ["mine"]


async def test_a_task_beside_a_transaction_has_its_own_connection(probe: None) -> None:
    """Tasks copy the context they are made in, so they are made outside of transactions."""

    async def other() -> int:
        return int(await fetch_value("SELECT count(*) FROM probe"))

    started = asyncio.Event()

    async def wait_and_count() -> int:
        await started.wait()
        return await other()

    task = asyncio.create_task(wait_and_count())
    async with transaction():
        await execute("INSERT INTO probe VALUES ('mine')")
        started.set()
        assert await task == 0


async def test_execute_says_how_many_rows_it_changed(probe: None) -> None:
    assert await execute("INSERT INTO probe SELECT 'x' FROM generate_series(1, 3)") == 3
    assert await execute("UPDATE probe SET word = 'y' WHERE word = 'z'") == 0
    assert await execute("DELETE FROM probe") == 3
    assert await execute("LOCK TABLE probe IN ACCESS SHARE MODE; SELECT 1") in (0, 1)
    assert await fetch_one("SELECT 1 WHERE false") is None


async def test_a_transaction_costs_begin_and_commit_and_nothing_else(probe: None) -> None:
    async with recorded() as statements, transaction():
        await execute("INSERT INTO probe VALUES ('a')")
        await execute("INSERT INTO probe VALUES ('b')")
    assert [statement.sql.split()[0] for statement in statements] == [
        "BEGIN;",
        "INSERT",
        "INSERT",
        "COMMIT;",
    ]


async def test_rows_are_inserted_and_copied(committed: None) -> None:
    now = await fetch_value("SELECT now()")
    await insert(ScheduleGuard, name="one", due_at=now)
    async with transaction():
        await insert_many(ScheduleGuard, ["name", "due_at"], [("two", now), ("three", now)])
    assert await fetch_value("SELECT count(*) FROM schedule_guard") == 3


async def test_copy_needs_a_transaction(pool: None) -> None:
    with pytest.raises(RuntimeError, match="COPY needs a transaction"):
        await insert_many(ScheduleGuard, ["name"], [("one",)])


async def test_the_server_ends_what_takes_too_long(pool: None) -> None:
    async with transaction():
        assert await fetch_value("SHOW statement_timeout") == "4s"
        assert await fetch_value("SHOW lock_timeout") == "3s"
        assert await fetch_value("SHOW idle_in_transaction_session_timeout") == "10s"
        assert await fetch_value("SHOW timezone") == "UTC"

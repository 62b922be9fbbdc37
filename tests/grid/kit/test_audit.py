"""The audit trail: appended, sealed into a chain, and not to be rewritten by a running process."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from backend.embedded import EmbeddedPostgres
from grid.kit import audit, context
from grid.kit.clock import machine_now
from grid.kit.database import APPEND_ONLY_TABLES, execute, fetch_one, fetch_value, transaction
from grid.kit.upkeep import seal_audit

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


async def write_and_seal(count: int) -> None:
    for n in range(count):
        await audit.record("customer.read", f"account:{n}", fields="phone", count=n)
    assert await audit.seal(BEGINNING) == count


async def as_owner(postgres: EmbeddedPostgres, *statements: str) -> None:
    """What somebody with the owner's role could do, triggers off."""
    owner = await asyncpg.connect(postgres.owner_url)
    try:
        for table in ("audit_entry", "audit_link"):
            await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
        for statement in statements:
            await owner.execute(statement)
        for table in ("audit_entry", "audit_link"):
            await owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only")
    finally:
        await owner.close()


async def test_an_entry_says_who_under_which_request(rolled_back: None) -> None:
    with context.acting("staff:E0001"):
        await audit.record("customer.read", "account:1", fields="phone")
    row = await fetch_one("SELECT * FROM audit_entry")
    assert row is not None
    assert (row["actor"], row["action"], row["subject"]) == (
        "staff:E0001",
        "customer.read",
        "account:1",
    )


async def test_an_entry_goes_with_its_deed(committed: None) -> None:
    async with transaction() as running:
        await audit.record("undone", "x")
        await running.rollback()
    assert await fetch_value("SELECT count(*) FROM audit_entry") == 0


async def test_a_whole_chain_verifies(committed: None) -> None:
    assert await audit.verify() is None
    await write_and_seal(5)
    assert await audit.seal(BEGINNING) == 0
    await write_and_seal(3)
    assert await audit.verify() is None


async def test_a_chain_longer_than_a_batch_is_sealed_in_parts(committed: None) -> None:
    now = machine_now()
    await execute(
        "INSERT INTO audit_entry (id, at, actor, action, subject, facts)"
        " SELECT gen_random_uuid(), $1, 'system', 'many', 'x', '{}' FROM generate_series(1, $2)",
        now,
        audit.SEAL_BATCH + 10,
    )
    await seal_audit()
    assert await fetch_value("SELECT max(position) FROM audit_link") == audit.SEAL_BATCH + 10
    assert await audit.verify() is None


async def test_sealing_looks_back_as_far_as_asked(committed: None) -> None:
    await audit.record("old", "x")
    assert await audit.seal(machine_now() + timedelta(seconds=1)) == 0
    assert await audit.seal(machine_now() - timedelta(minutes=1)) == 1


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entry SET actor = 'staff:E0009' WHERE subject = 'account:3'",
        "UPDATE audit_entry SET facts = '{\"count\": 3}' WHERE subject = 'account:3'",
        "UPDATE audit_entry SET at = at + interval '1 second' WHERE subject = 'account:3'",
        "DELETE FROM audit_link WHERE position = 4;"
        " DELETE FROM audit_entry WHERE subject = 'account:3'",
        "UPDATE audit_link SET digest = decode('00', 'hex') WHERE position = 4",
    ],
)
async def test_the_chain_breaks_where_somebody_tampered(
    committed: None, postgres: EmbeddedPostgres, tampering: str
) -> None:
    await write_and_seal(6)
    await as_owner(postgres, *tampering.split(";"))
    assert await audit.verify() == 4


async def test_two_entries_that_changed_places_break_the_chain(
    committed: None, postgres: EmbeddedPostgres
) -> None:
    await write_and_seal(3)
    await as_owner(
        postgres,
        "ALTER TABLE audit_link DROP CONSTRAINT audit_link_entry",
        "UPDATE audit_link l SET entry = other.entry FROM audit_link other"
        " WHERE l.position IN (1, 2) AND other.position = 3 - l.position",
        "ALTER TABLE audit_link ADD CONSTRAINT audit_link_entry UNIQUE (entry)",
    )
    assert await audit.verify() == 1


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_run_time_role_rewrites_nothing(pool: None, table: str, change: str) -> None:
    column = {"audit_link": "position"}.get(table, "id")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(change.format(table, column, column))


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
async def test_even_the_owner_meets_the_trigger(
    database_url: str, postgres: EmbeddedPostgres, table: str
) -> None:
    owner = await asyncpg.connect(postgres.owner_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await owner.execute(f"DELETE FROM {table}")
    finally:
        await owner.close()


def test_the_digest_of_an_entry_never_changes() -> None:
    """Chains that were sealed by an older version must still verify."""
    entry = {
        "id": UUID(int=1),
        "at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        "actor": "staff:E0001",
        "action": "customer.read",
        "subject": "account:1",
        "facts": '{"fields": "phone", "count": 1}',
        "request_id": None,
    }
    assert audit.link_digest(audit.GENESIS, entry).hex() == (
        "80f7b87b79f9116e9e486e6c2ab2c6b741435b24df524dab140ef320bde0951c"
    )

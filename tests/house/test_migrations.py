"""The migrations lead to exactly the tables that the classes describe."""

import asyncpg
from piccolo.apps.migrations.commands.new import AutoMigrationManager
from piccolo.table import Table, sort_table_classes

from backend.embedded import EmbeddedPostgres
from backend.piccolo_app import APP_CONFIG
from tests.house.source import files_of

TABLES: list[type[Table]] = list(APP_CONFIG.table_classes)
NAMES = [table._meta.tablename for table in TABLES]
FRESH = "made_from_the_classes"

COLUMNS = """
    SELECT table_name, column_name, data_type, character_maximum_length, is_nullable,
           column_default
    FROM information_schema.columns WHERE table_schema = $1 AND table_name = ANY($2)
    ORDER BY table_name, column_name
"""
CONSTRAINTS = """
    SELECT r.relname::text AS of_table, c.conname::text AS name, pg_get_constraintdef(c.oid) AS says
    FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
    WHERE c.connamespace = $1::regnamespace AND r.relname = ANY($2) AND c.contype IN ('p', 'u', 'f', 'c')
    ORDER BY 1, 2, 3
"""


async def test_piccolo_finds_nothing_left_to_migrate(database_url: str) -> None:
    changes = await AutoMigrationManager(auto_input="n").get_alter_statements(APP_CONFIG)
    assert {kind for statements in changes for kind in statements.statements} == set()


async def described(connection: "asyncpg.Connection", schema: str) -> tuple[list[str], list[str]]:
    """Columns and constraints of our tables in one schema, as text that can be compared."""
    await connection.execute(f"SET search_path = {schema}, public")
    columns = await connection.fetch(COLUMNS, schema, NAMES)
    constraints = await connection.fetch(CONSTRAINTS, schema, NAMES)
    return [repr(tuple(row)) for row in columns], [repr(tuple(row)) for row in constraints]


async def test_a_migrated_database_equals_one_made_from_the_classes(
    database_url: str, postgres: EmbeddedPostgres
) -> None:
    """Piccolo compares constraints by name alone; PostgreSQL says what they mean."""
    owner = await asyncpg.connect(postgres.owner_url)
    try:
        await owner.execute(f"CREATE SCHEMA {FRESH}")
        await owner.execute(f"SET search_path = {FRESH}")
        for table in sort_table_classes(TABLES):
            for statement in table.create_table().ddl:
                await owner.execute(statement)
        fresh_columns, fresh_constraints = await described(owner, FRESH)
        columns, constraints = await described(owner, "public")
    finally:
        await owner.execute(f"DROP SCHEMA IF EXISTS {FRESH} CASCADE")
        await owner.close()
    assert fresh_columns
    assert columns == fresh_columns
    # Migrations may say more than a class can (rules over rows and dates), never less or other.
    assert set(fresh_constraints) <= set(constraints)


def test_every_table_of_the_rooms_is_migrated() -> None:
    declared = {
        line.split("class ")[1].split("(")[0]
        for path in [
            *files_of("grid", "tables.py"),
            *files_of("bot", "tables.py"),
            *files_of("backend", "tables.py"),
        ]
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("class ") and "(Table" in line
    }
    assert declared == {table.__name__ for table in TABLES}


def test_no_table_is_named_twice_and_no_constraint_either() -> None:
    assert len(NAMES) == len(set(NAMES))
    names = [constraint._meta.name for table in TABLES for constraint in table._meta.constraints]
    assert len(names) == len(set(names))

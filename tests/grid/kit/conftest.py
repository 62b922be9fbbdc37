"""Small tables for the kit's own tests, made by the owner and taken away again."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from backend.embedded import EmbeddedPostgres

_PROBES = (
    "CREATE TABLE probe (word text NOT NULL)",
    # Checked at COMMIT: the usual way in which a commit fails.
    "CREATE TABLE probe_pair (id int PRIMARY KEY,"
    " other int NOT NULL REFERENCES probe_pair DEFERRABLE INITIALLY DEFERRED)",
    "GRANT ALL ON probe, probe_pair TO PUBLIC",
)


@pytest.fixture(scope="package")
async def probe_tables(postgres: EmbeddedPostgres, database_url: str) -> AsyncIterator[None]:
    """`probe` takes any word; `probe_pair` refuses a missing partner at COMMIT."""
    owner = await asyncpg.connect(postgres.owner_url)
    for statement in _PROBES:
        await owner.execute(statement)
    yield
    await owner.execute("DROP TABLE probe, probe_pair")
    await owner.close()


@pytest.fixture
async def probe(probe_tables: None, committed: None) -> None:
    """The probe tables, empty, in a test that commits for real."""

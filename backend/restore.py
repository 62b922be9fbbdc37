"""Brings a copy back so that nothing old is sent again."""

import tempfile
from pathlib import Path
from typing import TypeAlias

import asyncpg
import msgspec

from backend.apart import apart
from backend.backup import BackupRefused, Manifest, digest, manifest_of
from backend.blob_copies import archive_of, unpack
from backend.migrate import grant_rights, migrate, role_of
from backend.postgres_tools import ToolFailed, find_tool, run_tool
from backend.settings import DatabaseSettings
from grid.kit.outbox import freeze_waiting

#: Tables that hold rows in a database in which nobody has worked yet.
ROWS_OF_AN_EMPTY_HOUSE = frozenset(
    {"migration", "dated_setting", "schedule_guard", "business_clock"}
)
#: Programs of version 17 and later say this to every server.
NEWER_WORD = b"SET transaction_timeout = 0;\n"

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore did: the manifest it was checked against, and how much waits frozen."""

    manifest: Manifest | None
    frozen: int
    migrated: list[str]


async def restore(settings: DatabaseSettings, file: Path, *, replace: bool) -> Restored:
    """Load `file` in one transaction, freeze what waited, then let the run-time role in again.

    The run-time role has no right on a freshly loaded table, so no relay sees a waiting row
    before it is frozen. Raises BackupRefused and ToolFailed.
    """
    manifest = check_copy(file)
    url = settings.owner_database_url.reveal()
    connection = await asyncpg.connect(url, server_settings={"application_name": "wangge copy"})
    try:
        major = connection.get_server_version().major
        await _refuse_if_in_use(connection, settings)
        if not replace and await _holds_work(connection):
            raise BackupRefused(
                "the database is not empty: --replace removes everything in it first"
            )
    finally:
        await connection.close()
    if manifest is not None and manifest.blobs:
        # Before anything is replaced, for this is where a disk runs full.
        await unpack(archive_of(file), settings.blob_dir)
    with tempfile.TemporaryDirectory(prefix="wangge-restore-") as directory:
        await _load(url, file, Path(directory), major)
    frozen = await _freeze(url)
    # An older copy is brought to this version; the rights come last.
    migrated = await migrate(settings)
    await grant_rights(settings)
    return Restored(manifest=manifest, frozen=frozen, migrated=migrated)


def check_copy(file: Path) -> Manifest | None:
    """Hold a copy against its manifest; None without one. Raises BackupRefused."""
    if not file.is_file():
        raise BackupRefused(f"no file {file}")
    path = manifest_of(file)
    if not path.exists():
        return None
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise BackupRefused(f"the manifest {path} is malformed: {error}") from None
    if file.stat().st_size != manifest.dump_bytes or digest(file) != manifest.dump_sha256:
        raise BackupRefused(f"{file} is not what its manifest says: the copy is damaged")
    photos = archive_of(file)
    if manifest.blobs and (not photos.is_file() or digest(photos) != manifest.blobs_sha256):
        raise BackupRefused(f"{photos} is missing or damaged: it holds the photos of the copy")
    return manifest


async def _refuse_if_in_use(connection: Connection, settings: DatabaseSettings) -> None:
    """Where one role owns and serves, only silence keeps a relay from sending old rows."""
    owner = role_of(settings.owner_database_url.reveal())
    if owner != role_of(settings.database_url.reveal()):
        return
    busy = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND usename = current_user"
        " AND application_name LIKE 'wangge%'"
    )
    if busy:
        raise BackupRefused(f"stop web and worker first: {busy} of their connections are open")


async def _holds_work(connection: Connection) -> bool:
    """Whether any table holds rows that somebody's work made."""
    names = await connection.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name, tablename FROM pg_tables"
        " WHERE schemaname = current_schema()"
    )
    for row in names:
        if row["tablename"] in ROWS_OF_AN_EMPTY_HOUSE:
            continue
        # The names come quoted from the catalogue.
        if await connection.fetchval(f"SELECT EXISTS (SELECT 1 FROM {row['name']})"):  # noqa: S608
            return True
    return False


async def _load(url: str, file: Path, directory: Path, major: int) -> None:
    """Empty the database and load the copy, both or neither."""
    script = directory / "copy.sql"
    restoring = find_tool("pg_restore", major)
    arguments = ["--no-owner", "--no-acl", "--no-comments", "--file", str(script), str(file)]
    await run_tool([restoring, *arguments], url)
    if major < 17:
        script = _without_newer_words(script)
    # A whole script on disk, not a pipe: a pipe that ends early would be committed as it is.
    loading = find_tool("psql", major)
    options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    emptying = ["--command", "DROP OWNED BY CURRENT_USER CASCADE"]
    try:
        await run_tool([loading, *options, *emptying, "--file", str(script)], url)
    except ToolFailed as error:
        raise BackupRefused(f"the copy was not loaded, nothing has changed: {error}") from None


def _without_newer_words(script: Path) -> Path:
    """The script without the one statement that servers before version 17 do not know."""
    older = script.with_name("older.sql")
    with script.open("rb") as lines, older.open("wb") as kept:
        for line in lines:
            if line != NEWER_WORD:
                kept.write(line)
    return older


async def _freeze(url: str) -> int:
    with apart(url, {"application_name": "wangge copy"}):
        return await freeze_waiting()

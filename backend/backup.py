"""A consistent copy of the database in one file, its photos and a manifest beside it."""

import hashlib
import os
import secrets
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import asyncpg
import msgspec

from backend.blob_copies import archive_of, pack
from backend.embedded.home import write_private
from backend.postgres_tools import find_tool, run_tool
from backend.refused import Refused
from backend.settings import DatabaseSettings

BLOCK_BYTES = 1024 * 1024


class BackupRefused(Refused):
    """A copy cannot be made or brought back; the text says why and how to mend it."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy holds, so that it can be checked before it replaces anything."""

    made_at: datetime
    wangge_version: str
    server_version: str
    migrations: list[str]
    dump_bytes: int
    dump_sha256: str
    blobs: int = 0
    blobs_sha256: str | None = None


def manifest_of(file: Path) -> Path:
    """Where the manifest of a copy lies."""
    return file.with_name(file.name + ".manifest.json")


def digest(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    total = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(BLOCK_BYTES):
            total.update(block)
    return total.hexdigest()


async def back_up(settings: DatabaseSettings, file: Path) -> Manifest:
    """Write copy, photos (mode 0600) and manifest; a file is replaced only by a whole new one.

    Raises BackupRefused and ToolFailed.
    """
    url = settings.owner_database_url.reveal()
    server_version, major, migrations = await _about(url)
    program = find_tool("pg_dump", major)
    fresh, photos = _make_room(file), _make_room(archive_of(file))
    try:
        arguments = ["--format=custom", "--no-owner", "--no-acl", "--file", str(fresh)]
        await run_tool([program, *arguments], url)
        _settle(fresh)
        blobs = pack(settings.blob_dir, photos)
        _settle(photos)
        manifest = Manifest(
            made_at=datetime.now(UTC),
            wangge_version=version("wangge"),
            server_version=server_version,
            migrations=migrations,
            dump_bytes=fresh.stat().st_size,
            dump_sha256=digest(fresh),
            blobs=blobs,
            blobs_sha256=digest(photos) if blobs else None,
        )
        # Without a manifest for a moment, never with a wrong one.
        manifest_of(file).unlink(missing_ok=True)
        fresh.replace(file)
        if blobs:
            photos.replace(archive_of(file))
        else:
            archive_of(file).unlink(missing_ok=True)
    finally:
        fresh.unlink(missing_ok=True)
        photos.unlink(missing_ok=True)
    write_private(manifest_of(file), msgspec.json.encode(manifest).decode())
    return manifest


async def _about(url: str) -> tuple[str, int, list[str]]:
    """(server version, its major number, migrations that ran) of the database."""
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL"):
            raise BackupRefused("there are no tables to copy: run `wangge migrate` first")
        rows = await connection.fetch("SELECT name FROM migration ORDER BY name")
        shown = await connection.fetchval("SHOW server_version")
        return shown, connection.get_server_version().major, [row["name"] for row in rows]
    finally:
        await connection.close()


def _make_room(file: Path) -> Path:
    """Make an empty private file beside `file`, to be filled and then renamed."""
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise BackupRefused(f"cannot write in {file.parent}: {error.strerror}") from None
    return fresh


def _settle(file: Path) -> None:
    """Make sure the copy is on the disk before it gets its name."""
    fd = os.open(file, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

"""The blob store in a folder of this machine (or of a shared file system).

`kept/ab/abcdef…` holds whole files under their hash, `partial/` unfinished uploads and whatever is
being written. A file gets its place under `kept/` by a rename, after its bytes are on the disk.
"""

import asyncio
import errno
import os
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.refused import Refused
from grid.evidence.store import PartialLost, StorageFull, use_store

READ_BYTES = 256 * 1024
#: Room that is left to everything else that may live on the same disk, the database above all.
RESERVE_BYTES = 64 * 1024 * 1024

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_HASH = re.compile(r"[0-9a-f]{64}")
_PARTIAL = re.compile(r"[0-9a-f]{32}")


class BlobFolderRefused(Refused):
    """The folder of photos and files cannot be used; the text says why."""


def use_folder(folder: str | None) -> None:
    """Make the folder of the settings this process's blob store; none when none is set.

    Raises BlobFolderRefused when it cannot be made.
    """
    try:
        use_store(None if folder is None else BlobFolder(Path(folder)))
    except OSError as error:
        raise BlobFolderRefused(
            f"WANGGE_BLOB_DIR: cannot make {folder}: {error.strerror}"
        ) from None


class BlobFolder:
    """A folder as blob store; made when it is missing, closed to other users."""

    def __init__(self, root: Path, *, reserve_bytes: int = RESERVE_BYTES) -> None:
        self.root = root
        self.kept = root / "kept"
        self.partial = root / "partial"
        self._reserve_bytes = reserve_bytes
        for folder in (self.root, self.kept, self.partial):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def write(self, partial: str, offset: int, chunk: bytes) -> None:
        await asyncio.to_thread(self._write, partial, offset, chunk)

    async def read_partial(self, partial: str, size_bytes: int) -> bytes:
        return await asyncio.to_thread(self._read_partial, partial, size_bytes)

    async def keep(self, partial: str, sha256: str, size_bytes: int) -> None:
        await asyncio.to_thread(self._keep, partial, sha256, size_bytes)

    async def put(self, sha256: str, content: bytes) -> None:
        await asyncio.to_thread(self._put, sha256, content)

    async def drop(self, partials: list[str]) -> None:
        await asyncio.to_thread(self._drop, partials)

    async def size(self, sha256: str) -> int | None:
        try:
            return (await asyncio.to_thread(self.path_of(sha256).stat)).st_size
        except FileNotFoundError:
            return None

    async def load(self, sha256: str) -> bytes | None:
        try:
            return await asyncio.to_thread(self.path_of(sha256).read_bytes)
        except FileNotFoundError:
            return None

    async def read(self, sha256: str) -> AsyncIterator[bytes]:
        opened = await asyncio.to_thread(self.path_of(sha256).open, "rb")
        try:
            while piece := await asyncio.to_thread(opened.read, READ_BYTES):
                yield piece
        finally:
            opened.close()

    def path_of(self, sha256: str) -> Path:
        """Where a whole file lies. Raises ValueError for what is no hash."""
        if not _HASH.fullmatch(sha256):
            raise ValueError("a file's name is its SHA-256 in hexadecimal")
        return self.kept / sha256[:2] / sha256

    def _partial_path(self, partial: str) -> Path:
        if not _PARTIAL.fullmatch(partial):
            raise ValueError("an unfinished upload is named by 32 hexadecimal digits")
        return self.partial / partial

    def _write(self, partial: str, offset: int, chunk: bytes) -> None:
        path = self._partial_path(partial)
        with _room_or_refusal():
            self._need_room(len(chunk))
            flags = os.O_WRONLY | (os.O_CREAT | os.O_TRUNC if offset == 0 else 0)
            with _partial_or_lost():
                fd = os.open(path, flags, 0o600)
            try:
                if os.fstat(fd).st_size < offset:
                    raise PartialLost(partial)
                _write_all(fd, chunk, offset)
                os.fsync(fd)
            finally:
                os.close(fd)
            if offset == 0:
                _sync_folder(self.partial)

    def _read_partial(self, partial: str, size_bytes: int) -> bytes:
        with _partial_or_lost(), self._partial_path(partial).open("rb") as opened:
            content = opened.read(size_bytes)
        if len(content) != size_bytes:
            raise PartialLost(partial)
        return content

    def _keep(self, partial: str, sha256: str, size_bytes: int) -> None:
        path, place = self._partial_path(partial), self.path_of(sha256)
        with _room_or_refusal():
            place.parent.mkdir(mode=0o700, exist_ok=True)
            with _partial_or_lost():
                _cut_to(path, size_bytes)
                path.replace(place)
            _sync_folder(place.parent)

    def _put(self, sha256: str, content: bytes) -> None:
        place = self.path_of(sha256)
        if place.exists():
            return
        fresh = self.partial / f"{sha256}.{secrets.token_hex(4)}"
        with _room_or_refusal():
            self._need_room(len(content))
            place.parent.mkdir(mode=0o700, exist_ok=True)
            fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                _write_all(fd, content, 0)
                os.fsync(fd)
                fresh.replace(place)
            finally:
                os.close(fd)
                fresh.unlink(missing_ok=True)
            _sync_folder(place.parent)

    def _drop(self, partials: list[str]) -> None:
        for partial in partials:
            self._partial_path(partial).unlink(missing_ok=True)

    def _need_room(self, wanted_bytes: int) -> None:
        """Raises StorageFull before the disk is so full that the database could not write."""
        about = os.statvfs(self.root)
        if about.f_bavail * about.f_frsize < wanted_bytes + self._reserve_bytes:
            raise StorageFull()


@contextmanager
def _room_or_refusal() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull() from error
        raise


@contextmanager
def _partial_or_lost() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise PartialLost(str(error.filename)) from error


def _write_all(fd: int, content: bytes, offset: int) -> None:
    rest = memoryview(content)
    while rest:
        written = os.pwrite(fd, rest, offset)
        rest, offset = rest[written:], offset + written


def _cut_to(path: Path, size_bytes: int) -> None:
    """What a chunk of an earlier, longer try left behind the end is no part of the file."""
    if path.stat().st_size == size_bytes:
        return
    fd = os.open(path, os.O_WRONLY)
    try:
        os.ftruncate(fd, size_bytes)
        os.fsync(fd)
    finally:
        os.close(fd)


def _sync_folder(folder: Path) -> None:
    """Make sure that a new name is on the disk, too."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

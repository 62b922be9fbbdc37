"""Where the bytes of files lie: the port, and the store that this process uses.

A store holds unfinished uploads under names that the uploads give them, and whole files under their
hash. Nothing whole is ever written over: it appears in one step or not at all (Y28, Y29).
"""

from collections.abc import AsyncIterator
from typing import Protocol

from grid.kit.refusals import Refusal, TemporarilyUnavailable


class StorageFull(Refusal):
    """The store has no room: nothing was changed, what was there is as it was (Y29)."""

    status = 507
    title = "存储空间不足,请联系运维人员"


class PartialLost(Exception):
    """The store does not hold what the upload believes it does; the upload begins anew."""


class BlobStore(Protocol):
    """A place for bytes. Every write is on the disk when its call returns."""

    async def write(self, partial: str, offset: int, chunk: bytes) -> None:
        """Put a chunk into an unfinished upload; offset 0 begins it.

        Raises StorageFull, and PartialLost when fewer than `offset` bytes are there.
        """

    async def read_partial(self, partial: str, size_bytes: int) -> bytes:
        """The first bytes of an unfinished upload. Raises PartialLost when there are fewer."""

    async def keep(self, partial: str, sha256: str, size_bytes: int) -> None:
        """Give an upload of exactly so many bytes its hash as its name; the same name may exist.

        Raises StorageFull and PartialLost.
        """

    async def put(self, sha256: str, content: bytes) -> None:
        """Store a whole file under its hash; the same name may exist. Raises StorageFull."""

    async def drop(self, partials: list[str]) -> None:
        """Forget unfinished uploads; those that are not there, too."""

    async def size(self, sha256: str) -> int | None:
        """How many bytes a whole file has; None when it is not there."""

    async def load(self, sha256: str) -> bytes | None:
        """A whole file at once; None when it is not there."""

    def read(self, sha256: str) -> AsyncIterator[bytes]:
        """A whole file in pieces; it must be there."""


class _Used:
    store: BlobStore | None = None


def use_store(store: BlobStore | None) -> None:
    """Called once at start: the store of this process, or none."""
    _Used.store = store


def store() -> BlobStore:
    """The store of this process. Raises TemporarilyUnavailable when none was named."""
    if _Used.store is None:
        raise TemporarilyUnavailable("还没有设置文件存放的位置,请联系运维人员")
    return _Used.store

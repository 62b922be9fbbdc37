"""A blob store that misbehaves on purpose, as a disk does."""

import errno
from pathlib import Path

from backend.blob_folder import BlobFolder


class FullDisk(BlobFolder):
    """A folder on a disk that has room for so many more writes, and then for none."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, reserve_bytes=0)
        self.writes_left: int | None = None

    def _need_room(self, wanted_bytes: int) -> None:
        if self.writes_left is None:
            return
        if self.writes_left == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.writes_left -= 1

    def files(self) -> dict[str, bytes]:
        """Every whole file by name, to be compared before and after."""
        return {path.name: path.read_bytes() for path in sorted(self.kept.glob("*/*"))}

    def partials(self) -> set[str]:
        return {path.name for path in self.partial.iterdir()}

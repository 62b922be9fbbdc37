"""Photos and files of a backup: one archive beside the copy of the database, and the way back.

Files are never changed or removed while rows name them, so an archive that is made after the copy
of the database holds everything that the copy names.
"""

import hashlib
import tarfile
from pathlib import Path

from backend.blob_folder import BlobFolder
from backend.refused import Refused


class BlobCopyRefused(Refused):
    """Photos and files cannot be brought back; the text says why and how to mend it."""


def archive_of(file: Path) -> Path:
    """Where the photos and files of a copy lie."""
    return file.with_name(file.name + ".blobs.tar")


def pack(folder: str | None, archive: Path) -> int:
    """Write every whole file into `archive` under its hash; returns how many there are."""
    count = 0
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as packed:
        for place in sorted(Path(folder).glob("kept/*/*")) if folder else ():
            entry = packed.gettarinfo(place, place.name)
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            with place.open("rb") as opened:
                packed.addfile(entry, opened)
            count += 1
    return count


async def unpack(archive: Path, folder: str | None) -> int:
    """Bring back the files that are missing; returns how many the archive holds.

    Each is held against its name; nothing that is there is written over. Raises BlobCopyRefused
    and StorageFull.
    """
    count = 0
    with tarfile.open(archive, "r:") as packed:
        for entry in packed:
            if folder is None:
                raise BlobCopyRefused("the copy holds photos and files: set WANGGE_BLOB_DIR first")
            opened = packed.extractfile(entry) if entry.isreg() else None
            content = b"" if opened is None else opened.read()
            if hashlib.sha256(content).hexdigest() != entry.name:
                raise BlobCopyRefused(f"{archive} is damaged: a file does not hash to its name")
            await BlobFolder(Path(folder)).put(entry.name, content)
            count += 1
    return count

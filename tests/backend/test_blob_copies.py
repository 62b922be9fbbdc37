"""Photos and files go into a backup and come back; a damaged or missing archive changes nothing."""

import hashlib
import tarfile
from pathlib import Path

import msgspec
import pytest

from backend.backup import BackupRefused, back_up
from backend.blob_copies import BlobCopyRefused, archive_of, pack, unpack
from backend.blob_folder import BlobFolder
from backend.restore import restore
from tests.backend.test_backup import deliveries, installation

CONTENTS = {hashlib.sha256(content).hexdigest(): content for content in (b"one", b"two" * 1000)}


async def filled(folder: Path) -> BlobFolder:
    blobs = BlobFolder(folder, reserve_bytes=0)
    for name, content in CONTENTS.items():
        await blobs.put(name, content)
    await blobs.write("0" * 32, 0, b"an upload that is not finished")
    return blobs


def files(blobs: BlobFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in blobs.kept.glob("*/*")}


async def test_photos_come_back_with_the_database(tmp_path: Path) -> None:
    copy, folder = tmp_path / "copy", tmp_path / "blobs"
    await filled(folder)
    async with installation(tmp_path / "home") as bare:
        settings = msgspec.structs.replace(bare, blob_dir=str(folder))
        manifest = await back_up(settings, copy)
        assert manifest.blobs == 2
        assert archive_of(copy).stat().st_mode & 0o777 == 0o600
        elsewhere = msgspec.structs.replace(bare, blob_dir=str(tmp_path / "new"))
        await restore(elsewhere, copy, replace=True)
        assert files(BlobFolder(tmp_path / "new")) == CONTENTS


async def test_a_copy_whose_photos_are_missing_or_damaged_changes_nothing(tmp_path: Path) -> None:
    copy, folder = tmp_path / "copy", tmp_path / "blobs"
    await filled(folder)
    async with installation(tmp_path / "home") as bare:
        settings = msgspec.structs.replace(bare, blob_dir=str(folder))
        await back_up(settings, copy)
        whole = archive_of(copy).read_bytes()
        archive_of(copy).write_bytes(whole[:-1] + b"x")
        with pytest.raises(BackupRefused, match="damaged"):
            await restore(settings, copy, replace=True)
        archive_of(copy).unlink()
        with pytest.raises(BackupRefused, match="missing"):
            await restore(settings, copy, replace=True)
        archive_of(copy).write_bytes(whole)
        with pytest.raises(BlobCopyRefused, match="WANGGE_BLOB_DIR"):
            await restore(bare, copy, replace=True)
        assert await deliveries(settings, "pending") == 2


async def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    blobs = await filled(tmp_path / "blobs")
    assert pack(str(blobs.root), tmp_path / "copy.tar") == 2
    before = {path: path.stat().st_ino for path in blobs.kept.glob("*/*")}
    next(iter(before)).unlink()
    assert await unpack(tmp_path / "copy.tar", str(blobs.root)) == 2
    assert files(blobs) == CONTENTS
    assert len({path for path, inode in before.items() if path.stat().st_ino == inode}) >= 1
    assert pack(None, tmp_path / "none.tar") == 0


async def test_an_archive_cannot_write_elsewhere(tmp_path: Path) -> None:
    """A name that is a path, a link, or another file's hash is refused."""
    blobs = BlobFolder(tmp_path / "blobs", reserve_bytes=0)
    outside = tmp_path / "outside"
    outside.write_bytes(b"as it was")
    link = tarfile.TarInfo("a" * 64)
    link.type, link.linkname = tarfile.SYMTYPE, str(outside)
    for number, entry in enumerate(
        (tarfile.TarInfo("../outside"), tarfile.TarInfo("b" * 64), link)
    ):
        archive = tmp_path / f"{number}.tar"
        with tarfile.open(archive, "w") as packed:
            packed.addfile(entry)
        with pytest.raises(BlobCopyRefused, match="damaged"):
            await unpack(archive, str(blobs.root))
    assert outside.read_bytes() == b"as it was"
    assert files(blobs) == {}

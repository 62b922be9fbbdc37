"""The folder of photos and files: what it promises of disks, names and other users."""

import hashlib
import resource
import signal
from pathlib import Path
from uuid import uuid4

import pytest

from backend.blob_folder import BlobFolder, BlobFolderRefused, use_folder
from grid.evidence.store import PartialLost, StorageFull, store
from grid.kit.refusals import TemporarilyUnavailable

CONTENT = bytes(range(256)) * 40
NAME = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> BlobFolder:
    return BlobFolder(tmp_path / "照片 photos", reserve_bytes=0)


def partial() -> str:
    return uuid4().hex


async def test_pieces_become_a_file_under_its_hash(folder: BlobFolder) -> None:
    name = partial()
    await folder.write(name, 0, CONTENT[:100])
    await folder.write(name, 100, CONTENT[100:])
    assert await folder.read_partial(name, len(CONTENT)) == CONTENT
    assert (await folder.size(NAME), await folder.load(NAME)) == (None, None)
    await folder.keep(name, NAME, len(CONTENT))
    assert (await folder.size(NAME), await folder.load(NAME)) == (len(CONTENT), CONTENT)
    assert b"".join([piece async for piece in folder.read(NAME)]) == CONTENT
    assert list(folder.partial.iterdir()) == []


async def test_a_piece_that_comes_twice_changes_nothing(folder: BlobFolder) -> None:
    name = partial()
    for offset in (0, 50, 50, 100):
        await folder.write(name, offset, CONTENT[offset : offset + 50])
    assert await folder.read_partial(name, 150) == CONTENT[:150]
    # From 0 on it begins anew.
    await folder.write(name, 0, b"x")
    with pytest.raises(PartialLost):
        await folder.read_partial(name, 2)


async def test_what_a_longer_try_left_behind_is_cut_off(folder: BlobFolder) -> None:
    name = partial()
    await folder.write(name, 0, CONTENT + b"tail of a try whose answer was lost")
    await folder.keep(name, NAME, len(CONTENT))
    assert await folder.load(NAME) == CONTENT


async def test_a_gap_is_never_written(folder: BlobFolder) -> None:
    name = partial()
    with pytest.raises(PartialLost):
        await folder.write(name, 10, b"x")
    await folder.write(name, 0, b"12345")
    with pytest.raises(PartialLost):
        await folder.write(name, 6, b"x")
    with pytest.raises(PartialLost):
        await folder.read_partial(partial(), 1)
    with pytest.raises(PartialLost):
        await folder.keep(partial(), NAME, 1)
    assert await folder.read_partial(name, 5) == b"12345"


async def test_a_whole_file_is_put_once(folder: BlobFolder) -> None:
    await folder.put(NAME, CONTENT)
    before = folder.path_of(NAME).stat()
    await folder.put(NAME, CONTENT)
    assert folder.path_of(NAME).stat().st_ino == before.st_ino
    assert list(folder.partial.iterdir()) == []


async def test_forgetting_what_is_not_there_is_no_error(folder: BlobFolder) -> None:
    name = partial()
    await folder.write(name, 0, b"x")
    await folder.drop([name, partial()])
    assert list(folder.partial.iterdir()) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 63, "A" * 64, "", "a" * 64 + "\n"])
async def test_a_name_is_a_hash_and_no_path(folder: BlobFolder, name: str) -> None:
    for verb in (folder.size(name), folder.load(name), folder.put(name, b"x")):
        with pytest.raises(ValueError):
            await verb
    with pytest.raises(ValueError):
        await folder.write(name, 0, b"x")


def test_a_place_that_cannot_be_made_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BlobFolderRefused, match="WANGGE_BLOB_DIR: cannot make"):
        use_folder(str(tmp_path / "file" / "blobs"))
    use_folder(None)
    with pytest.raises(TemporarilyUnavailable):
        store()


async def test_other_users_read_nothing(folder: BlobFolder) -> None:
    name = partial()
    await folder.write(name, 0, CONTENT)
    await folder.keep(name, NAME, len(CONTENT))
    place = folder.path_of(NAME)
    modes = {path: path.stat().st_mode & 0o777 for path in (folder.root, place.parent, place)}
    assert modes == {folder.root: 0o700, place.parent: 0o700, place: 0o600}


async def test_Y29_room_for_the_database_is_left(tmp_path: Path) -> None:
    """A disk with less than the reserve left refuses before it writes anything."""
    narrow = BlobFolder(tmp_path / "blobs", reserve_bytes=1 << 62)
    with pytest.raises(StorageFull):
        await narrow.write(partial(), 0, b"x")
    with pytest.raises(StorageFull):
        await narrow.put(NAME, CONTENT)
    assert [path for path in narrow.root.rglob("*") if path.is_file()] == []


async def test_Y29_a_file_that_cannot_grow_is_refused_and_leaves_nothing_half(
    tmp_path: Path,
) -> None:
    """The kernel itself says no in the middle of a write (`RLIMIT_FSIZE`)."""
    folder = BlobFolder(tmp_path / "blobs", reserve_bytes=0)
    await folder.put(NAME, CONTENT)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        large = bytes(9000)
        with pytest.raises(StorageFull):
            await folder.put(hashlib.sha256(large).hexdigest(), large)
        with pytest.raises(StorageFull):
            await folder.write(partial(), 0, large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert await folder.load(NAME) == CONTENT
    assert await folder.load(hashlib.sha256(bytes(9000)).hexdigest()) is None

"""A store in a folder of the test, and two stations with their people."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from grid.evidence.store import use_store
from tests.grid.evidence.scene import Scene, make_scene
from tests.grid.evidence.stores import FullDisk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FullDisk]:
    """The store of this process: a folder that the test can fill."""
    folder = FullDisk(tmp_path / "blobs")
    use_store(folder)
    yield folder
    use_store(None)


@pytest.fixture
async def scene(rolled_back: None, disk: FullDisk) -> Scene:
    """Two stations, in a transaction that is rolled back."""
    return await make_scene()


@pytest.fixture
async def committed_scene(committed: None, disk: FullDisk) -> Scene:
    """Two stations that are really there, for tests that look at commits."""
    return await make_scene()

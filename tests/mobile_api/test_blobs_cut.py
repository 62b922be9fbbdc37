"""Photos over a real server whose line is cut at any byte: what was answered is kept."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from backend.blob_folder import BlobFolder
from backend.demo import DemoFacts
from backend.embedded import EmbeddedValkey
from grid.evidence.preparing import prepare_blob
from grid.evidence.store import use_store
from grid.kit.database import execute, fetch_one, fetch_value
from tests.grid.evidence.pictures import encoded, scenery
from tests.grid.evidence.scene import name_of
from tests.mobile_api.people import Headers, sign_in, somebody
from tests.support.serving import serving, web_settings

_PIECE = 64 * 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> BlobFolder:
    return BlobFolder(tmp_path_factory.mktemp("blobs"), reserve_bytes=0)


@pytest.fixture(scope="module")
async def blob_web(
    database_url: str,
    valkey: EmbeddedValkey,
    folder: BlobFolder,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[str]:
    """The address of a real web process with a folder for files."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    settings = web_settings(database_url, valkey.url) | {"WANGGE_BLOB_DIR": str(folder.root)}
    async with serving(settings, log) as base_url:
        yield base_url


async def cut(port: int, headers: Headers, content: bytes, offset: int, at: int) -> None:
    """Begin to send the piece at `offset` and leave after `at` of its bytes."""
    piece = content[offset : offset + _PIECE]
    head = (
        f"PATCH /api/v1/blobs/{name_of(content)} HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: {headers['Authorization']}\r\nUpload-Offset: {offset}\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {len(piece)}\r\n\r\n"
    )
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + piece[:at])
    await writer.drain()
    writer.transport.abort()


async def test_Y28_a_line_that_is_cut_at_any_byte_costs_one_piece_at_most(
    blob_web: str, demo: DemoFacts, folder: BlobFolder
) -> None:
    chance, content = random.Random(422828), encoded(scenery(1, (1600, 1200)), quality=97)
    port, path = int(blob_web.rsplit(":", 1)[1]), f"/api/v1/blobs/{name_of(content)}"
    person = somebody(demo, lambda one: "manager" in one.roles)
    async with httpx.AsyncClient(base_url=blob_web, timeout=30) as client:
        headers = await sign_in(client, person)
        item = {"sha256": name_of(content), "bytes": len(content), "media_type": "image/jpeg"}
        (
            await client.post("/api/v1/blobs", headers=headers, json={"items": [item]})
        ).raise_for_status()
        offset = 0
        while offset < len(content):
            whole = min(_PIECE, len(content) - offset)
            for _ in range(3):
                await cut(port, headers, content, offset, chance.randrange(whole))
            told = await client.head(path, headers=headers)
            assert int(told.headers["upload-offset"]) == offset
            assert int(told.headers["upload-length"]) == len(content)
            piece = content[offset : offset + _PIECE]
            answer = await client.patch(
                path, headers=headers | {"Upload-Offset": str(offset)}, content=piece
            )
            assert answer.status_code == 204, answer.text
            offset += len(piece)
        assert await folder.load(name_of(content)) == content
        use_store(folder)
        try:
            await prepare_blob(name_of(content))
        finally:
            use_store(None)
        row = await fetch_one("SELECT copy_sha256 FROM blob WHERE sha256 = $1", name_of(content))
        assert row is not None
        shown = await client.get(f"/api/v1/blobs/{row['copy_sha256']}", headers=headers)
        assert shown.status_code == 200
        assert name_of(shown.content) == row["copy_sha256"]
    assert await fetch_value("SELECT count(*) FROM blob_upload WHERE writer IS NOT NULL") == 0
    await execute("DELETE FROM blob_upload")


def test_the_process_made_its_folder_for_itself_alone(blob_web: str, folder: BlobFolder) -> None:
    modes = {path.stat().st_mode & 0o077 for path in (folder.kept, folder.partial)}
    assert modes == {0}
    assert Path(folder.root).is_dir()

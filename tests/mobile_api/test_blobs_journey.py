"""A photo's whole way on one machine: phone, web, worker, colleague, backup and back."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.grid.evidence.pictures import encoded, scenery
from tests.support.launching import wait_until
from tests.support.one_machine import up, wangge

_CHUNK = 256 * 1024
pytestmark = pytest.mark.journey


@contextmanager
def signed_in(ready: dict[str, Any], role: str) -> Iterator[httpx.Client]:
    """The phone of the first demo colleague with a role."""
    person = next(one for one in ready["staff"] if role in one["roles"])
    body = {name: person[name] for name in ("employee_no", "password")} | {"device_id": "d1"}
    with httpx.Client(base_url=f"{ready['base_url']}/api/v1", timeout=30) as client:
        token = client.post("/sessions", json=body).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def send(client: httpx.Client, content: bytes) -> str:
    name = hashlib.sha256(content).hexdigest()
    item = {"sha256": name, "bytes": len(content), "media_type": "image/jpeg"}
    client.post("/blobs", json={"items": [item]}).raise_for_status()
    for offset in range(0, len(content), _CHUNK):
        headers = {"Upload-Offset": str(offset)}
        piece = content[offset : offset + _CHUNK]
        client.patch(f"/blobs/{name}", headers=headers, content=piece).raise_for_status()
    return name


def test_a_photo_is_sent_shown_copied_and_brought_back(tmp_path: Path) -> None:
    home, copy = tmp_path / "容美 供电所", tmp_path / "copy"
    with up(home, "--customers", "60") as running:
        ready = running.wait_until_ready()
        with signed_in(ready, "manager") as phone:
            name = send(phone, encoded(scenery(1, (1600, 1200)), quality=92))
            wait_until(
                lambda: phone.get(f"/blobs/{name}?size=thumb").status_code == 200,
                "the worker makes the thumbnail",
            )
            refused = phone.get(f"/blobs/{name}").json()
            shown = phone.get(f"/blobs/{refused['sha256']}")
            assert hashlib.sha256(shown.content).hexdigest() == refused["sha256"]
        with signed_in(ready, "dispatcher") as other:
            # It proves nothing yet, so nobody but its sender sees it.
            assert other.get(f"/blobs/{refused['sha256']}").status_code == 404
        copied = wangge("backup", str(copy), "--home", str(home))
        assert "copied 3 photos and files" in copied.stdout, copied.stderr
    kept = {path.name: path.read_bytes() for path in (home / "blobs" / "kept").glob("*/*")}
    assert (home / "blobs").stat().st_mode & 0o077 == 0
    shutil.rmtree(home / "blobs")
    restored = wangge("restore", str(copy), "--replace", "--home", str(home))
    assert restored.returncode == 0, restored.stderr
    again = {path.name: path.read_bytes() for path in (home / "blobs" / "kept").glob("*/*")}
    assert again == kept
    assert len(kept) == 3

"""The lane of photos and files over the real door: pieces, cuts, refusals, who sees what."""

import base64
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pyotp
import pytest

from backend.blob_folder import BlobFolder
from backend.demo import DemoFacts
from grid.evidence.preparing import prepare_blob
from grid.evidence.service import attach
from grid.evidence.store import use_store
from grid.evidence.types import AttachEvidence, EvidencePurpose, Subject
from grid.kit.database import execute, fetch_one
from tests.grid.evidence.pictures import archive, encoded, pdf, photo, photo_with_place, scenery
from tests.grid.evidence.scene import name_of
from tests.mobile_api.people import Headers, manager_of, sign_in, sign_in_body, somebody
from tests.support.staff import actor_of

CHUNK = 256 * 1024
BLOBS = "/api/v1/blobs"


@pytest.fixture(autouse=True)
async def folder(tmp_path: Path) -> AsyncIterator[BlobFolder]:
    """The store of the application, in a folder of the test."""
    blobs = BlobFolder(tmp_path / "blobs", reserve_bytes=0)
    use_store(blobs)
    yield blobs
    use_store(None)
    await execute("DELETE FROM blob_upload")


class Phone:
    """Somebody's phone with what it can do to files."""

    def __init__(self, client: httpx.AsyncClient, headers: Headers) -> None:
        self.client, self.headers = client, headers

    async def declare(self, *contents: bytes, kind: str = "image/jpeg") -> list[dict[str, Any]]:
        items = [
            {"sha256": name_of(content), "bytes": len(content), "media_type": kind}
            for content in contents
        ]
        answer = await self.client.post(BLOBS, headers=self.headers, json={"items": items})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def offset(self, content: bytes) -> int:
        answer = await self.client.head(f"{BLOBS}/{name_of(content)}", headers=self.headers)
        assert answer.status_code == 200
        assert int(answer.headers["upload-length"]) == len(content)
        return int(answer.headers["upload-offset"])

    async def patch(self, content: bytes, offset: int, piece: bytes, **more: str) -> httpx.Response:
        headers = self.headers | {"Upload-Offset": str(offset)} | more
        kind = {"Content-Type": "application/offset+octet-stream"}
        return await self.client.patch(
            f"{BLOBS}/{name_of(content)}", headers=headers | kind, content=piece
        )

    async def send(self, content: bytes, kind: str = "image/jpeg") -> str:
        await self.declare(content, kind=kind)
        for offset in range(0, len(content), CHUNK):
            answer = await self.patch(content, offset, content[offset : offset + CHUNK])
            assert answer.status_code == 204, answer.text
        return name_of(content)

    async def get(self, name: str, query: str = "") -> httpx.Response:
        return await self.client.get(f"{BLOBS}/{name}{query}", headers=self.headers)


async def phone_of(client: httpx.AsyncClient, demo: DemoFacts, role: str) -> Phone:
    return Phone(client, await sign_in(client, somebody(demo, lambda one: role in one.roles)))


async def prove(employee_no: str, sha256: str, *, sealed: bool = False) -> None:
    """Attach a file to a job of the person's own grid, and let the worker's part happen."""
    person = await fetch_one("SELECT id FROM staff WHERE employee_no = $1", employee_no)
    assert person is not None
    actor = await actor_of(person["id"])
    post = actor.grid_roles[0]
    subject = Subject("work_order", uuid4(), post.grid_id, post.station_id, sealed)
    command = AttachEvidence(sha256=sha256, purpose=EvidencePurpose.SITE_PHOTO)
    await attach(actor, subject, command)
    await prepare_blob(sha256)


async def copy_of(sha256: str) -> str:
    row = await fetch_one("SELECT copy_sha256 FROM blob WHERE sha256 = $1", sha256)
    assert row is not None
    return str(row["copy_sha256"])


async def test_Y28_a_photo_travels_in_pieces_and_survives_cuts(
    client: httpx.AsyncClient, demo: DemoFacts, folder: BlobFolder
) -> None:
    phone = await phone_of(client, demo, "manager")
    content = encoded(scenery(1, (1800, 1400)), quality=97)
    assert len(content) > 2 * CHUNK
    (need,) = await phone.declare(content)
    assert need == {"sha256": name_of(content), "state": "need", "offset": 0, "refusal": None}
    chance, offset = random.Random(422828), 0
    while offset < len(content):
        piece = content[offset : offset + chance.randrange(1, CHUNK + 1)]
        told = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        answer = await phone.patch(content, offset, piece, **{"Upload-Checksum": f"sha256 {told}"})
        assert answer.status_code == 204, answer.text
        # The answer is lost every other time; the phone asks where to go on.
        lost = chance.random() < 0.5
        offset = await phone.offset(content) if lost else int(answer.headers["upload-offset"])
    assert await folder.load(name_of(content)) == content
    (need,) = await phone.declare(content)
    assert need["state"] == "have"


async def test_a_wrong_offset_is_answered_with_the_right_one(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    phone, content = await phone_of(client, demo, "manager"), photo(2)
    await phone.declare(content)
    await phone.patch(content, 0, content[:500])
    for offset in (0, 499, 501, 10**6):
        answer = await phone.patch(content, offset, content[500:600])
        assert (answer.status_code, answer.json()["code"]) == (409, "offset_wrong")
        assert answer.json()["offset"] == 500
    told = "sha256 " + base64.b64encode(bytes(32)).decode()
    damaged = await phone.patch(content, 500, content[500:], **{"Upload-Checksum": told})
    assert (damaged.status_code, damaged.json()["code"]) == (400, "chunk_damaged")
    for headers in ({}, {"Upload-Offset": "-1"}, {"Upload-Offset": "x"}):
        answer = await client.patch(
            f"{BLOBS}/{name_of(content)}", headers=phone.headers | headers, content=b"x"
        )
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert await phone.offset(content) == 500


async def test_a_piece_that_is_too_large_and_names_that_are_none(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    phone, content = await phone_of(client, demo, "manager"), bytes(CHUNK * 2)
    await phone.declare(content)
    answer = await phone.patch(content, 0, bytes(CHUNK + 1))
    assert answer.status_code == 413
    assert (await phone.patch(content, 0, b"")).status_code == 400
    for name in ("x", "A" * 64, "a" * 63, "a" * 65, "%2e%2e", "a" * 63 + "%00"):
        for method in ("GET", "HEAD", "PATCH"):
            answer = await client.request(
                method, f"{BLOBS}/{name}", headers=phone.headers | {"Upload-Offset": "0"}
            )
            assert answer.status_code == 404, (method, name, answer.text)


async def test_declarations_that_do_not_fit(client: httpx.AsyncClient, demo: DemoFacts) -> None:
    phone = await phone_of(client, demo, "manager")
    good = {"sha256": "a" * 64, "bytes": 10, "media_type": "image/png"}
    bad: list[tuple[Any, str]] = [
        ({"items": []}, "items"),
        ({"items": [good] * 101}, "items"),
        ({"items": [good | {"sha256": "A" * 64}]}, "sha256"),
        ({"items": [good | {"sha256": "a" * 63 + "\u0000"}]}, "sha256"),
        ({"items": [good | {"bytes": 0}]}, "bytes"),
        ({"items": [good | {"bytes": 2**70}]}, "bytes"),
        ({"items": [good | {"bytes": 10_000_001}]}, "bytes"),
        ({"items": [good | {"media_type": "image/svg+xml"}]}, "media_type"),
        ({"items": [good | {"more": 1}]}, "more"),
    ]
    for body, field in bad:
        answer = await client.post(BLOBS, headers=phone.headers, json=body)
        assert answer.status_code == 400, (body, answer.text)
        assert field in answer.json()["field"] + answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "markup"),
        (archive(), "archive"),
        (photo(3) + archive(), "hidden_content"),
        (photo(3)[:-100], "truncated"),
    ],
)
async def test_what_pretends_to_be_a_photo_is_refused_by_name(
    client: httpx.AsyncClient, demo: DemoFacts, content: bytes, word: str
) -> None:
    phone = await phone_of(client, demo, "manager")
    await phone.declare(content)
    answer = await phone.patch(content, 0, content)
    assert (answer.status_code, answer.json()["code"]) == (415, "content_not_accepted")
    assert answer.json()["word"] == word
    (need,) = await phone.declare(content)
    assert (need["state"], need["refusal"]) == ("refused", word)
    assert (await phone.get(name_of(content))).status_code == 404


async def test_a_wrong_digest_starts_from_nothing(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    phone, content = await phone_of(client, demo, "manager"), photo(4)
    await phone.declare(content)
    answer = await phone.patch(content, 0, bytes(len(content)))
    assert (answer.status_code, answer.json()["code"]) == (409, "digest_wrong")
    assert await phone.offset(content) == 0


async def test_a_photo_is_seen_as_a_copy_in_reach_and_nowhere_else(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    person = somebody(demo, lambda one: "manager" in one.roles)
    owner = Phone(client, await sign_in(client, person))
    far = manager_of(
        demo,
        next(
            g
            for one in demo.staff
            if "manager" in one.roles
            for g in one.grids
            if g not in person.grids
        ),
    )
    stranger = Phone(client, await sign_in(client, far))
    original = await owner.send(photo_with_place(5))
    assert (await owner.get(original)).json()["code"] == "copy_not_ready"
    await prove(person.employee_no, original)
    restricted = await owner.get(original)
    assert (restricted.status_code, restricted.json()["code"]) == (403, "original_restricted")
    copy = restricted.json()["sha256"]
    shown = await owner.get(copy)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert name_of(shown.content) == copy
    assert b"secret words" not in shown.content
    assert int(shown.headers["content-length"]) == len(shown.content)
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"] == "private, no-store"
    assert shown.headers["content-disposition"].startswith("inline;")
    assert "sandbox" in shown.headers["content-security-policy"]
    thumb = await owner.get(original, "?size=thumb")
    assert 0 < len(thumb.content) <= 12 * 1024
    dispatcher = await phone_of(client, demo, "dispatcher")
    assert (await dispatcher.get(copy)).content == shown.content
    for name in (original, copy, name_of(thumb.content)):
        for query in ("", "?size=thumb"):
            assert (await stranger.get(name, query)).status_code == 404
    assert (await owner.get(copy, "?size=huge")).status_code == 400


async def test_an_original_needs_the_right_post_and_a_second_factor(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    person = somebody(demo, lambda one: "manager" in one.roles)
    content = photo_with_place(6)
    original = await Phone(client, await sign_in(client, person)).send(content)
    await prove(person.employee_no, original)
    head = somebody(demo, lambda one: "station_head" in one.roles)
    assert head.totp_secret is not None
    await execute("UPDATE staff SET totp_last_step = NULL WHERE employee_no = $1", head.employee_no)
    body = sign_in_body(head) | {"code": pyotp.TOTP(head.totp_secret).now()}
    answer = await client.post("/api/v1/sessions", json=body)
    with_factor = Phone(client, {"Authorization": f"Bearer {answer.json()['access_token']}"})
    shown = await with_factor.get(original)
    assert (shown.status_code, shown.content) == (200, content)
    without = await client.post("/api/v1/sessions", json=sign_in_body(head, "d2"))
    if without.status_code == 201:
        alone = Phone(client, {"Authorization": f"Bearer {without.json()['access_token']}"})
        assert (await alone.get(original)).status_code == 403


async def test_a_sealed_photo_is_seen_by_nobody_of_the_station(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    person = somebody(demo, lambda one: "manager" in one.roles)
    owner = Phone(client, await sign_in(client, person))
    original = await owner.send(photo(7))
    await prove(person.employee_no, original, sealed=True)
    dispatcher = await phone_of(client, demo, "dispatcher")
    for phone in (owner, dispatcher):
        for name in (original, await copy_of(original)):
            assert (await phone.get(name)).status_code == 404


async def test_a_pdf_is_handed_over_as_a_file(client: httpx.AsyncClient, demo: DemoFacts) -> None:
    person = somebody(demo, lambda one: "manager" in one.roles)
    owner, content = Phone(client, await sign_in(client, person)), pdf()
    name = await owner.send(content, "application/pdf")
    await prove(person.employee_no, name)
    shown = await owner.get(name)
    assert (shown.content, shown.headers["content-type"]) == (content, "application/pdf")
    assert shown.headers["content-disposition"] == f'attachment; filename="{name[:16]}.pdf"'
    assert (await owner.get(name, "?size=thumb")).status_code == 404


async def test_who_has_no_part_in_it_is_turned_away(
    client: httpx.AsyncClient, demo: DemoFacts
) -> None:
    content = photo(8)
    operator = somebody(demo, lambda one: "operator" in one.roles)
    body = sign_in_body(operator)
    if operator.totp_secret is not None:
        body |= {"code": pyotp.TOTP(operator.totp_secret).now()}
    answer = await client.post("/api/v1/sessions", json=body)
    phone = Phone(client, {"Authorization": f"Bearer {answer.json()['access_token']}"})
    item = {"sha256": name_of(content), "bytes": len(content), "media_type": "image/jpeg"}
    declared = await client.post(BLOBS, headers=phone.headers, json={"items": [item]})
    assert declared.status_code == 403
    assert (await phone.patch(content, 0, content)).status_code == 403
    assert (await phone.get(name_of(content))).status_code == 404
    nobody = Phone(client, {})
    assert (await nobody.get(name_of(content))).status_code == 401


async def test_Y29_a_full_disk_has_a_status_of_its_own(
    client: httpx.AsyncClient, demo: DemoFacts, tmp_path: Path
) -> None:
    phone, content = await phone_of(client, demo, "manager"), photo(9)
    await phone.declare(content)
    use_store(BlobFolder(tmp_path / "full", reserve_bytes=1 << 62))
    answer = await phone.patch(content, 0, content)
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert await phone.offset(content) == 0
    use_store(None)
    assert (await phone.patch(content, 0, content)).status_code == 503

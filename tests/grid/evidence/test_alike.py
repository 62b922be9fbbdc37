"""A picture that proves two things is flagged, once, whichever of the two was known first."""

import itertools
import random
from uuid import UUID

import msgspec
import pytest
from PIL import Image

from grid.evidence.declaring import declare
from grid.evidence.preparing import flag_near_duplicates, prepare_blob
from grid.evidence.rules import signed
from grid.evidence.service import attach, items_of
from grid.evidence.types import (
    AlikeView,
    AttachEvidence,
    DeclareBlobs,
    EvidencePurpose,
    NearDuplicateFound,
    Subject,
)
from grid.kit.database import execute, fetch, fetch_value
from tests.grid.evidence.pictures import encoded, pdf, photo, scenery, signature
from tests.grid.evidence.scene import Scene, declaration, name_of, prove, send, work
from tests.grid.evidence.test_uploads import set_number

AFTER = EvidencePurpose.AFTER_PHOTO
SIGNED = EvidencePurpose.SIGNATURE


async def found() -> list[NearDuplicateFound]:
    rows = await fetch(
        "SELECT body FROM outbox_event WHERE kind = 'evidence.NearDuplicateFound' ORDER BY id"
    )
    return [msgspec.json.decode(row["body"], type=NearDuplicateFound) for row in rows]


async def alike(scene: Scene, subject: Subject) -> list[AlikeView]:
    return [
        near for item in await items_of(scene.head, [subject.id]) for near in item.near_duplicates
    ]


def copies() -> dict[str, bytes]:
    """The same scenery, as somebody would pass it off as another visit."""
    picture = scenery(1)
    wide, high = picture.size
    return {
        "the same bytes": encoded(picture),
        "encoded anew": encoded(picture, quality=35),
        "slightly cropped": encoded(picture.crop((6, 5, wide - 6, high - 5)), quality=60),
        "other format": encoded(picture.resize((500, 375)), "WEBP"),
    }


@pytest.mark.parametrize("name", copies())
async def test_a_copied_photo_is_flagged_on_both_sides_once(scene: Scene, name: str) -> None:
    first, second = scene.subject(), scene.subject(kind="visit")
    original = await prove(scene.manager, first, photo(1))
    copied = await prove(scene.assistant, second, copies()[name], AFTER)
    for sha256 in (name_of(photo(1)), name_of(copies()[name])):
        await work(sha256)
    (said,) = await found()
    assert {said.first_id, said.second_id} == {original.id, copied.id}
    assert {said.first_subject_id, said.second_subject_id} == {first.id, second.id}
    assert {said.first_subject_kind, said.second_subject_kind} == {"work_order", "visit"}
    assert said.distance <= 6
    (near,) = await alike(scene, first)
    assert (near.evidence_id, near.subject_id, near.subject_kind) == (copied.id, second.id, "visit")
    assert near.distance == said.distance
    (back,) = await alike(scene, second)
    assert back.evidence_id == original.id


async def test_other_photos_and_the_same_job_are_not_flagged(scene: Scene) -> None:
    subject = scene.subject()
    await prove(scene.manager, subject, photo(1))
    await prove(scene.manager, subject, photo(1), AFTER)
    await prove(scene.manager, subject, encoded(scenery(1), quality=40))
    for seed in range(2, 8):
        await prove(scene.manager, scene.subject(), photo(seed))
    assert await found() == []


async def test_it_is_found_when_the_item_comes_after_the_picture(scene: Scene) -> None:
    """And when the picture comes after the item: the order of phones is nobody's."""
    first, second, content = scene.subject(), scene.subject(), encoded(scenery(1), quality=50)
    await prove(scene.manager, first, photo(1))
    await work(await send(scene.assistant, content))
    assert await found() == []
    command = AttachEvidence(sha256=name_of(content), purpose=AFTER)
    await attach(scene.assistant, second, command)
    await flag_near_duplicates(name_of(content))
    assert len(await found()) == 1
    third, late = scene.subject(), encoded(scenery(1), quality=60)
    await declare(scene.manager, declaration(late))
    await attach(scene.manager, third, AttachEvidence(sha256=name_of(late), purpose=AFTER))
    await flag_near_duplicates(name_of(late))
    assert len(await found()) == 1
    await work(await send(scene.manager, late))
    assert len(await found()) == 3


async def test_the_limit_is_a_dated_setting(scene: Scene) -> None:
    await set_number("evidence_alike_bits", 0)
    await prove(scene.manager, scene.subject(), photo(1))
    await prove(scene.manager, scene.subject(), encoded(scenery(1), quality=40))
    hashes = [row["difference_hash"] for row in await fetch("SELECT difference_hash FROM blob")]
    expected = 1 if len(set(hashes)) == 1 else 0
    assert len(await found()) == expected
    await set_number("evidence_alike_bits", 7)
    await flag_near_duplicates(name_of(photo(1)))
    assert len(await found()) == 1


async def test_what_is_alike_by_nature_needs_the_same_bytes(scene: Scene) -> None:
    one, other = signature(), encoded(Image.new("RGBA", (400, 160), (0, 0, 0, 0)), "PNG")
    await prove(scene.manager, scene.subject(), one, SIGNED)
    await prove(scene.manager, scene.subject(), other, SIGNED)
    assert await found() == []
    await prove(scene.assistant, scene.subject(), one, SIGNED)
    (said,) = await found()
    assert said.distance == 0


async def test_dark_photos_are_not_alike_and_shared_forms_are_no_copies(scene: Scene) -> None:
    for level in (0, 5, 250):
        dark = encoded(Image.new("RGB", (300, 200), (level,) * 3))
        await prove(scene.manager, scene.subject(), dark)
    for _ in range(2):
        await prove(scene.manager, scene.subject(), pdf(), EvidencePurpose.DOCUMENT)
        await prove(scene.manager, scene.subject(), photo(9), EvidencePurpose.DOCUMENT)
    assert await found() == []


async def test_what_is_sealed_is_betrayed_by_no_flag(scene: Scene) -> None:
    sealed, open_subject = scene.subject(sealed=True, kind="ticket"), scene.subject()
    await prove(scene.back_office, sealed, photo(1))
    await prove(scene.manager, open_subject, encoded(scenery(1), quality=40))
    assert len(await found()) == 1
    for actor in (scene.head, scene.manager, scene.back_office):
        (item,) = await items_of(actor, [open_subject.id])
        assert item.near_duplicates == []
    (item,) = await items_of(scene.auditor, [open_subject.id])
    assert [near.subject_id for near in item.near_duplicates] == [sealed.id]


async def test_copies_in_another_station_are_flagged_to_those_who_reach_both(
    scene: Scene,
) -> None:
    far = Subject("work_order", UUID(int=7), None, scene.far_head.roles[0].station_id)
    await prove(scene.manager, scene.subject(), photo(1))
    await prove(scene.stranger, far, encoded(scenery(1), quality=40))
    (seen,) = await items_of(scene.far_head, [far.id])
    assert seen.near_duplicates == []
    (seen,) = await items_of(scene.auditor, [far.id])
    assert len(seen.near_duplicates) == 1


async def test_preparing_twice_says_it_once(scene: Scene) -> None:
    sha256 = await send(scene.manager, photo(1))
    for _ in range(3):
        await prepare_blob(sha256)
    said = "SELECT count(*) FROM outbox_event WHERE kind = 'evidence.BlobPrepared'"
    assert await fetch_value(said) == 1
    await prepare_blob("f" * 64)
    assert await fetch_value(said) == 1


async def test_a_picture_that_takes_too_long_is_left_for_later(scene: Scene) -> None:
    sha256 = await send(scene.manager, photo(1))
    with pytest.raises(TimeoutError):
        await prepare_blob(sha256, limit_s=0)
    assert await fetch_value("SELECT state FROM blob") == "stored"
    await prepare_blob(sha256)
    assert await fetch_value("SELECT state FROM blob") == "ready"


@pytest.mark.parametrize("seed", range(4))
async def test_the_search_finds_what_comparing_all_with_all_finds(scene: Scene, seed: int) -> None:
    """The bands narrow down; they must neither miss a pair nor add one."""
    chance, bits = random.Random(seed), 6
    first = chance.getrandbits(64)
    hashes = [first]
    for _ in range(39):
        flips = sum(1 << bit for bit in chance.sample(range(64), chance.randrange(0, 10)))
        hashes.append(chance.choice(hashes) ^ flips)
    names = [f"{number:064x}" for number in range(len(hashes))]
    subjects = [scene.subject() for _ in range(12)]
    shown: dict[UUID, tuple[UUID, int]] = {}
    body = [{"sha256": name, "bytes": 5, "media_type": "image/png"} for name in names]
    await declare(scene.manager, msgspec.convert({"items": body}, DeclareBlobs))
    for name, difference_hash in zip(names, hashes, strict=True):
        subject = chance.choice(subjects)
        item = await attach(scene.manager, subject, AttachEvidence(sha256=name, purpose=AFTER))
        shown[item.id] = subject.id, difference_hash
        await execute(
            "INSERT INTO blob (sha256, media_type, size_bytes, state, kept, copy_sha256,"
            " difference_hash, completed_at)"
            " VALUES ($1, 'image/png', 5, 'ready', true, $1, $2, '2026-11-22Z')",
            name,
            signed(difference_hash),
        )
        await flag_near_duplicates(name)
    expected = {
        (min(one, other), max(one, other), (shown[one][1] ^ shown[other][1]).bit_count())
        for one, other in itertools.combinations(shown, 2)
        if shown[one][0] != shown[other][0]
        and (shown[one][1] ^ shown[other][1]).bit_count() <= bits
    }
    rows = await fetch("SELECT first_item, second_item, distance FROM near_duplicate")
    assert {tuple(row) for row in rows} == expected
    assert expected


async def test_the_search_uses_the_indexes_by_band(scene: Scene) -> None:
    """With many pictures the four bands are looked up; no picture is compared with all."""
    await execute(
        "INSERT INTO blob (sha256, media_type, size_bytes, state, kept, copy_sha256,"
        " difference_hash, completed_at) SELECT lpad(to_hex(n), 64, '0'), 'image/jpeg', 1, 'ready',"
        " true, 'x', ('x' || md5(n::text))::bit(64)::bigint, '2026-11-22Z'"
        " FROM generate_series(1, 20000) n"
    )
    await execute("ANALYZE blob")
    bands = " OR ".join(
        f"((b.difference_hash >> {band * 16}) & 65535) = ANY('{{1,2,3}}'::bigint[])"
        for band in range(4)
    )
    plan = await fetch(
        "EXPLAIN SELECT sha256 FROM blob b"
        f" WHERE b.difference_hash IS NOT NULL AND b.sha256 <> 'x' AND ({bands})"
    )
    words = "\n".join(row[0] for row in plan)
    assert [f"blob_band_{band}" in words for band in range(4)] == [True] * 4

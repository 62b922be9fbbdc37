"""Files in pieces: gone on with after any cut, held against their hash, one for equal bytes."""

import asyncio
import base64
import hashlib
import random
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from grid.evidence import uploads
from grid.evidence.declaring import declare
from grid.evidence.policies import OPEN_UPLOADS
from grid.evidence.schedule import forget_partials
from grid.evidence.store import StorageFull, use_store
from grid.evidence.types import DeclareBlob, DeclareBlobs, NeedState, RefusalWord
from grid.evidence.uploads import (
    CHUNK_MAX_BYTES,
    ChunkDamaged,
    ContentNotAccepted,
    DigestWrong,
    OffsetWrong,
    UploadBusy,
    progress,
    take_chunk,
)
from grid.kit.clock import business_now, machine_now
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.refusals import Invalid, NotAllowed, NotFound, TemporarilyUnavailable, TooMany
from grid.territory.types import StaffRole
from tests.grid.evidence.pictures import archive, encoded, pdf, photo, scenery
from tests.grid.evidence.scene import Scene, declaration, name_of, send
from tests.grid.evidence.stores import FullDisk
from tests.support.contexts import apart
from tests.support.staff import actor_of, make_staff


async def events(kind: str) -> int:
    return int(await fetch_value("SELECT count(*) FROM outbox_event WHERE kind = $1", kind) or 0)


async def test_Y28_a_stored_blob_hashes_to_its_name(scene: Scene, disk: FullDisk) -> None:
    contents = [photo(1), photo(2, "WEBP"), pdf()]
    for content in contents:
        await send(scene.manager, content, chunk_bytes=1000)
    assert disk.files() == {name_of(content): content for content in contents}
    assert {name: hashlib.sha256(kept).hexdigest() for name, kept in disk.files().items()} == {
        name: name for name in disk.files()
    }
    assert disk.partials() == set()
    needs = await declare(scene.manager, declaration(*contents))
    assert {need.state for need in needs} == {NeedState.HAVE}


@pytest.mark.parametrize("seed", range(6))
async def test_Y28_an_upload_goes_on_after_any_cut(scene: Scene, disk: FullDisk, seed: int) -> None:
    """Chunks of any size; some are lost on the way, some arrive but their answer does not."""
    chance, content = random.Random(seed), encoded(scenery(seed, (900, 700)), quality=95)
    sha256, sent = name_of(content), 0
    (need,) = await declare(scene.manager, declaration(content))
    known = need.offset
    while known < len(content):
        if chance.random() < 0.2:
            (need,) = await declare(scene.manager, declaration(content))
            assert need.offset >= known
            known = need.offset
        chunk = content[known : known + chance.randrange(1, 40_000)]
        fate = chance.random()
        if fate < 0.3:
            known = (await progress(scene.manager, sha256)).offset
            continue
        answer = await take_chunk(scene.manager, sha256, known, chunk)
        sent += len(chunk)
        if fate > 0.6 or answer.offset == len(content):
            known = answer.offset
        else:
            with pytest.raises(OffsetWrong) as told:
                await take_chunk(scene.manager, sha256, known, chunk)
            known = int(told.value.facts["offset"] or 0)
    assert disk.files() == {sha256: content}
    assert sent == len(content)


async def test_Y28_equal_bytes_are_one_blob(scene: Scene, disk: FullDisk) -> None:
    content = photo(1)
    await send(scene.manager, content)
    # To know the hash is not to have the file: a colleague sends it, too, and it stays one.
    (need,) = await declare(scene.assistant, declaration(content))
    assert (need.state, need.offset) == (NeedState.NEED, 0)
    await send(scene.assistant, content)
    assert disk.files() == {name_of(content): content}
    assert await fetch_value("SELECT count(*) FROM blob") == 1
    assert await events("evidence.BlobCompleted") == 1
    both = await declare(scene.manager, declaration(content, content))
    assert [need.state for need in both] == [NeedState.HAVE, NeedState.HAVE]


async def test_two_devices_send_one_file_at_once(committed_scene: Scene, disk: FullDisk) -> None:
    """One person's devices share the upload: each is told where to go on; nothing is doubled."""
    content = encoded(scenery(3, (1200, 900)), quality=95)
    sha256, manager = name_of(content), committed_scene.manager
    await declare(manager, declaration(content))
    refused = 0

    async def device(step: int) -> None:
        nonlocal refused
        offset = 0
        while offset < len(content):
            try:
                view = await take_chunk(manager, sha256, offset, content[offset : offset + step])
                offset = view.offset
            except (OffsetWrong, UploadBusy):
                refused += 1
                offset = (await progress(manager, sha256)).offset

    await asyncio.gather(*(apart(device(step)) for step in (9_000, 16_000, 30_000)))
    assert disk.files() == {sha256: content}
    assert refused > 0
    assert await events("evidence.BlobCompleted") == 1


async def test_two_people_send_the_same_file_at_once(
    committed_scene: Scene, disk: FullDisk
) -> None:
    content, people = photo(4), (committed_scene.manager, committed_scene.assistant)
    await asyncio.gather(*(apart(send(person, content, chunk_bytes=5000)) for person in people))
    assert disk.files() == {name_of(content): content}
    assert await events("evidence.BlobCompleted") == 1
    states = await fetch("SELECT state FROM blob_upload")
    assert [row["state"] for row in states] == ["complete", "complete"]


async def test_a_wrong_digest_begins_again_from_nothing(scene: Scene, disk: FullDisk) -> None:
    content = photo(5)
    wrong = content[:-10] + bytes(8) + content[-2:]
    (need,) = await declare(scene.manager, declaration(content))
    with pytest.raises(DigestWrong):
        await take_chunk(scene.manager, need.sha256, 0, wrong)
    assert disk.files() == {}
    assert disk.partials() == set()
    assert (await progress(scene.manager, need.sha256)).offset == 0
    await send(scene.manager, content)
    assert disk.files() == {need.sha256: content}


async def test_a_damaged_chunk_is_sent_again_alone(scene: Scene, disk: FullDisk) -> None:
    content = photo(6)
    half = len(content) // 2
    (need,) = await declare(scene.manager, declaration(content))
    told = [
        "sha256 " + base64.b64encode(hashlib.sha256(part).digest()).decode()
        for part in (content[:half], content[half:])
    ]
    await take_chunk(scene.manager, need.sha256, 0, content[:half], told[0])
    with pytest.raises(ChunkDamaged):
        await take_chunk(scene.manager, need.sha256, half, bytes(len(content) - half), told[1])
    assert (await progress(scene.manager, need.sha256)).offset == half
    await take_chunk(scene.manager, need.sha256, half, content[half:], told[1])
    assert disk.files() == {need.sha256: content}
    for words in ("md5 abc", "sha256", "sha256 ???", "sha256 YWJj"):
        with pytest.raises(Invalid, match="sha256"):
            await take_chunk(scene.manager, need.sha256, 0, b"x", words)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", RefusalWord.MARKUP),
        (archive(), RefusalWord.ARCHIVE),
        (photo(1) + archive(), RefusalWord.HIDDEN_CONTENT),
        (photo(1)[:-5], RefusalWord.TRUNCATED),
    ],
)
async def test_content_that_pretends_is_refused_when_it_is_whole(
    scene: Scene, disk: FullDisk, content: bytes, word: RefusalWord
) -> None:
    (need,) = await declare(scene.manager, declaration(content))
    with pytest.raises(ContentNotAccepted) as refused:
        await take_chunk(scene.manager, need.sha256, 0, content)
    assert refused.value.facts["word"] == word.value
    assert (disk.files(), disk.partials()) == ({}, set())
    (again,) = await declare(scene.manager, declaration(content))
    assert (again.state, again.refusal) == (NeedState.REFUSED, word)
    with pytest.raises(ContentNotAccepted):
        await take_chunk(scene.manager, need.sha256, 0, content)
    # The refusal is known of the bytes, whoever has them.
    (others,) = await declare(scene.assistant, declaration(content))
    assert others.state is NeedState.REFUSED
    assert await events("evidence.BlobCompleted") == 0


async def test_what_was_accepted_under_wider_limits_stays_accepted(
    scene: Scene, disk: FullDisk
) -> None:
    content = photo(7)
    await send(scene.manager, content)
    await set_number("evidence_pixels_million", 1)
    small = encoded(scenery(8, (1100, 1000)))
    await set_number("evidence_pixels_million", 2)
    await send(scene.manager, small)
    await set_number("evidence_pixels_million", 1)
    await send(scene.assistant, small)
    assert set(disk.files()) == {name_of(content), name_of(small)}
    (need,) = await declare(scene.assistant, declaration(small))
    assert need.state is NeedState.HAVE


async def set_number(name: str, value: int) -> None:
    """A released value of a dated setting, from now on."""
    await execute(
        "INSERT INTO dated_setting (id, name, scope, value, effective_from, source, state,"
        " proposed_by, proposed_at, released_by, released_at)"
        " VALUES (gen_random_uuid(), $1, 'county', $2, $3, 'test', 'released', 'a', $3, 'b', $3)",
        name,
        str(value),
        await business_now(),
    )


async def test_offsets_and_lengths_that_do_not_fit_are_refused(scene: Scene) -> None:
    content = photo(1)
    (need,) = await declare(scene.manager, declaration(content))
    sha256 = need.sha256
    with pytest.raises(OffsetWrong) as told:
        await take_chunk(scene.manager, sha256, 7, content[7:20])
    assert told.value.facts["offset"] == 0
    with pytest.raises(Invalid):
        await take_chunk(scene.manager, sha256, 0, content + b"more")
    with pytest.raises(Invalid):
        await take_chunk(scene.manager, sha256, 0, b"")
    with pytest.raises(Invalid):
        await take_chunk(scene.manager, sha256, 0, bytes(CHUNK_MAX_BYTES + 1))
    with pytest.raises(NotFound):
        await take_chunk(scene.assistant, sha256, 0, content)
    with pytest.raises(NotFound):
        await progress(scene.assistant, sha256)
    assert (await progress(scene.manager, sha256)).offset == 0


async def test_a_length_that_changes_begins_again(scene: Scene, disk: FullDisk) -> None:
    content = photo(1)
    wrong = declaration(content + b"tail").items[0]
    wrong = msgspec.structs.replace(wrong, sha256=name_of(content))
    await declare(scene.manager, DeclareBlobs(items=[wrong]))
    await take_chunk(scene.manager, name_of(content), 0, content[:100])
    (need,) = await declare(scene.manager, declaration(content))
    assert need.offset == 0
    await send(scene.manager, content)
    assert disk.files() == {name_of(content): content}


async def test_declarations_have_limits(scene: Scene) -> None:
    large = [
        DeclareBlob(sha256="a" * 64, bytes=10_000_001, media_type=kind) for kind in ("image/png",)
    ] + [DeclareBlob(sha256="b" * 64, bytes=20_000_001, media_type="application/pdf")]
    for item in large:
        with pytest.raises(Invalid) as refused:
            await declare(
                scene.manager, msgspec.convert({"items": [msgspec.to_builtins(item)]}, DeclareBlobs)
            )
        assert refused.value.field == "items[0].bytes"
    await set_number(OPEN_UPLOADS, 10)
    ten = [photo(seed, quality=20) for seed in range(10)]
    await declare(scene.manager, declaration(*ten))
    with pytest.raises(TooMany):
        await declare(scene.manager, declaration(photo(11)))


async def test_who_may_not_attach_may_not_send(scene: Scene) -> None:
    operator = await actor_of(
        await make_staff(scene.grid.station_id, roles=(StaffRole.OPERATOR,), skilled=False)
    )
    for verb in (
        declare(operator, declaration(photo(1))),
        take_chunk(operator, "a" * 64, 0, b"x"),
        progress(operator, "a" * 64),
    ):
        with pytest.raises(NotAllowed):
            await verb


async def test_without_a_store_nothing_is_taken(scene: Scene) -> None:
    use_store(None)
    (need,) = await declare(scene.manager, declaration(photo(1)))
    with pytest.raises(TemporarilyUnavailable):
        await take_chunk(scene.manager, need.sha256, 0, b"x")


async def test_a_writer_that_died_holds_the_upload_for_a_lease_only(scene: Scene) -> None:
    content = photo(2)
    (need,) = await declare(scene.manager, declaration(content))
    await execute(
        "UPDATE blob_upload SET writer = gen_random_uuid(), writing_until = $1",
        machine_now() + timedelta(seconds=20),
    )
    with pytest.raises(UploadBusy):
        await take_chunk(scene.manager, need.sha256, 0, content)
    await execute("UPDATE blob_upload SET writing_until = $1", machine_now())
    await take_chunk(scene.manager, need.sha256, 0, content)


# --- a disk that is full, or not what it was ---------------------------------------------------


async def test_Y29_a_full_disk_stops_before_anything_good_is_replaced(
    scene: Scene, disk: FullDisk
) -> None:
    first, second = photo(1), photo(2)
    await send(scene.manager, first)
    before = disk.files()
    (need,) = await declare(scene.manager, declaration(second))
    await take_chunk(scene.manager, need.sha256, 0, second[:1000])
    disk.writes_left = 0
    for _ in range(3):
        with pytest.raises(StorageFull):
            await take_chunk(scene.manager, need.sha256, 1000, second[1000:])
        assert disk.files() == before
        assert (await progress(scene.manager, need.sha256)).offset == 1000
    with pytest.raises(StorageFull):
        await disk.put(name_of(b"copy"), b"copy")
    assert disk.files() == before
    disk.writes_left = None
    await take_chunk(scene.manager, need.sha256, 1000, second[1000:])
    assert disk.files() == before | {need.sha256: second}


async def test_bytes_that_the_store_lost_are_sent_again(scene: Scene, disk: FullDisk) -> None:
    content = photo(3)
    (need,) = await declare(scene.manager, declaration(content))
    await take_chunk(scene.manager, need.sha256, 0, content[:5000])
    for partial in disk.partials():
        (disk.partial / partial).write_bytes(content[:10])
    with pytest.raises(OffsetWrong) as told:
        await take_chunk(scene.manager, need.sha256, 5000, content[5000:])
    assert told.value.facts["offset"] == 0
    await send(scene.manager, content)
    assert disk.files() == {need.sha256: content}


async def test_unfinished_uploads_live_for_thirty_days(scene: Scene, disk: FullDisk) -> None:
    content = photo(4)
    (need,) = await declare(scene.manager, declaration(content))
    await take_chunk(scene.manager, need.sha256, 0, content[:3000])
    await _age(timedelta(days=29))
    await forget_partials()
    assert (await progress(scene.manager, need.sha256)).offset == 3000
    # Asking again keeps it for another while.
    await declare(scene.manager, declaration(content))
    await _age(timedelta(days=29))
    await forget_partials()
    assert len(disk.partials()) == 1
    await _age(timedelta(days=2))
    await forget_partials()
    assert disk.partials() == set()
    with pytest.raises(NotFound):
        await progress(scene.manager, need.sha256)


async def _age(span: timedelta) -> None:
    """Let time pass for every upload."""
    await execute(
        "UPDATE blob_upload SET declared_at = declared_at - $1::interval,"
        " expires_at = expires_at - $1::interval",
        span,
    )


async def test_a_whole_file_does_not_grow_old(scene: Scene, disk: FullDisk) -> None:
    await send(scene.manager, photo(5))
    await _age(timedelta(days=400))
    await forget_partials()
    assert len(disk.files()) == 1
    assert isinstance(await fetch_value("SELECT id FROM blob_upload"), UUID)


def test_a_chunk_is_no_larger_than_the_contract_says() -> None:
    assert uploads.CHUNK_MAX_BYTES == 256 * 1024

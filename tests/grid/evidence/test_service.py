"""Items of a subject: attached once, chained, read by scope, sealed where they must be."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import asyncpg
import msgspec
import pytest

from backend.embedded import EmbeddedPostgres
from grid.evidence.declaring import declare
from grid.evidence.rules import GENESIS, ChainedFacts, chain_hash
from grid.evidence.schedule import forget_partials
from grid.evidence.service import (
    ITEMS_MAX,
    TooMuchEvidence,
    attach,
    counted,
    items_of,
    move_subject,
    verify_chain,
)
from grid.evidence.serving import CopyNotReady, OriginalRestricted, show
from grid.evidence.types import (
    AttachEvidence,
    DeclareBlobs,
    EvidencePurpose,
    EvidenceState,
    EvidenceView,
    MediaType,
    RefusalWord,
    Subject,
)
from grid.evidence.uploads import ContentNotAccepted, take_chunk
from grid.kit.database import execute, fetch_one, fetch_value
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.territory.types import StaffActor, SystemActor
from tests.grid.evidence.pictures import archive, huge_png, pdf, photo, photo_with_place
from tests.grid.evidence.scene import Scene, declaration, name_of, prove, send, work
from tests.grid.evidence.stores import FullDisk
from tests.support.contexts import apart
from tests.support.counting import counted as statements
from tests.support.staff import actor_of

SITE = EvidencePurpose.SITE_PHOTO


def wish(content: bytes, purpose: EvidencePurpose = SITE, **more: object) -> AttachEvidence:
    """A command as a door would decode it."""
    body = {"sha256": name_of(content), "purpose": purpose.value, **more}
    return msgspec.convert(body, AttachEvidence)


async def declared(actor: StaffActor, content: bytes) -> bytes:
    await declare(actor, declaration(content))
    return content


async def one_of(actor: StaffActor, subject: Subject) -> EvidenceView:
    (item,) = await items_of(actor, [subject.id])
    return item


async def test_Y28_an_item_does_not_wait_for_its_file(scene: Scene) -> None:
    subject, content = scene.subject(), photo(1)
    await declared(scene.manager, content)
    claim = {"taken_at": "2026-11-22T08:00:00+08:00", "lat": 29.89, "lon": 110, "mock": True}
    item = await attach(scene.manager, subject, wish(content, note="表箱外观", **claim))
    assert (item.state, item.bytes, item.sha256) == (EvidenceState.MISSING, len(content), None)
    assert item.original_sha256 == name_of(content)
    assert (item.taken_at, item.mock) == (datetime(2026, 11, 22, tzinfo=UTC), True)
    assert item.author == scene.manager.name
    assert await counted(subject.id) == {SITE: 1}
    await take_chunk(scene.manager, name_of(content), 0, content[:2000])
    assert (await one_of(scene.head, subject)).state is EvidenceState.PARTIAL
    await send(scene.manager, content)
    stored = await one_of(scene.manager, subject)
    assert (stored.state, stored.sha256) == (EvidenceState.COMPLETE, None)
    await work(name_of(content))
    ready = await one_of(scene.manager, subject)
    assert ready.sha256 is not None
    assert ready.sha256 != name_of(content)
    assert await verify_chain(subject.id) is None


async def test_Y28_every_item_is_complete_or_listed_missing(scene: Scene) -> None:
    """Also when the phone never came back and the upload was forgotten."""
    subject, never, whole = scene.subject(), photo(1), photo(2)
    await declared(scene.manager, never)
    await attach(scene.manager, subject, wish(never))
    await prove(scene.manager, subject, whole)
    await execute("UPDATE blob_upload SET expires_at = declared_at WHERE state = 'open'")
    await forget_partials()
    states = [item.state for item in await items_of(scene.head, [subject.id])]
    assert states == [EvidenceState.MISSING, EvidenceState.COMPLETE]
    assert await counted(subject.id) == {SITE: 2}


async def test_the_same_file_for_the_same_purpose_is_one_item(scene: Scene) -> None:
    subject, content = scene.subject(), await declared(scene.manager, photo(1))
    first = await attach(scene.manager, subject, wish(content))
    again = await attach(scene.manager, subject, wish(content, note="再发一次"))
    other = await attach(scene.manager, subject, wish(content, EvidencePurpose.AFTER_PHOTO))
    assert first == again
    assert other.id != first.id
    assert len(await items_of(scene.manager, [subject.id])) == 2
    attached = "SELECT count(*) FROM outbox_event WHERE kind = 'evidence.EvidenceAttached'"
    assert await fetch_value(attached) == 2


async def test_a_hash_alone_is_no_right(scene: Scene) -> None:
    """A file of others can be attached by nobody who neither has it nor sees it."""
    content = photo(1)
    await prove(scene.manager, scene.subject(), content)
    for actor in (scene.stranger, scene.far_head):
        with pytest.raises(NotFound):
            await attach(actor, scene.subject(), wish(content))
        with pytest.raises(NotFound):
            await show(actor, name_of(content))
    # Saying that one has it gives nothing either, until the bytes came.
    await declared(scene.stranger, content)
    with pytest.raises(NotFound):
        await show(scene.stranger, name_of(content))
    await send(scene.stranger, content)
    with pytest.raises(OriginalRestricted):
        await show(scene.stranger, name_of(content))


async def test_who_sees_a_copy_may_attach_it_elsewhere(scene: Scene) -> None:
    first, second, content = scene.subject(), scene.subject(), photo(1)
    await prove(scene.manager, first, content)
    seen = await one_of(scene.back_office, first)
    assert seen.original_sha256 is None
    command = AttachEvidence(sha256=seen.sha256 or "", purpose=SITE)
    item = await attach(scene.back_office, second, command)
    assert item.original_sha256 == name_of(content)
    assert item.state is EvidenceState.COMPLETE


async def test_machines_and_customers_attach_nothing(scene: Scene) -> None:
    content = await declared(scene.manager, photo(1))
    with pytest.raises(NotAllowed):
        await attach(SystemActor(name="test"), scene.subject(), wish(content))
    with pytest.raises(NotAllowed):
        await attach(scene.auditor, scene.subject(), wish(content))


async def test_a_subject_holds_so_many_items_and_no_more(scene: Scene) -> None:
    subject, purposes = scene.subject(), list(EvidencePurpose)
    names = [f"{number:064x}" for number in range(ITEMS_MAX // len(purposes) + 1)]
    body = [{"sha256": name, "bytes": 5, "media_type": "image/png"} for name in names]
    await declare(scene.manager, msgspec.convert({"items": body}, DeclareBlobs))
    wishes = [AttachEvidence(sha256=name, purpose=each) for name in names for each in purposes]
    for command in wishes[:ITEMS_MAX]:
        await attach(scene.manager, subject, command)
    with pytest.raises(TooMuchEvidence):
        await attach(scene.manager, subject, wishes[ITEMS_MAX])
    assert len(await items_of(scene.manager, [subject.id])) == ITEMS_MAX
    assert await verify_chain(subject.id) is None
    with pytest.raises(Invalid):
        await items_of(scene.manager, [subject.id] * 201)


# --- what does not count -----------------------------------------------------------------------


async def test_an_item_whose_file_was_refused_stays_and_does_not_count(scene: Scene) -> None:
    subject, content = scene.subject(), await declared(scene.manager, archive())
    await attach(scene.manager, subject, wish(content))
    with pytest.raises(ContentNotAccepted):
        await take_chunk(scene.manager, name_of(content), 0, content)
    item = await one_of(scene.head, subject)
    assert (item.state, item.refusal) == (EvidenceState.REFUSED, RefusalWord.ARCHIVE)
    assert await counted(subject.id) == {}
    assert await verify_chain(subject.id) is None
    for actor in (scene.manager, scene.head):
        with pytest.raises(NotFound):
            await show(actor, name_of(content))


async def test_a_picture_that_cannot_be_decoded_is_kept_for_few_and_does_not_count(
    scene: Scene, disk: FullDisk
) -> None:
    """It passed the door, so the phone may have forgotten it: the original stays."""
    subject, content = scene.subject(), huge_png(700, 500)
    await prove(scene.manager, subject, content)
    item = await one_of(scene.head, subject)
    assert (item.state, item.refusal, item.sha256) == (
        EvidenceState.REFUSED,
        RefusalWord.BROKEN,
        None,
    )
    assert await counted(subject.id) == {}
    assert disk.files() == {name_of(content): content}
    with pytest.raises(NotFound, match="损坏"):
        await show(scene.manager, name_of(content))
    shown = await show(scene.head, name_of(content))
    assert (shown.media_type, shown.is_picture) == ("application/octet-stream", False)


async def test_a_pdf_is_no_photo(scene: Scene) -> None:
    subject, content = scene.subject(), pdf()
    await prove(scene.manager, subject, content, EvidencePurpose.VOLTAGE_ABSENT_PHOTO)
    await prove(scene.manager, subject, content, EvidencePurpose.WORK_PERMIT)
    photo_item, permit = await items_of(scene.manager, [subject.id])
    assert (photo_item.state, photo_item.refusal) == (
        EvidenceState.REFUSED,
        RefusalWord.NOT_A_PICTURE,
    )
    assert (permit.state, permit.media_type) == (EvidenceState.COMPLETE, MediaType.PDF)
    assert await counted(subject.id) == {EvidencePurpose.WORK_PERMIT: 1}
    # There is no copy to be made of a PDF: whoever reaches it sees it.
    assert permit.sha256 == name_of(content)
    assert (await show(scene.assistant, name_of(content))).media_type == MediaType.PDF


# --- who reads what ----------------------------------------------------------------------------


async def test_items_are_read_in_reach_only(scene: Scene) -> None:
    subject = scene.subject()
    await prove(scene.manager, subject, photo(1))
    copy = (await one_of(scene.manager, subject)).sha256 or ""
    for actor in (scene.assistant, scene.head, scene.back_office, scene.auditor):
        assert len(await items_of(actor, [subject.id])) == 1
        assert (await show(actor, copy)).media_type == MediaType.JPEG
        assert (await show(actor, copy, thumb=True)).size_bytes <= 12 * 1024
    for actor in (scene.stranger, scene.far_head):
        assert await items_of(actor, [subject.id]) == []
        for name in (copy, (await show(scene.head, copy, thumb=True)).sha256):
            with pytest.raises(NotFound):
                await show(actor, name)


async def test_originals_are_for_few_and_every_look_is_written_down(scene: Scene) -> None:
    subject, content = scene.subject(), photo_with_place(1)
    await prove(scene.manager, subject, content)
    original = name_of(content)
    for actor in (scene.manager, scene.assistant, scene.back_office):
        with pytest.raises(OriginalRestricted) as refused:
            await show(actor, original)
        assert refused.value.facts["sha256"] == (await one_of(actor, subject)).sha256
        assert (await one_of(actor, subject)).exif_lat is None
    for actor in (scene.head, scene.auditor, scene.station_auditor):
        shown = await show(actor, original)
        assert b"".join([piece async for piece in shown.pieces]) == content
        item = await one_of(actor, subject)
        assert item.original_sha256 == original
        assert item.exif_lat == pytest.approx(29.89)
        assert item.exif_taken_at == datetime(2026, 11, 20, 0, 30, tzinfo=UTC)
    looks = "SELECT count(*) FROM audit_entry WHERE action = $1 AND subject = $2"
    assert await fetch_value(looks, "evidence.read_original", original) == 3


async def test_a_password_alone_opens_no_original(scene: Scene) -> None:
    subject, content = scene.subject(), photo(1)
    await prove(scene.manager, subject, content)
    head = await actor_of(scene.head.staff_id, second_factor=False)
    with pytest.raises(OriginalRestricted):
        await show(head, name_of(content))
    assert (await one_of(head, subject)).original_sha256 is None


async def test_until_the_copy_is_made_only_few_see_anything(scene: Scene) -> None:
    subject, content = scene.subject(), photo(1)
    await attach(scene.manager, subject, wish(await declared(scene.manager, content)))
    await send(scene.manager, content)
    for actor in (scene.manager, scene.assistant):
        for thumb in (False, True):
            with pytest.raises(CopyNotReady):
                await show(actor, name_of(content), thumb=thumb)
    assert (await show(scene.head, name_of(content))).size_bytes == len(content)
    with pytest.raises(NotFound):
        await show(scene.stranger, name_of(content))


async def test_P1_what_is_sealed_only_the_countys_auditor_reads(scene: Scene) -> None:
    subject, content = scene.subject(sealed=True, kind="ticket"), photo(1)
    item = await attach(
        scene.back_office, subject, wish(await declared(scene.back_office, content))
    )
    await send(scene.back_office, content)
    await work(name_of(content))
    copy = (await one_of(scene.auditor, subject)).sha256 or ""
    assert (await show(scene.auditor, copy)).media_type == MediaType.JPEG
    assert (await show(scene.auditor, name_of(content))).size_bytes == len(content)
    everybody_else = (
        *(scene.manager, scene.assistant, scene.head, scene.station_auditor, scene.stranger),
        scene.back_office,
    )
    for actor in everybody_else:
        assert await items_of(actor, [subject.id]) == []
        for name in (copy, name_of(content)):
            with pytest.raises(NotFound):
                await show(actor, name)
    assert await items_of(SystemActor(name="test"), [subject.id]) == []
    assert item.subject_id == subject.id


async def test_who_reads_follows_the_subject_when_it_moves(scene: Scene) -> None:
    """A matter that is taken away from a grid takes its pictures along; a seal stays for ever."""
    subject, content = scene.subject(kind="ticket"), photo(1)
    await prove(scene.manager, subject, content)
    copy = (await one_of(scene.manager, subject)).sha256 or ""
    await move_subject(subject._replace(grid_id=None))
    assert await items_of(scene.assistant, [subject.id]) == []
    with pytest.raises(NotFound):
        await show(scene.assistant, copy)
    assert len(await items_of(scene.head, [subject.id])) == 1
    far = scene.far_head.roles[0].station_id
    await move_subject(subject._replace(grid_id=None, station_id=far))
    assert await items_of(scene.head, [subject.id]) == []
    assert (await one_of(scene.far_head, subject)).original_sha256 == name_of(content)
    # The author keeps what they made themselves, until it is sealed.
    assert len(await items_of(scene.manager, [subject.id])) == 1
    await move_subject(subject._replace(sealed=True))
    await move_subject(subject)
    for actor in (scene.manager, scene.head, scene.far_head, scene.assistant):
        assert await items_of(actor, [subject.id]) == []
        with pytest.raises(NotFound):
            await show(actor, copy)
    assert len(await items_of(scene.auditor, [subject.id])) == 1
    assert await verify_chain(subject.id) is None


async def test_the_next_item_says_where_the_subject_is_now(scene: Scene) -> None:
    subject, contents = scene.subject(), [photo(1), photo(2)]
    await prove(scene.manager, subject, contents[0])
    assert len(await items_of(scene.assistant, [subject.id])) == 1
    await prove(scene.back_office, subject._replace(grid_id=None), contents[1])
    assert await items_of(scene.assistant, [subject.id]) == []
    assert len(await items_of(scene.head, [subject.id])) == 2


async def test_a_list_takes_the_same_statements_for_any_number(scene: Scene) -> None:
    subjects = [scene.subject() for _ in range(5)]
    for number, subject in enumerate(subjects):
        await prove(scene.manager, subject, photo(number))
    async with statements() as few:
        await items_of(scene.manager, [subjects[0].id])
    async with statements() as many:
        assert len(await items_of(scene.manager, [one.id for one in subjects])) == 5
    assert len(few) == len(many) <= 3


# --- the chain ---------------------------------------------------------------------------------


@pytest.fixture
async def owner(postgres: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the tables, with the trigger off: somebody who can do everything."""
    connection = await asyncpg.connect(postgres.owner_url)
    trigger = "TRIGGER evidence_item_append_only"
    await connection.execute(f"ALTER TABLE evidence_item DISABLE {trigger}")
    yield connection
    await connection.execute(f"ALTER TABLE evidence_item ENABLE {trigger}")
    await connection.close()


ALTERED = {
    "purpose": "UPDATE evidence_item SET purpose = 'other' WHERE position = 2",
    "time": "UPDATE evidence_item SET received_at = received_at + interval '1 s' WHERE position = 2",
    "place": "UPDATE evidence_item SET lat = 30.1 WHERE position = 2",
    "author": "UPDATE evidence_item SET author = (SELECT id FROM staff WHERE id <> author LIMIT 1)"
    " WHERE position = 2",
    "seal": "UPDATE evidence_item SET sealed = true WHERE position = 2",
    "file": "UPDATE evidence_item SET sha256 = repeat('a', 64) WHERE position = 2",
    "link": "UPDATE evidence_item SET previous_hash = repeat('a', 64) WHERE position = 2",
    "removed": "DELETE FROM evidence_item WHERE position = 2",
}


@pytest.mark.parametrize("change", ALTERED)
async def test_an_altered_item_breaks_the_chain_at_its_place(
    committed_scene: Scene, owner: asyncpg.Connection, change: str
) -> None:
    scene = committed_scene
    subject = await _three_items(scene)
    assert await verify_chain(subject.id) is None
    await owner.execute(ALTERED[change])
    assert await verify_chain(subject.id) == 2


async def test_an_item_that_is_cut_off_or_put_behind_breaks_the_chain(
    committed_scene: Scene, owner: asyncpg.Connection
) -> None:
    subject = await _three_items(committed_scene)
    row = await fetch_one("SELECT * FROM evidence_item WHERE position = 3")
    assert row is not None
    await owner.execute("DELETE FROM evidence_item WHERE position = 3")
    assert await verify_chain(subject.id) == 3
    columns = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    names = ", ".join(row.keys())
    await owner.execute(f"INSERT INTO evidence_item ({names}) VALUES ({columns})", *row.values())
    assert await verify_chain(subject.id) is None


async def _three_items(scene: Scene) -> Subject:
    subject, purposes = scene.subject(), list(EvidencePurpose)[:3]
    content = await declared(scene.manager, photo(1))
    for number, purpose in enumerate(purposes):
        taken_at = datetime(2026, 11, 22, 8, number, 0, 123456, timezone(timedelta(hours=8)))
        command = AttachEvidence(
            sha256=name_of(content), purpose=purpose, taken_at=taken_at, lat=29.9, lon=-0.0
        )
        await attach(scene.manager, subject, command)
    return subject


async def test_items_that_come_at_once_make_one_chain(committed_scene: Scene) -> None:
    scene, subject = committed_scene, committed_scene.subject()
    content, purposes = await declared(scene.manager, photo(1)), list(EvidencePurpose)[:6]
    commands = [wish(content, purpose) for purpose in purposes] * 2
    views = await asyncio.gather(
        *(apart(attach(scene.manager, subject, command)) for command in commands)
    )
    assert [view.id for view in views[:6]] == [view.id for view in views[6:]]
    assert len(await items_of(scene.manager, [subject.id])) == 6
    assert await verify_chain(subject.id) is None


async def test_a_chain_without_its_end_is_broken(
    committed_scene: Scene, owner: asyncpg.Connection
) -> None:
    subject = await _three_items(committed_scene)
    await owner.execute("DELETE FROM evidence_chain")
    assert await verify_chain(subject.id) == 4
    await owner.execute("DELETE FROM evidence_item")
    assert await verify_chain(subject.id) is None


async def test_a_subject_without_items_has_a_whole_chain(scene: Scene) -> None:
    assert await verify_chain(scene.subject().id) is None


def test_the_hash_of_an_item_never_changes() -> None:
    """Chains that an older version wrote must still verify."""
    facts = ChainedFacts(
        id=UUID(int=1),
        subject_kind="work_order",
        subject_id=UUID(int=2),
        position=1,
        purpose="site_photo",
        sha256="a" * 64,
        grid=UUID(int=3),
        station=None,
        sealed=False,
        author=UUID(int=4),
        taken_at=datetime(2026, 11, 22, 8, tzinfo=timezone(timedelta(hours=8))),
        received_at=datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC),
        lat=29.89,
        lon=110,
        accuracy_m=None,
        mock=False,
        note="表箱",
    )
    assert chain_hash(GENESIS, facts) == (
        "4a84d239d3f7ce7caeee28308d41cf46386372c45fca38967d21a22219f73fef"
    )

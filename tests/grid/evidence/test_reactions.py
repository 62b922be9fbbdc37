"""From the last chunk to the flag, through the outbox, as the worker does it."""

import msgspec

from grid.evidence import reactions, schedule
from grid.evidence.service import attach, items_of
from grid.evidence.types import AttachEvidence, EvidencePurpose, NearDuplicateFound
from grid.kit import outbox
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.schedule import schedules
from tests.grid.evidence.pictures import encoded, photo, scenery
from tests.grid.evidence.scene import Scene, name_of, send
from tests.grid.evidence.stores import FullDisk


async def run_everything() -> None:
    """Hand every event to its reactions until nothing waits, as relay and worker do."""
    while await outbox.fan_out():
        for name, events in await outbox.claim_due():
            await outbox.react(name, events)


async def deliveries(state: str) -> int:
    sql = "SELECT count(*) FROM event_delivery WHERE state = $1 AND reaction LIKE 'grid.evidence%'"
    return int(await fetch_value(sql, state) or 0)


def test_the_room_has_what_the_worker_imports() -> None:
    mine = {name for name in outbox.reactions() if name.startswith("grid.evidence.")}
    assert {name.rsplit(".", 1)[1] for name in mine} == {
        reactions.prepare_completed.__name__,
        reactions.compare_prepared.__name__,
        reactions.compare_attached.__name__,
    }
    assert schedules()["evidence.forget_partials"].run is schedule.forget_partials


async def test_a_copied_photo_comes_to_its_flag(committed_scene: Scene) -> None:
    scene, subjects = committed_scene, [committed_scene.subject() for _ in range(2)]
    contents = [photo(1), encoded(scenery(1), quality=40)]
    for subject, content in zip(subjects, contents, strict=True):
        sha256 = await send(scene.manager, content)
        command = AttachEvidence(sha256=sha256, purpose=EvidencePurpose.METER_PHOTO)
        await attach(scene.manager, subject, command)
    await run_everything()
    items = await items_of(scene.head, [subject.id for subject in subjects])
    assert [len(item.near_duplicates) for item in items] == [1, 1]
    assert all(item.sha256 for item in items)
    assert await deliveries("handled") == 6
    rows = await fetch("SELECT body FROM outbox_event WHERE kind = 'evidence.NearDuplicateFound'")
    (said,) = [msgspec.json.decode(row["body"], type=NearDuplicateFound) for row in rows]
    assert {said.first_id, said.second_id} == {item.id for item in items}


async def test_Y29_a_full_disk_delays_the_copy_and_loses_nothing(
    committed_scene: Scene, disk: FullDisk
) -> None:
    content = photo(2)
    await send(committed_scene.manager, content)
    before = disk.files()
    # Room for the copy and none for the thumbnail: the file is not half ready.
    disk.writes_left = 1
    await run_everything()
    assert await fetch_value("SELECT state FROM blob") == "stored"
    assert await deliveries("pending") == 1
    assert {name: disk.files()[name] for name in before} == before
    disk.writes_left = None
    await execute("UPDATE event_delivery SET due_at = '2026-01-01Z'")
    for name, events in await outbox.claim_due():
        await outbox.react(name, events)
    assert await fetch_value("SELECT state FROM blob") == "ready"
    assert len(disk.files()) == 3
    assert disk.partials() == set()


async def test_a_file_that_is_gone_is_tried_again_and_then_told(
    committed_scene: Scene, disk: FullDisk
) -> None:
    content = photo(3)
    await send(committed_scene.manager, content)
    disk.path_of(name_of(content)).unlink()
    await run_everything()
    for _ in range(outbox.MAX_ATTEMPTS):
        await execute("UPDATE event_delivery SET due_at = '2026-01-01Z' WHERE state = 'pending'")
        for name, events in await outbox.claim_due():
            await outbox.react(name, events)
    assert await deliveries("dead") == 1
    assert await fetch_value("SELECT state FROM blob") == "stored"

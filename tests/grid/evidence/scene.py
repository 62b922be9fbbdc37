"""People of two stations, and files that they send the way a phone does."""

import hashlib
from typing import NamedTuple
from uuid import UUID

from grid.evidence.declaring import declare
from grid.evidence.preparing import flag_near_duplicates, prepare_blob
from grid.evidence.service import attach
from grid.evidence.types import (
    AttachEvidence,
    DeclareBlob,
    DeclareBlobs,
    EvidencePurpose,
    EvidenceView,
    MediaType,
    Subject,
)
from grid.evidence.uploads import CHUNK_MAX_BYTES, take_chunk
from grid.kit.ids import new_id
from grid.territory.types import Audience, StaffActor, StaffRole
from tests.support.county import Grid, make_grid, make_station
from tests.support.staff import actor_of, make_staff


class Scene(NamedTuple):
    """A grid with its manager and assistant, posts of its station and county, a stranger."""

    grid: Grid
    manager: StaffActor
    assistant: StaffActor
    head: StaffActor
    back_office: StaffActor
    auditor: StaffActor
    station_auditor: StaffActor
    stranger: StaffActor
    far_head: StaffActor

    def subject(self, *, sealed: bool = False, kind: str = "work_order") -> Subject:
        """A job of the grid that nobody has proved anything about."""
        return Subject(kind, new_id(), self.grid.id, self.grid.station_id, sealed)


async def make_scene() -> Scene:
    grid, far = await make_grid(), await make_grid(await make_station())

    async def post(role: StaffRole, station_id: UUID | None) -> StaffActor:
        staff_id = await make_staff(station_id, roles=(role,), everywhere=station_id is None)
        return await actor_of(staff_id, audience=Audience.CONSOLE)

    return Scene(
        grid=grid,
        manager=await actor_of(grid.manager),
        assistant=await actor_of(grid.assistant),
        head=await post(StaffRole.STATION_HEAD, grid.station_id),
        back_office=await post(StaffRole.BACK_OFFICE, grid.station_id),
        auditor=await post(StaffRole.AUDITOR, None),
        station_auditor=await post(StaffRole.AUDITOR, grid.station_id),
        stranger=await actor_of(far.manager),
        far_head=await post(StaffRole.STATION_HEAD, far.station_id),
    )


def name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def declaration(*contents: bytes, media_type: MediaType = MediaType.JPEG) -> DeclareBlobs:
    return DeclareBlobs(
        items=[
            DeclareBlob(sha256=name_of(content), bytes=len(content), media_type=media_type)
            for content in contents
        ]
    )


async def send(actor: StaffActor, content: bytes, *, chunk_bytes: int = CHUNK_MAX_BYTES) -> str:
    """Declare a file and send what is still needed of it; returns its hash."""
    (need,) = await declare(actor, declaration(content))
    for offset in range(need.offset, len(content), chunk_bytes):
        await take_chunk(actor, need.sha256, offset, content[offset : offset + chunk_bytes])
    return need.sha256


async def prove(
    actor: StaffActor,
    subject: Subject,
    content: bytes,
    purpose: EvidencePurpose = EvidencePurpose.SITE_PHOTO,
) -> EvidenceView:
    """Send a file, attach it, and do what the worker would do."""
    sha256 = await send(actor, content)
    item = await attach(actor, subject, AttachEvidence(sha256=sha256, purpose=purpose))
    await work(sha256)
    return item


async def work(sha256: str) -> None:
    """What the worker does after a file came or an item was attached."""
    await prepare_blob(sha256)
    await flag_near_duplicates(sha256)

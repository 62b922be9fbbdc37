"""Jobs of every kind: opened, given to somebody, proved, walked to their end."""

import hashlib
from datetime import timedelta
from uuid import UUID

from grid.dispatch.service import assign_by_hand
from grid.evidence.declaring import declare
from grid.evidence.types import (
    AttachEvidence,
    DeclareBlob,
    DeclareBlobs,
    EvidencePurpose,
    EvidenceView,
    MediaType,
)
from grid.geography.types import Place
from grid.kit.clock import business_now
from grid.kit.database import insert
from grid.kit.ids import new_id
from grid.positions.service import report_positions
from grid.positions.types import Fix, ReportPositions
from grid.territory.tables import SignInSession
from grid.territory.types import Skill, StaffActor
from grid.work_orders.intake import open_work_order
from grid.work_orders.kinds import KINDS, Gate
from grid.work_orders.on_site.evidence import attach_evidence
from grid.work_orders.reading import view_one
from grid.work_orders.types import AssignByHand, OpenWorkOrder, WorkOrderView
from grid.work_orders.words import WorkOrderKind
from tests.grid.work_orders.scene import Scene, at, make_scene, step
from tests.support.staff import give_skill

#: Kinds that anybody may open at present.
OPEN_KINDS = [kind for kind, spec in KINDS.items() if spec.refused is None]


async def make_skilled_scene() -> Scene:
    """A scene whose people hold every certificate."""
    scene = await make_scene()
    for person in (scene.grid.manager, scene.grid.assistant):
        for skill in Skill:
            if skill is not Skill.FAULT_REPAIR:
                await give_skill(person, skill=skill)
    return scene


async def opened(scene: Scene, kind: str, **more: object) -> WorkOrderView:
    """A job of a kind for the scene's home, opened by the dispatcher."""
    command = OpenWorkOrder(
        description="计划工作",
        account_no=scene.home.account_no,
        kind=WorkOrderKind(kind),
        **more,  # type: ignore[arg-type]
    )
    return await open_work_order(scene.dispatcher, command)


async def given(scene: Scene, job: WorkOrderView, staff_id: UUID | None = None) -> WorkOrderView:
    """The job given by hand, by default to the grid's manager."""
    choice = AssignByHand(staff_id=staff_id or scene.grid.manager)
    return await assign_by_hand(scene.dispatcher, job.id, choice)


async def attach(
    actor: StaffActor, job_id: UUID, purpose: EvidencePurpose, content: bytes | None = None
) -> EvidenceView:
    """A declared file attached to a job; every call another file unless its bytes are named."""
    content = content or new_id().bytes
    sha256 = hashlib.sha256(content).hexdigest()
    told = DeclareBlob(sha256=sha256, bytes=len(content), media_type=MediaType.JPEG)
    await declare(actor, DeclareBlobs(items=[told]))
    return await attach_evidence(actor, job_id, AttachEvidence(sha256=sha256, purpose=purpose))


async def prove_all(actor: StaffActor, job: WorkOrderView) -> None:
    """Everything that the job still needs, the first purpose of each need."""
    for purposes in (await view_one(actor, job.id)).needs or []:
        await attach(actor, job.id, purposes[0])


async def walk(scene: Scene, job: WorkOrderView, until: str) -> WorkOrderView:
    """The manager walks a given job of any kind through its gate until (and with) a verb."""
    spec = KINDS[job.kind]
    verbs = ["accept", "depart", "arrive", "start", "restore", "complete"]
    for verb in verbs[: verbs.index(until) + 1]:
        fields: dict[str, object] = {}
        if verb == "arrive":
            fields = {"position": at(scene.home.place)}
        elif verb == "start" and spec.gate is Gate.ALWAYS:
            await attach(scene.manager, job.id, EvidencePurpose.VOLTAGE_ABSENT_PHOTO)
            fields = {"permit_no": "GZP-1", "second_person_id": scene.grid.assistant}
        elif verb == "restore" and not spec.restores:
            continue
        elif verb == "complete":
            await prove_all(scene.manager, job)
            fields = {"resolution": "已处理"}
        job = await step(scene.manager, job, verb, **fields)
    return job


async def stands_at(
    actor: StaffActor, place: Place, *minutes_ago: float, accuracy_m: float = 10.0
) -> None:
    """Positions that the phone sent before."""
    now = await business_now()
    fixes = [
        Fix(
            lat=place.lat,
            lon=place.lon,
            accuracy_m=accuracy_m,
            recorded_at=now - timedelta(minutes=ago),
        )
        for ago in minutes_ago
    ]
    taken = await report_positions(actor, ReportPositions(fixes=fixes))
    assert taken.stored == len(fixes)


async def signed_in(actor: StaffActor, device_id: str) -> StaffActor:
    """The same person with a session of a device."""
    session_id, now = new_id(), await business_now()
    await insert(
        SignInSession,
        id=session_id,
        staff=actor.staff_id,
        audience="phone",
        device_id=device_id,
        second_factor=True,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=1),
    )
    fields = {name: getattr(actor, name) for name in actor.__struct_fields__}
    return StaffActor(**(fields | {"session_id": session_id}))

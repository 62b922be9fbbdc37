"""What proves a complaint is no way round to it: not by its hash, not by a picture alike (W5)."""

import pytest

from grid.evidence.service import items_of
from grid.evidence.serving import show
from grid.evidence.types import AttachEvidence, EvidencePurpose, Subject
from grid.kit.ids import new_id
from grid.kit.refusals import NotFound
from grid.territory.types import StaffRole
from grid.work_orders.intake import open_work_order
from grid.work_orders.on_site.evidence import attach_evidence
from grid.work_orders.rules import WorkOrderStepNotPossible
from grid.work_orders.steps import take_step
from grid.work_orders.tickets.evidence import attach_to_ticket
from grid.work_orders.types import DoVerb, OpenWorkOrder
from grid.work_orders.words import WorkOrderEvent, WorkOrderKind
from tests.grid.evidence.conftest import disk
from tests.grid.evidence.pictures import photo
from tests.grid.evidence.scene import prove, send, work
from tests.grid.work_orders.matters import Office, desk, make_office, taken_in
from tests.support.staff import actor_of

__all__ = ["disk"]

pytestmark = pytest.mark.usefixtures("rolled_back", "disk")
PHOTO = EvidencePurpose.SITE_PHOTO


async def other_subject(office: Office) -> Subject:
    return Subject("work_order", new_id(), office.scene.grid.id, office.scene.grid.station_id)


async def test_W5_the_accused_sees_no_picture_of_the_complaint_nor_that_there_is_one() -> None:
    office = await make_office()
    accused = await actor_of(office.scene.grid.assistant)
    ticket = await taken_in(office, "complaint", about=[accused.employee_no])
    name = await send(office.head, photo(1))
    item = await attach_to_ticket(
        office.head, ticket.id, AttachEvidence(sha256=name, purpose=PHOTO)
    )
    await work(name)
    (there,) = await items_of(office.head, [ticket.id])
    assert there.id == item.id
    own = await other_subject(office)
    await prove(accused, own, photo(1), EvidencePurpose.AFTER_PHOTO)
    assert await items_of(accused, [ticket.id]) == []
    (mine,) = await items_of(accused, [own.id])
    assert mine.near_duplicates == [], "a picture alike does not tell of the complaint"
    (seen,) = await items_of(office.head, [own.id])
    assert [near.subject_id for near in seen.near_duplicates] == [ticket.id]


async def test_W5_the_accused_opens_no_file_of_the_complaint_or_its_job_by_its_hash() -> None:
    office = await make_office()
    accused = await desk(StaffRole.STATION_HEAD, office.scene.grid.station_id)
    ticket = await taken_in(office, "complaint")
    wanted = OpenWorkOrder(
        ticket_id=ticket.id, description="核实现场", kind=WorkOrderKind.FAULT_REPAIR
    )
    job = await open_work_order(office.head, wanted)
    name = await send(office.head, photo(2))
    await attach_to_ticket(office.head, ticket.id, AttachEvidence(sha256=name, purpose=PHOTO))
    of_job = Subject("work_order", job.id, office.scene.grid.id, office.scene.grid.station_id)
    await prove(office.head, of_job, photo(3))
    await work(name)
    shown = await items_of(accused, [ticket.id, job.id])
    assert len(shown) == 2, "nobody named this head yet"
    await taken_in(office, "complaint", about=[accused.employee_no])
    assert await items_of(accused, [ticket.id, job.id]) == []
    for one in shown:
        for digest in (one.sha256, one.original_sha256):
            assert digest is not None
            with pytest.raises(NotFound):
                await show(accused, digest)
            assert (await show(office.county, one.sha256 or "")).sha256 == one.sha256


async def test_W5_a_job_opened_after_somebody_was_named_hides_its_pictures_too() -> None:
    office = await make_office()
    accused = await desk(StaffRole.STATION_HEAD, office.scene.grid.station_id)
    ticket = await taken_in(office, "complaint", about=[accused.employee_no])
    wanted = OpenWorkOrder(
        ticket_id=ticket.id, description="核实现场", kind=WorkOrderKind.FAULT_REPAIR
    )
    job = await open_work_order(office.county, wanted)
    name = await send(office.county, photo(4))
    command = AttachEvidence(sha256=name, purpose=PHOTO)
    await attach_evidence(office.county, job.id, command)
    await work(name)
    assert len(await items_of(office.county, [job.id])) == 1
    assert await items_of(accused, [job.id]) == []
    with pytest.raises(NotFound):
        await show(accused, name)


async def test_W5_a_refused_step_tells_the_accused_nothing_of_the_job() -> None:
    office = await make_office()
    accused = await desk(StaffRole.DISPATCHER)
    ticket = await taken_in(office, "complaint", about=[accused.employee_no])
    wanted = OpenWorkOrder(
        ticket_id=ticket.id, description="核实现场", kind=WorkOrderKind.FAULT_REPAIR
    )
    job = await open_work_order(office.head, wanted)
    for event in (WorkOrderEvent.CLOSE, WorkOrderEvent.REOPEN, WorkOrderEvent.SCHEDULE):
        for version in (job.version, job.version + 1):
            with pytest.raises(NotFound):
                await take_step(accused, job.id, event, DoVerb(version=version, reason="看看"))
    with pytest.raises(WorkOrderStepNotPossible):
        await take_step(
            office.head, job.id, WorkOrderEvent.CLOSE, DoVerb(version=job.version, reason="看看")
        )

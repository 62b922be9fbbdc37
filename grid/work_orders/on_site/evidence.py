"""Evidence of a job: who may attach to it and read it; each item is a line of its history."""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.evidence import service as evidence
from grid.evidence.types import AttachEvidence, EvidenceView, Subject
from grid.geography.datum import is_shifted
from grid.kit.clock import business_now
from grid.kit.database import fetch_value, transaction
from grid.kit.refusals import Invalid, NotAllowed
from grid.territory.authority import Action
from grid.territory.types import StaffActor
from grid.work_orders.kinds import PURPOSE_WORDS
from grid.work_orders.reading import view_one
from grid.work_orders.recording import Step, lock, say_changed, write_history
from grid.work_orders.rules import check_times, reaches
from grid.work_orders.tickets.accused import accused_of
from grid.work_orders.types import DoVerb
from grid.work_orders.words import WorkOrderEvent, WorkOrderState


async def attach_evidence(
    actor: StaffActor, work_order_id: UUID, command: AttachEvidence
) -> EvidenceView:
    """Attach a declared file to a job, in whatever state it is: what was photographed stays so.

    The same file for the same purpose is one item and one line. Raises NotFound, NotAllowed,
    Invalid naming `taken_at` or `lat`, TooMuchEvidence.
    """
    async with transaction():
        row = await lock(work_order_id)
        await _check_right(actor, row)
        now = await business_now()
        _check_claims(command, now)
        subject = Subject("work_order", work_order_id, row["grid"], row["station"])
        if row["ticket"] is not None:
            # A job that was opened after somebody was named: what proves it is hidden from them.
            await evidence.hide_from([work_order_id], await accused_of(row["ticket"]))
        item = await evidence.attach(actor, subject, command)
        known = await fetch_value(
            "SELECT 1 FROM work_order_transition WHERE work_order = $1"
            " AND facts->>'evidence' = $2 LIMIT 1",
            work_order_id,
            str(item.id),
        )
        if known is None:
            verb = DoVerb(
                version=row["version"],
                occurred_at=command.taken_at,
                reason=f"上传{PURPOSE_WORDS[command.purpose]}",
            )
            facts = {"evidence": str(item.id), "purpose": command.purpose.value}
            state = WorkOrderState(row["state"])
            step = Step(WorkOrderEvent.COMMENT, state, now, verb, facts=facts)
            await write_history(actor, row, step, row["version"])
            await say_changed(row, step, row["version"])
        return item


async def evidence_of(actor: StaffActor, work_order_id: UUID) -> list[EvidenceView]:
    """The items of a job that the actor may see, in the order of its chain. Raises NotFound."""
    await view_one(actor, work_order_id)
    return await evidence.items_of(actor, [work_order_id])


async def _check_right(actor: StaffActor, row: Record) -> None:
    """Who is there attaches; else whoever may do so at the place."""
    if actor.staff_id in (row["assignee"], row["second_person"]):
        return
    await view_one(actor, row["id"])
    if not reaches(actor, Action.ATTACH_EVIDENCE, row["grid"], row["station"]):
        raise NotAllowed(action=Action.ATTACH_EVIDENCE.value)


def _check_claims(command: AttachEvidence, now: datetime) -> None:
    """Raises Invalid for a time that lies ahead, or a place outside of China."""
    try:
        check_times(now, occurred_at=command.taken_at)
    except Invalid as refused:
        raise Invalid("taken_at", refused.detail) from refused
    if command.lat is None or command.lon is None:
        return
    if not is_shifted(command.lat, command.lon):
        raise Invalid("lat", "定位不在中国境内,请检查手机定位")

"""Evidence of tickets: photos and papers that customers bring or handlers find."""

from uuid import UUID

from grid.evidence.service import attach, items_of
from grid.evidence.types import AttachEvidence, EvidenceView
from grid.evidence.types import Subject as EvidenceSubject
from grid.kit.database import transaction
from grid.kit.refusals import NotFound
from grid.territory.authority import Action
from grid.territory.types import StaffActor
from grid.work_orders.tickets.accused import is_accused, reaches_ticket
from grid.work_orders.tickets.reading import staff_view
from grid.work_orders.tickets.recording import lock_ticket
from grid.work_orders.tickets.rules import TicketStepNotPossible


async def attach_to_ticket(
    actor: StaffActor, ticket_id: UUID, command: AttachEvidence
) -> EvidenceView:
    """Append a declared file to the ticket's chain; what belongs to a tip-off is sealed with it.

    Raises NotFound (not yours to see), TicketStepNotPossible when it is over, and what `attach`
    raises.
    """
    async with transaction():
        row = await lock_ticket(ticket_id)
        mine = row["handler"] == actor.staff_id and not row["sealed"]
        sees = mine or reaches_ticket(actor, Action.READ_WORK_ORDERS, row)
        if not sees or await is_accused(ticket_id, actor.staff_id):
            raise NotFound("没有这个单号")
        if row["closed_at"] is not None:
            raise TicketStepNotPossible("这个单已经结束")
        # Of a complaint that was raised past a grid its people see no picture either.
        grid_id = None if row["level"] is not None else row["grid"]
        station_id = None if row["level"] == "county" else row["station"]
        subject = EvidenceSubject("ticket", ticket_id, grid_id, station_id, sealed=row["sealed"])
        return await attach(actor, subject, command)


async def evidence_of(actor: StaffActor, ticket_id: UUID) -> list[EvidenceView]:
    """What was attached. Raises NotFound when the ticket is not the actor's to see."""
    await staff_view(actor, ticket_id)
    return await items_of(actor, [ticket_id])

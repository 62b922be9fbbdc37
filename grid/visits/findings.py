"""What was found at a visit becomes a ticket in one tap, and stays one ticket however often."""

from uuid import UUID

from asyncpg import Record

from grid.kit import audit
from grid.kit.database import execute, fetch_one, transaction
from grid.kit.refusals import NotAllowed, NotFound
from grid.territory.authority import Action, may
from grid.territory.types import StaffActor
from grid.work_orders.tickets.followed import ticket_view
from grid.work_orders.tickets.intake import take_ticket
from grid.work_orders.tickets.types import TakeTicket, TicketView
from grid.work_orders.words import Channel, TicketKind

#: What the kinds ask beside the words; the office asks further when it calls.
_FORM = {TicketKind.SERVICE_REQUEST: {"type": "other"}, TicketKind.INQUIRY: {"topic": "other"}}


async def ticket_of_finding(actor: StaffActor, visit_id: UUID, number: int) -> TicketView:
    """Open the ticket of a finding, or give the one that it has. Raises NotFound, NotAllowed."""
    async with transaction():
        row = await _locked(actor, visit_id, number)
        if row["ticket"] is not None:
            return await ticket_view(row["ticket"])
        taken = await take_ticket(actor, _command(row))
        await execute("UPDATE visit_finding SET ticket = $2 WHERE id = $1", row["id"], taken.id)
        await audit.record("visit.finding_ticket", str(visit_id), number=number, kind=row["kind"])
        return taken


async def _locked(actor: StaffActor, visit_id: UUID, number: int) -> Record:
    row = await fetch_one(
        "SELECT f.*, v.grid, v.station, v.author, a.account_no FROM visit_finding f"
        " JOIN customer_visit v ON v.id = f.visit JOIN service_account a ON a.id = v.account"
        " WHERE f.visit = $1 AND f.number = $2 FOR UPDATE OF f",
        visit_id,
        number,
    )
    place = {} if row is None else {"grid_id": row["grid"], "station_id": row["station"]}
    mine = row is not None and row["author"] == actor.staff_id
    if row is None or not (mine or may(actor, Action.READ_VISITS, **place)):
        raise NotFound("没有这条走访发现")
    if not may(actor, Action.OPEN_TICKET, **place):
        raise NotAllowed(action=Action.OPEN_TICKET.value)
    return row


def _command(row: Record) -> TakeTicket:
    kind = TicketKind(row["kind"])
    return TakeTicket(
        kind=kind,
        description=row["words"],
        channel=Channel.STAFF,
        account_no=row["account_no"],
        danger=row["danger"] and kind is TicketKind.FAULT,
        form=_FORM.get(kind, {}),
    )

"""What other systems hear when a ticket moves, and who answers when the government is late."""

from grid.clocks.types import ClockBreached, ClockNearBreach, DueTimesMoved, Subject
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_value
from grid.kit.outbox import reaction
from grid.partners.feedback import queue_reached
from grid.supervision.matters import lock_matter
from grid.supervision.opening import open_about_clock
from grid.work_orders.events import TicketChanged


@reaction(TicketChanged)
async def tell_province(event: TicketChanged) -> None:
    """A ticket with a number of the province went on: the province is told what it reached."""
    await queue_reached(event.ticket_id, await business_now())


@reaction(ClockBreached)
async def ask_about_late_handover(event: ClockBreached) -> None:
    """The government's grid did not accept or answer in time: somebody has to see to it."""
    await _ask(event)


@reaction(ClockNearBreach)
async def ask_about_handover_near_its_limit(event: ClockNearBreach) -> None:
    """The same, before it is late."""
    await _ask(event)


@reaction(DueTimesMoved)
async def copy_due_times(event: DueTimesMoved) -> None:
    """The calendar moved due times: handovers keep a copy of their next one; again is the same.

    Rows are locked in the order of their ids before their clocks are read.
    """
    if event.subject is not Subject.HANDOVER:
        return
    await execute(
        "SELECT id FROM handover WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE",
        event.subject_ids,
    )
    await execute(
        "UPDATE handover h SET due_at = (SELECT min(c.due_at) FROM sla_clock c"
        " WHERE c.subject_id = h.id AND c.started_at IS NOT NULL AND c.stopped_at IS NULL"
        " AND c.given_up_at IS NULL) WHERE h.id = ANY($1::uuid[])",
        event.subject_ids,
    )


async def _ask(event: ClockBreached | ClockNearBreach) -> None:
    if event.subject is not Subject.HANDOVER:
        return
    ticket_id = await fetch_value("SELECT ticket FROM handover WHERE id = $1", event.subject_id)
    matter = await lock_matter(Subject.TICKET, ticket_id)
    await open_about_clock(matter, event, "移交政府网格的办理")

"""What an order is about: a job or a ticket, locked, with its place and whom it concerns."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.clocks.types import Subject
from grid.kit.database import fetch, fetch_one
from grid.territory.types import Actor
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.tickets.recording import TicketStep, lock_ticket, write_ticket_step
from grid.work_orders.types import DoVerb
from grid.work_orders.words import TicketEvent, WorkOrderEvent, WorkOrderState


class Matter(NamedTuple):
    """A locked job or ticket. `row` is its row as it was read under the lock."""

    subject: Subject
    row: Record
    ticket_id: UUID | None
    grid: UUID | None
    station: UUID | None
    sealed: bool
    accused: frozenset[UUID]

    @property
    def work_order_id(self) -> UUID | None:
        return self.row["id"] if self.subject is Subject.WORK_ORDER else None


async def lock_matter(subject: Subject, subject_id: UUID) -> Matter:
    """Lock the job or the ticket: everything about one matter happens one after the other.

    Raises NotFound.
    """
    is_job = subject is Subject.WORK_ORDER
    row = await lock(subject_id) if is_job else await lock_ticket(subject_id)
    ticket_id: UUID | None = row["ticket"] if is_job else row["id"]
    people = await fetch("SELECT staff FROM ticket_accused WHERE ticket = $1", ticket_id)
    return Matter(
        subject,
        row,
        ticket_id,
        row["grid"],
        row["station"],
        await _is_sealed(ticket_id) if is_job else row["sealed"],
        frozenset(person["staff"] for person in people),
    )


async def _is_sealed(ticket_id: UUID | None) -> bool:
    row = await fetch_one("SELECT sealed FROM ticket WHERE id = $1", ticket_id)
    return row is not None and bool(row["sealed"])


async def offender_at(matter: Matter, at: datetime) -> UUID | None:
    """Who had the matter in hand at a moment: the job's last offer, or the ticket's handler."""
    if matter.subject is Subject.WORK_ORDER:
        row = await fetch_one(
            "SELECT staff FROM assignment WHERE work_order = $1 AND offered_at <= $2"
            " AND (ended_at IS NULL OR ended_at >= $2) ORDER BY offered_at DESC, id DESC LIMIT 1",
            matter.row["id"],
            at,
        )
        found: UUID | None = matter.row["assignee"] if row is None else row["staff"]
        return found
    row = await fetch_one(
        "SELECT staff FROM ticket_transition WHERE ticket = $1 AND at <= $2 AND staff IS NOT NULL"
        " AND event IN ('dispatch', 'take') ORDER BY version DESC LIMIT 1",
        matter.row["id"],
        at,
    )
    handler: UUID | None = matter.row["handler"] if row is None else row["staff"]
    return handler


async def mark(actor: Actor, matter: Matter, words: str, at: datetime) -> int:
    """Write into the matter's own history that it is supervised; gives its new version."""
    row = matter.row
    if matter.subject is Subject.WORK_ORDER:
        command = DoVerb(version=row["version"], reason=words)
        state = WorkOrderState(row["state"])
        return await write_step(actor, row, Step(WorkOrderEvent.SUPERVISE, state, at, command))
    await write_ticket_step(actor, row, TicketStep(TicketEvent.COMMENT, at, reason=words))
    return int(row["version"]) + 1

"""Whom a complaint or tip-off is about: they never handle it, and never read it (W5).

`HIDDEN_FROM` is the clause that every list of tickets and of their jobs carries; the verbs below
ask by name. A complaint about everybody in a grid who could handle it goes to the station, one
about the station's head to the county.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from asyncpg import Record

from grid.evidence.service import hide_from
from grid.kit.database import execute, fetch, fetch_one, fetch_value
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, Refusal
from grid.territory.authority import Action, may, visible
from grid.territory.types import Actor
from grid.work_orders.words import TicketKind, TicketLevel

#: `{ticket}` is the ticket's column, `{staff}` the reader's id (null: nobody in particular).
HIDDEN_FROM = (
    "EXISTS (SELECT 1 FROM ticket_accused x WHERE x.ticket = {ticket} AND x.staff = {staff})"
)
#: Kinds that are about somebody.
ABOUT_PEOPLE = frozenset({TicketKind.COMPLAINT, TicketKind.TIP_OFF})

#: Who had a ticket in hand: its handler, who did its jobs, and who wrote its steps.
_HANDS = """
SELECT s.id FROM staff s WHERE s.id IN (
    SELECT t.handler FROM ticket t WHERE t.id = $1 AND t.handler IS NOT NULL
    UNION SELECT w.assignee FROM work_order w WHERE w.ticket = $1 AND w.assignee IS NOT NULL
    UNION SELECT a.staff FROM assignment a JOIN work_order w ON w.id = a.work_order
        WHERE w.ticket = $1 AND a.state NOT IN ('offered', 'declined', 'released'))
OR 'staff:' || s.employee_no IN (SELECT h.actor FROM ticket_transition h
    WHERE h.ticket = $1 AND h.event IN ('take', 'contact', 'handle', 'reply'))
"""


class AccusedMayNotHandle(Refusal):
    """The complaint is about this person (W5)."""

    title = "被投诉人不能处理这件事"


async def hands_of(ticket_id: UUID) -> set[UUID]:
    """Staff who had the ticket in hand, or did one of its jobs."""
    return {row["id"] for row in await fetch(_HANDS, ticket_id)}


async def accused_of(ticket_id: UUID) -> set[UUID]:
    """Staff whom the ticket is about."""
    rows = await fetch("SELECT staff FROM ticket_accused WHERE ticket = $1", ticket_id)
    return {row["staff"] for row in rows}


async def is_accused(ticket_id: UUID | None, staff_id: UUID) -> bool:
    """Whether the ticket (of a job, where it has one) is about this person."""
    if ticket_id is None:
        return False
    return bool(
        await fetch_value(
            "SELECT 1 FROM ticket_accused WHERE ticket = $1 AND staff = $2", ticket_id, staff_id
        )
    )


async def refuse_accused(ticket_id: UUID | None, staff_id: UUID) -> None:
    """Raises AccusedMayNotHandle that names the person."""
    if await is_accused(ticket_id, staff_id):
        who = await fetch_one("SELECT name, employee_no FROM staff WHERE id = $1", staff_id)
        assert who is not None, "accused people are staff"
        detail = f"{who['name']}是被投诉人,不能处理这件事"
        raise AccusedMayNotHandle(detail, employee_no=who["employee_no"])


async def staff_ids_of(employee_nos: Sequence[str]) -> set[UUID]:
    """The people of these employee numbers. Raises Invalid naming `about`."""
    if not employee_nos:
        return set()
    rows = await fetch(
        "SELECT id, employee_no FROM staff WHERE employee_no = ANY($1::varchar[])",
        list(employee_nos),
    )
    missing = set(employee_nos) - {row["employee_no"] for row in rows}
    if missing:
        raise Invalid("about", f"没有工号 {sorted(missing)[0]}")
    return {row["id"] for row in rows}


async def accuse(ticket_id: UUID, staff_ids: set[UUID]) -> None:
    """Write down whom the ticket is about; nobody is ever taken off again.

    What proves it, or a job of it, is hidden from them too.
    """
    await execute(
        "INSERT INTO ticket_accused (id, ticket, staff)"
        " SELECT p.id, $1, p.staff FROM unnest($2::uuid[], $3::uuid[]) AS p(id, staff)"
        " ON CONFLICT (ticket, staff) DO NOTHING",
        ticket_id,
        [new_id() for _ in staff_ids],
        sorted(staff_ids),
    )
    jobs = await fetch("SELECT id FROM work_order WHERE ticket = $1", ticket_id)
    await hide_from([ticket_id, *(row["id"] for row in jobs)], staff_ids)


async def level_of(
    grid_id: UUID | None, station_id: UUID | None, accused: set[UUID], on: date
) -> TicketLevel:
    """From where on up the ticket is seen: past the grid's handlers, past the station's head."""
    row = await fetch_one(
        "SELECT EXISTS (SELECT 1 FROM staff_role_grant g WHERE g.role = 'station_head'"
        " AND g.station = $2 AND g.staff = ANY($3::uuid[]) AND g.from_day <= $4"
        " AND (g.until_day IS NULL OR g.until_day > $4)) AS head,"
        " EXISTS (SELECT 1 FROM grid_appointment p WHERE p.grid = $1 AND p.role = 'manager'"
        " AND p.staff = ANY($3::uuid[]) AND p.from_day <= $4"
        " AND (p.until_day IS NULL OR p.until_day > $4)) AS manager",
        grid_id,
        station_id,
        list(accused),
        on,
    )
    assert row is not None, "a row of two answers"
    if row["head"]:
        return TicketLevel.COUNTY
    return TicketLevel.STATION if row["manager"] else TicketLevel.GRID


async def mark_accused(ticket_id: UUID, accused: set[UUID], on: date) -> None:
    """Write down whom a new or reclassified ticket is about, and raise it past them."""
    if not accused:
        return
    await accuse(ticket_id, accused)
    row = await fetch_one("SELECT grid, station FROM ticket WHERE id = $1", ticket_id)
    assert row is not None, "the ticket is locked or was written by us"
    level = await level_of(row["grid"], row["station"], await accused_of(ticket_id), on)
    if level is not TicketLevel.GRID:
        await execute("UPDATE ticket SET level = $2 WHERE id = $1", ticket_id, level.value)


def reaches_ticket(actor: Actor, action: Action, row: Record) -> bool:
    """Whether a right reaches a ticket's row: sealed ones only the county's auditors, others by
    place and level. A ticket whose place nobody knows belongs to the county."""
    if row["sealed"]:
        return visible(actor, Action.READ_SEALED).everything
    grid_id, station_id, level = row["grid"], row["station"], row["level"]
    if level == TicketLevel.COUNTY or (grid_id is None and station_id is None):
        return visible(actor, action).everything
    if level == TicketLevel.STATION:
        return may(actor, action, station_id=station_id) if station_id else False
    return may(actor, action, grid_id=grid_id, station_id=station_id)

"""Who may be given a ticket: by post and place, never whom it is about (W5)."""

from uuid import UUID

import msgspec

from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.refusals import NotFound
from grid.territory.authority import ALLOWED, Action
from grid.territory.types import StaffActor
from grid.work_orders.tickets.accused import HIDDEN_FROM, reaches_ticket
from grid.work_orders.tickets.reading import staff_view
from grid.work_orders.words import TicketLevel

#: People offered for one ticket.
HANDLERS_MAX = 100

_PEOPLE = f"""
SELECT s.id, s.employee_no, s.name, (SELECT count(*) FROM ticket o WHERE o.handler = s.id
    AND o.closed_at IS NULL) AS open_tickets
FROM staff s WHERE s.state = 'active' AND NOT {HIDDEN_FROM.format(ticket="$1", staff="s.id")}
    AND (EXISTS (SELECT 1 FROM staff_role_grant g WHERE g.staff = s.id
            AND g.role = ANY($2::text[]) AND (g.station IS NULL OR g.station = $3)
            AND g.from_day <= $5 AND (g.until_day IS NULL OR g.until_day > $5))
        OR EXISTS (SELECT 1 FROM grid_appointment p WHERE p.staff = s.id AND p.grid = $4
            AND p.role = ANY($2::text[]) AND p.from_day <= $5
            AND (p.until_day IS NULL OR p.until_day > $5)))
ORDER BY open_tickets, s.employee_no LIMIT {HANDLERS_MAX}
"""  # noqa: S608 - put together from constants above


class HandlerView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who could handle a ticket, and how many they have in hand."""

    staff_id: UUID
    employee_no: str
    name: str
    open_tickets: int


async def possible_handlers(actor: StaffActor, ticket_id: UUID) -> list[HandlerView]:
    """Who could be given the ticket, those with the least in hand first.

    Raises NotFound when it is not the actor's to see or to give out.
    """
    await staff_view(actor, ticket_id)
    row = await fetch_one("SELECT * FROM ticket WHERE id = $1", ticket_id)
    if row is None or not reaches_ticket(actor, Action.ASSIGN_WORK, row):
        raise NotFound("没有这个单号")
    sealed, level = row["sealed"], row["level"]
    right = Action.READ_SEALED if sealed else Action.HANDLE_TICKETS
    known = not sealed and level != TicketLevel.COUNTY
    rows = await fetch(
        _PEOPLE,
        ticket_id,
        [role.value for role in ALLOWED[right]],
        row["station"] if known else None,
        row["grid"] if known and level != TicketLevel.STATION else None,
        business_day(await business_now()),
    )
    return [
        HandlerView(
            staff_id=one["id"],
            employee_no=one["employee_no"],
            name=one["name"],
            open_tickets=one["open_tickets"],
        )
        for one in rows
    ]

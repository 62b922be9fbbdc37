"""What an unhappy answer leads to: a ticket of its own, which others than before have in hand."""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.kit.clock import business_day
from grid.kit.database import fetch_value
from grid.territory.types import Actor
from grid.work_orders.locating import located_as
from grid.work_orders.opening import NewTicket, write_ticket
from grid.work_orders.tickets.accused import accused_of, hands_of, mark_accused
from grid.work_orders.words import Channel, TicketKind

#: So many stars or fewer are a bad rating.
BAD_STARS = 2


async def open_follow_up(
    actor: Actor, parent: Record, words: str | None, now: datetime
) -> UUID | None:
    """An opinion (意见) as the child of a ticket whose customer is not content; its id.

    It is about those who had the parent in hand, so none of them handles it (W5). None: there is
    an open one already, or the unhappy answer is about a follow-up, whose way up is supervision.
    A tip-off has none either: its auditor reads the rating.
    """
    if parent["sealed"] or parent["parent"] is not None:
        return None
    there = await fetch_value(
        "SELECT 1 FROM ticket WHERE parent = $1 AND kind = 'opinion' AND closed_at IS NULL",
        parent["id"],
    )
    if there:
        return None
    told = f"客户对 {parent['number']} 不满意" + (f":{words}" if words else "")
    child = NewTicket(
        kind=TicketKind.OPINION,
        channel=Channel(parent["channel"]),
        description=told[:500],
        located=await located_as(parent),
        openid=parent["openid"],
        phone=parent["phone"],
        reporter_name=parent["reporter_name"],
        address=parent["address"],
        about_ticket=parent["id"],
        parent=parent["id"],
    )
    child_id = await write_ticket(actor, child, now)
    accused = await hands_of(parent["id"]) | await accused_of(parent["id"])
    await mark_accused(child_id, accused, business_day(now))
    return child_id

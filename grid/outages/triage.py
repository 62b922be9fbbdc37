"""Before anybody is sent: is it an outage that we know?

A report goes through ordered questions; the first that knows answers. Today there is one (a known
outage at the place); what the meter says of the supply becomes another when meters are read.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.geography.distance import distance_m
from grid.geography.types import Place
from grid.kit.clock import business_now
from grid.kit.database import fetch_one, fetch_value, transaction
from grid.kit.refusals import NotFound, TooMany
from grid.notices.promises import promise
from grid.outages.children import Member, lock_member, split, write_membership
from grid.outages.policies import near_m
from grid.outages.recording import share
from grid.outages.rules import is_no_power
from grid.outages.telling import restore_promise
from grid.outages.types import KnownOutage, KnownOutages, TriageAnswer
from grid.outages.words import JoinedBy, OutageKind, OutageState
from grid.territory.authority import Action, require
from grid.territory.types import Actor, CustomerActor, StaffActor
from grid.work_orders import policies
from grid.work_orders.intake import check_called_at, report_fault
from grid.work_orders.locating import Located, account_told, locate
from grid.work_orders.opening import NewTicket, one_at_a_time, write_ticket
from grid.work_orders.tickets.followed import ticket_view
from grid.work_orders.tickets.intake import check_fields, take_ticket
from grid.work_orders.tickets.recording import TicketStep, lock_ticket, write_ticket_step
from grid.work_orders.tickets.types import ReportFault, TakeTicket, TicketView
from grid.work_orders.words import Priority, TicketEvent, TicketKind

#: An outage that is on, or was planned to be on by now.
_ON_NOW = "(o.state IN ('confirmed', 'restoring') OR (o.state = 'planned' AND o.starts_at <= $2))"
_KNOWN = (
    "SELECT o.* FROM outage o JOIN outage_district d ON d.outage = o.id AND d.district = $1"  # noqa: S608
    f" AND d.removed_at IS NULL WHERE {_ON_NOW}"
    " ORDER BY (o.state = 'planned'), o.announced_at DESC LIMIT 1"
)


class Inside(NamedTuple):
    """Where a report comes from, as far as the grid knows it."""

    district_id: UUID
    now: datetime


async def known_outage(inside: Inside) -> Record | None:
    """The outage that is on in the district; its row is held, so that nobody ends it meanwhile."""
    return await fetch_one(f"{_KNOWN} FOR SHARE OF o", *inside)


Question = Callable[[Inside], Awaitable[Record | None]]
#: Asked in this order; the first that knows an outage answers the report.
QUESTIONS: tuple[Question, ...] = (known_outage,)


async def report(actor: Actor, command: ReportFault, *, insist: bool = False) -> TriageAnswer:
    """Take a fault: inside a known outage it becomes a child and nobody is sent, else it is sent.

    Danger, trouble of another sort and an `insist` of staff always send somebody. A customer who
    tells the same again gives their open ticket. Raises what `report_fault` raises.
    """
    async with transaction():
        now = await business_now()
        check_called_at(command.called_at, now)
        await one_at_a_time(actor.subject)
        located = await locate(actor, command, now)
        if located.account_id is not None:
            await one_at_a_time(f"account:{located.account_id}")
        outage = None
        if not command.danger and is_no_power(command.description):
            outage = await _asked(await _inside(located, command.place, now))
        if outage is None:
            return TriageAnswer(ticket=await report_fault(actor, command), known=None, joined=False)
        known = known_view(outage, now)
        if await _has_own_job(located):
            ticket = await report_fault(actor, command)
            return TriageAnswer(ticket=ticket, known=known, joined=False)
        member = await _child_again(actor, outage, located)
        if insist:
            ticket = await _sent_all_the_same(actor, member, command, now)
            return TriageAnswer(ticket=ticket, known=known, joined=False)
        if member is None:
            ticket_id = await _new_child(actor, outage, located, command, now)
        else:
            ticket_id = member.ticket_id
            await _comment(actor, ticket_id, command, now)
        return TriageAnswer(ticket=await ticket_view(ticket_id), known=known, joined=True)


async def take(actor: StaffActor, command: TakeTicket, *, insist: bool = False) -> TriageAnswer:
    """Any matter at a door of staff; a fault is triaged first. Raises what `take_ticket` raises."""
    if command.kind is not TicketKind.FAULT:
        return TriageAnswer(ticket=await take_ticket(actor, command), known=None, joined=False)
    check_fields(command, await business_now())
    fault = {name: getattr(command, name) for name in ReportFault.__struct_fields__}
    return await report(actor, ReportFault(**fault), insist=insist)


async def known_here(
    actor: StaffActor, account_no: str | None, place: Place | None
) -> KnownOutages:
    """What intake shows before anybody is sent. Raises NotFound for an account not to be seen."""
    require(actor, Action.OPEN_TICKET)
    now = await business_now()
    district_id = None
    if account_no is not None:
        account = await account_told(actor, account_no)
        district_id = await _district_of(account["id"])
    elif place is not None:
        district_id = await _nearest_district(place, None, now)
    if district_id is None:
        return KnownOutages(items=[])
    row = await fetch_one(_KNOWN, district_id, now)
    return KnownOutages(items=[] if row is None else [known_view(row, now)])


def known_view(row: Record, now: datetime) -> KnownOutage:
    """An outage as a customer is told of it; a time that has passed is not told again."""
    etr = row["etr"]
    return KnownOutage(
        id=row["id"],
        number=row["number"],
        kind=OutageKind(row["kind"]),
        state=OutageState(row["state"]),
        starts_at=row["starts_at"],
        etr=etr if etr is not None and etr > now else None,
        cause=row["cause"],
        public_words=row["public_words"],
    )


async def known_by_id(outage_id: UUID) -> KnownOutage:
    """The same by id, for doors that tell a customer of it. Raises NotFound."""
    row = await fetch_one("SELECT * FROM outage WHERE id = $1", outage_id)
    if row is None:
        raise NotFound("没有这个停电事件")
    return known_view(row, await business_now())


async def _asked(inside: Inside | None) -> Record | None:
    if inside is None:
        return None
    for question in QUESTIONS:
        found = await question(inside)
        if found is not None:
            return found
    return None


async def _inside(located: Located, told: Place | None, now: datetime) -> Inside | None:
    """The account's district when the trouble is at home, else that of the nearest transformer."""
    district_id = None
    if located.account_id is not None:
        home = await fetch_one(
            "SELECT district, grid, lat, lon FROM service_account WHERE id = $1", located.account_id
        )
        assert home is not None, "locate found it"
        far_m = 0.0 if told is None else distance_m(told, Place(lat=home["lat"], lon=home["lon"]))
        same_grid = located.grid is not None and located.grid.grid_id == home["grid"]
        if told is None or (same_grid and far_m <= await near_m(now)):
            district_id = home["district"]
    if district_id is None and told is not None and located.grid is not None:
        district_id = await _nearest_district(told, located.grid.grid_id, now)
    return None if district_id is None else Inside(district_id, now)


async def _district_of(account_id: UUID) -> UUID | None:
    found: UUID | None = await fetch_value(
        "SELECT district FROM service_account WHERE id = $1", account_id
    )
    return found


async def _nearest_district(place: Place, grid_id: UUID | None, now: datetime) -> UUID | None:
    """The nearest transformer (of a grid, if one is known) within the limit, or None."""
    row = await fetch_one(
        "SELECT id, lat, lon FROM transformer_district WHERE ($3::uuid IS NULL OR grid = $3)"
        " ORDER BY power(lat - $1, 2) + power((lon - $2) * cosd($1), 2), id LIMIT 1",
        place.lat,
        place.lon,
        grid_id,
    )
    if row is None:
        return None
    far_m = distance_m(place, Place(lat=row["lat"], lon=row["lon"]))
    found: UUID = row["id"]
    return found if far_m <= await near_m(now) else None


async def _has_own_job(located: Located) -> bool:
    """Whether somebody is on the way to this account already: then that ticket goes on."""
    if located.account_id is None:
        return False
    found = await fetch_one(
        "SELECT 1 FROM ticket t JOIN work_order w ON w.ticket = t.id WHERE t.account = $1"
        " AND t.kind = 'fault' AND t.closed_at IS NULL AND w.state NOT IN"
        " ('completed', 'cannot_complete', 'cancelled', 'closed') LIMIT 1",
        located.account_id,
    )
    return found is not None


async def _child_again(actor: Actor, outage: Record, located: Located) -> Member | None:
    """The child that this account, or this person without an account, has in the outage already."""
    openid = actor.openid if isinstance(actor, CustomerActor) else None
    found: UUID | None = await fetch_value(
        "SELECT m.id FROM outage_membership m JOIN ticket t ON t.id = m.ticket"
        " WHERE m.outage = $1 AND m.ended_at IS NULL AND (t.account = $2"
        " OR ($2::uuid IS NULL AND t.account IS NULL AND t.openid = $3)) ORDER BY m.id LIMIT 1",
        outage["id"],
        located.account_id,
        openid,
    )
    return None if found is None else await lock_member(found)


async def _comment(actor: Actor, ticket_id: UUID, command: ReportFault, now: datetime) -> None:
    """Told again: a line in the history of the ticket that is there."""
    reason = f"再次报修:{command.description}"[:500]
    step = TicketStep(TicketEvent.COMMENT, now, reason=reason)
    await write_ticket_step(actor, await lock_ticket(ticket_id), step)


async def _sent_all_the_same(
    actor: Actor, member: Member | None, command: ReportFault, now: datetime
) -> TicketView:
    """Somebody is sent although the outage is known; a child goes on as its own matter."""
    if member is None:
        return await report_fault(actor, command)
    await split(actor, member, f"受理时要求单独派人:{command.description}"[:500], now)
    return await ticket_view(member.ticket_id)


async def _new_child(
    actor: Actor, outage: Record, located: Located, command: ReportFault, now: datetime
) -> UUID:
    await _check_budget(actor, now)
    openid = actor.openid if isinstance(actor, CustomerActor) else None
    new = NewTicket(
        kind=TicketKind.FAULT,
        channel=command.channel,
        description=command.description,
        located=located,
        priority=Priority.URGENT,
        openid=openid,
        phone=command.phone,
        address=command.address,
        raw_place=command.raw_place,
        called_at=command.called_at,
    )
    ticket_id = await write_ticket(actor, new, now)
    await write_membership(actor, await share(outage["id"]), ticket_id, JoinedBy.TRIAGE, now)
    if outage["etr"] is not None and outage["etr"] > now:
        ticket = await lock_ticket(ticket_id)
        told = restore_promise(outage, ticket, openid, located.account_id)
        # Whoever reports hears it in the answer to the report.
        await promise(told._replace(is_told=True))
    return ticket_id


async def _check_budget(actor: Actor, now: datetime) -> None:
    if not isinstance(actor, CustomerActor):
        return
    limit = (await policies.ticket_limits(now)).open_tickets
    waiting = await fetch_value(
        "SELECT count(*) FROM ticket WHERE openid = $1 AND closed_at IS NULL", actor.openid
    )
    if waiting >= limit:
        raise TooMany("您还有多个报修正在处理,请先等待处理结果", limit=limit)

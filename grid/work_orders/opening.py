"""Writing a new ticket or a new job with its clocks, its first line of history and its events."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import msgspec

from grid.clocks.policies import Facts, limits_at
from grid.clocks.service import open_clocks
from grid.clocks.types import Subject
from grid.geography.types import RawPlace
from grid.kit.clock import business_day
from grid.kit.database import execute, fetch, fetch_value, insert
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.territory.types import Actor
from grid.work_orders import tables
from grid.work_orders.events import DangerReported, TicketOpened, WorkOrderOpened
from grid.work_orders.kinds import KINDS
from grid.work_orders.locating import Located
from grid.work_orders.rules import FROM_INTAKE
from grid.work_orders.tickets.recording import TICKET_FROM_INTAKE
from grid.work_orders.words import (
    Channel,
    ComplaintClass,
    Priority,
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderState,
)

#: How a ticket's number begins; read out on the telephone.
_PREFIX = {
    TicketKind.FAULT: "BX",
    TicketKind.COMPLAINT: "TS",
    TicketKind.TIP_OFF: "JB",
    TicketKind.SUGGESTION: "JY",
    TicketKind.OPINION: "YJ",
    TicketKind.PRAISE: "BY",
    TicketKind.INQUIRY: "ZX",
    TicketKind.SERVICE_REQUEST: "SQ",
}


class NewTicket(NamedTuple):
    """A matter that was judged and is about to be written."""

    kind: TicketKind
    channel: Channel
    description: str
    located: Located
    priority: Priority = Priority.NORMAL
    danger: bool = False
    openid: str | None = None
    phone: str | None = None
    reporter_name: str | None = None
    address: str | None = None
    raw_place: RawPlace | None = None
    called_at: datetime | None = None
    complaint_class: ComplaintClass | None = None
    about_ticket: UUID | None = None
    sealed: bool = False
    form: Mapping[str, str] = MappingProxyType({})
    parent: UUID | None = None


class NewJob(NamedTuple):
    """A job that was judged and is about to be written."""

    kind: WorkOrderKind
    located: Located
    description: str | None = None
    priority: Priority | None = None
    ticket_id: UUID | None = None
    starts_at: datetime | None = None
    live_work: bool = False
    clock_from: datetime | None = None


async def write_ticket(actor: Actor, new: NewTicket, now: datetime) -> UUID:
    """Write a ticket with its clocks. The author of a sealed one is written elsewhere, not here."""
    ticket_id, located, grid = new_id(), new.located, new.located.grid
    facts = await facts_of(new.kind.value, located, new.priority, now)
    limits = await limits_at(now, facts)
    due_at = await open_clocks(Subject.TICKET, ticket_id, limits, TICKET_FROM_INTAKE, now)
    raw, place = new.raw_place, located.place
    await insert(
        tables.Ticket,
        id=ticket_id,
        number=await number_of(_PREFIX[new.kind], "ticket_number", now),
        kind=new.kind.value,
        complaint_class=None if new.complaint_class is None else new.complaint_class.value,
        channel=new.channel.value,
        state=TicketState.ACCEPTED.value,
        danger=new.danger,
        sealed=new.sealed,
        description=new.description,
        form=msgspec.json.encode(dict(new.form)).decode(),
        account=None if new.sealed else located.account_id,
        openid=None if new.sealed else new.openid,
        phone=None if new.sealed else new.phone,
        reporter_name=None if new.sealed else new.reporter_name,
        address=new.address,
        lat=None if place is None else place.lat,
        lon=None if place is None else place.lon,
        raw_lat=None if raw is None else raw.lat,
        raw_lon=None if raw is None else raw.lon,
        datum=None if raw is None else raw.datum.value,
        grid=None if grid is None else grid.grid_id,
        station=None if grid is None else grid.station_id,
        parent=new.parent,
        about_ticket=new.about_ticket,
        urges=0,
        called_at=new.called_at,
        reported_by="sealed" if new.sealed else actor.subject,
        reported_at=now,
        due_at=due_at,
        version=0,
    )
    await _write_ticket_intake(actor, ticket_id, new.sealed, now)
    await say(
        TicketOpened(
            ticket_id=ticket_id,
            kind=new.kind,
            grid_id=None if grid is None else grid.grid_id,
            sealed=new.sealed,
        )
    )
    return ticket_id


async def _write_ticket_intake(actor: Actor, ticket_id: UUID, sealed: bool, now: datetime) -> None:
    await insert(
        tables.TicketTransition,
        id=new_id(),
        ticket=ticket_id,
        version=0,
        event=TicketEvent.INTAKE.value,
        to_state=TicketState.ACCEPTED.value,
        actor="sealed" if sealed else actor.subject,
        at=now,
        facts="{}",
    )


async def write_job(actor: Actor, new: NewJob, now: datetime) -> UUID:
    """Write a job with its clocks; it waits for somebody, and dispatch hears of it."""
    job_id, located, grid = new_id(), new.located, new.located.grid
    priority = new.priority or KINDS[new.kind].priority
    facts = await facts_of(new.kind.value, located, priority, now)
    began = new.clock_from or now
    due_at = await open_clocks(
        Subject.WORK_ORDER, job_id, await limits_at(now, facts), FROM_INTAKE, began
    )
    state = WorkOrderState.PENDING_DISPATCH if grid is None else WorkOrderState.TRIAGED
    place = located.place
    await insert(
        tables.WorkOrder,
        id=job_id,
        number=await number_of("GD", "work_order_number", now),
        ticket=new.ticket_id,
        kind=new.kind.value,
        state=state.value,
        priority=priority.value,
        description=new.description,
        account=located.account_id,
        grid=None if grid is None else grid.grid_id,
        station=None if grid is None else grid.station_id,
        place_class=located.place_class,
        lat=None if place is None else place.lat,
        lon=None if place is None else place.lon,
        supervised=False,
        live_work=new.live_work,
        starts_at=new.starts_at,
        reported_at=began,
        clock_from=began,
        due_at=due_at,
        version=0,
    )
    await _write_job_intake(actor, job_id, state, now)
    await _say_job(new, job_id, priority)
    return job_id


async def _write_job_intake(
    actor: Actor, job_id: UUID, state: WorkOrderState, now: datetime
) -> None:
    await insert(
        tables.WorkOrderTransition,
        id=new_id(),
        work_order=job_id,
        version=0,
        event=WorkOrderEvent.INTAKE.value,
        to_state=state.value,
        actor=actor.subject,
        at=now,
        facts="{}",
    )


async def _say_job(new: NewJob, job_id: UUID, priority: Priority) -> None:
    grid_id = None if new.located.grid is None else new.located.grid.grid_id
    danger = priority is Priority.DANGER
    await say(
        WorkOrderOpened(
            work_order_id=job_id,
            ticket_id=new.ticket_id,
            grid_id=grid_id,
            version=0,
            danger=danger,
        )
    )
    if danger and new.ticket_id is not None:
        await say(DangerReported(ticket_id=new.ticket_id, work_order_id=job_id, grid_id=grid_id))


async def facts_of(kind: str, located: Located, priority: Priority, now: datetime) -> Facts:
    """What limits are looked up by, of a matter at a place."""
    return Facts(
        kind=kind,
        place_class=located.place_class,
        priority=priority.value,
        tags=await tags_of(located.account_id, business_day(now)),
        station_code=None if located.grid is None else located.grid.station_code,
    )


async def tags_of(account_id: UUID | None, on: date) -> tuple[str, ...]:
    """The tags of an account on a day."""
    if account_id is None:
        return ()
    rows = await fetch(
        "SELECT DISTINCT tag FROM customer_tag WHERE account = $1 AND from_day <= $2"
        " AND (until_day IS NULL OR until_day > $2) ORDER BY tag",
        account_id,
        on,
    )
    return tuple(row["tag"] for row in rows)


async def number_of(prefix: str, sequence: str, now: datetime) -> str:
    """`BX20261121000042`: the business day and a running number; read out on the telephone."""
    running = await fetch_value("SELECT nextval($1::regclass)", sequence)
    return f"{prefix}{business_day(now):%Y%m%d}{running:06d}"


async def one_at_a_time(whose: str) -> None:
    """Two messages of one customer, or two of one family, in the same moment make one ticket."""
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", whose)

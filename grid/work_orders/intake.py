"""Intake: what somebody told becomes a ticket with its job, in one transaction."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.clocks.policies import limits_at
from grid.geography.types import Place
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch_one, fetch_value, insert, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.refusals import Invalid, NotFound, TooMany
from grid.territory.authority import Action, require
from grid.territory.places import GridOfPlace, grid_holding, grid_of_village_named
from grid.territory.types import Actor, CustomerActor, StaffActor
from grid.work_orders import policies, tables
from grid.work_orders.reading import view_one
from grid.work_orders.tickets import ticket_view
from grid.work_orders.types import (
    Channel,
    DangerReported,
    OpenWorkOrder,
    Priority,
    ReportFault,
    TicketKind,
    TicketState,
    TicketView,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderOpened,
    WorkOrderState,
    WorkOrderView,
)

#: Where limits are looked up while nobody knows the place.
_NOWHERE = "rural"


class _Located(NamedTuple):
    """Where the job is, as far as anybody knows."""

    account_id: UUID | None
    place: Place | None
    grid: GridOfPlace | None
    place_class: str


async def report_fault(actor: Actor, command: ReportFault) -> TicketView:
    """Take a fault: a ticket, its job with the limits of this moment, and the events.

    A customer may name only an account they are linked to; telling the same account's fault again
    gives the ticket that is already open, with a line in its history. Raises NotFound (account not
    yours), NotAllowed, TooMany (open tickets of one openid), Invalid naming `phone` or `address`
    when staff report for nobody knows whom.
    """
    async with transaction():
        now = await business_now()
        await _one_at_a_time(actor)
        located = await _locate(actor, command, now)
        if command.account_no is not None and not command.danger:
            again = await _told_again(actor, located, command, now)
            if again is not None:
                return again
        await _check_budget(actor, command)
        ticket_id = await _write_ticket(actor, command, located, now)
        await _write_job(actor, ticket_id, command, located, now)
        return await ticket_view(ticket_id)


async def open_work_order(actor: StaffActor, command: OpenWorkOrder) -> WorkOrderView:
    """A job by hand: a further one for a ticket, or a fault that somebody told to staff."""
    async with transaction():
        if command.ticket_id is not None:
            job_id = await _further_job(actor, command.ticket_id, command)
        else:
            told = ReportFault(
                description=command.description,
                channel=Channel.STAFF,
                account_no=command.account_no,
                place=command.place,
                address=command.address,
                phone=command.phone,
                danger=command.danger,
            )
            ticket = await report_fault(actor, told)
            if ticket.work_order_id is None:
                raise NotFound("没有这个工单")
            job_id = ticket.work_order_id
        return await view_one(actor, job_id)


async def _one_at_a_time(actor: Actor) -> None:
    """Two messages of one customer in the same moment make one ticket."""
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", actor.subject)


async def _locate(actor: Actor, command: ReportFault, now: datetime) -> _Located:
    account = None
    if command.account_no is not None:
        account = await _account(actor, command.account_no)
    grid = None
    if account is not None:
        grid = GridOfPlace(
            account["grid"], account["station"], account["code"], account["place_class"]
        )
    place = command.place
    if grid is None and place is not None:
        grid = await grid_holding(place, business_day(now))
    if grid is None and command.address is not None:
        grid = await grid_of_village_named(command.address, business_day(now))
    if place is None and account is not None:
        place = Place(lat=account["lat"], lon=account["lon"])
    if isinstance(actor, StaffActor):
        _check_staff_intake(actor, command, grid)
    return _Located(
        None if account is None else account["id"],
        place,
        grid,
        _NOWHERE if grid is None else grid.place_class,
    )


async def _account(actor: Actor, account_no: str) -> Record:
    """The account, if the actor is linked to it (customers) or whoever else they are."""
    openid = actor.openid if isinstance(actor, CustomerActor) else None
    row = await fetch_one(
        "SELECT a.id, a.grid, a.station, s.code, a.place_class, a.lat, a.lon"
        " FROM service_account a JOIN supply_station s ON s.id = a.station"
        " WHERE a.account_no = $1 AND a.state = 'active' AND ($2::varchar IS NULL OR EXISTS"
        " (SELECT 1 FROM wechat_link l WHERE l.account = a.id AND l.openid = $2"
        " AND l.unbound_at IS NULL))",
        account_no,
        openid,
    )
    if row is None:
        raise NotFound("没有找到这个户号")
    return row


def _check_staff_intake(actor: StaffActor, command: ReportFault, grid: GridOfPlace | None) -> None:
    if grid is None:
        require(actor, Action.OPEN_TICKET)
    else:
        require(actor, Action.OPEN_TICKET, grid_id=grid.grid_id, station_id=grid.station_id)
    if command.account_no is None and command.phone is None and command.place is None:
        raise Invalid("phone", "没有户号时,请填写联系电话或位置")


async def _told_again(
    actor: Actor, located: _Located, command: ReportFault, now: datetime
) -> TicketView | None:
    open_job = await fetch_one(
        "SELECT w.id, w.version, w.state, w.assignee, t.id AS ticket FROM ticket t"
        " JOIN work_order w ON w.ticket = t.id WHERE t.account = $1 AND t.kind = 'fault'"
        " AND t.state IN ('accepted', 'in_hand')"
        " AND w.state NOT IN ('closed', 'cancelled', 'completed', 'cannot_complete')"
        " ORDER BY t.id DESC LIMIT 1",
        located.account_id,
    )
    if open_job is None:
        return None
    await insert(
        tables.WorkOrderTransition,
        id=new_id(),
        work_order=open_job["id"],
        version=open_job["version"],
        event=WorkOrderEvent.COMMENT.value,
        from_state=open_job["state"],
        to_state=open_job["state"],
        actor=actor.subject,
        staff=open_job["assignee"],
        at=now,
        reason=f"再次报修:{command.description}"[:500],
        facts="{}",
    )
    return await ticket_view(open_job["ticket"])


async def _check_budget(actor: Actor, command: ReportFault) -> None:
    if not isinstance(actor, CustomerActor) or command.danger:
        return
    limit = (await policies.ticket_limits(await business_now())).open_tickets
    waiting = await fetch_value(
        "SELECT count(*) FROM ticket WHERE openid = $1 AND closed_at IS NULL", actor.openid
    )
    if waiting >= limit:
        raise TooMany("您还有多个报修正在处理,请先等待处理结果", limit=limit)


async def _write_ticket(
    actor: Actor, command: ReportFault, located: _Located, now: datetime
) -> UUID:
    ticket_id = new_id()
    raw = command.raw_place
    await insert(
        tables.Ticket,
        id=ticket_id,
        number=await _number("BX", "ticket_number", now),
        kind=TicketKind.FAULT.value,
        channel=command.channel.value,
        state=TicketState.ACCEPTED.value,
        danger=command.danger,
        description=command.description,
        account=located.account_id,
        openid=actor.openid if isinstance(actor, CustomerActor) else None,
        phone=command.phone,
        address=command.address,
        lat=None if located.place is None else located.place.lat,
        lon=None if located.place is None else located.place.lon,
        raw_lat=None if raw is None else raw.lat,
        raw_lon=None if raw is None else raw.lon,
        datum=None if raw is None else raw.datum.value,
        grid=None if located.grid is None else located.grid.grid_id,
        station=None if located.grid is None else located.grid.station_id,
        reported_by=actor.subject,
        reported_at=now,
        version=0,
    )
    return ticket_id


async def _write_job(
    actor: Actor, ticket_id: UUID, command: ReportFault, located: _Located, now: datetime
) -> UUID:
    job_id = new_id()
    grid = located.grid
    limits = await limits_at(now, located.place_class, grid.station_code if grid else "county")
    state = WorkOrderState.PENDING_DISPATCH if grid is None else WorkOrderState.TRIAGED
    await insert(
        tables.WorkOrder,
        id=job_id,
        number=await _number("GD", "work_order_number", now),
        ticket=ticket_id,
        kind=WorkOrderKind.FAULT_REPAIR.value,
        state=state.value,
        priority=(Priority.DANGER if command.danger else Priority.URGENT).value,
        account=located.account_id,
        grid=None if grid is None else grid.grid_id,
        station=None if grid is None else grid.station_id,
        place_class=located.place_class,
        lat=None if located.place is None else located.place.lat,
        lon=None if located.place is None else located.place.lon,
        supervised=False,
        accept_limit_s=int(limits.accept.total_seconds()),
        arrive_limit_s=int(limits.arrive.total_seconds()),
        restore_limit_s=int(limits.restore.total_seconds()),
        reported_at=now,
        clock_from=now,
        version=0,
    )
    await _write_intake(actor, job_id, state, now)
    await _say_opened(ticket_id, job_id, None if grid is None else grid.grid_id, command.danger)
    return job_id


async def _write_intake(actor: Actor, job_id: UUID, state: WorkOrderState, now: datetime) -> None:
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


async def _say_opened(ticket_id: UUID, job_id: UUID, grid_id: UUID | None, danger: bool) -> None:
    await say(
        WorkOrderOpened(
            work_order_id=job_id, ticket_id=ticket_id, grid_id=grid_id, version=0, danger=danger
        )
    )
    if danger:
        await say(DangerReported(ticket_id=ticket_id, work_order_id=job_id, grid_id=grid_id))


async def _further_job(actor: StaffActor, ticket_id: UUID, command: OpenWorkOrder) -> UUID:
    """Another job for a ticket whose last one ended without solving it."""
    row = await fetch_one("SELECT * FROM ticket WHERE id = $1 FOR UPDATE", ticket_id)
    if row is None:
        raise NotFound("没有这个报修")
    require(actor, Action.ASSIGN_WORK, grid_id=row["grid"], station_id=row["station"])
    if row["closed_at"] is not None:
        raise Invalid("ticket_id", "这个报修已经结束,请重新受理")
    now = await business_now()
    last = await fetch_one(
        "SELECT w.*, s.code FROM work_order w LEFT JOIN supply_station s ON s.id = w.station"
        " WHERE w.ticket = $1 ORDER BY w.id DESC LIMIT 1",
        ticket_id,
    )
    if last is None or last["state"] not in ("cannot_complete", "closed", "cancelled"):
        raise Invalid("ticket_id", "这个报修还有未结束的工单")
    place = None if last["lat"] is None else Place(lat=last["lat"], lon=last["lon"])
    grid = None
    if last["grid"] is not None:
        grid = GridOfPlace(last["grid"], last["station"], last["code"], last["place_class"])
    located = _Located(last["account"], place, grid, last["place_class"])
    told = ReportFault(
        description=command.description, channel=Channel.STAFF, danger=command.danger
    )
    await execute("UPDATE ticket SET state = 'in_hand' WHERE id = $1", ticket_id)
    return await _write_job(actor, ticket_id, told, located, now)


async def _number(prefix: str, sequence: str, now: datetime) -> str:
    """`BX20261121000042`: the business day and a running number; read out on the telephone."""
    running = await fetch_value("SELECT nextval($1::regclass)", sequence)
    return f"{prefix}{business_day(now):%Y%m%d}{running:06d}"

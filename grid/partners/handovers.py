"""Matters handed to the government's grid and back, with their own clock and paper trail.

Lock order: job, ticket, handover, clocks.
"""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.clocks.policies import Facts, limits_at, longest_pause
from grid.clocks.service import open_clocks
from grid.clocks.types import PauseReason, RequestPause, Subject
from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import fetch_one, fetch_value, insert, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.partners import tables
from grid.partners.handover_reading import view_one
from grid.partners.rules import (
    HANDOVER_FROM_START,
    AlreadyHandedOver,
    SealedStaysHere,
)
from grid.partners.types import (
    Direction,
    DoHandover,
    HandOver,
    HandoverEvent,
    HandoverState,
    HandoverView,
)
from grid.territory.authority import Action, require
from grid.territory.types import StaffActor
from grid.work_orders.opening import number_of, one_at_a_time
from grid.work_orders.tickets.accused import is_accused, reaches_ticket
from grid.work_orders.tickets.followed import lock_with_job
from grid.work_orders.tickets.intake import take_ticket
from grid.work_orders.tickets.recording import TicketStep, write_ticket_step
from grid.work_orders.tickets.types import TakeTicket
from grid.work_orders.times.pausing import request_pause
from grid.work_orders.words import Channel, Priority, TicketEvent, TicketKind

_E = HandoverEvent
#: The kind of policy that a handover's clocks follow.
POLICY_KIND = "government_handover"


async def hand_over(actor: StaffActor, command: HandOver) -> HandoverView:
    """Hand a ticket to the government's grid, or take a matter that it hands to us.

    What the government hands over under a number that is known already gives the same handover.
    Raises Invalid naming the field, NotFound, NotAllowed, SealedStaysHere, AlreadyHandedOver, and
    what the intake of a ticket raises.
    """
    require(actor, Action.HAND_OVER_MATTERS)
    async with transaction():
        if command.direction is Direction.OUT:
            handover_id = await _hand_out(actor, command)
        else:
            handover_id = await _take_in(actor, command)
        await audit.record("handover.made", str(handover_id), direction=command.direction.value)
        return await view_one(actor, handover_id)


async def _hand_out(actor: StaffActor, command: HandOver) -> UUID:
    ticket_id = await _ticket_of(command)
    row = await locked_ticket(actor, ticket_id)
    if row["closed_at"] is not None:
        raise Invalid("ticket_id", "这件事已经结束,不能移交")
    standing = await fetch_value(
        "SELECT id FROM handover WHERE ticket = $1 AND direction = 'out' AND state <> 'returned'",
        ticket_id,
    )
    if standing is not None:
        raise AlreadyHandedOver()
    now = await business_now()
    pause_id = await _pause(actor, ticket_id, command, now)
    handover_id = await _write(actor, command, row, pause_id, now)
    await _note(actor, ticket_id, f"移交政府网格({command.agency}):{command.reason}", now)
    return handover_id


async def _ticket_of(command: HandOver) -> UUID:
    """The ticket that a command names: by id, by number, or as what a visit found."""
    named = [command.ticket_id, command.ticket_number, command.finding_id]
    if sum(one is not None for one in named) != 1:
        raise Invalid("ticket_id", "请选择要移交的诉求或走访发现,只能选一个")
    if command.ticket_id is not None:
        return command.ticket_id
    if command.ticket_number is not None:
        ticket_id: UUID | None = await fetch_value(
            "SELECT id FROM ticket WHERE number = $1", command.ticket_number
        )
        if ticket_id is None:
            raise NotFound("没有这件事")
        return ticket_id
    row = await fetch_one("SELECT ticket FROM visit_finding WHERE id = $1", command.finding_id)
    if row is None:
        raise NotFound("没有这条走访发现")
    if row["ticket"] is None:
        raise Invalid("finding_id", "请先把走访发现转为诉求,再移交")
    found: UUID = row["ticket"]
    return found


async def locked_ticket(actor: StaffActor, ticket_id: UUID) -> Record:
    """The ticket, locked after its job. Raises NotFound, NotAllowed, SealedStaysHere."""
    _, row = await lock_with_job(ticket_id)
    hidden = row["sealed"] or await is_accused(ticket_id, actor.staff_id)
    if row["sealed"] and reaches_ticket(actor, Action.READ_SEALED, row):
        raise SealedStaysHere()
    if hidden or not reaches_ticket(actor, Action.READ_WORK_ORDERS, row):
        raise NotFound("没有这件事")
    if not reaches_ticket(actor, Action.HAND_OVER_MATTERS, row):
        raise NotAllowed(action=Action.HAND_OVER_MATTERS.value)
    return row


async def _pause(
    actor: StaffActor, ticket_id: UUID, command: HandOver, now: datetime
) -> UUID | None:
    """Ask for a pause of the ticket's clocks; whether it holds is the policy's and others' word.

    Where nothing may stand still for this reason, or the asker may not ask, the clocks run on.
    """
    until = now + await longest_pause(PauseReason.GOVERNMENT, now)
    asked = RequestPause(
        reason=PauseReason.GOVERNMENT, words=f"移交政府网格:{command.reason}"[:500], until=until
    )
    try:
        return (await request_pause(actor, Subject.TICKET, ticket_id, asked)).id
    except Refusal:
        return None


async def _take_in(actor: StaffActor, command: HandOver) -> UUID:
    if command.their_number is None:
        raise Invalid("their_number", "请填写政府网格的事件编号")
    if command.kind is None or command.description is None:
        raise Invalid("description", "请填写事件类型和内容")
    if command.kind is TicketKind.TIP_OFF:
        raise SealedStaysHere("举报请由举报人直接向县公司反映")
    await one_at_a_time(f"government:{command.agency}:{command.their_number}")
    known: UUID | None = await fetch_value(
        "SELECT id FROM handover WHERE direction = 'in' AND agency = $1 AND their_number = $2",
        command.agency,
        command.their_number,
    )
    if known is not None:
        return known
    told = TakeTicket(
        kind=command.kind,
        description=command.description,
        channel=Channel.GOVERNMENT,
        account_no=command.account_no,
        place=command.place,
        address=command.address,
        reporter_name=command.reporter_name,
        phone=command.phone or command.contact_phone,
        complaint_class=command.complaint_class,
        form=command.form,
    )
    ticket = await take_ticket(actor, told)
    _, row = await lock_with_job(ticket.id)
    now = await business_now()
    handover_id = await _write(actor, command, row, None, now)
    words = f"政府网格({command.agency})移交,编号 {command.their_number}:{command.reason}"
    await _note(actor, ticket.id, words, now)
    return handover_id


async def _write(
    actor: StaffActor, command: HandOver, ticket: Record, pause_id: UUID | None, now: datetime
) -> UUID:
    handover_id = new_id()
    facts = Facts(kind=POLICY_KIND, place_class="rural", priority=Priority.NORMAL.value)
    due_at = await open_clocks(
        Subject.HANDOVER, handover_id, await limits_at(now, facts), HANDOVER_FROM_START, now
    )
    await insert(
        tables.Handover,
        id=handover_id,
        number=await number_of("ZW", "handover_number", now),
        direction=command.direction.value,
        state=HandoverState.HANDED_OVER.value,
        ticket=ticket["id"],
        grid=ticket["grid"],
        station=ticket["station"],
        reason=command.reason,
        agency=command.agency,
        contact_person=command.contact_person,
        contact_phone=command.contact_phone,
        their_number=command.their_number,
        reminders=0,
        pause=pause_id,
        handed_by=actor.subject,
        handed_at=now,
        due_at=due_at,
        version=0,
    )
    done = DoHandover(words=command.reason, their_number=command.their_number)
    await write_entry(actor, handover_id, _E.HAND_OVER, done, 0, now)
    return handover_id


async def write_entry(
    actor: StaffActor,
    handover_id: UUID,
    event: HandoverEvent,
    command: DoHandover,
    version: int,
    now: datetime,
) -> None:
    """One line of the append-only paper trail."""
    await insert(
        tables.HandoverEntry,
        id=new_id(),
        handover=handover_id,
        version=version,
        event=event.value,
        actor=actor.subject,
        at=now,
        words=command.words,
        their_number=command.their_number,
    )


async def _note(actor: StaffActor, ticket_id: UUID, words: str, now: datetime) -> None:
    """A line in the ticket's own history; its row is read anew, for a pause may have moved it."""
    _, row = await lock_with_job(ticket_id)
    await write_ticket_step(actor, row, TicketStep(TicketEvent.COMMENT, now, reason=words[:500]))

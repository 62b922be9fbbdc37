"""Child tickets: they follow their outage without a job, are asked whether supply is back, and end.

Every child ends exactly once, on evidence of its own (W4): its answer, a callback, the limit for
an answer, or a split into a matter with its own job. Memberships stay as rows, so nothing is lost.
"""

from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_one, insert, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.notices.promises import happened
from grid.notices.types import PromiseWhat
from grid.outages import tables
from grid.outages.policies import answer_within
from grid.outages.recording import share
from grid.outages.rules import Child, ChildMove, child_move
from grid.outages.types import OutageChildAsked
from grid.outages.words import ChildState, JoinedBy, OutageState
from grid.territory.types import Actor, SystemActor
from grid.work_orders.locating import located_as
from grid.work_orders.opening import NewJob, write_job
from grid.work_orders.tickets.recording import TicketStep, lock_ticket, write_ticket_step
from grid.work_orders.tickets.rules import REACHED_BY, STEPS_OF, TICKET_TRANSITIONS
from grid.work_orders.words import (
    CallbackOutcome,
    Priority,
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderKind,
)

FOLLOWING = SystemActor(name="outage")
_E = TicketEvent

#: The closed loop of a fault, which a child's ticket goes through without a job.
_LOOP = STEPS_OF[TicketKind.FAULT]
_RESTORED = "停电已恢复"
_SILENT = "超过确认时限,没有答复"

#: A ticket has a job of its own while one of its jobs is not over.
HAS_JOB = (
    "EXISTS (SELECT 1 FROM work_order w WHERE w.ticket = t.id"
    " AND w.state NOT IN ('completed', 'cannot_complete', 'cancelled', 'closed'))"
)
_DUE = f"""
SELECT m.id FROM outage_membership m JOIN outage o ON o.id = m.outage
JOIN ticket t ON t.id = m.ticket
WHERE m.ended_at IS NULL AND (
  m.state = 'leaving' OR t.state IN ('closed', 'cancelled', 'called_back', 'accepted')
  OR (m.state = 'asked' AND m.answer_due_at <= $1)
  OR (m.state = 'joined' AND o.state IN ('restored', 'closed'))
  OR (m.state = 'joined' AND o.state = 'restoring' AND t.state = 'in_hand')
  OR {HAS_JOB})
ORDER BY m.id LIMIT $2
"""  # noqa: S608 - our own words


class Member(NamedTuple):
    """A child with everything locked that its next step touches."""

    outage: Record
    row: Record
    ticket: Record

    @property
    def ticket_id(self) -> UUID:
        found: UUID = self.row["ticket"]
        return found


async def write_membership(
    actor: Actor, outage: Record, ticket_id: UUID, how: JoinedBy, now: datetime
) -> UUID:
    """Make a ticket a child of an outage whose row is held; its steps say so."""
    ticket = await lock_ticket(ticket_id)
    membership_id = new_id()
    await insert(
        tables.OutageMembership,
        id=membership_id,
        outage=outage["id"],
        ticket=ticket_id,
        account=ticket["account"],
        state=ChildState.JOINED.value,
        joined_how=how.value,
        joined_by=actor.subject,
        joined_at=now,
    )
    reason = f"并入停电事件 {outage['number']}"
    step = TicketStep(_E.MERGE, now, reason=reason, facts=_facts(outage))
    await write_ticket_step(actor, ticket, step)
    # Nobody in person has it in hand: whoever took the call may still call back.
    await _bring(FOLLOWING, outage, ticket_id, TicketState.IN_HAND, _Step(now))
    return membership_id


async def lock_member(membership_id: UUID) -> Member | None:
    """The child with its outage shared, its row and ticket locked; None when it has ended."""
    found = await fetch_one("SELECT outage FROM outage_membership WHERE id = $1", membership_id)
    if found is None:
        return None
    outage = await share(found["outage"])
    row = await fetch_one(
        "SELECT * FROM outage_membership WHERE id = $1 AND ended_at IS NULL FOR UPDATE",
        membership_id,
    )
    if row is None:
        return None
    return Member(outage, row, await lock_ticket(row["ticket"]))


async def settle_due(limit: int) -> int:
    """Move children on whose outage, ticket or limit asks for it; gives how many were looked at.

    Each in a transaction of its own: two workers wait for each other at a child and the second
    finds nothing left to do.
    """
    rows = await fetch(_DUE, await business_now(), limit)
    for row in rows:
        await settle(row["id"])
    return len(rows)


async def settle(membership_id: UUID) -> ChildMove | None:
    """Take the next move of one child; None when it has ended already."""
    async with transaction():
        member = await lock_member(membership_id)
        if member is None:
            return None
        now = await business_now()
        move = child_move(await _child(member), OutageState(member.outage["state"]), now)
        await _make(member, move, now)
        return move


async def _child(member: Member) -> Child:
    has_job = await fetch_one(
        f"SELECT {HAS_JOB} AS has_job FROM ticket t WHERE t.id = $1",  # noqa: S608 - our words
        member.ticket_id,
    )
    callback = member.ticket["callback"]
    return Child(
        ChildState(member.row["state"]),
        member.row["answer_due_at"],
        TicketState(member.ticket["state"]),
        None if callback is None else CallbackOutcome(callback),
        has_job is not None and has_job["has_job"],
    )


async def _make(member: Member, move: ChildMove, now: datetime) -> None:
    match move:
        case ChildMove.ARRIVE:
            await _bring(
                FOLLOWING, member.outage, member.ticket_id, TicketState.ON_SITE, _Step(now)
            )
        case ChildMove.ASK:
            await _ask(member, now)
        case ChildMove.SPLIT:
            reason = member.row["reason"] or "客户反映没有解决"
            await split(FOLLOWING, member, reason, now)
        case ChildMove.END_BACK:
            await end_back(FOLLOWING, member, None, now)
        case ChildMove.END_NO_ANSWER:
            await close_ticket(FOLLOWING, member, CallbackOutcome.NO_ANSWER, now)
            await end(FOLLOWING, member, ChildState.NO_ANSWER, _SILENT, now)
        case ChildMove.END_SPLIT:
            await end(FOLLOWING, member, ChildState.SPLIT, member.row["reason"], now)
        case ChildMove.END_WITHDRAWN:
            await end(FOLLOWING, member, ChildState.WITHDRAWN, None, now)
        case ChildMove.STAY:
            pass


async def _ask(member: Member, now: datetime) -> None:
    """Restored, says the grid: the ticket is answered, and the child is asked, once."""
    await _bring(FOLLOWING, member.outage, member.ticket_id, TicketState.REPLIED, _Step(now))
    await execute(
        "UPDATE outage_membership SET state = 'asked', asked_at = $2, answer_due_at = $3"
        " WHERE id = $1",
        member.row["id"],
        now,
        now + await answer_within(now),
    )
    await say(
        OutageChildAsked(
            outage_id=member.outage["id"],
            ticket_id=member.ticket_id,
            membership_id=member.row["id"],
        )
    )


async def end_back(actor: Actor, member: Member, words: str | None, now: datetime) -> None:
    """The customer says that supply is back: the ticket closes on that."""
    await _bring(FOLLOWING, member.outage, member.ticket_id, TicketState.REPLIED, _Step(now))
    await close_ticket(actor, member, CallbackOutcome.SATISFIED, now, words)
    back_at = member.outage["restored_at"] or now
    await happened(member.ticket_id, PromiseWhat.RESTORE, back_at)
    await end(actor, member, ChildState.BACK, words, now)


async def split(actor: Actor, member: Member, reason: str, now: datetime) -> UUID:
    """The child becomes a matter of its own with its own job; gives the job.

    The job is urgent, and its limits count from the customer's first report on.
    """
    step = TicketStep(_E.SPLIT, now, reason=reason, facts=_facts(member.outage))
    await write_ticket_step(actor, await lock_ticket(member.ticket_id), step)
    await _send_back(actor, member, reason, now)
    new = NewJob(
        kind=WorkOrderKind.FAULT_REPAIR,
        located=await located_as(member.ticket),
        priority=Priority.URGENT,
        ticket_id=member.ticket_id,
        clock_from=member.ticket["reported_at"],
    )
    job_id = await write_job(actor, new, now)
    await end(actor, member, ChildState.SPLIT, reason, now)
    return job_id


async def close_ticket(
    actor: Actor,
    member: Member,
    outcome: CallbackOutcome | None,
    now: datetime,
    words: str | None = None,
) -> None:
    """Write callback and end of a child's ticket, as far as nobody did so already."""
    said = _Step(now, words, outcome)
    await _bring(actor, member.outage, member.ticket_id, TicketState.CLOSED, said)


async def end(
    actor: Actor, member: Member, state: ChildState, reason: str | None, now: datetime
) -> None:
    """Write the one end of a child."""
    await execute(
        "UPDATE outage_membership SET state = $2, ended_at = $3, ended_by = $4,"
        " reason = coalesce($5, reason) WHERE id = $1",
        member.row["id"],
        state.value,
        now,
        actor.subject,
        reason,
    )


class _Step(NamedTuple):
    """When and why a child's ticket moves, and what the customer said."""

    at: datetime
    reason: str | None = None
    outcome: CallbackOutcome | None = None


async def _bring(
    actor: Actor, outage: Record, ticket_id: UUID, until: TicketState, said: _Step
) -> None:
    """Take the steps of the loop, none left out, that are missing until a state is reached."""
    ticket = await lock_ticket(ticket_id)
    if TicketState(ticket["state"]) not in _LOOP:
        return
    first = _LOOP.index(TicketState(ticket["state"])) + 1
    for state in _LOOP[first : _LOOP.index(until) + 1]:
        event = REACHED_BY[state]
        step = TicketStep(
            event,
            said.at,
            reason=said.reason,
            answer=_RESTORED if event is _E.REPLY else None,
            outcome=said.outcome if event is _E.CALLBACK else None,
            facts=_facts(outage),
        )
        await write_ticket_step(actor, await lock_ticket(ticket_id), step)


async def _send_back(actor: Actor, member: Member, reason: str, now: datetime) -> None:
    """The ticket waits for somebody again: returned while it was worked on, else reopened."""
    ticket = await lock_ticket(member.ticket_id)
    kind, state = TicketKind(ticket["kind"]), TicketState(ticket["state"])
    for event in (_E.RETURN, _E.REOPEN):
        if (event, state) in TICKET_TRANSITIONS[kind]:
            step = TicketStep(event, now, reason=reason, facts=_facts(member.outage))
            await write_ticket_step(actor, ticket, step)
            return


def _facts(outage: Record) -> MappingProxyType[str, object]:
    return MappingProxyType({"outage": str(outage["id"])})

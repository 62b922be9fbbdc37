"""Open faults from inside become children by a dispatcher's tap; children leave by another."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one, transaction
from grid.kit.outbox import say
from grid.kit.refusals import NotAllowed, NotFound, Refusal
from grid.notices.promises import promise, withdraw
from grid.outages.children import Member, end_back, lock_member, split, write_membership
from grid.outages.recording import check_manages, check_sees, share
from grid.outages.rules import DARK, OutageStepNotPossible
from grid.outages.telling import restore_promise
from grid.outages.types import (
    AnswerChild,
    JoinTickets,
    OutageChildJoined,
    RowOutcome,
    RowOutcomes,
    SplitTickets,
)
from grid.outages.words import ChildState, JoinedBy, OutageState
from grid.territory.authority import Action
from grid.territory.types import Actor, CustomerActor, StaffActor
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.rules import BEFORE_SITE, next_state, reaches
from grid.work_orders.types import DoVerb
from grid.work_orders.words import TicketKind, WorkOrderEvent, WorkOrderState

_OPEN_JOBS = (
    "SELECT id FROM work_order WHERE ticket = $1 AND state NOT IN"
    " ('completed', 'cannot_complete', 'cancelled', 'closed') ORDER BY id"
)


class ChildNotAsked(Refusal):
    """The outage is not restored yet, or the child was answered before."""

    title = "这个报修现在不用确认来电"


async def join(actor: StaffActor, outage_id: UUID, command: JoinTickets) -> RowOutcomes:
    """Make open faults children of an outage that is on; each row says what became of it.

    Jobs on which nobody is on site yet end with the outage as their reason. Raises NotFound,
    NotAllowed, OutageStepNotPossible when the outage is not on.
    """
    async with transaction():
        outage = await share(outage_id)
        check_manages(actor, outage)
        if OutageState(outage["state"]) not in DARK:
            raise OutageStepNotPossible("停电还没有开始,或者已经恢复", state=outage["state"])
        found = []
        for ticket_id in sorted(set(command.ticket_ids)):
            why_not = await _join_one(actor, outage, ticket_id)
            found.append(RowOutcome(ticket_id=ticket_id, done=why_not is None, words=why_not))
        return RowOutcomes(items=found)


async def _join_one(actor: StaffActor, outage: Record, ticket_id: UUID) -> str | None:
    """Join one ticket; gives why not, having written nothing."""
    # Jobs before their ticket, as everywhere; both are looked at only when both are held.
    jobs = [await lock(row["id"]) for row in await fetch(_OPEN_JOBS, ticket_id)]
    ticket = await fetch_one("SELECT * FROM ticket WHERE id = $1 FOR UPDATE", ticket_id)
    if ticket is None or not reaches(
        actor, Action.READ_WORK_ORDERS, ticket["grid"], ticket["station"]
    ):
        return "没有这个报修"
    why_not = _unfit(ticket) or await _elsewhere(outage, ticket)
    if why_not is not None:
        return why_not
    if any(WorkOrderState(job["state"]) not in BEFORE_SITE for job in jobs):
        return "已有人在现场处理"
    await _end_jobs(actor, outage, jobs, ticket_id)
    now = await business_now()
    member = await write_membership(actor, outage, ticket_id, JoinedBy.DISPATCHER, now)
    if outage["etr"] is not None and outage["etr"] > now:
        told = restore_promise(outage, ticket, ticket["openid"], ticket["account"])
        await promise(told._replace(is_told=True))
    await say(OutageChildJoined(outage_id=outage["id"], ticket_id=ticket_id, membership_id=member))
    return None


def _unfit(ticket: Record) -> str | None:
    if ticket["kind"] != TicketKind.FAULT:
        return "不是故障报修"
    if ticket["danger"]:
        return "危险报修必须派人"
    return "报修已经结束" if ticket["closed_at"] is not None else None


async def _elsewhere(outage: Record, ticket: Record) -> str | None:
    """A child of some outage already, or an account that the outage does not reach."""
    row = await fetch_one(
        "SELECT EXISTS (SELECT 1 FROM outage_membership WHERE ticket = $2 AND ended_at IS NULL)"
        " AS is_child, $3::uuid IS NULL OR EXISTS (SELECT 1 FROM service_account a"
        " JOIN outage_district d ON d.district = a.district AND d.removed_at IS NULL"
        " WHERE a.id = $3 AND d.outage = $1) AS inside",
        outage["id"],
        ticket["id"],
        ticket["account"],
    )
    assert row is not None, "a SELECT without FROM gives one row"
    if row["is_child"]:
        return "已经并入停电事件"
    return None if row["inside"] else "这个户号不在停电范围内"


async def _end_jobs(
    actor: StaffActor, outage: Record, jobs: Sequence[Record], ticket_id: UUID
) -> None:
    for job in jobs:
        now = await business_now()
        to_state = next_state(WorkOrderEvent.CANCEL, WorkOrderState(job["state"]))
        command = DoVerb(version=job["version"], reason=f"并入停电事件 {outage['number']}")
        step = Step(WorkOrderEvent.CANCEL, to_state, now, command)
        # Only the job ends: its ticket stays open and goes on as a child.
        alone = cast(Record, {**job, "ticket": None})
        await write_step(actor, alone, step)
        await withdraw(ticket_id, job["id"])


async def split_children(actor: StaffActor, outage_id: UUID, command: SplitTickets) -> RowOutcomes:
    """Give children jobs of their own, by a dispatcher. Raises NotFound, NotAllowed."""
    async with transaction():
        check_manages(actor, await share(outage_id))
        found = []
        for ticket_id in sorted(set(command.ticket_ids)):
            member = await _member_of(outage_id, ticket_id)
            if member is not None:
                await split(actor, member, command.reason, await business_now())
            why_not = None if member is not None else "不是这个停电事件的子单"
            found.append(RowOutcome(ticket_id=ticket_id, done=member is not None, words=why_not))
        return RowOutcomes(items=found)


async def answer_by_staff(actor: StaffActor, outage_id: UUID, command: AnswerChild) -> RowOutcome:
    """What a customer said on the telephone. Raises NotFound, NotAllowed, ChildNotAsked."""
    async with transaction():
        check_sees(actor, await share(outage_id))
        member = await _member_of(outage_id, command.ticket_id)
        if member is None:
            raise ChildNotAsked()
        ticket = member.ticket
        if not reaches(actor, Action.CALL_BACK, ticket["grid"], ticket["station"]):
            raise NotAllowed(action=Action.CALL_BACK.value)
        await _answer(actor, member.row["id"], command.is_back, command.words)
        return RowOutcome(ticket_id=command.ticket_id, done=True)


async def answer_by_customer(actor: CustomerActor, ticket_id: UUID, is_back: bool) -> None:
    """What the customer tapped. Raises NotFound (not theirs), ChildNotAsked."""
    async with transaction():
        found = await fetch_one(
            "SELECT m.id FROM outage_membership m JOIN ticket t ON t.id = m.ticket"
            " WHERE m.ticket = $1 AND t.openid = $2 AND m.ended_at IS NULL",
            ticket_id,
            actor.openid,
        )
        if found is None:
            raise NotFound("没有这个报修")
        await _answer(actor, found["id"], is_back, None)


async def _answer(actor: Actor, membership_id: UUID, is_back: bool, words: str | None) -> None:
    member = await lock_member(membership_id)
    if member is None:
        raise ChildNotAsked()
    now = await business_now()
    if is_back:
        await end_back(actor, member, words, now)
        return
    if member.row["state"] != ChildState.ASKED:
        raise ChildNotAsked("停电还没有恢复,请稍等")
    await split(actor, member, words or "恢复后仍未来电", now)


async def _member_of(outage_id: UUID, ticket_id: UUID) -> Member | None:
    row = await fetch_one(
        "SELECT id FROM outage_membership WHERE outage = $1 AND ticket = $2 AND ended_at IS NULL",
        outage_id,
        ticket_id,
    )
    return None if row is None else await lock_member(row["id"])


async def child_waiting(openid: str) -> UUID | None:
    """The customer's child ticket that was asked last and has not answered, or None."""
    row = await fetch_one(
        "SELECT m.ticket FROM outage_membership m JOIN ticket t ON t.id = m.ticket"
        " WHERE t.openid = $1 AND m.state = 'asked' ORDER BY m.asked_at DESC LIMIT 1",
        openid,
    )
    if row is None:
        return None
    found: UUID = row["ticket"]
    return found

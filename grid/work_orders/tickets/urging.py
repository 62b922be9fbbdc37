"""Urging (催办): a customer asks again for what is under way; it is counted, kept and told on."""

from uuid import UUID

from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import transaction
from grid.kit.refusals import NotFound, Refusal
from grid.territory.types import Actor, CustomerActor
from grid.work_orders.recording import Step, say_changed, write_history
from grid.work_orders.rules import OVER
from grid.work_orders.tickets.followed import is_own, lock_with_job, ticket_view
from grid.work_orders.tickets.recording import TicketStep, write_ticket_step
from grid.work_orders.tickets.rules import TICKET_TRANSITIONS
from grid.work_orders.tickets.types import TicketView
from grid.work_orders.types import DoVerb
from grid.work_orders.words import (
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderEvent,
    WorkOrderState,
)


class TicketIsOver(Refusal):
    """What is closed cannot be hurried; telling it anew is right."""

    title = "这个单已经办完,还有问题请重新反映"


async def urge_ticket(actor: CustomerActor, ticket_id: UUID, words: str | None) -> TicketView:
    """The customer urges a ticket of their own; gives it back with the count.

    Raises NotFound (not yours), TicketIsOver.
    """
    async with transaction():
        job, row = await lock_with_job(ticket_id)
        if not await is_own(actor, row):
            raise NotFound("没有这个单号")
        if (TicketEvent.URGE, TicketState(row["state"])) not in TICKET_TRANSITIONS[
            TicketKind(row["kind"])
        ]:
            raise TicketIsOver()
        step = TicketStep(TicketEvent.URGE, await business_now(), reason=words)
        await write_urge(actor, job, row, step)
        return await ticket_view(ticket_id)


async def write_urge(actor: Actor, job: Record | None, row: Record, step: TicketStep) -> None:
    """Write an urge of a locked ticket; who does its job reads it in the job's history too.

    The job's version stays: being urged must not make the step of the person at work stale.
    """
    await write_ticket_step(actor, row, step)
    if job is None or job["state"] in OVER:
        return
    state, version = WorkOrderState(job["state"]), int(job["version"])
    told = DoVerb(version=version, reason=f"客户催办 {step.reason or ''}".strip()[:500])
    on_job = Step(WorkOrderEvent.COMMENT, state, step.at, told)
    await write_history(actor, job, on_job, version)
    await say_changed(job, on_job, version)

"""What makes an order: limits, calls for help, and the supervise step of a job."""

from grid.clocks.types import ClockBreached, ClockNearBreach, Subject
from grid.kit.clock import business_now
from grid.kit.database import fetch_one
from grid.kit.outbox import reaction
from grid.supervision.matters import lock_matter, offender_at
from grid.supervision.opening import (
    SUPERVISION,
    NewOrder,
    open_for_clock,
    open_once,
    order_of,
    write_order,
)
from grid.supervision.types import Cause
from grid.visits.types import VisitNotConfirmed
from grid.work_orders.events import SosRaised, TicketLeftOpen, WorkOrderChanged
from grid.work_orders.words import WorkOrderEvent


@reaction(ClockBreached)
async def ask_about_breach(event: ClockBreached) -> None:
    """A limit has passed: exactly one order (W3)."""
    await open_for_clock(event)


@reaction(ClockNearBreach)
async def ask_about_near_breach(event: ClockNearBreach) -> None:
    """A limit is near: one order, which the breach raises."""
    await open_for_clock(event)


@reaction(SosRaised)
async def call_for_help(event: SosRaised) -> None:
    """Somebody on site is in danger, or was not heard of: the station is asked at once."""
    matter = await lock_matter(Subject.WORK_ORDER, event.work_order_id)
    words = "现场作业人员到时没有报平安" if event.missed_check_in else "现场作业人员求助"
    now = await business_now()
    origin = f"sos:{event.work_order_id}:{now.isoformat()}"
    await open_once(matter, NewOrder(Cause.SOS, origin, words, SUPERVISION.subject))


@reaction(TicketLeftOpen)
async def ask_about_ticket_left_open(event: TicketLeftOpen) -> None:
    """The jobs of a ticket ended and it was not solved: somebody has to say what comes next."""
    matter = await lock_matter(Subject.TICKET, event.ticket_id)
    now = await business_now()
    new = NewOrder(
        Cause.LEFT_OPEN,
        f"left_open:{event.ticket_id}:{now.isoformat()}",
        "工单已结束,客户的诉求还没有解决",
        SUPERVISION.subject,
        await offender_at(matter, now),
    )
    await open_once(matter, new)


@reaction(WorkOrderChanged)
async def follow_supervise_step(event: WorkOrderChanged) -> None:
    """A person took the supervise step of a job: an order, unless the step came from one."""
    if event.event is not WorkOrderEvent.SUPERVISE:
        return
    step = await fetch_one(
        "SELECT actor, reason, at FROM work_order_transition"
        " WHERE work_order = $1 AND version = $2 AND event = 'supervise'",
        event.work_order_id,
        event.version,
    )
    if step is None or step["actor"].startswith("system:"):
        return
    matter = await lock_matter(Subject.WORK_ORDER, event.work_order_id)
    origin = f"{Subject.WORK_ORDER.value}:{event.work_order_id}:{event.version}"
    if await order_of(origin) is not None:
        return
    new = NewOrder(
        Cause.BY_HAND,
        origin,
        step["reason"],
        step["actor"],
        await offender_at(matter, step["at"]),
    )
    await write_order(matter, new, await business_now())


@reaction(VisitNotConfirmed)
async def ask_about_visit(event: VisitNotConfirmed) -> None:
    """A visit was not as its author told: somebody else has to answer for it."""
    matter = await lock_matter(Subject.WORK_ORDER, event.work_order_id)
    new = NewOrder(
        Cause.VISIT_DENIED,
        f"visit_check:{event.check_id}",
        "抽查走访时客户否认,走访不属实",
        SUPERVISION.subject,
        event.author_id,
    )
    if await order_of(new.origin) is None:
        await write_order(matter, new, await business_now())

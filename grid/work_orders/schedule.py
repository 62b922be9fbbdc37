"""What time does to jobs: silent offers move on, unrated ones close, missed check-ins alarm."""

from grid.kit.clock import business_now
from grid.kit.database import fetch, transaction
from grid.kit.schedule import schedule
from grid.territory.types import SystemActor
from grid.work_orders import policies
from grid.work_orders.on_site.safety import miss_check_in
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.releasing import say_tickets_left_open
from grid.work_orders.rules import next_state
from grid.work_orders.tickets.followed import close_job
from grid.work_orders.types import DoVerb
from grid.work_orders.words import WorkOrderEvent, WorkOrderState

#: Jobs handled in one run; the rest is due at once in the next.
_BATCH = 100

SILENCE = SystemActor(name="silence")
CLOSING = SystemActor(name="closing")


@schedule("work_orders.silence", every_s=2)
async def move_silent_offers_on() -> None:
    """Silence past the limit counts as a decline (R3)."""
    due = await fetch(
        "SELECT work_order FROM assignment WHERE state = 'offered' AND accept_due_at < $1"
        " ORDER BY accept_due_at LIMIT $2",
        await business_now(),
        _BATCH,
    )
    for row in due:
        async with transaction():
            job = await lock(row["work_order"])
            now = await business_now()
            still = await fetch(
                "SELECT 1 FROM assignment WHERE work_order = $1 AND state = 'offered'"
                " AND accept_due_at < $2",
                job["id"],
                now,
            )
            if not still or job["state"] != WorkOrderState.ASSIGNED:
                continue
            command = DoVerb(version=job["version"], reason="超时未接单")
            to_state = next_state(WorkOrderEvent.SILENCE, WorkOrderState.ASSIGNED)
            await write_step(SILENCE, job, Step(WorkOrderEvent.SILENCE, to_state, now, command))


@schedule("work_orders.close_unrated", every_s=60)
async def close_unrated() -> None:
    """A reported repair that the customer did not rate within the limit closes by itself.

    Only where the customer was asked in WeChat: who telephoned is called back, and the callback's
    clock says by when.
    """
    now = await business_now()
    limit = (await policies.ticket_limits(now)).close_after
    due = await fetch(
        "SELECT w.id FROM work_order w LEFT JOIN ticket t ON t.id = w.ticket"
        " WHERE w.state = 'completed' AND w.completed_at < $1"
        " AND (t.id IS NULL OR t.kind <> 'fault' OR t.openid IS NOT NULL)"
        " ORDER BY w.completed_at LIMIT $2",
        now - limit,
        _BATCH,
    )
    for row in due:
        async with transaction():
            job = await lock(row["id"])
            if job["state"] == WorkOrderState.COMPLETED:
                await close_job(CLOSING, job, "超过评价时限,自动归档")


@schedule("work_orders.missed_check_ins", every_s=5)
async def raise_missed_check_ins() -> None:
    """Somebody alone on site did not say in time that all is well: people are paged."""
    due = await fetch(
        "SELECT id FROM work_order WHERE check_in_due_at < $1 ORDER BY check_in_due_at LIMIT $2",
        await business_now(),
        _BATCH,
    )
    for row in due:
        await miss_check_in(row["id"])


@schedule("work_orders.tickets_left_open", every_s=60)
async def say_left_open() -> None:
    """A ticket that nobody works on any more is said to those who supervise."""
    await say_tickets_left_open()

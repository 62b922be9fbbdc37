"""What time does to jobs: offers that nobody answers move on, unrated tickets close."""

from grid.kit.clock import business_now
from grid.kit.database import fetch, transaction
from grid.kit.schedule import schedule
from grid.territory.types import SystemActor
from grid.work_orders import policies
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.rules import next_state
from grid.work_orders.tickets import close_job
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
    """A reported repair that the customer did not rate within the limit closes by itself."""
    now = await business_now()
    limit = (await policies.ticket_limits(now)).close_after
    due = await fetch(
        "SELECT id FROM work_order WHERE state = 'completed' AND completed_at < $1"
        " ORDER BY completed_at LIMIT $2",
        now - limit,
        _BATCH,
    )
    for row in due:
        async with transaction():
            job = await lock(row["id"])
            if job["state"] == WorkOrderState.COMPLETED:
                await close_job(CLOSING, job, "超过评价时限,自动归档")

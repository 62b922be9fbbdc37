"""Time boxes of pauses that end: the pause is marked, and a job on hold goes on.

The due times count the box's end since the pause began, so nothing else has to be reckoned.
"""

from uuid import UUID

from grid.clocks import pauses
from grid.clocks.types import Subject
from grid.kit.clock import business_now
from grid.kit.database import fetch, transaction
from grid.kit.schedule import schedule
from grid.territory.types import SystemActor
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.rules import next_state
from grid.work_orders.types import DoVerb
from grid.work_orders.words import WorkOrderEvent, WorkOrderState

#: Jobs resumed in one run; the rest is due in the next.
_BATCH = 100

BOX = SystemActor(name="pause_box")


@schedule("work_orders.end_pauses", every_s=5)
async def end_boxed_pauses() -> None:
    """Resume the jobs on hold whose pause is over, then mark all other pauses that are."""
    due = await fetch(
        "SELECT DISTINCT p.subject_id FROM sla_pause p JOIN work_order w ON w.id = p.subject_id"
        " WHERE p.ended_at IS NULL AND p.state IN ('requested', 'running') AND p.box_until <= $1"
        " AND p.subject = $2 AND w.state = 'on_hold' LIMIT $3",
        await business_now(),
        Subject.WORK_ORDER.value,
        _BATCH,
    )
    for row in due:
        await _resume(row["subject_id"])
    if len(due) < _BATCH:
        await pauses.end_boxed(await business_now(), [row["subject_id"] for row in due])


async def _resume(work_order_id: UUID) -> None:
    """End the boxed pauses of a job; with none left open, the work goes on."""
    async with transaction():
        job = await lock(work_order_id)
        now = await business_now()
        ended = await pauses.end_boxed_of(work_order_id, now)
        still = await pauses.is_any_open(work_order_id)
        if not ended or still or job["state"] != WorkOrderState.ON_HOLD:
            return
        command = DoVerb(version=job["version"], reason="暂停时限已到,自动继续")
        to_state = next_state(WorkOrderEvent.RESUME, WorkOrderState.ON_HOLD)
        await write_step(BOX, job, Step(WorkOrderEvent.RESUME, to_state, now, command))

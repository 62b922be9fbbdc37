"""Jobs that must not wait for somebody who is gone, and tickets that nobody works on any more."""

from uuid import UUID

from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, transaction
from grid.kit.outbox import say
from grid.territory.types import SystemActor
from grid.work_orders import policies
from grid.work_orders.events import TicketLeftOpen
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.rules import TRANSITIONS
from grid.work_orders.types import DoVerb
from grid.work_orders.words import WorkOrderEvent, WorkOrderState

RELEASING = SystemActor(name="releasing")
#: Tickets said in one run; the rest is due at once in the next.
_BATCH = 100
_RELEASED_FROM = [state.value for event, state in TRANSITIONS if event is WorkOrderEvent.RELEASE]


async def release_jobs_of(staff_id: UUID) -> int:
    """Jobs that somebody was given and is not yet at go back to the queue, each by itself.

    Work that has begun on site is left to the office: only people know what was done there.
    Returns how many went back.
    """
    jobs = await fetch(
        "SELECT id FROM work_order WHERE assignee = $1 AND state = ANY($2::varchar[]) ORDER BY id",
        staff_id,
        _RELEASED_FROM,
    )
    released = 0
    for job in jobs:
        async with transaction():
            row = await lock(job["id"])
            # Locked, it may have moved on meanwhile.
            target = TRANSITIONS.get((WorkOrderEvent.RELEASE, WorkOrderState(row["state"])))
            if row["assignee"] != staff_id or target is None:
                continue
            command = DoVerb(version=row["version"], reason="接单人账号已停用,工单收回重派")
            step = Step(WorkOrderEvent.RELEASE, target, await business_now(), command)
            await write_step(RELEASING, row, step)
            released += 1
    return released


async def say_tickets_left_open() -> int:
    """Say each ticket whose job failed and that got no further job in time; once a job."""
    now = await business_now()
    rows = await fetch(
        "SELECT w.id FROM work_order w JOIN ticket t ON t.id = w.ticket"
        " WHERE w.state = 'cannot_complete' AND w.left_open_at IS NULL AND w.completed_at < $1"
        " AND t.closed_at IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM work_order l WHERE l.ticket = w.ticket AND l.id > w.id)"
        " ORDER BY w.completed_at LIMIT $2",
        now - await policies.left_open_after(now),
        _BATCH,
    )
    said = 0
    for found in rows:
        async with transaction():
            row = await lock(found["id"])
            claimed = await execute(
                "UPDATE work_order w SET left_open_at = $2 WHERE id = $1"
                " AND left_open_at IS NULL AND state = 'cannot_complete' AND NOT EXISTS"
                " (SELECT 1 FROM work_order l WHERE l.ticket = w.ticket AND l.id > w.id)",
                row["id"],
                now,
            )
            if claimed:
                await say(
                    TicketLeftOpen(
                        ticket_id=row["ticket"], work_order_id=row["id"], grid_id=row["grid"]
                    )
                )
                said += 1
    return said

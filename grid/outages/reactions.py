"""What outages make of the work on them: somebody is there, and supply is back."""

from grid.kit.database import fetch_one, fetch_value
from grid.kit.outbox import reaction
from grid.outages.service import take_by_itself
from grid.outages.words import OutageEvent
from grid.work_orders.events import WorkOrderArrived, WorkOrderChanged
from grid.work_orders.words import WorkOrderEvent


@reaction(WorkOrderArrived)
async def begin_work(event: WorkOrderArrived) -> None:
    """The crew of an outage stands at the place."""
    outage_id = await fetch_value(
        "SELECT outage FROM outage_job WHERE work_order = $1", event.work_order_id
    )
    if outage_id is not None:
        await take_by_itself(outage_id, OutageEvent.WORK, "抢修人员已到现场")


@reaction(WorkOrderChanged)
async def restore_with_the_last_job(event: WorkOrderChanged) -> None:
    """Every job of the outage that was not given up says that supply is back."""
    if event.event is not WorkOrderEvent.RESTORE:
        return
    row = await fetch_one(
        "SELECT j.outage, bool_and(w.restored_at IS NOT NULL) AS all_restored"
        " FROM outage_job mine JOIN outage_job j ON j.outage = mine.outage"
        " JOIN work_order w ON w.id = j.work_order"
        " AND w.state NOT IN ('cancelled', 'cannot_complete')"
        " WHERE mine.work_order = $1 GROUP BY j.outage",
        event.work_order_id,
    )
    if row is not None and row["all_restored"]:
        await take_by_itself(row["outage"], OutageEvent.RESTORE, "现场工单已恢复供电")

"""A job that waits is offered to the best candidate at once."""

from grid.dispatch.service import offer
from grid.kit.outbox import reaction
from grid.work_orders.events import WorkOrderNeedsSomebody, WorkOrderOpened


@reaction(WorkOrderOpened)
async def offer_new_job(event: WorkOrderOpened) -> None:
    """A new fault goes to the grid's manager on duty, else to the first by rank."""
    await offer(event.work_order_id)


@reaction(WorkOrderNeedsSomebody)
async def offer_on(event: WorkOrderNeedsSomebody) -> None:
    """Declined, silent or reopened: the next one is asked."""
    await offer(event.work_order_id)

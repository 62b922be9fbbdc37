"""What field work does when something happened elsewhere, and after an arrival."""

from grid.kit.outbox import reaction
from grid.territory.types import StaffDisabled
from grid.work_orders.events import WorkOrderArrived
from grid.work_orders.on_site.arrival_flags import flag_arrival
from grid.work_orders.releasing import release_jobs_of


@reaction(StaffDisabled)
async def release_jobs(event: StaffDisabled) -> None:
    """What somebody was given and is not yet at goes back to the queue."""
    await release_jobs_of(event.staff_id)


@reaction(WorkOrderArrived)
async def compare_arrival(event: WorkOrderArrived) -> None:
    """An arrival is compared with those of others, after the person was answered."""
    await flag_arrival(event.work_order_id)

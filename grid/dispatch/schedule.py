"""Jobs for which nobody was fit are tried again: people come on shift, jobs end."""

from grid.dispatch.service import offer, waiting_jobs
from grid.kit.schedule import schedule


@schedule("dispatch.offer_waiting", every_s=15)
async def offer_waiting() -> None:
    """Offer every waiting job again; each in its own transaction."""
    for work_order_id in await waiting_jobs():
        await offer(work_order_id)

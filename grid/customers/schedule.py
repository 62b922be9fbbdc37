"""What time does to tries of binding: they are counted for a day and forgotten after a month."""

from datetime import timedelta

from grid.kit.clock import business_now
from grid.kit.database import execute
from grid.kit.schedule import schedule

#: Far longer than the longest window in which tries count.
_KEPT = timedelta(days=31)


@schedule("customers.prune_tries", every_s=86400)
async def prune_tries() -> None:
    """Forget old tries; the audit trail keeps that there were some."""
    await execute("DELETE FROM binding_try WHERE tried_at < $1", await business_now() - _KEPT)

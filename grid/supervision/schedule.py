"""What time does to orders: what nobody answers climbs."""

from grid.kit.clock import business_now
from grid.kit.database import fetch
from grid.kit.schedule import schedule
from grid.supervision.service import climb

#: Orders moved in one run; the rest is due at once in the next.
_BATCH = 100


@schedule("supervision.climb", every_s=2)
async def climb_unanswered() -> None:
    """Ask the next level about everything whose limit of the present one has passed."""
    due = await fetch(
        "SELECT id FROM supervision_order WHERE state = 'open' AND county_missed_at IS NULL"
        " AND answer_due_at < $1 ORDER BY answer_due_at, id LIMIT $2",
        await business_now(),
        _BATCH,
    )
    for row in due:
        await climb(row["id"])

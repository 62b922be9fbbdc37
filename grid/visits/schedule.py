"""What time does to visits: plans are made ahead, finished visits looked at, months closed."""

from datetime import timedelta

from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch, transaction
from grid.kit.schedule import schedule
from grid.territory.types import SystemActor
from grid.visits import policies
from grid.visits.checking import close_month, look
from grid.visits.planning import plan_month
from grid.visits.rules import month_of

PLANNING = SystemActor(name="visit_planning")

#: Grids planned in one run; a county of a hundred grids takes four.
_GRIDS = 25
#: A month stays open for results that come in late from phones without signal.
_CLOSE_AFTER = timedelta(days=2)


@schedule("visits.plan", every_s=900, limit_s=60)
async def plan_ahead() -> int:
    """Make drafts for the coming month (and for this one, where none was made) in time."""
    now = await business_now()
    today = business_day(now)
    ahead = timedelta(days=(await policies.plan_limits(now)).ahead_days)
    planned = 0
    for month in sorted({month_of(today), month_of(today + ahead)}):
        grids = await fetch(
            "SELECT g.id FROM service_grid g WHERE g.active_from <= $2"
            " AND (g.active_until IS NULL OR g.active_until > $2) AND NOT EXISTS"
            " (SELECT FROM visit_plan p WHERE p.grid = g.id AND p.month = $1)"
            " ORDER BY g.code LIMIT $3",
            month,
            today,
            _GRIDS,
        )
        if grids:
            async with transaction():
                planned += len(await plan_month(PLANNING, month, [row["id"] for row in grids]))
    return planned


@schedule("visits.look", every_s=60)
async def look_at_visits() -> int:
    """Draw and suspect among the visits that were finished."""
    return await look()


@schedule("visits.close_month", every_s=3600)
async def close_months() -> None:
    """End the draws of months that are over."""
    this = month_of(business_day(await business_now() - _CLOSE_AFTER))
    for row in await fetch(
        "SELECT month FROM visit_draw WHERE closed_at IS NULL AND month < $1 ORDER BY month"
        " LIMIT 24",
        this,
    ):
        await close_month(row["month"])

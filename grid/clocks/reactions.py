"""When the calendar changes, the clocks that count by working days wait to be reckoned anew."""

from grid.kit.calendar import CalendarChanged
from grid.kit.database import execute
from grid.kit.outbox import reaction


@reaction(CalendarChanged)
async def mark_stale(event: CalendarChanged) -> None:
    """One statement; the schedule reckons in batches what it marks. Doing it twice is the same."""
    await execute(
        "UPDATE sla_clock c SET stale = true FROM (SELECT id FROM sla_clock"
        " WHERE hours <> 'always' AND started_at IS NOT NULL AND stopped_at IS NULL"
        " AND given_up_at IS NULL AND NOT stale ORDER BY id FOR UPDATE) d WHERE c.id = d.id"
    )

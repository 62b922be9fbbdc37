"""What time does to indicators: some days after its end a month's figures are fixed."""

from collections.abc import Set
from datetime import date, timedelta

from grid.indicators.keeping import closed_months
from grid.indicators.periods import Period, PeriodKind, months_of, period_named, period_of
from grid.indicators.policies import CLOSE_AFTER_DAYS
from grid.indicators.service import close_by_schedule
from grid.kit.clock import business_day, business_now
from grid.kit.dated_settings import value_at
from grid.kit.schedule import schedule


@schedule("indicators.close_month", every_s=3600, limit_s=60)
async def close_month() -> None:
    """Close the oldest month that is still open, once it lies far enough back.

    One month a run: after a long sleep the next runs close the others, none is left out.
    """
    now = await business_now()
    today = business_day(now)
    month = oldest_open(today, await closed_months())
    if month is None:
        return
    if today - month.after >= timedelta(days=await value_at(CLOSE_AFTER_DAYS, now)):
        await close_by_schedule(month)


def oldest_open(today: date, closed: Set[str]) -> Period | None:
    """The oldest ended month since the first closing that is open; before any, the last one."""
    this_month = today.replace(day=1)
    before = period_of(PeriodKind.MONTH, this_month - timedelta(days=1))
    first = min((period_named(name).first for name in closed), default=before.first)
    ended = months_of(min(first, before.first), this_month)
    return next((month for month in ended if month.name not in closed), None)

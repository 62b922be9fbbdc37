"""What time does to indicators: some days after its end a month's figures are fixed."""

from datetime import timedelta

from grid.indicators.periods import PeriodKind, period_of
from grid.indicators.policies import CLOSE_AFTER_DAYS
from grid.indicators.service import close_by_schedule
from grid.kit.clock import business_day, business_now
from grid.kit.dated_settings import value_at
from grid.kit.schedule import schedule


@schedule("indicators.close_month", every_s=3600, limit_s=60)
async def close_month() -> None:
    """Close the month before this one, once it lies far enough back."""
    now = await business_now()
    today = business_day(now)
    ended = period_of(PeriodKind.MONTH, today.replace(day=1) - timedelta(days=1))
    if today - ended.after >= timedelta(days=await value_at(CLOSE_AFTER_DAYS, now)):
        await close_by_schedule(ended)

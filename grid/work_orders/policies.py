"""The company's numbers for field work that are no clocks: how near is near, how many is many."""

from datetime import datetime, timedelta
from typing import NamedTuple

from grid.kit.dated_settings import define, values_at
from grid.work_orders.rules import ArrivalLimits

_COMPANY = "公司规定,待县公司确认"

RADIUS_M = define("arrival_radius_m", low=20, high=2000, seed=200, source=_COMPANY)
ACCURACY_STRONG_M = define("arrival_accuracy_strong_m", low=5, high=500, seed=100, source=_COMPANY)
ACCURACY_WEAK_M = define("arrival_accuracy_weak_m", low=50, high=5000, seed=1000, source=_COMPANY)
CLOSE_AFTER_H = define("ticket_close_after_hours", low=1, high=240, seed=24, source=_COMPANY)
OPEN_TICKETS_MAX = define("open_tickets_per_openid", low=1, high=100, seed=10, source=_COMPANY)


async def arrival_limits(at: datetime) -> ArrivalLimits:
    """The limits of an arrival in force at a moment."""
    found = await values_at([RADIUS_M, ACCURACY_STRONG_M, ACCURACY_WEAK_M], at)
    return ArrivalLimits(found[RADIUS_M], found[ACCURACY_STRONG_M], found[ACCURACY_WEAK_M])


class TicketLimits(NamedTuple):
    """How long a reported repair waits for its rating, and how many tickets one openid may open."""

    close_after: timedelta
    open_tickets: int


async def ticket_limits(at: datetime) -> TicketLimits:
    """The limits of tickets in force at a moment."""
    found = await values_at([CLOSE_AFTER_H, OPEN_TICKETS_MAX], at)
    return TicketLimits(timedelta(hours=found[CLOSE_AFTER_H]), found[OPEN_TICKETS_MAX])

"""The company's numbers for field work that are no clocks: how near is near, how many is many."""

from datetime import datetime, timedelta
from typing import NamedTuple

from grid.geography.types import PlaceClass
from grid.kit.dated_settings import define, value_at, values_at
from grid.work_orders.on_site.rules import ArrivalLimits

_COMPANY = "公司规定,待县公司确认"
_SAFETY = "公司安全规定,待县公司确认"

RADIUS_M = {
    PlaceClass.CITY: define("arrival_radius_m.city", low=20, high=2000, seed=150, source=_COMPANY),
    PlaceClass.RURAL: define(
        "arrival_radius_m.rural", low=20, high=2000, seed=200, source=_COMPANY
    ),
    PlaceClass.REMOTE: define(
        "arrival_radius_m.remote", low=20, high=5000, seed=300, source=_COMPANY
    ),
}
DWELL_S = define("arrival_dwell_s", low=10, high=1800, seed=60, source=_COMPANY)
SPEED_MAX_KMH = define("arrival_speed_max_kmh", low=30, high=400, seed=130, source=_COMPANY)
CODE_TRIES = define("arrival_code_tries", low=1, high=10, seed=3, source=_COMPANY)
ALIKE_H = define("arrival_alike_hours", low=1, high=240, seed=24, source=_COMPANY)
CHECK_IN_MIN = define("check_in_minutes", low=5, high=240, seed=30, source=_SAFETY)
LEFT_OPEN_MIN = define("ticket_left_open_minutes", low=5, high=1440, seed=60, source=_COMPANY)
ACCURACY_STRONG_M = define("arrival_accuracy_strong_m", low=5, high=500, seed=100, source=_COMPANY)
ACCURACY_WEAK_M = define("arrival_accuracy_weak_m", low=50, high=5000, seed=1000, source=_COMPANY)
CLOSE_AFTER_H = define("ticket_close_after_hours", low=1, high=240, seed=24, source=_COMPANY)
OPEN_TICKETS_MAX = define("open_tickets_per_openid", low=1, high=100, seed=10, source=_COMPANY)

OPEN_MATTERS_MAX = define("open_matters_per_openid", low=1, high=100, seed=5, source=_COMPANY)
CALLBACK_TRIES = define("callback_tries", low=1, high=10, seed=3, source=_COMPANY)


async def arrival_limits(at: datetime, place_class: PlaceClass) -> ArrivalLimits:
    """The limits of an arrival at a place of this class in force at a moment; one statement."""
    radius = RADIUS_M[place_class]
    names = [radius, ACCURACY_STRONG_M, ACCURACY_WEAK_M, DWELL_S, SPEED_MAX_KMH, CODE_TRIES]
    names.append(CHECK_IN_MIN)
    found = await values_at(names, at)
    return ArrivalLimits(*(found[name] for name in names))


async def check_in_minutes(at: datetime) -> int:
    """How long somebody alone on site may be silent, in minutes."""
    return await value_at(CHECK_IN_MIN, at)


async def left_open_after(at: datetime) -> timedelta:
    """How long a ticket may stay without a job after the last one failed."""
    return timedelta(minutes=await value_at(LEFT_OPEN_MIN, at))


async def alike_within(at: datetime) -> timedelta:
    """How far apart two arrivals may be to be compared with each other."""
    return timedelta(hours=await value_at(ALIKE_H, at))


class TicketLimits(NamedTuple):
    """How long an answer waits for its rating, how many tickets one openid may have open (faults,
    and everything else apart), and after how many calls in vain nobody calls again."""

    close_after: timedelta
    open_tickets: int
    open_matters: int
    callback_tries: int


async def ticket_limits(at: datetime) -> TicketLimits:
    """The limits of tickets in force at a moment."""
    names = [CLOSE_AFTER_H, OPEN_TICKETS_MAX, OPEN_MATTERS_MAX, CALLBACK_TRIES]
    found = await values_at(names, at)
    return TicketLimits(timedelta(hours=found[CLOSE_AFTER_H]), *(found[name] for name in names[1:]))

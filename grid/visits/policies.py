"""The company's numbers for visits: how often, how many a day, what looks wrong.

Source of the cycles: the county's programme of differentiated service (special groups monthly,
small business quarterly, everybody yearly); the rest is company practice until the county says
otherwise.
"""

from datetime import datetime
from typing import NamedTuple

from grid.kit.dated_settings import define, value_at, values_at
from grid.visits.rules import Cycles, Suspicion

_PROGRAMME = "县公司差别化服务方案,待县公司确认"
_COMPANY = "公司规定,待县公司确认"

CYCLE_CARE = define("visit_cycle_months.special_care", low=1, high=12, seed=1, source=_PROGRAMME)
CYCLE_BUSINESS = define(
    "visit_cycle_months.small_business", low=1, high=24, seed=3, source=_PROGRAMME
)
CYCLE_IMPORTANT = define("visit_cycle_months.important", low=1, high=24, seed=3, source=_PROGRAMME)
CYCLE_ORDINARY = define("visit_cycle_months.ordinary", low=1, high=60, seed=12, source=_PROGRAMME)
PER_DAY = define("visit_stops_per_person_day", low=1, high=30, seed=8, source=_COMPANY)
PLAN_AHEAD_DAYS = define("visit_plan_ahead_days", low=1, high=20, seed=7, source=_COMPANY)
CHECK_PERCENT = define("visit_check_percent", low=1, high=100, seed=5, source=_PROGRAMME)
FAST_MINUTES = define("visit_fast_minutes", low=1, high=120, seed=5, source=_COMPANY)
FAR_M = define("visit_far_m", low=50, high=5000, seed=500, source=_COMPANY)
TRAVEL_KMH_MAX = define("visit_travel_kmh_max", low=20, high=300, seed=120, source=_COMPANY)
COPY_DAYS = define("visit_copy_days", low=1, high=366, seed=60, source=_COMPANY)


async def cycles(at: datetime) -> Cycles:
    """After how many months each kind of customer is due again."""
    names = (CYCLE_CARE, CYCLE_BUSINESS, CYCLE_IMPORTANT, CYCLE_ORDINARY)
    found = await values_at(names, at)
    return Cycles(*(found[name] for name in names))


class PlanLimits(NamedTuple):
    """Stops of one person on one day, and how long before a month its plans are made."""

    per_day: int
    ahead_days: int


async def plan_limits(at: datetime) -> PlanLimits:
    """The limits of planning in force at a moment."""
    found = await values_at([PER_DAY, PLAN_AHEAD_DAYS], at)
    return PlanLimits(found[PER_DAY], found[PLAN_AHEAD_DAYS])


async def suspicion(at: datetime) -> Suspicion:
    """What makes a visit suspicious at a moment."""
    names = (FAST_MINUTES, FAR_M, TRAVEL_KMH_MAX, COPY_DAYS)
    found = await values_at(names, at)
    return Suspicion(*(found[name] for name in names))


async def check_percent(at: datetime) -> int:
    """How many of a hundred visits are checked at random."""
    return await value_at(CHECK_PERCENT, at)

"""The company's numbers for what other systems hand over."""

from datetime import datetime, timedelta
from typing import NamedTuple

from grid.kit.dated_settings import define, value_at, values_at

_COMPANY = "公司规定,待县公司确认"

MERGE_H = define("province_merge_hours", low=0, high=240, seed=24, source=_COMPANY)
MERGE_M = define("province_merge_m", low=0, high=2000, seed=100, source=_COMPANY)
ACKNOWLEDGE_MIN = define("province_acknowledge_minutes", low=1, high=1440, seed=30, source=_COMPANY)


class MergeLimits(NamedTuple):
    """How near in time and place two reports of one matter are."""

    window: timedelta
    radius_m: int


async def merge_limits(at: datetime) -> MergeLimits:
    """The limits in force at a moment."""
    found = await values_at([MERGE_H, MERGE_M], at)
    return MergeLimits(timedelta(hours=found[MERGE_H]), found[MERGE_M])


async def acknowledge_limit(at: datetime) -> timedelta:
    """How long the province may leave a message of ours without an acknowledgement."""
    return timedelta(minutes=await value_at(ACKNOWLEDGE_MIN, at))

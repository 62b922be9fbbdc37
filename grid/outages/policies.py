"""The numbers of outages, as dated settings."""

from datetime import datetime, timedelta
from typing import NamedTuple

from grid.kit.dated_settings import define, value_at, values_at
from grid.outages.rules import NoticeLimits

_PROMISES = "国家电网供电服务十项承诺"
_COMPANY = "公司规定,待县公司确认"

PLANNED_H = define("outage_planned_notice_hours", low=24, high=720, seed=168, source=_PROMISES)
TEMPORARY_H = define("outage_temporary_notice_hours", low=1, high=168, seed=24, source=_PROMISES)
ANSWER_H = define("outage_answer_hours", low=1, high=168, seed=24, source=_COMPANY)
NEAR_M = define("outage_district_near_m", low=50, high=5000, seed=800, source=_COMPANY)
NOTICES_MIN = define("outage_notices_per_minute", low=10, high=10000, seed=600, source=_COMPANY)


async def notice_limits(at: datetime) -> NoticeLimits:
    """How long ahead people must be told, in force at a moment."""
    found = await values_at([PLANNED_H, TEMPORARY_H], at)
    return NoticeLimits(
        planned=timedelta(hours=found[PLANNED_H]), temporary=timedelta(hours=found[TEMPORARY_H])
    )


async def answer_within(at: datetime) -> timedelta:
    """How long a child may take to say whether supply is back."""
    return timedelta(hours=await value_at(ANSWER_H, at))


async def near_m(at: datetime) -> int:
    """How far a place may lie from the transformer whose district it is taken for, in metres."""
    return await value_at(NEAR_M, at)


class Pace(NamedTuple):
    """How many followers are told within how long."""

    messages: int
    within: timedelta


async def pace(at: datetime) -> Pace:
    """The pace of telling many people, in force at a moment."""
    return Pace(await value_at(NOTICES_MIN, at), timedelta(minutes=1))

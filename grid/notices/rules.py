"""Whether a new time is worth another message. Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple

from grid.notices.types import Change


class Materiality(NamedTuple):
    """From which change on the customer is told again: minutes, and percent of the time left.

    Later and earlier differ: who waits in vain is told sooner than who is served sooner.
    """

    later_minutes: int
    later_percent: int
    earlier_minutes: int
    earlier_percent: int


def judge_change(
    told: datetime | None, fresh: datetime, now: datetime, limits: Materiality
) -> Change:
    """What a fresh time means beside the one that was told last.

    A change is compared with what was told, never with a later estimate, so that small slips add
    up. Once the told time has passed, every time that still lies ahead is news.
    """
    if told is None:
        return Change.FIRST
    if told == fresh:
        return Change.SAME
    if told <= now < fresh:
        return Change.MATERIAL
    later = fresh > told
    minutes = limits.later_minutes if later else limits.earlier_minutes
    percent = limits.later_percent if later else limits.earlier_percent
    left = max(told - now, timedelta())
    needed = max(timedelta(minutes=minutes), left * percent / 100)
    return Change.MATERIAL if abs(fresh - told) >= needed else Change.SMALL

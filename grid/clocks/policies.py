"""The limits of fault repair as dated settings, with where each number comes from.

Arrival: State Grid's ten promises (45 / 90 / 120 minutes on average; county boards measure each
order). Restoration after arrival: city 3 h, rural 4 h of the same text; remote is not named there,
so it starts at the rural value, unconfirmed. Acceptance: unconfirmed company practice.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from grid.kit.dated_settings import define, values_at

_TEN_PROMISES = "国家电网供电服务十项承诺"
_UNCONFIRMED = "公司惯例,待核实"

ACCEPT_MIN = define("accept_minutes", low=1, high=240, seed=3, source=_UNCONFIRMED)
ARRIVE_MIN = {
    "city": define("arrive_minutes.city", low=5, high=1440, seed=45, source=_TEN_PROMISES),
    "rural": define("arrive_minutes.rural", low=5, high=1440, seed=90, source=_TEN_PROMISES),
    "remote": define("arrive_minutes.remote", low=5, high=1440, seed=120, source=_TEN_PROMISES),
}
RESTORE_MIN = {
    "city": define("restore_minutes.city", low=5, high=4320, seed=180, source=_TEN_PROMISES),
    "rural": define("restore_minutes.rural", low=5, high=4320, seed=240, source=_TEN_PROMISES),
    "remote": define("restore_minutes.remote", low=5, high=4320, seed=240, source=_UNCONFIRMED),
}


class Limits(NamedTuple):
    """The limits frozen on an order at intake: arrival from intake, restoration from arrival."""

    accept: timedelta
    arrive: timedelta
    restore: timedelta


async def limits_at(at: datetime, place_class: str, station_code: str) -> Limits:
    """The limits in force at a moment for a place class (city, rural, remote) and a station."""
    names = [ACCEPT_MIN, ARRIVE_MIN[place_class], RESTORE_MIN[place_class]]
    minutes = await values_at(names, at, station_code)
    accept, arrive, restore = (timedelta(minutes=minutes[name]) for name in names)
    return Limits(accept, arrive, restore)

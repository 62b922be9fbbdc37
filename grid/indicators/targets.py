"""Targets as they were in force at the end of each period, for the county or one station."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from grid.indicators.definition import Indicator
from grid.indicators.periods import Period
from grid.kit.database import fetch
from grid.kit.dated_settings import EVERYWHERE, definitions

#: Values of one target that are read; a company that changed it more often is judged by these.
_VALUES_MAX = 5000


class _Dated(NamedTuple):
    effective_from: datetime
    released_at: datetime
    value: int


class Targets:
    """Every value that some indicators' targets ever had, read in one statement."""

    def __init__(self, values: dict[tuple[str, str], list[_Dated]], as_of: datetime) -> None:
        self._values = values
        self._as_of = as_of
        self._seeds = {known.name: known.seed for known in definitions()}

    @classmethod
    async def of(cls, indicators: Iterable[Indicator], as_of: datetime) -> "Targets":
        """The targets of these indicators."""
        names = [one.target for one in indicators if one.target is not None]
        rows = await fetch(
            "SELECT name, scope, value, effective_from, released_at FROM dated_setting"
            " WHERE name = ANY($1::varchar[]) AND state = 'released'"
            " ORDER BY effective_from DESC LIMIT $2",
            names,
            _VALUES_MAX,
        )
        values: dict[tuple[str, str], list[_Dated]] = defaultdict(list)
        for row in rows:
            number = int(msgspec.json.decode(row["value"]))
            dated = _Dated(row["effective_from"], row["released_at"], number)
            values[(row["name"], row["scope"])].append(dated)
        return cls(values, as_of)

    def at(self, indicator: Indicator, period: Period, station_code: str | None) -> int | None:
        """The target that judges a period: the last one in force before it ended, or until now."""
        if indicator.target is None:
            return None
        until = min(period.until_at, self._as_of)
        for scope in (station_code, EVERYWHERE):
            if scope is not None:
                found = [
                    one
                    for one in self._values.get((indicator.target, scope), [])
                    if one.effective_from < until
                ]
                if found:
                    return max(found).value
        return self._seeds[indicator.target]

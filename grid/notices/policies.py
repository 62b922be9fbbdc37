"""When a changed time is told again, as dated settings."""

from datetime import datetime

from grid.kit.dated_settings import define, values_at
from grid.notices.rules import Materiality

_COMPANY = "公司规定,待县公司确认"

LATER_MIN = define("promise_later_minutes", low=1, high=1440, seed=15, source=_COMPANY)
LATER_PERCENT = define("promise_later_percent", low=0, high=100, seed=20, source=_COMPANY)
EARLIER_MIN = define("promise_earlier_minutes", low=1, high=1440, seed=30, source=_COMPANY)
EARLIER_PERCENT = define("promise_earlier_percent", low=0, high=100, seed=30, source=_COMPANY)


async def materiality(at: datetime) -> Materiality:
    """The limits in force at a moment."""
    names = (LATER_MIN, LATER_PERCENT, EARLIER_MIN, EARLIER_PERCENT)
    found = await values_at(names, at)
    return Materiality(*(found[name] for name in names))

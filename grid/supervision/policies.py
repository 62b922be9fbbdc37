"""How long each level may take to answer."""

from datetime import datetime, timedelta

from grid.kit.dated_settings import define, value_at
from grid.supervision.types import Cause, Level

_COMPANY = "公司规定,待县公司确认"

ANSWER_MIN = {
    Level.GRID: define(
        "supervision_answer_minutes.grid", low=5, high=10080, seed=120, source=_COMPANY
    ),
    Level.STATION: define(
        "supervision_answer_minutes.station", low=5, high=10080, seed=240, source=_COMPANY
    ),
    Level.COUNTY: define(
        "supervision_answer_minutes.county", low=5, high=43200, seed=1440, source=_COMPANY
    ),
}
SOS_MIN = define("supervision_sos_minutes", low=1, high=240, seed=10, source=_COMPANY)


async def answer_limit(cause: Cause, level: Level, at: datetime) -> timedelta:
    """The answer limit in force at a moment; a call for help is a matter of minutes anywhere."""
    name = SOS_MIN if cause is Cause.SOS else ANSWER_MIN[level]
    return timedelta(minutes=await value_at(name, at))

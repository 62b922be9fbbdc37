"""The weights of the cost and the hard limits of a choice, as dated settings."""

from datetime import datetime
from typing import NamedTuple

from grid.geography.travel import TravelPolicy
from grid.kit.dated_settings import define, values_at

_COMPANY = "公司规定,待县公司确认"
_CIRCUITY = "路网绕行系数文献值约 1.2,山区先取 1.6,待实测"

LOAD_S = define("dispatch_load_s", low=0, high=7200, seed=900, source=_COMPANY)
NOT_OWN_GRID_S = define("dispatch_not_own_grid_s", low=0, high=7200, seed=1200, source=_COMPANY)
UNKNOWN_POSITION_S = define("dispatch_no_position_s", low=0, high=7200, seed=1800, source=_COMPANY)
POSITION_OLD_MIN = define("dispatch_position_old_min", low=1, high=600, seed=30, source=_COMPANY)
OPEN_JOBS_MAX = define("dispatch_open_jobs_max", low=1, high=50, seed=5, source=_COMPANY)
ASK_AGAIN_MIN = define("dispatch_ask_again_min", low=1, high=600, seed=30, source=_COMPANY)
DETOUR_PERCENT = define("travel_detour_percent", low=100, high=500, seed=160, source=_CIRCUITY)
SPEED_KMH = {
    "city": define("travel_kmh.city", low=3, high=120, seed=25, source=_COMPANY),
    "rural": define("travel_kmh.rural", low=3, high=120, seed=30, source=_COMPANY),
    "remote": define("travel_kmh.remote", low=3, high=120, seed=20, source=_COMPANY),
}


class Weights(NamedTuple):
    """Everything that a choice of one moment is made with."""

    load_s: int
    not_own_grid_s: int
    unknown_position_s: int
    position_old_s: int
    open_jobs_max: int
    ask_again_s: int
    travel: TravelPolicy


async def weights_at(at: datetime) -> Weights:
    """The weights in force at a moment, in one statement."""
    names = (LOAD_S, NOT_OWN_GRID_S, UNKNOWN_POSITION_S, POSITION_OLD_MIN, OPEN_JOBS_MAX)
    more = (ASK_AGAIN_MIN, DETOUR_PERCENT, *SPEED_KMH.values())
    found = await values_at([*names, *more], at)
    speeds = {f"{name}_speed_mps": found[key] / 3.6 for name, key in SPEED_KMH.items()}
    return Weights(
        load_s=found[LOAD_S],
        not_own_grid_s=found[NOT_OWN_GRID_S],
        unknown_position_s=found[UNKNOWN_POSITION_S],
        position_old_s=found[POSITION_OLD_MIN] * 60,
        open_jobs_max=found[OPEN_JOBS_MAX],
        ask_again_s=found[ASK_AGAIN_MIN] * 60,
        travel=TravelPolicy(detour_factor=found[DETOUR_PERCENT] / 100, **speeds),
    )

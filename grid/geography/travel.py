"""How long it takes to drive there: a plain estimate, from parameters the caller passes in.

Mountain roads wind, so the straight distance is stretched by a detour factor and driven at a
speed that depends on how remote the target is. No map of roads is needed, and none is claimed.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from grid.geography.types import PlaceClass

Speed = Annotated[float, msgspec.Meta(gt=0, le=60)]


class TravelPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The numbers behind an estimate; they are settings of the company, with a date.

    `detour_factor` is road metres per straight metre; speeds are metres per second;
    `start_s` is the time to get under way, whatever the distance.
    """

    detour_factor: Annotated[float, msgspec.Meta(ge=1, le=5)]
    city_speed_mps: Speed
    rural_speed_mps: Speed
    remote_speed_mps: Speed
    start_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0

    def speed_mps(self, place_class: PlaceClass) -> float:
        """Give the speed at which a target of this class is approached."""
        match place_class:
            case PlaceClass.CITY:
                return self.city_speed_mps
            case PlaceClass.RURAL:
                return self.rural_speed_mps
            case PlaceClass.REMOTE:
                return self.remote_speed_mps


def travel_time_s(straight_m: float, place_class: PlaceClass, policy: TravelPolicy) -> float:
    """Estimate seconds to reach a target `straight_m` metres away as the crow flies.

    Raises ValueError for a negative or not finite distance.
    """
    if not 0.0 <= straight_m < float("inf"):
        raise ValueError("a distance is needed that is finite and not negative")
    return policy.start_s + straight_m * policy.detour_factor / policy.speed_mps(place_class)


def travel_times_s(
    straight_m: NDArray[np.float64], place_classes: Sequence[PlaceClass], policy: TravelPolicy
) -> NDArray[np.float64]:
    """Estimate seconds for m origins and n targets.

    `straight_m` is (m, n) or (n,) metres, `place_classes` the n classes of the targets;
    the answer has the shape of `straight_m`. Raises ValueError for a bad distance.
    """
    if not (np.isfinite(straight_m).all() and (straight_m >= 0).all()):
        raise ValueError("distances are needed that are finite and not negative")
    speeds_mps = np.array([policy.speed_mps(place_class) for place_class in place_classes])
    times_s: NDArray[np.float64] = policy.start_s + straight_m * policy.detour_factor / speeds_mps
    return times_s

"""How well an arrival is proved: a pure judgement of what the server saw (W2)."""

from datetime import datetime, timedelta
from typing import NamedTuple

from grid.geography.distance import distance_m
from grid.geography.types import Place
from grid.work_orders.types import DevicePosition
from grid.work_orders.words import ArrivalGrade, ArrivalProof

#: Stored positions this much older than the arrival may show that somebody stood there.
DWELL_WITHIN = timedelta(minutes=15)
#: Two fixes this near each other prove no speed: their circles may overlap.
_JITTER_M = 500.0
#: A leap is measured over at least this time.
_LEAP_S_MIN = 1.0


class ArrivalLimits(NamedTuple):
    """How near is near at a place of its class: dated settings of the company."""

    radius_m: int
    accuracy_strong_m: int
    accuracy_weak_m: int
    dwell_s: int = 60
    speed_max_kmh: int = 130
    code_tries: int = 3
    check_in_min: int = 30


class Fix(NamedTuple):
    """A position that the phone had sent before, with the phone's own time of it."""

    place: Place
    accuracy_m: float
    recorded_at: datetime


class Seen(NamedTuple):
    """What is known of an arrival. Metres; `distance_m` None: nobody knows the place of the job.

    `dwelt`: earlier fixes show the person there already. `leapt`: the last fix is so far away that
    nobody drives that fast. `proof`: what else proves it.
    """

    distance_m: float | None
    accuracy_m: float | None
    mock: bool = False
    dwelt: bool = False
    leapt: bool = False
    proof: ArrivalProof | None = None


def judge_arrival(seen: Seen, limits: ArrivalLimits) -> ArrivalGrade:
    """Grade an arrival (W2).

    Disputed: no fix, a mocked or coarse one, one whose circle does not reach the radius, or one
    that nobody could have driven to. Weak: any other. Strong: weak, and accurate, and the person
    has been there for a while (a lone fix is not dwell), and something beside the phone proves it.
    """
    if seen.accuracy_m is None or seen.mock or seen.leapt:
        return ArrivalGrade.DISPUTED
    if seen.accuracy_m > limits.accuracy_weak_m:
        return ArrivalGrade.DISPUTED
    if seen.distance_m is None:
        return ArrivalGrade.WEAK
    if seen.distance_m > limits.radius_m + seen.accuracy_m:
        return ArrivalGrade.DISPUTED
    accurate = seen.accuracy_m <= limits.accuracy_strong_m
    if accurate and seen.dwelt and seen.proof is not None:
        return ArrivalGrade.STRONG
    return ArrivalGrade.WEAK


def is_near(fix: Fix, there: Place, limits: ArrivalLimits) -> bool:
    """Whether a stored fix shows the person at the place; a coarse one shows nothing."""
    if fix.accuracy_m > limits.accuracy_strong_m:
        return False
    return distance_m(fix.place, there) <= limits.radius_m + fix.accuracy_m


def dwelt(
    fixes: list[Fix], there: Place, limits: ArrivalLimits, until: datetime, *, is_there: bool
) -> bool:
    """Whether the newest stretch of fixes until a moment shows the person there long enough.

    `fixes` in order of time; one elsewhere begins the stretch anew. `is_there`: a fix of the moment
    itself ends it, so that one earlier fix is enough.
    """
    near: list[datetime] = []
    for fix in fixes:
        if not until - DWELL_WITHIN <= fix.recorded_at <= until:
            continue
        near = [*near, fix.recorded_at] if is_near(fix, there, limits) else []
    if is_there:
        near.append(until)
    return len(near) > 1 and near[-1] - near[0] >= timedelta(seconds=limits.dwell_s)


def leapt(last: Fix | None, position: DevicePosition, at: datetime, limits: ArrivalLimits) -> bool:
    """Whether the way from the last fix to the claimed one is faster than anybody drives."""
    if last is None:
        return False
    here = Place(lat=position.lat, lon=position.lon)
    way_m = distance_m(last.place, here) - last.accuracy_m - position.accuracy_m
    if way_m <= _JITTER_M:
        return False
    took_s = max(_LEAP_S_MIN, (at - last.recorded_at).total_seconds())
    return way_m / took_s * 3.6 > limits.speed_max_kmh

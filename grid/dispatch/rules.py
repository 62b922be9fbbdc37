"""Who should do a job, and why: eligibility, cost, rank. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from grid.dispatch.policies import Weights
from grid.dispatch.types import CandidateView, Terms
from grid.geography.distance import distance_m
from grid.geography.travel import travel_time_s
from grid.geography.types import Place, PlaceClass
from grid.territory.authority import AnyRole
from grid.territory.types import GridRole, StaffRole
from grid.work_orders.kinds import KINDS, SKILL_WORDS
from grid.work_orders.words import Capacity, WorkOrderKind


class Job(NamedTuple):
    """What matters of the job."""

    kind: WorkOrderKind
    place: Place | None
    place_class: PlaceClass
    danger: bool = False


class Person(NamedTuple):
    """What matters of somebody who might do it."""

    staff_id: UUID
    employee_no: str
    name: str
    capacity: Capacity
    on_shift: bool
    skills: frozenset[str]
    relative: bool
    asked_lately: bool
    open_jobs: int
    place: Place | None
    place_at: datetime | None


def rank(
    job: Job, people: Sequence[Person], weights: Weights, now: datetime
) -> list[CandidateView]:
    """Everybody, the eligible first by rank, the others with the reason why not.

    The grid's own manager on duty comes before everybody else (the grid owns its matters); the
    rest are ordered by cost; equal costs by employee number, so that a rank can be repeated.
    """
    judged = [(person, why_not(person, weights, job)) for person in people]
    fit = [(person, terms(job, person, weights, now)) for person, why in judged if why is None]
    fit.sort(key=lambda pair: (_order(pair[0]), pair[1].total_s, pair[0].employee_no))
    ranked = [_view(job, person, found, place) for place, (person, found) in enumerate(fit, 1)]
    others = sorted(
        ((person, why) for person, why in judged if why is not None),
        key=lambda pair: pair[0].employee_no,
    )
    return ranked + [_unfit(job, person, why) for person, why in others]


#: The role that each capacity stands for.
_ROLE: dict[Capacity, AnyRole] = {
    Capacity.MANAGER: GridRole.MANAGER,
    Capacity.ASSISTANT: GridRole.ASSISTANT,
    Capacity.NEIGHBOUR: GridRole.MANAGER,
    Capacity.CREW: StaffRole.CREW,
}


def why_not(person: Person, weights: Weights, job: Job) -> str | None:
    """Why somebody cannot be offered the job, in words, or None; danger waits for no full hands.

    Who may do a kind and with which certificates is company rule (`work_orders/kinds.py`).
    """
    spec = KINDS[job.kind]
    role = _ROLE.get(person.capacity)
    if role is not None and role not in spec.may_do:
        return f"岗位不能做“{spec.title}”工单"
    if not person.on_shift:
        return "不在班"
    lacking = [SKILL_WORDS[skill] for skill in spec.skills if skill not in person.skills]
    if lacking:
        return f"没有有效的{'、'.join(lacking)}资格"
    if person.relative:
        return "是本人亲属的用电户"
    if person.asked_lately:
        return "刚刚退单或未接单"
    if person.open_jobs >= weights.open_jobs_max and not job.danger:
        return f"手上已有 {person.open_jobs} 个工单"
    return None


def terms(job: Job, person: Person, weights: Weights, now: datetime) -> Terms:
    """The cost of one person, in seconds."""
    age_s = 0.0
    if person.place is None or job.place is None:
        travel_s = float(weights.unknown_position_s)
    else:
        far_m = distance_m(person.place, job.place)
        travel_s = travel_time_s(far_m, job.place_class, weights.travel)
        if person.place_at is not None:
            # A fix that is older than the limit is trusted less, up to an unknown position.
            old_s = (now - person.place_at).total_seconds() - weights.position_old_s
            age_s = min(max(0.0, old_s), float(weights.unknown_position_s))
    own = person.capacity in (Capacity.MANAGER, Capacity.ASSISTANT)
    return Terms(
        travel_s=round(travel_s, 1),
        load_s=float(weights.load_s * person.open_jobs),
        not_own_grid_s=0.0 if own else float(weights.not_own_grid_s),
        position_age_s=round(age_s, 1),
    )


def _order(person: Person) -> int:
    return 0 if person.capacity is Capacity.MANAGER else 1


def _distance(job: Job, person: Person) -> float | None:
    if person.place is None or job.place is None:
        return None
    return round(distance_m(person.place, job.place), 1)


def _view(job: Job, person: Person, found: Terms, place: int) -> CandidateView:
    return CandidateView(
        staff_id=person.staff_id,
        employee_no=person.employee_no,
        name=person.name,
        capacity=person.capacity,
        rank=place,
        distance_m=_distance(job, person),
        open_jobs=person.open_jobs,
        terms=found,
        cost_s=round(found.total_s, 1),
        why_not=None,
    )


def _unfit(job: Job, person: Person, why: str) -> CandidateView:
    return CandidateView(
        staff_id=person.staff_id,
        employee_no=person.employee_no,
        name=person.name,
        capacity=person.capacity,
        rank=None,
        distance_m=_distance(job, person),
        open_jobs=person.open_jobs,
        terms=None,
        cost_s=None,
        why_not=why,
    )

"""What goes in and out of dispatch."""

from uuid import UUID

import msgspec

from grid.work_orders.words import Capacity


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one person for one job, term by term, all in seconds."""

    travel_s: float
    load_s: float
    not_own_grid_s: float
    position_age_s: float

    @property
    def total_s(self) -> float:
        return self.travel_s + self.load_s + self.not_own_grid_s + self.position_age_s


class CandidateView(msgspec.Struct, frozen=True, kw_only=True):
    """One person for one job: rank, terms, or why not."""

    staff_id: UUID
    employee_no: str
    name: str
    capacity: Capacity
    rank: int | None
    distance_m: float | None
    open_jobs: int
    terms: Terms | None
    cost_s: float | None
    why_not: str | None

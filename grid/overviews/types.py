"""What the dispatchers' board and its map show."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.geography.types import GeoJson
from grid.work_orders.types import WorkOrderView
from grid.work_orders.words import AssignmentState, Capacity, Priority, WorkOrderState

Code = Annotated[str, Meta(min_length=1, max_length=20)]


class BoardFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which jobs the board shows; nothing named means every open job the reader reaches.

    `state` is a state, `waiting` for jobs that nobody has, or `done` for jobs to be closed; `mine`
    means jobs that the reader has or has acted on; `late` means a running limit is passed.
    """

    station: Code | None = None
    grid: Code | None = None
    state: (
        Annotated[
            str,
            Meta(pattern=f"^(waiting|done|{'|'.join(state.value for state in WorkOrderState)})$"),
        ]
        | None
    ) = None
    priority: Priority | None = None
    mine: bool = False
    late: bool = False
    q: Annotated[str, Meta(max_length=60)] | None = None
    cursor: Annotated[str, Meta(max_length=400)] | None = None


class BoardCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Open jobs within the reader's reach, whatever the filter; `done` waits to be closed."""

    open: int
    danger: int
    late: int
    waiting: int
    done: int


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the board. `as_of` is business time, which limits are to be compared with."""

    as_of: datetime
    items: list[WorkOrderView]
    next: str | None
    counts: BoardCounts


class StationChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A station with its grids, for the filters of the board."""

    code: str
    name: str
    grids: list[tuple[str, str]]


class AssignmentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One person who was asked: in which capacity, by whom, and how it ended."""

    name: str
    employee_no: str
    capacity: Capacity
    state: AssignmentState
    offered_at: datetime
    accept_due_at: datetime
    ended_at: datetime | None
    reason: str | None
    chosen_by: str | None


class GridShape(msgspec.Struct, frozen=True, kw_only=True):
    """A grid's outline; `notice` is what has to be shown with it."""

    code: str
    name: str
    shape: GeoJson
    notice: str | None


class JobMark(msgspec.Struct, frozen=True, kw_only=True):
    """An open job on the map."""

    id: UUID
    number: str
    state: WorkOrderState
    priority: Priority
    late: bool
    description: str
    address: str | None
    lat: float
    lon: float


class PersonMark(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody on shift, where they were last seen."""

    staff_id: UUID
    name: str
    open_jobs: int
    lat: float
    lon: float
    accuracy_m: float
    recorded_at: datetime


class MapView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the map draws; `people` is empty for readers who may not see positions."""

    as_of: datetime
    grids: list[GridShape]
    jobs: list[JobMark]
    people: list[PersonMark]

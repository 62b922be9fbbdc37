"""Pure decisions about visits: who is due, who goes where on which day, what is checked by whom."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from grid.customers.types import CustomerTagWord
from grid.territory.authority import ALLOWED, Action
from grid.territory.types import Actor, GridRole, StaffActor, StaffRole, SystemActor
from grid.visits.words import CheckMethod, CheckOutcome, CheckState, FormWord

_T, _F = CustomerTagWord, FormWord

#: Whose visit is special care (特殊群体): planned before everybody else.
CARE_TAGS = frozenset({_T.SPECIAL_GROUP, _T.MEDICAL, _T.LOW_INCOME})

#: The form of a customer: that of the first of these tags that they have.
FORM_OF: tuple[tuple[CustomerTagWord, FormWord], ...] = (
    (_T.MEDICAL, _F.MEDICAL_DEVICE),
    (_T.SPECIAL_GROUP, _F.SPECIAL_CARE),
    (_T.LOW_INCOME, _F.SPECIAL_CARE),
    (_T.IMPORTANT, _F.IMPORTANT),
    (_T.GOVERNMENT, _F.GOVERNMENT),
    (_T.SMALL_BUSINESS, _F.SMALL_BUSINESS),
)


class Cycles(NamedTuple):
    """Months between two visits, by kind of customer."""

    care: int
    business: int
    important: int
    ordinary: int


class Suspicion(NamedTuple):
    """Shorter, farther, faster than this, or the same words within so many days: suspicious."""

    fast_minutes: int
    far_m: int
    travel_kmh_max: int
    copy_days: int


def form_of(tags: Collection[CustomerTagWord]) -> FormWord:
    """The form that is filled in at somebody's door."""
    return next((form for tag, form in FORM_OF if tag in tags), _F.ORDINARY)


def shown_form(form: FormWord, sees_medical: bool) -> FormWord:
    """The form as a reader may know of it: a medical device is nobody's business but theirs."""
    return _F.SPECIAL_CARE if form is _F.MEDICAL_DEVICE and not sees_medical else form


def months_of(tags: Collection[CustomerTagWord], cycles: Cycles) -> int:
    """After how many months somebody is due again; of several tags the shortest cycle holds."""
    found = [cycles.ordinary]
    if CARE_TAGS & set(tags):
        found.append(cycles.care)
    if _T.SMALL_BUSINESS in tags:
        found.append(cycles.business)
    if _T.IMPORTANT in tags or _T.GOVERNMENT in tags:
        found.append(cycles.important)
    return min(found)


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the last of that month: 31 January + 1 is 28 February."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = (date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def month_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def month_day(text: str) -> date:
    """`2026-12` as the first day of that month."""
    return date.fromisoformat(f"{text}-01")


def last_of(month: date) -> date:
    """The last day of a month."""
    return add_months(month, 1) - timedelta(days=1)


class Due(NamedTuple):
    """A household to be visited in a month. `not_for`: relatives among those who visit."""

    account: UUID
    village: str
    district: str
    is_care: bool
    form: FormWord
    due_day: date | None
    not_for: frozenset[UUID] = frozenset()


class Slot(NamedTuple):
    """One person on one day."""

    day: date
    staff: UUID


class Placed(NamedTuple):
    """A household with its day, its person, and its place in their round."""

    due: Due
    slot: Slot
    position: int


def slots_of(days: Sequence[date], people: Sequence[UUID]) -> list[Slot]:
    """Every person on every day, day by day."""
    return [Slot(day, staff) for day in days for staff in people]


def spread(
    due: Sequence[Due], slots: Sequence[Slot], per_day: int, taken: Mapping[Slot, int] | None = None
) -> tuple[list[Placed], list[Due]]:
    """Give each household a day and a person; gives those placed, and those who found no room.

    Special care is placed first and early. A round is worth going when it is at least half full, so
    few households use few days, spread evenly over the month; the same village, and in it the same
    district, goes on the same day as long as there is room. Nobody visits a relative. The order of
    `due` makes no difference.
    """
    load = {slot: (taken or {}).get(slot, 0) for slot in slots}
    free = sum(max(0, per_day - used) for used in load.values())
    goal = _goal(min(len(due), free), len(slots), per_day)
    rounds = _Rounds(_evenly(slots, math.ceil(len(due) / goal) if goal else 0), load, goal, per_day)
    placed, left = list[Placed](), list[Due]()
    for one in sorted(due, key=_order):
        slot = rounds.find(one)
        if slot is None:
            left.append(one)
        else:
            placed.append(Placed(one, slot, rounds.take(slot, one)))
    return placed, left


def _order(one: Due) -> tuple[object, ...]:
    return (
        not one.is_care,
        one.village,
        one.district,
        one.due_day or date.min,
        str(one.account),
    )


def _goal(stops: int, slots: int, per_day: int) -> int:
    """How many stops a round should have."""
    if not slots:
        return 0
    return min(per_day, max(math.ceil(stops / slots), math.ceil(per_day / 2)))


def _evenly(slots: Sequence[Slot], count: int) -> list[Slot]:
    """All slots, the `count` that are spread evenly first."""
    count = min(count, len(slots))
    chosen = [slots[index * len(slots) // count] for index in range(count)] if count else []
    rest = set(chosen)
    return [*chosen, *(slot for slot in slots if slot not in rest)]


class _Rounds:
    """The rounds of a month while they fill: which villages each one goes to."""

    def __init__(
        self, order: Sequence[Slot], load: dict[Slot, int], goal: int, per_day: int
    ) -> None:
        self._order, self._load, self._goal, self._per_day = order, load, goal, per_day
        self._of_village: dict[str, list[Slot]] = defaultdict(list)
        self._first_open = 0

    def find(self, one: Due) -> Slot | None:
        """A round in the same village with room, else the first with room, else one to fill up."""
        for slot in self._of_village[one.village]:
            if self._load[slot] < self._per_day and slot.staff not in one.not_for:
                return slot
        while self._first_open < len(self._order) and self._is_full(self._order[self._first_open]):
            self._first_open += 1
        for slot in self._order[self._first_open :]:
            if not self._is_full(slot) and slot.staff not in one.not_for:
                return slot
        return next(
            (
                slot
                for slot in self._order
                if self._load[slot] < self._per_day and slot.staff not in one.not_for
            ),
            None,
        )

    def take(self, slot: Slot, one: Due) -> int:
        """Put a household into a round; gives its place there, from 1."""
        self._load[slot] += 1
        if slot not in self._of_village[one.village]:
            self._of_village[one.village].append(slot)
        return self._load[slot]

    def _is_full(self, slot: Slot) -> bool:
        return self._load[slot] >= self._goal


def share_of(seed: str, job: UUID) -> float:
    """The number of a job in a month's draw, from 0 to 1: the same for everybody with the seed."""
    digest = hashlib.sha256(f"{seed}:{job}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def drawn(seed: str, percent: int, jobs_by_grid: Mapping[UUID, Collection[UUID]]) -> set[UUID]:
    """The jobs that are checked at random: those below the share, and in every grid at least the
    share rounded up. Anybody can repeat it with the stored seed."""
    found: set[UUID] = set()
    for jobs in jobs_by_grid.values():
        shares = sorted((share_of(seed, job), job) for job in jobs)
        least = math.ceil(len(shares) * percent / 100)
        found |= {job for share, job in shares if share * 100 < percent}
        found |= {job for _, job in shares[:least]}
    return found


def is_impossible(distance_m: float, between_s: float, kmh_max: int) -> bool:
    """Whether nobody could have gone so far between two visits; a kilometre is no proof."""
    if distance_m <= 1000:
        return False
    return between_s <= 0 or distance_m / between_s * 3.6 > kmh_max


def own_part(
    staff_id: UUID, authors: Iterable[UUID], assignees: Iterable[UUID], managers: Iterable[UUID]
) -> str | None:
    """Why somebody may not check a visit: it is their own work, or that of their grid (S5)."""
    if staff_id in set(authors):
        return "author"
    if staff_id in set(assignees):
        return "assignee"
    return "manager" if staff_id in set(managers) else None


def state_after(method: CheckMethod, outcome: CheckOutcome) -> CheckState:
    """How a check stands after a try; whom a call did not reach, somebody has to go and see."""
    if outcome is CheckOutcome.UNREACHABLE and method is CheckMethod.CALL:
        return CheckState.OPEN
    return CheckState(outcome.value)


def may_release(actor: Actor, grid_id: UUID, station_id: UUID) -> bool:
    """A plan is released by the manager of its grid or the head of its station."""
    if not isinstance(actor, StaffActor):
        return isinstance(actor, SystemActor)
    return any(
        held.role is GridRole.MANAGER and held.grid_id == grid_id for held in actor.grid_roles
    ) or any(
        post.role is StaffRole.STATION_HEAD and post.station_id in (None, station_id)
        for post in actor.roles
    )


def sees_money(actor: Actor, grid_id: UUID, station_id: UUID) -> bool:
    """Everybody who reads visits there but the assistant (协管员), who never sees money."""
    if not isinstance(actor, StaffActor):
        return False
    readers = ALLOWED[Action.READ_VISITS] - {GridRole.ASSISTANT}
    return any(
        held.role in readers and held.grid_id == grid_id for held in actor.grid_roles
    ) or any(post.role in readers and post.station_id in (None, station_id) for post in actor.roles)


def may_start(now: datetime, starts_at: datetime | None) -> bool:
    """Whether a planned visit may be reported already: from the day before its day on."""
    return starts_at is None or now >= starts_at - timedelta(days=1)

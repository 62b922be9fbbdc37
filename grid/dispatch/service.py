"""Ranking who could do a job, offering it to the first, and keeping why."""

from uuid import UUID

import msgspec
from asyncpg import Record

from grid.dispatch import tables
from grid.dispatch.policies import Weights, weights_at
from grid.dispatch.rules import Job, Person, rank
from grid.dispatch.types import CandidateView
from grid.geography.types import Place, PlaceClass
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch, fetch_one, insert, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import NotAllowed, NotFound
from grid.territory.authority import Action
from grid.territory.types import Actor, StaffActor, SystemActor
from grid.work_orders.assigning import assign, offer_to
from grid.work_orders.kinds import KINDS
from grid.work_orders.last_step import stale
from grid.work_orders.recording import Choice, lock
from grid.work_orders.rules import WAITING, check_fields, next_state, reaches
from grid.work_orders.steps import check_right
from grid.work_orders.types import AssignByHand, DoVerb, WorkOrderView
from grid.work_orders.words import Capacity, Priority, WorkOrderEvent, WorkOrderKind, WorkOrderState

DISPATCH = SystemActor(name="dispatch")
#: Waiting jobs looked at in one run of the schedule.
WAITING_MAX = 500

#: Kinds that dispatch offers by itself; the others are planned for somebody.
_OFFERED = [kind.value for kind, spec in KINDS.items() if spec.offered]

_PEOPLE = """
SELECT s.id, s.employee_no, s.name, p.capacity,
       EXISTS (SELECT 1 FROM shift f WHERE f.staff = s.id AND f.starts_at <= $4
               AND f.ends_at > $4) AS on_shift,
       ARRAY(SELECT k.skill FROM staff_skill k WHERE k.staff = s.id
             AND k.valid_until >= $5) AS skills,
       EXISTS (SELECT 1 FROM relative_account r JOIN service_account a
               ON a.account_no = r.account_no WHERE r.staff = s.id AND a.id = $3) AS relative,
       EXISTS (SELECT 1 FROM assignment h WHERE h.staff = s.id AND h.work_order = $6
               AND h.state IN ('declined', 'released')
               AND h.ended_at > $4 - make_interval(secs => $7)) AS asked_lately,
       (SELECT count(*) FROM assignment o WHERE o.staff = s.id AND o.work_order <> $6 AND o.state IN
        ('offered', 'accepted', 'en_route', 'on_site', 'working')
        AND (o.state <> 'offered' OR o.accept_due_at IS NOT NULL)) AS open_jobs,
       l.lat, l.lon, l.recorded_at
FROM (
    SELECT DISTINCT ON (staff) staff, capacity FROM (
        SELECT staff, CASE WHEN g.grid = $1 THEN g.role ELSE 'neighbour' END AS capacity,
               CASE WHEN g.grid = $1 THEN 1 ELSE 3 END AS place
        FROM grid_appointment g JOIN service_grid sg ON sg.id = g.grid
        WHERE sg.station = $2 AND g.from_day <= $5 AND (g.until_day IS NULL OR g.until_day > $5)
          AND (g.role = 'manager' OR (g.role = 'assistant' AND g.grid = $1))
        UNION ALL
        SELECT staff, 'crew', 2 FROM staff_role_grant r
        WHERE r.role = 'crew' AND (r.station = $2 OR r.station IS NULL)
          AND r.from_day <= $5 AND (r.until_day IS NULL OR r.until_day > $5)
    ) reachable ORDER BY staff, place
) p JOIN staff s ON s.id = p.staff AND s.state = 'active'
LEFT JOIN last_position l ON l.staff = s.id
WHERE NOT EXISTS (SELECT 1 FROM ticket_accused x JOIN work_order w ON w.ticket = x.ticket
    WHERE w.id = $6 AND x.staff = s.id)
"""


async def candidates(actor: Actor, work_order_id: UUID) -> list[CandidateView]:
    """Everybody who might do the job, ranked, with terms or why not.

    Raises NotFound when the job is not the actor's to see, NotAllowed without the right to assign.
    """
    row = await fetch_one("SELECT * FROM work_order WHERE id = $1", work_order_id)
    if row is None or not reaches(actor, Action.READ_WORK_ORDERS, row["grid"], row["station"]):
        raise NotFound("没有这个工单")
    if not reaches(actor, Action.ASSIGN_WORK, row["grid"], row["station"]):
        raise NotAllowed(action=Action.ASSIGN_WORK.value)
    return await _ranked(row)


async def offer(work_order_id: UUID) -> bool:
    """Offer a waiting job to the best candidate; False when it waits no more or nobody is fit.

    A job whose grid nobody knows waits for a dispatcher, a planned one for its start; a kind that
    is given to somebody when it is planned is never offered. Two at once: the second waits for the
    first and then finds nothing to offer. Raises NotFound.
    """
    async with transaction():
        row = await lock(work_order_id)
        if row["grid"] is None or not await _waits_now(row):
            return False
        found = await _ranked(row)
        best = found[0] if found and found[0].rank == 1 else None
        if best is None:
            return False
        await _keep(DISPATCH, row, found, best.staff_id, best.capacity, None)
        await offer_to(DISPATCH, work_order_id, Choice(best.staff_id, best.capacity, None))
        return True


async def assign_by_hand(
    actor: StaffActor, work_order_id: UUID, command: AssignByHand
) -> WorkOrderView:
    """A dispatcher's choice, kept beside what would have been suggested. Raises as `assign`."""
    async with transaction():
        row = await lock(work_order_id)
        # Before the choice: afterwards the chosen one has one job more and the last one "declined".
        found = await _ranked(row)
        view = await assign(actor, work_order_id, command)
        await _keep(actor, row, found, command.staff_id, Capacity.BY_HAND, command.reason)
        return view


async def reassign(actor: StaffActor, work_order_id: UUID, command: DoVerb) -> WorkOrderView:
    """Take a job from somebody and give it to another; version, person and reason are needed.

    Raises Invalid naming the missing field, StaleVersion, WorkOrderStepNotPossible when nobody has
    it yet, and what `assign` raises.
    """
    check_fields(WorkOrderEvent.REASSIGN, command)
    assert command.staff_id is not None
    async with transaction():
        row = await lock(work_order_id)
        check_right(actor, row, WorkOrderEvent.REASSIGN)
        if row["version"] != command.version:
            raise await stale(row)
        next_state(WorkOrderEvent.REASSIGN, WorkOrderState(row["state"]))
        choice = AssignByHand(staff_id=command.staff_id, reason=command.reason)
        return await assign_by_hand(actor, work_order_id, choice)


async def waiting_jobs(limit: int = WAITING_MAX) -> list[UUID]:
    """Jobs that wait for somebody, danger first, then the oldest; planned ones from their start.

    When more wait than `limit`, every grid's oldest are among them: one grid whose people are all
    busy does not keep the others from being tried again.
    """
    rows = await fetch(
        "SELECT id FROM (SELECT w.id, w.reported_at, w.priority = 'danger' AS danger,"
        " row_number() OVER (PARTITION BY w.grid"
        " ORDER BY (w.priority = 'danger') DESC, w.reported_at, w.id) AS turn"
        " FROM work_order w WHERE w.grid IS NOT NULL"
        " AND w.state IN ('triaged', 'pending_dispatch', 'scheduled')"
        " AND (w.starts_at IS NULL OR w.starts_at <= $2) AND w.kind = ANY($3::varchar[])"
        " ORDER BY 3 DESC, 4, 2, 1 LIMIT $1) looked_at ORDER BY danger DESC, reported_at, id",
        limit,
        await business_now(),
        _OFFERED,
    )
    return [row["id"] for row in rows]


async def _waits_now(row: Record) -> bool:
    if WorkOrderState(row["state"]) not in WAITING or row["kind"] not in _OFFERED:
        return False
    return row["starts_at"] is None or row["starts_at"] <= await business_now()


async def _ranked(row: Record) -> list[CandidateView]:
    now = await business_now()
    weights: Weights = await weights_at(now)
    people = await fetch(
        _PEOPLE,
        row["grid"],
        row["station"],
        row["account"],
        now,
        business_day(now),
        row["id"],
        float(weights.ask_again_s),
    )
    place = None if row["lat"] is None else Place(lat=row["lat"], lon=row["lon"])
    job = Job(
        WorkOrderKind(row["kind"]),
        place,
        PlaceClass(row["place_class"]),
        row["priority"] == Priority.DANGER,
    )
    return rank(job, [_person(person) for person in people], weights, now)


def _person(row: Record) -> Person:
    return Person(
        staff_id=row["id"],
        employee_no=row["employee_no"],
        name=row["name"],
        capacity=Capacity(row["capacity"]),
        on_shift=row["on_shift"],
        skills=frozenset(row["skills"]),
        relative=row["relative"],
        asked_lately=row["asked_lately"],
        open_jobs=row["open_jobs"],
        place=None if row["lat"] is None else Place(lat=row["lat"], lon=row["lon"]),
        place_at=row["recorded_at"],
    )


async def _keep(
    actor: Actor,
    row: Record,
    found: list[CandidateView],
    chosen: UUID | None,
    capacity: Capacity,
    reason: str | None,
) -> None:
    """Keep the candidates of this moment with their terms: what was known when it was decided."""
    await insert(
        tables.DispatchSuggestion,
        id=new_id(),
        work_order=row["id"],
        chosen=chosen,
        capacity=capacity.value,
        made_by=actor.subject,
        made_at=await business_now(),
        reason=reason,
        candidates=msgspec.json.encode(found).decode(),
    )

"""Arrivals of two people that look alike: one phone for both, or one trace for both.

Found after the fact, beside the verb: nobody waits for it. What is found blocks nothing; it is a
line in the history of the later job and a row for the supervisors to ask about.
"""

from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record

from grid.kit import audit
from grid.kit.database import execute, fetch, fetch_one, transaction
from grid.kit.ids import new_id
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.kit.refusals import Invalid, NotAllowed
from grid.territory.authority import Action, visible
from grid.territory.types import StaffActor, SystemActor
from grid.work_orders import policies
from grid.work_orders.recording import Step, lock, say_changed, write_history
from grid.work_orders.types import ArrivalFlagView, DoVerb
from grid.work_orders.words import ArrivalDoubt, WorkOrderEvent, WorkOrderState

ARRIVALS = SystemActor(name="arrivals")
#: The trace of an arrival: positions from so long before it until so long after.
_TRACE_BEFORE, _TRACE_AFTER = timedelta(minutes=30), timedelta(minutes=5)
#: So many different fixes in common are no chance: two phones side by side differ in metres.
_COMMON_FIXES = 3
#: Other arrivals that one is compared with.
_OTHERS_MAX = 500

_WORDS = {
    ArrivalDoubt.SHARED_DEVICE: "与工单{number}的到场使用同一部手机",
    ArrivalDoubt.SAME_TRACE: "与工单{number}的到场轨迹完全相同",
}

_OTHERS = """
SELECT o.work_order, o.staff, w.number,
    $5::varchar IS NOT NULL AND o.facts->>'device' = $5 AS shared_device,
    (SELECT count(DISTINCT (a.lat, a.lon)) FROM position_report a JOIN position_report b
        ON b.lat = a.lat AND b.lon = a.lon
     WHERE a.staff = $2
        AND a.recorded_at BETWEEN $6::timestamptz - $8::interval AND $6 + $9::interval
        AND b.staff = o.staff AND b.recorded_at BETWEEN o.at - $8 AND o.at + $9) AS common
FROM work_order_transition o JOIN work_order w ON w.id = o.work_order
WHERE o.event = 'arrive' AND o.at BETWEEN $3 AND $4 AND o.work_order <> $1 AND o.staff <> $2
ORDER BY o.at DESC LIMIT $7
"""


async def flag_arrival(work_order_id: UUID) -> int:
    """Compare the newest arrival of a job with those of others; how many flags are new."""
    async with transaction():
        row = await lock(work_order_id)
        arrival = await fetch_one(
            "SELECT staff, at, facts->>'device' AS device FROM work_order_transition"
            " WHERE work_order = $1 AND event = 'arrive' ORDER BY version DESC LIMIT 1",
            work_order_id,
        )
        if arrival is None or arrival["staff"] is None:
            return 0
        at: datetime = arrival["at"]
        others = await fetch(
            _OTHERS,
            work_order_id,
            arrival["staff"],
            at - await policies.alike_within(at),
            at,
            arrival["device"],
            at,
            _OTHERS_MAX,
            _TRACE_BEFORE,
            _TRACE_AFTER,
        )
        doubts = [(kind, other) for other in others for kind in _doubts(other)]
        if not doubts:
            return 0
        return await _write(row, arrival["staff"], doubts, at)


def _doubts(other: Record) -> list[ArrivalDoubt]:
    found = []
    if other["shared_device"]:
        found.append(ArrivalDoubt.SHARED_DEVICE)
    if other["common"] >= _COMMON_FIXES:
        found.append(ArrivalDoubt.SAME_TRACE)
    return found


async def _write(
    row: Record, staff_id: UUID, doubts: list[tuple[ArrivalDoubt, Record]], at: datetime
) -> int:
    written = await execute(
        "INSERT INTO arrival_flag (id, kind, work_order, staff, other_work_order, other_staff,"
        " found_at) SELECT f.id, f.kind, $1, $2, f.job, f.person, $3"
        " FROM unnest($4::uuid[], $5::text[], $6::uuid[], $7::uuid[]) AS f(id, kind, job, person)"
        " ON CONFLICT (kind, work_order, other_work_order) DO NOTHING",
        row["id"],
        staff_id,
        at,
        [new_id() for _ in doubts],
        [kind.value for kind, _ in doubts],
        [other["work_order"] for _, other in doubts],
        [other["staff"] for _, other in doubts],
    )
    if not written:
        return 0
    words = ";".join(_WORDS[kind].format(number=other["number"]) for kind, other in doubts)
    version, state = int(row["version"]), WorkOrderState(row["state"])
    facts = {"doubts": sorted({kind.value for kind, _ in doubts})}
    verb = DoVerb(version=version, reason=f"到场存疑:{words}"[:500])
    step = Step(WorkOrderEvent.COMMENT, state, at, verb, facts=facts)
    await write_history(ARRIVALS, row, step, version)
    await say_changed(row, step, version)
    return written


_FLAGS = """
SELECT f.*, w.number, o.number AS other_number, p.name, q.name AS other_name FROM arrival_flag f
JOIN work_order w ON w.id = f.work_order JOIN work_order o ON o.id = f.other_work_order
JOIN staff p ON p.id = f.staff JOIN staff q ON q.id = f.other_staff
WHERE ($1::bool OR w.station = ANY($2::uuid[]) OR w.grid = ANY($3::uuid[]))
    AND ($4::uuid IS NULL OR f.id < $4) AND $5 NOT IN (f.staff, f.other_staff)
ORDER BY f.id DESC LIMIT $6
"""


async def arrival_flags(
    actor: StaffActor, cursor: str | None = None, limit: int = 50
) -> Page[ArrivalFlagView]:
    """Doubtful arrivals where the actor supervises, newest first, never the actor's own. Audited.

    Raises NotAllowed without the right to supervise anywhere, Invalid naming `cursor`.
    """
    reach = visible(actor, Action.SUPERVISE_WORK)
    if not (reach.everything or reach.station_ids or reach.grid_ids):
        raise NotAllowed(action=Action.SUPERVISE_WORK.value)
    before: UUID | None = None
    if cursor is not None:
        (before,) = decode_cursor(cursor, tuple[UUID])
    if not 1 <= limit <= LIMIT_MAX:
        raise Invalid("limit", f"应在 1 到 {LIMIT_MAX} 之间")
    rows = await fetch(_FLAGS, *reach, before, actor.staff_id, limit + 1)
    await audit.record("arrival_flags.read", "work_orders", shown=min(len(rows), limit))
    more = encode_cursor(str(rows[limit - 1]["id"])) if len(rows) > limit else None
    return Page(items=[_flag(row) for row in rows[:limit]], next=more)


def _flag(row: Record) -> ArrivalFlagView:
    return ArrivalFlagView(
        id=row["id"],
        kind=ArrivalDoubt(row["kind"]),
        found_at=row["found_at"],
        work_order_id=row["work_order"],
        number=row["number"],
        staff_name=row["name"],
        other_work_order_id=row["other_work_order"],
        other_number=row["other_number"],
        other_staff_name=row["other_name"],
    )

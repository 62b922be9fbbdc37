"""The map: outlines of grids, open jobs, and where people on shift were last seen."""

from datetime import datetime

import msgspec

from grid.geography.types import GeoJson
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch
from grid.overviews.board import DUE
from grid.overviews.types import GridShape, JobMark, MapView, PersonMark
from grid.overviews.watching import note_watching
from grid.territory.authority import Action, visible
from grid.territory.types import StaffActor
from grid.work_orders.reading import REACHED, STILL_OPEN, scope_args
from grid.work_orders.words import Priority, WorkOrderState

#: Marks of one kind that a map draws.
MARKS_MAX = 500

_GRIDS = """
SELECT g.code, g.name, g.shape FROM service_grid g
WHERE g.shape IS NOT NULL AND g.active_from <= $4
    AND (g.active_until IS NULL OR g.active_until > $4)
    AND ($1::bool OR g.station = ANY($2::uuid[]) OR g.id = ANY($3::uuid[]))
ORDER BY g.code LIMIT $5
"""

_JOBS = f"""
SELECT w.id, w.number, w.state, w.priority, coalesce({DUE} < $5, false) AS late,
    coalesce(t.description, '') AS description, coalesce(a.address, t.address) AS address,
    w.lat, w.lon
FROM work_order w LEFT JOIN ticket t ON t.id = w.ticket
    LEFT JOIN service_account a ON a.id = w.account
WHERE {REACHED} AND {STILL_OPEN} AND w.lat IS NOT NULL
ORDER BY (w.priority = 'danger') DESC, w.reported_at LIMIT $6
"""  # noqa: S608 - put together from constants

_PEOPLE = """
SELECT s.id, s.name, l.lat, l.lon, l.accuracy_m, l.recorded_at,
    (SELECT count(*) FROM work_order w WHERE w.assignee = s.id AND w.state IN
        ('assigned', 'accepted', 'en_route', 'on_site', 'in_progress', 'on_hold')) AS open_jobs
FROM last_position l JOIN staff s ON s.id = l.staff AND s.state = 'active'
WHERE ($1::bool OR s.station = ANY($2::uuid[]))
    AND EXISTS (SELECT 1 FROM shift f WHERE f.staff = s.id
        AND f.starts_at <= $3 AND f.ends_at > $3)
ORDER BY s.employee_no LIMIT $4
"""


async def map_view(actor: StaffActor) -> MapView:
    """What the map draws for this reader. Reading people's positions is audited."""
    now = await business_now()
    return MapView(
        as_of=now,
        grids=await _grids(actor, now),
        jobs=await _jobs(actor, now),
        people=await _people(actor, now),
    )


async def _grids(actor: StaffActor, now: datetime) -> list[GridShape]:
    reach = visible(actor, Action.READ_WORK_ORDERS)
    rows = await fetch(_GRIDS, *reach, business_day(now), MARKS_MAX)
    found = []
    for row in rows:
        shape: GeoJson = msgspec.json.decode(row["shape"])
        notice = shape.get("notice")
        found.append(
            GridShape(
                code=row["code"],
                name=row["name"],
                shape={"type": shape["type"], "coordinates": shape["coordinates"]},
                notice=notice if isinstance(notice, str) else None,
            )
        )
    return found


async def _jobs(actor: StaffActor, now: datetime) -> list[JobMark]:
    rows = await fetch(_JOBS, *scope_args(actor), now, MARKS_MAX)
    return [
        JobMark(
            id=row["id"],
            number=row["number"],
            state=WorkOrderState(row["state"]),
            priority=Priority(row["priority"]),
            late=row["late"],
            description=row["description"],
            address=row["address"],
            lat=row["lat"],
            lon=row["lon"],
        )
        for row in rows
    ]


async def _people(actor: StaffActor, now: datetime) -> list[PersonMark]:
    reach = visible(actor, Action.READ_POSITIONS)
    if not reach.everything and not reach.station_ids:
        return []
    rows = await fetch(_PEOPLE, reach.everything, reach.station_ids, now, MARKS_MAX)
    await note_watching(actor, "positions.read", "staff")
    return [
        PersonMark(
            staff_id=row["id"],
            name=row["name"],
            open_jobs=row["open_jobs"],
            lat=row["lat"],
            lon=row["lon"],
            accuracy_m=row["accuracy_m"],
            recorded_at=row["recorded_at"],
        )
        for row in rows
    ]

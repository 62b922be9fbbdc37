"""A county with a great many open jobs: tickets, jobs and running clocks, loaded by COPY."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from piccolo.columns import JSONB, Boolean, ForeignKey, Timestamptz, Varchar
from piccolo.table import Table

from grid.clocks.tables import SlaClock
from grid.kit.clock import business_now
from grid.kit.database import insert_many, transaction
from grid.kit.ids import new_id
from grid.work_orders.tables import Ticket, WorkOrder
from tests.support.county import Grid, make_grid, make_station

#: Stations of the county, and grids of each.
STATIONS, GRIDS_EACH = 6, 5
#: Jobs that are written by one COPY.
_BATCH = 10_000
_STATES = ("triaged", "pending_dispatch", "assigned", "accepted", "in_progress")

Row = dict[str, Any]


async def make_county() -> list[Grid]:
    """Stations with their grids."""
    stations = [await make_station() for _ in range(STATIONS)]
    return [await make_grid(station) for station in stations for _ in range(GRIDS_EACH)]


async def load_open_jobs(grids: list[Grid], count: int) -> None:
    """So many open jobs over the grids, each with its ticket and two clocks that run."""
    chance, now = random.Random(1), await business_now()
    for start in range(0, count, _BATCH):
        tickets, jobs, clocks = [], [], []
        for number in range(start, min(start + _BATCH, count)):
            ticket, job, ticking = _one(chance, grids[number % len(grids)], number, now)
            tickets.append(ticket)
            jobs.append(job)
            clocks += ticking
        async with transaction():
            for table, rows in ((Ticket, tickets), (WorkOrder, jobs), (SlaClock, clocks)):
                await copy_rows(table, rows)


def _one(
    chance: random.Random, grid: Grid, number: int, now: datetime
) -> tuple[Row, Row, list[Row]]:
    reported = now - timedelta(seconds=chance.randrange(40 * 86400))
    state = chance.choice(_STATES)
    has_somebody = state not in _STATES[:2]
    ticket = {
        "id": new_id(),
        "number": f"BX{number:014}",
        "kind": "fault",
        "channel": "wechat",
        "state": "accepted",
        "description": "全村没电了,变压器有响声",
        "phone": "13812345678",
        "address": "容美镇大溪村三组",
        "grid": grid.id,
        "station": grid.station_id,
        "reported_by": "system:bench",
        "reported_at": reported,
    }
    due = reported + timedelta(minutes=90 + chance.randrange(40 * 1440))
    job = {
        "id": new_id(),
        "number": f"GD{number:014}",
        "ticket": ticket["id"],
        "kind": "fault_repair",
        "state": state,
        "priority": "danger" if number % 5000 == 0 else "urgent",
        "grid": grid.id,
        "station": grid.station_id,
        "place_class": "rural",
        "lat": grid.place.lat,
        "lon": grid.place.lon,
        "assignee": grid.manager if has_somebody else None,
        "reported_at": reported,
        "clock_from": reported,
        "due_at": due,
    }
    return ticket, job, [_clock(job, "arrive", due), _clock(job, "restore", None)]


def _clock(job: Row, target: str, due: datetime | None) -> Row:
    return {
        "id": new_id(),
        "subject": "work_order",
        "subject_id": job["id"],
        "target": target,
        "round": 0,
        "limit_s": 5400,
        "hours": "always",
        "source": "国家电网供电服务十项承诺",
        "started_at": None if due is None else job["reported_at"],
        "due_at": due,
    }


async def copy_rows(table: type[Table], rows: list[Row]) -> None:
    """COPY rows inside the running transaction; what they leave open gets a plain value."""
    columns = list(table._meta.columns)
    names = [column._meta.db_column_name for column in columns]
    plain = [_plain(column) for column in columns]
    await insert_many(
        table,
        names,
        [[row.get(name, value) for name, value in zip(names, plain, strict=True)] for row in rows],
    )


def _plain(column: Any) -> Any:
    if column._meta.null or isinstance(column, ForeignKey):
        return None
    if isinstance(column, Boolean):
        return False
    if isinstance(column, JSONB):
        return "{}"
    if isinstance(column, Timestamptz):
        return datetime(2024, 1, 1, tzinfo=UTC)
    return "-" if isinstance(column, Varchar) else 0

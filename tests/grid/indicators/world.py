"""A made-up county of the winter of 2024, written as raw rows, so that an oracle can count it.

Moments lie on and around the Shanghai midnights of a year, a month and 29 February, and clocks are
stopped exactly at, just before and just after their limits.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from piccolo.columns import JSONB, Boolean, ForeignKey, Timestamptz, Varchar
from piccolo.table import Table

from grid.clocks.tables import SlaClock, SlaPause
from grid.indicators.periods import midnight
from grid.kit.database import fetch, insert_many, transaction
from grid.kit.ids import new_id
from grid.supervision.tables import SupervisionOrder
from grid.work_orders.tables import (
    Assignment,
    Rating,
    Ticket,
    TicketTransition,
    TimeCorrection,
    WorkOrder,
    WorkOrderTransition,
)
from grid.work_orders.times.types import CorrectedField
from grid.work_orders.words import TicketKind, WorkOrderKind
from tests.support.county import Grid, make_grid, make_station
from tests.support.staff import make_crew

TICK = timedelta(microseconds=1)
FIRST, AFTER = date(2023, 12, 28), date(2024, 3, 4)
EDGES = [midnight(day) for day in (date(2024, 1, 1), date(2024, 2, 1), date(2024, 2, 29))] + [
    midnight(date(2024, 3, 1))
]
PERIODS = (
    "2024-02-29",
    "2024-02-28",
    "2023-12-31",
    "2024-01-01",
    "2024-W01",
    "2024-01",
    "2024-02",
    "2023-Q4",
    "2024-Q1",
    "2023",
    "2024",
)

Row = dict[str, Any]


@dataclass
class World:
    """The people, and every raw row by table name."""

    chance: random.Random
    grids: list[Grid]
    staff: list[UUID]
    numbers: dict[UUID, str]
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: type[Table], **values: Any) -> Row:
        row = {"id": new_id(), **values}
        self.rows.setdefault(table._meta.tablename, []).append(row)
        return row

    def of(self, name: str) -> list[Row]:
        return self.rows.get(name, [])

    def moment(self) -> datetime:
        """On an edge, a microsecond beside one, or anywhere in the winter; in whole seconds."""
        if self.chance.random() < 0.4:
            return self.chance.choice(EDGES) + self.chance.choice((-TICK, 0 * TICK, TICK))
        seconds = (AFTER - FIRST).total_seconds()
        return midnight(FIRST) + timedelta(seconds=self.chance.randrange(int(seconds)))

    def subject(self, staff_id: UUID) -> str:
        return f"staff:{self.numbers[staff_id]}"


async def make_world(seed: int, tickets: int = 60) -> World:
    """A county of two stations with two grids each, and so many tickets with what became of them."""
    chance = random.Random(seed)
    stations = [await make_station(), await make_station()]
    grids = [await make_grid(station) for station in (*stations, *stations)]
    staff = [one for grid in grids for one in (grid.manager, grid.assistant, grid.supervisor)]
    staff += [await make_crew(station) for station in stations]
    known = await fetch("SELECT id, employee_no FROM staff WHERE id = ANY($1::uuid[])", staff)
    world = World(chance, grids, staff, {row["id"]: row["employee_no"] for row in known})
    for number in range(tickets):
        _ticket(world, number)
    for number in range(tickets // 4):
        _job(world, None, f"O{number}")
    await store(world)
    return world


def _ticket(world: World, number: int) -> None:
    chance = world.chance
    kind = chance.choice([*TicketKind, TicketKind.FAULT, TicketKind.COMPLAINT])
    grid = chance.choice([*world.grids, *world.grids, None])
    staff = chance.choice(world.staff)
    others = world.of("ticket")
    ticket = world.add(
        Ticket,
        number=f"W{number}-{chance.randrange(10**9)}",
        kind=kind.value,
        channel="phone",
        state="closed",
        description="-",
        grid=None if grid is None else grid.id,
        station=None if grid is None else grid.station_id,
        reported_by="system:test",
        reported_at=world.moment(),
        sealed=kind is TicketKind.TIP_OFF,
        handler=chance.choice([staff, None]),
        parent=chance.choice(others)["id"] if others and chance.random() < 0.1 else None,
        callback=chance.choice(["satisfied", "not_solved", "no_answer", None]),
    )
    for target in ("first_contact", "answer", "callback"):
        _clock(world, "ticket", ticket["id"], target)
    _steps(world, ticket)
    for count in range(chance.choice((0, 1, 1, 2))):
        _job(world, ticket, f"{number}.{count}")
    if chance.random() < 0.5:
        world.add(
            Rating,
            ticket=ticket["id"],
            work_order=None,
            stars=chance.randint(1, 5),
            rated_at=world.moment(),
        )
    if chance.random() < 0.3:
        _pause(world, "ticket", ticket["id"])
    if chance.random() < 0.2:
        _escalated(world, ticket["id"], None)


def _steps(world: World, ticket: Row) -> None:
    chance, at, version = world.chance, world.moment(), 0

    def step(event: str, when: datetime, **facts: str) -> None:
        nonlocal version
        version += 1
        world.add(
            TicketTransition,
            ticket=ticket["id"],
            version=version,
            event=event,
            to_state="accepted",
            actor="system:test",
            at=when,
            facts="{}" if not facts else str(facts).replace("'", '"'),
            _facts=facts,
        )

    if chance.random() < 0.3:
        step("reclassify", at, from_kind=chance.choice(["complaint", "opinion"]))
    for _ in range(chance.choice((0, 1, 1, 2))):
        if chance.random() < 0.6:
            step("callback", at, outcome=chance.choice(["satisfied", "unsatisfied", "no_answer"]))
        step("archive", at)
        if chance.random() < 0.4:
            after = timedelta(hours=72) + chance.choice((-TICK, 0 * TICK, TICK))
            at += chance.choice((after, timedelta(hours=1), timedelta(days=9)))
            step("reopen", at)


def _job(world: World, ticket: Row | None, number: str) -> None:
    chance = world.chance
    grid = chance.choice(world.grids)
    job = world.add(
        WorkOrder,
        number=f"J{number}-{chance.randrange(10**9)}",
        ticket=None if ticket is None else ticket["id"],
        kind=chance.choice(("fault_repair", "fault_repair", *WorkOrderKind)),
        state="closed",
        priority="normal",
        grid=grid.id,
        station=grid.station_id,
        place_class=chance.choice(("city", "rural", "remote")),
        reported_at=world.moment(),
        clock_from=world.moment(),
    )
    for target in ("accept", "arrive", "restore", "complete"):
        _clock(world, "work_order", job["id"], target)
    for _ in range(chance.choice((0, 1, 2))):
        own = [grid.manager, grid.assistant]
        world.add(
            Assignment,
            work_order=job["id"],
            staff=chance.choice([*own, *own, *world.staff]),
            capacity="by_hand",
            state=chance.choice(("finished", "finished", "declined")),
            offered_at=world.moment(),
            ended_at=world.moment(),
            chosen_by="system:test",
        )
    if chance.random() < 0.6:
        world.add(
            WorkOrderTransition,
            work_order=job["id"],
            version=1,
            event="arrive",
            to_state="on_site",
            actor="system:test",
            staff=chance.choice(world.staff),
            at=world.moment(),
            grade=chance.choice(("strong", "weak", "disputed")),
        )
    if chance.random() < 0.7:
        world.add(
            WorkOrderTransition,
            work_order=job["id"],
            version=2,
            event=chance.choice(("complete", "complete", "cannot-complete", "cancel", "comment")),
            to_state="closed",
            actor="system:test",
            staff=chance.choice(world.staff),
            at=world.moment(),
        )
    if chance.random() < 0.4:
        _pause(world, "work_order", job["id"])
    if chance.random() < 0.3:
        _correction(world, job["id"])
    if chance.random() < 0.1:
        _escalated(world, None, job["id"])


def _clock(world: World, subject: str, subject_id: UUID, target: str) -> None:
    chance = world.chance
    for round_ in range(chance.choice((0, 1, 1, 2))):
        started, limit_s = world.moment(), chance.choice((180, 2700, 86400))
        due = started + timedelta(seconds=limit_s + chance.choice((0, 0, 600)))
        end = due + chance.choice((-TICK, 0 * TICK, TICK, timedelta(hours=-1), timedelta(days=3)))
        end = max(started, chance.choice((end, started + timedelta(seconds=limit_s))))
        how = chance.choice(("stopped", "stopped", "given_up", "running", "waiting"))
        world.add(
            SlaClock,
            subject=subject,
            subject_id=subject_id,
            target=target,
            round=round_,
            limit_s=limit_s,
            hours=chance.choice(("always", "always", "workdays")),
            source="-",
            started_at=None if how == "waiting" else started,
            due_at=None if how == "waiting" else due,
            stopped_at=end if how == "stopped" else None,
            given_up_at=end if how == "given_up" else None,
        )


def _pause(world: World, subject: str, subject_id: UUID) -> None:
    chance, from_at = world.chance, world.moment()
    asked, decided = chance.sample(world.staff, 2)
    box = from_at + timedelta(hours=chance.randint(1, 50))
    world.add(
        SlaPause,
        subject=subject,
        subject_id=subject_id,
        reason="weather",
        words="-",
        targets="[]",
        state=chance.choice(("ended", "ended", "requested", "refused")),
        from_at=from_at,
        box_until=box,
        ended_at=chance.choice((None, box - timedelta(minutes=30), box + timedelta(minutes=5))),
        requested_by=world.subject(asked),
        requested_at=from_at,
        decided_by=chance.choice((None, world.subject(decided))),
    )


def _correction(world: World, job: UUID) -> None:
    chance = world.chance
    at, (asked, decided) = world.moment(), chance.sample(world.staff, 2)
    world.add(
        TimeCorrection,
        work_order=job,
        field=CorrectedField.ARRIVED_AT.value,
        old_at=at,
        new_at=at,
        reason="-",
        state=chance.choice(("approved", "refused")),
        proposed_by=world.subject(asked),
        proposed_at=at,
        decided_by=world.subject(decided),
    )


def _escalated(world: World, ticket: UUID | None, job: UUID | None) -> None:
    chance, at = world.chance, world.moment()
    world.add(
        SupervisionOrder,
        number=f"S{chance.randrange(10**12)}",
        origin=f"o{chance.randrange(10**12)}",
        ticket=ticket,
        work_order=job,
        sealed=False,
        cause=chance.choice(("breach", "by_hand", "sos")),
        level=chance.choice(("grid", "station", "county")),
        state="open",
        words="-",
        opened_by="system:test",
        opened_at=at,
        level_since=at,
        answer_due_at=at,
    )


_TABLES: tuple[type[Table], ...] = (
    Ticket,
    WorkOrder,
    Assignment,
    WorkOrderTransition,
    TicketTransition,
    Rating,
    SlaClock,
    SlaPause,
    TimeCorrection,
    SupervisionOrder,
)


async def store(world: World, tables: Sequence[type[Table]] = _TABLES) -> None:
    """COPY every row; what a row leaves open gets a plain value of its column's type."""
    async with transaction():
        for table in tables:
            columns = list(table._meta.columns)
            names = [column._meta.db_column_name for column in columns]
            rows = [
                [row.get(n, _plain(column)) for n, column in zip(names, columns, strict=True)]
                for row in world.of(table._meta.tablename)
            ]
            await insert_many(table, names, rows)


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

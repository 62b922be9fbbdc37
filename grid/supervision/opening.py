"""Opening an order: from a clock, from what happened in the field, or by hand.

Every function here runs inside the transaction of a verb or a reaction, with the matter locked
first (job, then ticket, then order): so two workers that hear of the same breach make one order,
and PostgreSQL refuses a second one beside (W3).
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.clocks.types import ClockBreached, ClockNearBreach, Subject, Target
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch_one, insert
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.supervision import tables
from grid.supervision.matters import Matter, lock_matter, mark, offender_at
from grid.supervision.policies import answer_limit
from grid.supervision.recipients import people_of
from grid.supervision.recording import Line, lines_of, move_to, write_lines
from grid.supervision.rules import FIRST_LEVEL, asked_from
from grid.supervision.types import (
    Cause,
    Level,
    OrderState,
    SupervisionEvent,
    SupervisionOpened,
)
from grid.territory.types import SystemActor
from grid.work_orders.opening import number_of

SUPERVISION = SystemActor(name="supervision")

TARGET_WORDS = {
    Target.ACCEPT: "接单",
    Target.ARRIVE: "到达",
    Target.RESTORE: "复电",
    Target.COMPLETE: "完成",
    Target.FIRST_CONTACT: "首次联系",
    Target.ANSWER: "答复",
    Target.CALLBACK: "回访",
}


class NewOrder(NamedTuple):
    """An order that is about to be written; `clock` names the limit it is about."""

    cause: Cause
    origin: str
    words: str
    opened_by: str
    offender: UUID | None = None
    clock: UUID | None = None
    target: Target | None = None
    due_at: datetime | None = None


async def order_of(origin: str) -> Record | None:
    """The order with this origin, if there is one."""
    return await fetch_one("SELECT * FROM supervision_order WHERE origin = $1", origin)


async def write_order(matter: Matter, new: NewOrder, now: datetime) -> UUID:
    """Write an order with its first level that has somebody to ask, its history, its event."""
    order_id = new_id()
    people = await people_of(
        matter.grid, matter.station, matter.sealed, _kept_out(matter, new), business_day(now)
    )
    passed = asked_from(FIRST_LEVEL[new.cause], {level: set(people[level]) for level in Level})
    first = Line(SupervisionEvent.OPEN, None, OrderState.OPEN, None, passed[0], new.words)
    lines = lines_of(first, passed, people, OrderState.OPEN)
    await _insert(order_id, matter, new, passed[-1], len(lines) - 1, now)
    await write_lines(new.opened_by, order_id, lines, 0, now)
    await say(
        SupervisionOpened(
            order_id=order_id,
            grid_id=matter.grid,
            cause=new.cause,
            level=passed[-1],
            sealed=matter.sealed,
        )
    )
    return order_id


def _kept_out(matter: Matter, new: NewOrder) -> set[UUID]:
    return {*matter.accused, *(() if new.offender is None else (new.offender,))}


async def _insert(
    order_id: UUID, matter: Matter, new: NewOrder, level: Level, version: int, now: datetime
) -> None:
    await insert(
        tables.SupervisionOrder,
        id=order_id,
        number=await number_of("DB", "supervision_number", now),
        origin=new.origin,
        work_order=matter.work_order_id,
        ticket=matter.ticket_id,
        grid=matter.grid,
        station=matter.station,
        sealed=matter.sealed,
        cause=new.cause.value,
        clock=new.clock,
        target=None if new.target is None else new.target.value,
        due_at=new.due_at,
        offender=new.offender,
        level=level.value,
        state=OrderState.OPEN.value,
        words=new.words,
        opened_by=new.opened_by,
        opened_at=now,
        level_since=now,
        answer_due_at=now + await answer_limit(new.cause, level, now),
        version=version,
    )


async def open_for_clock(event: ClockBreached | ClockNearBreach) -> None:
    """One order for a limit: a near breach, raised when the breach comes while it is not closed.

    Said again, or in the wrong order, the events change nothing. Of a clock that belongs to
    neither job nor ticket nothing is known here: its own room opens an order about its ticket.
    """
    if event.subject not in (Subject.WORK_ORDER, Subject.TICKET):
        return
    matter = await lock_matter(event.subject, event.subject_id)
    await open_about_clock(matter, event, TARGET_WORDS[event.target])


async def open_about_clock(
    matter: Matter, event: ClockBreached | ClockNearBreach, what: str
) -> None:
    """Like `open_for_clock`, for a matter that is locked already; `what` names the limit."""
    is_breach = isinstance(event, ClockBreached)
    cause = Cause.BREACH if is_breach else Cause.NEAR_BREACH
    before = await fetch_one(
        "SELECT * FROM supervision_order WHERE clock = $1"
        " ORDER BY (cause = 'breach') DESC, id DESC LIMIT 1 FOR UPDATE",
        event.clock_id,
    )
    if before is not None and (not is_breach or before["cause"] == Cause.BREACH):
        return
    now = await business_now()
    offender = await offender_at(matter, min(now, event.due_at))
    new = NewOrder(
        cause,
        f"clock:{event.clock_id}:{cause.value}",
        f"{what}时限{'已超过' if is_breach else '将到期'}",
        SUPERVISION.subject,
        offender,
        event.clock_id,
        event.target,
        event.due_at,
    )
    if before is not None and before["state"] != OrderState.CLOSED:
        await _raise(matter, before, new, now)
        return
    order_id = await write_order(matter, new, now)
    await _mark(matter, order_id, new.words, now)


async def _raise(matter: Matter, row: Record, new: NewOrder, now: datetime) -> None:
    """A near breach became one: the same order, asked anew at the level where it stands."""
    people = await people_of(
        matter.grid, matter.station, matter.sealed, _kept_out(matter, new), business_day(now)
    )
    level, state = Level(row["level"]), OrderState(row["state"])
    passed = asked_from(level, {one: set(people[one]) for one in Level})
    first = Line(SupervisionEvent.RAISE, state, OrderState.OPEN, level, level, new.words)
    await execute(
        "UPDATE supervision_order SET origin = $2, offender = $3, words = $4 WHERE id = $1",
        row["id"],
        new.origin,
        new.offender,
        new.words,
    )
    lines = lines_of(first, passed, people, OrderState.OPEN)
    await move_to(SUPERVISION.subject, row, lines, now, new.cause)
    await _mark(matter, row["id"], new.words, now)


async def open_once(matter: Matter, new: NewOrder) -> UUID | None:
    """An order of a cause that needs no second while one is open; gives None when one is.

    The open one gets a line that says it again.
    """
    now = await business_now()
    before = await fetch_one(
        "SELECT * FROM supervision_order WHERE cause = $1 AND state <> 'closed'"
        " AND work_order IS NOT DISTINCT FROM $2 AND ticket IS NOT DISTINCT FROM $3 FOR UPDATE",
        new.cause.value,
        matter.work_order_id,
        matter.ticket_id,
    )
    if before is None:
        order_id = await write_order(matter, new, now)
        await _mark(matter, order_id, new.words, now)
        return order_id
    level, state = Level(before["level"]), OrderState(before["state"])
    line = Line(SupervisionEvent.COMMENT, state, state, level, level, new.words)
    version = int(before["version"]) + 1
    await write_lines(new.opened_by, before["id"], [line], version, now)
    await execute("UPDATE supervision_order SET version = $2 WHERE id = $1", before["id"], version)
    return None


async def _mark(matter: Matter, order_id: UUID, words: str, now: datetime) -> None:
    row = await fetch_one("SELECT number FROM supervision_order WHERE id = $1", order_id)
    assert row is not None
    await mark(SUPERVISION, matter, f"督办 {row['number']}:{words}", now)

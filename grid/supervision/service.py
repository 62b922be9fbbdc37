"""The verbs of supervision: open by hand, answer, close, reject, comment; and climb."""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.clocks.types import Subject
from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch_one, transaction
from grid.kit.outbox import say
from grid.kit.refusals import Invalid, NotAllowed, NotFound, StaleVersion
from grid.supervision.matters import Matter, lock_matter, mark, offender_at
from grid.supervision.opening import NewOrder, write_order
from grid.supervision.reading import standing_of, view_one
from grid.supervision.recipients import people_of
from grid.supervision.recording import Line, lines_of, lock_order, move_to, write_lines
from grid.supervision.rules import (
    VERBS,
    SupervisionStepNotPossible,
    above,
    asked_from,
    check_may,
    next_order_state,
    posts_of,
)
from grid.supervision.types import (
    Cause,
    DoSupervision,
    Level,
    OpenSupervision,
    OrderState,
    SupervisionClosed,
    SupervisionEvent,
    SupervisionView,
)
from grid.territory.authority import Action
from grid.territory.types import StaffActor, SystemActor
from grid.work_orders.rules import reaches
from grid.work_orders.tickets.accused import reaches_ticket

_E = SupervisionEvent

ESCALATION = SystemActor(name="escalation")


async def open_supervision(actor: StaffActor, command: OpenSupervision) -> SupervisionView:
    """A supervisor asks by hand; the matter's own history says so.

    Raises Invalid naming `work_order_id` unless exactly one of the two is given, NotFound (not
    yours to see, sealed, or about yourself), NotAllowed.
    """
    if (command.work_order_id is None) == (command.ticket_id is None):
        raise Invalid("work_order_id", "请选择一个工单或一个诉求,只能选一个")
    async with transaction():
        if command.work_order_id is not None:
            matter = await lock_matter(Subject.WORK_ORDER, command.work_order_id)
        else:
            assert command.ticket_id is not None
            matter = await lock_matter(Subject.TICKET, command.ticket_id)
        _check_reach(actor, matter)
        now = await business_now()
        offender = await offender_at(matter, now)
        if offender == actor.staff_id:
            raise NotAllowed("不能督办自己经办的事项")
        version = await mark(actor, matter, command.words, now)
        # The reaction to this very step finds the order by its origin and makes no second one.
        new = NewOrder(
            Cause.BY_HAND,
            f"{matter.subject.value}:{matter.row['id']}:{version}",
            command.words,
            actor.subject,
            offender,
        )
        order_id = await write_order(matter, new, now)
        await audit.record("supervision.opened", str(order_id))
        return await view_one(actor, order_id)


def _check_reach(actor: StaffActor, matter: Matter) -> None:
    hidden = matter.sealed and not posts_of(actor).auditor
    accused = actor.staff_id in matter.accused
    if hidden or accused:
        raise NotFound("没有这个事项")
    if not _reached(actor, Action.READ_WORK_ORDERS, matter):
        raise NotFound("没有这个事项")
    if not _reached(actor, Action.SUPERVISE_WORK, matter):
        raise NotAllowed(action=Action.SUPERVISE_WORK.value)


def _reached(actor: StaffActor, action: Action, matter: Matter) -> bool:
    """A ticket that was raised past a grid or a station is not theirs to supervise either."""
    if matter.subject is Subject.TICKET:
        return reaches_ticket(actor, action, matter.row)
    return reaches(actor, action, matter.grid, matter.station)


async def take_supervision_step(
    actor: StaffActor, order_id: UUID, event: SupervisionEvent, command: DoSupervision
) -> SupervisionView:
    """One step of a person: answer, close, reject (back to open), comment; always with words.

    Raises NotFound (not yours to see), SupervisionStepNotPossible, NotForTheOffender, NotAskedYet,
    StaleVersion.
    """
    if event not in VERBS:
        raise NotFound("没有这个操作")
    async with transaction():
        row = await lock_order(order_id)
        view = await view_one(actor, order_id)
        if event is _E.ANSWER and view.answered_by_name and view.state is not OrderState.OPEN:
            raise SupervisionStepNotPossible(
                f"{view.answered_by_name}已经回复", state=view.state.value
            )
        to_state = next_order_state(event, view.state)
        check_may(actor, event, await standing_of(row))
        if command.version not in (None, row["version"]):
            raise StaleVersion(version=row["version"])
        now = await business_now()
        if event is _E.REJECT:
            await _ask_again(actor, row, command.words, now)
        else:
            await _write(actor, row, event, to_state, command.words, now)
        return await view_one(actor, order_id)


async def _write(
    actor: StaffActor,
    row: Record,
    event: SupervisionEvent,
    to_state: OrderState,
    words: str,
    now: datetime,
) -> None:
    level, version = Level(row["level"]), int(row["version"]) + 1
    line = Line(event, OrderState(row["state"]), to_state, level, level, words)
    await write_lines(actor.subject, row["id"], [line], version, now)
    values: dict[str, object] = {"state": to_state.value, "version": version}
    if event is _E.ANSWER:
        values |= {"answer": words, "answered_by": actor.subject, "answered_at": now}
    elif event is _E.CLOSE:
        values |= {"closed_by": actor.subject, "closed_at": now}
    sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, 2))
    await execute(
        f"UPDATE supervision_order SET {sets} WHERE id = $1",  # noqa: S608 - our names
        row["id"],
        *values.values(),
    )
    if event is _E.CLOSE:
        await say(SupervisionClosed(order_id=row["id"], grid_id=row["grid"], sealed=row["sealed"]))


async def _ask_again(actor: StaffActor, row: Record, words: str, now: datetime) -> None:
    """The answer was not good: the same level has its whole time again."""
    people = await _people(row, now)
    level = Level(row["level"])
    line = Line(
        _E.REJECT,
        OrderState(row["state"]),
        OrderState.OPEN,
        level,
        level,
        words,
        sorted(people[level]),
    )
    await move_to(actor.subject, row, [line], now)


async def _people(row: Record, now: datetime) -> dict[Level, dict[UUID, str]]:
    standing = await standing_of(row)
    return await people_of(
        row["grid"], row["station"], row["sealed"], standing.kept_out, business_day(now)
    )


async def climb(order_id: UUID) -> bool:
    """One level up, when nobody answered in time; at the county it stays and is counted.

    False when somebody answered meanwhile, or another worker was faster.
    """
    async with transaction():
        row = await fetch_one(
            "SELECT * FROM supervision_order WHERE id = $1 AND state = 'open' FOR UPDATE", order_id
        )
        now = await business_now()
        if row is None or row["answer_due_at"] > now or row["county_missed_at"] is not None:
            return False
        level = Level(row["level"])
        higher = above(level)
        if higher is None:
            await _leave_at_county(row, now)
            return True
        people = await _people(row, now)
        passed = asked_from(higher, {one: set(people[one]) for one in Level})
        first = Line(_E.ESCALATE, OrderState.OPEN, OrderState.OPEN, level, higher, "时限内没有回复")
        lines = lines_of(first, passed, people, OrderState.OPEN)
        await move_to(ESCALATION.subject, row, lines, now)
        return True


async def _leave_at_county(row: Record, now: datetime) -> None:
    line = Line(
        _E.OVERDUE,
        OrderState.OPEN,
        OrderState.OPEN,
        Level.COUNTY,
        Level.COUNTY,
        "县公司时限内没有回复",
    )
    version = int(row["version"]) + 1
    await write_lines(ESCALATION.subject, row["id"], [line], version, now)
    await execute(
        "UPDATE supervision_order SET county_missed_at = $2, version = $3 WHERE id = $1",
        row["id"],
        now,
        version,
    )

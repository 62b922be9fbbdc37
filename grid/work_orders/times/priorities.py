"""Another priority for a job: other limits, the same start and the same pauses."""

from uuid import UUID

from asyncpg import Record

from grid.clocks.policies import Facts, limits_at
from grid.clocks.service import relimit
from grid.clocks.types import Subject
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch_value, transaction
from grid.kit.outbox import say
from grid.kit.refusals import NotAllowed, Refusal
from grid.territory.authority import Action
from grid.territory.types import StaffActor
from grid.work_orders.events import DangerReported
from grid.work_orders.last_step import stale
from grid.work_orders.opening import tags_of
from grid.work_orders.reading import view_one
from grid.work_orders.recording import Step, write_step
from grid.work_orders.rules import OVER, reaches
from grid.work_orders.times.pausing import locked
from grid.work_orders.times.types import ChangePriority
from grid.work_orders.types import DoVerb, WorkOrderView
from grid.work_orders.words import Priority, WorkOrderEvent, WorkOrderState


class PriorityNotChanged(Refusal):
    """The job is over, or has this priority already."""

    title = "不能改为这个优先级"


async def change_priority(
    actor: StaffActor, work_order_id: UUID, command: ChangePriority
) -> WorkOrderView:
    """Give a job that is not over another priority, with the limits of its intake for it.

    A new limit that has passed already stands, and its breach is recorded now. Raises NotFound,
    NotAllowed, StaleVersion, PriorityNotChanged.
    """
    async with transaction():
        row = (await locked(actor, Subject.WORK_ORDER, work_order_id)).row
        if not reaches(actor, Action.ASSIGN_WORK, row["grid"], row["station"]):
            raise NotAllowed(action=Action.ASSIGN_WORK.value)
        if row["version"] != command.version:
            raise await stale(row)
        state, old = WorkOrderState(row["state"]), Priority(row["priority"])
        if state in OVER or old is command.priority:
            raise PriorityNotChanged(state=state.value, priority=old.value)
        now = await business_now()
        limits = await limits_at(row["clock_from"], await _facts(row, command.priority))
        due_at = await relimit(Subject.WORK_ORDER, row["id"], limits, now)
        step = Step(
            WorkOrderEvent.COMMENT,
            state,
            now,
            DoVerb(version=row["version"], reason=command.reason),
            also={"priority": command.priority.value, "due_at": due_at},
            facts={"priority_from": old, "priority_to": command.priority},
        )
        await write_step(actor, row, step)
        await _ask_in_time(row["id"])
        if command.priority is Priority.DANGER and row["ticket"] is not None:
            await say(
                DangerReported(
                    ticket_id=row["ticket"], work_order_id=row["id"], grid_id=row["grid"]
                )
            )
        return await view_one(actor, work_order_id)


async def _facts(row: Record, priority: Priority) -> Facts:
    station = await fetch_value("SELECT code FROM supply_station WHERE id = $1", row["station"])
    return Facts(
        kind=row["kind"],
        place_class=row["place_class"],
        priority=priority.value,
        tags=await tags_of(row["account"], business_day(row["clock_from"])),
        station_code=station,
    )


async def _ask_in_time(work_order_id: UUID) -> None:
    """An open offer is silent after the limit that holds now."""
    await execute(
        "UPDATE assignment a SET accept_due_at = c.due_at FROM sla_clock c"
        " WHERE a.work_order = $1 AND a.state = 'offered' AND c.subject_id = $1"
        " AND c.target = 'accept' AND c.started_at IS NOT NULL AND c.stopped_at IS NULL"
        " AND c.given_up_at IS NULL",
        work_order_id,
    )

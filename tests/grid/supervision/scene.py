"""A job with a clock that runs out, the people of three levels, and orders as they are stored."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.clocks.types import ClockBreached, ClockNearBreach, Subject, Target
from grid.dispatch.service import offer
from grid.kit.clock import business_now
from grid.kit.database import fetch, transaction
from grid.supervision.opening import open_for_clock
from grid.territory.types import StaffActor, StaffRole
from grid.work_orders.intake import report_fault
from grid.work_orders.types import WorkOrderView
from tests.grid.work_orders.scene import Scene, fault, job_id, make_scene, offered
from tests.support.homes import link, make_account, make_customer
from tests.support.staff import actor_of, make_dispatcher, make_staff


class Levels(NamedTuple):
    """The people who answer at each level, beside the job's own scene."""

    scene: Scene
    job: WorkOrderView
    supervisor: StaffActor
    head: StaffActor
    county: StaffActor


async def make_levels() -> Levels:
    """A job that dispatch offered to the manager, with a head and a dispatcher of the county."""
    scene = await make_scene()
    job = await offered(scene)
    head = await make_staff(scene.grid.station_id, roles=(StaffRole.STATION_HEAD,))
    return Levels(
        scene,
        job,
        await actor_of(scene.grid.supervisor),
        await actor_of(head),
        await make_dispatcher(),
    )


async def another_job(scene: Scene) -> UUID:
    """One more job of the same grid, for another home, offered to somebody."""
    home, customer = await make_account(scene.grid), make_customer()
    await link(customer, home)
    job = job_id(await report_fault(customer, fault(home)))
    await offer(job)
    return job


async def clock_of(subject_id: UUID, target: Target) -> Record:
    """The stored clock of a matter."""
    (row,) = await fetch(
        "SELECT * FROM sla_clock WHERE subject_id = $1 AND target = $2", subject_id, target.value
    )
    return row


async def breach_of(job: UUID, target: Target = Target.ARRIVE) -> ClockBreached:
    """What the clocks' schedule says of a limit that has passed."""
    row = await clock_of(job, target)
    due_at = row["due_at"] or await business_now() - timedelta(minutes=1)
    return ClockBreached(
        clock_id=row["id"],
        subject=Subject(row["subject"]),
        subject_id=job,
        target=target,
        due_at=due_at,
    )


async def near_of(job: UUID, target: Target = Target.ARRIVE) -> ClockNearBreach:
    """What the clocks' schedule says of a limit that is near."""
    event = await breach_of(job, target)
    return ClockNearBreach(**{name: getattr(event, name) for name in event.__struct_fields__})


async def hear(event: ClockBreached | ClockNearBreach) -> None:
    """The reaction, in a transaction of its own."""
    async with transaction():
        await open_for_clock(event)


async def orders() -> list[Record]:
    return await fetch("SELECT * FROM supervision_order ORDER BY id")


async def the_order() -> Record:
    (row,) = await orders()
    return row


async def history_of(order: UUID) -> list[Record]:
    return await fetch(
        "SELECT * FROM supervision_transition WHERE supervision_order = $1 ORDER BY version", order
    )

"""A grid with a home whose supply failed, and the ways to walk its job along."""

from collections import Counter
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.dispatch.service import offer
from grid.geography.types import Place
from grid.kit.database import fetch, fetch_one
from grid.territory.types import CustomerActor, StaffActor
from grid.work_orders.intake import report_fault
from grid.work_orders.reading import view_one
from grid.work_orders.steps import take_step
from grid.work_orders.tickets.types import ReportFault, TicketView
from grid.work_orders.types import DevicePosition, DoVerb, WorkOrderView
from grid.work_orders.words import Channel, WorkOrderEvent
from tests.support.county import Grid, make_grid
from tests.support.homes import Home, link, make_account, make_customer
from tests.support.staff import actor_of, make_dispatcher

#: The way from offered to completed, in the order of the table.
WAY = ("accept", "depart", "arrive", "start", "restore", "complete")


class Scene(NamedTuple):
    """Who takes part: a home, its customer, the grid's manager, the station's dispatcher."""

    grid: Grid
    home: Home
    customer: CustomerActor
    manager: StaffActor
    dispatcher: StaffActor


async def make_scene() -> Scene:
    grid = await make_grid()
    home, customer = await make_account(grid), make_customer()
    await link(customer, home)
    dispatcher = await make_dispatcher(grid.station_id)
    return Scene(grid, home, customer, await actor_of(grid.manager), dispatcher)


def fault(home: Home | None = None, **more: object) -> ReportFault:
    """What somebody tells; by default over WeChat."""
    known = {} if home is None else {"account_no": home.account_no}
    return msgspec.convert(
        {"description": "没电了", "channel": Channel.WECHAT.value, **known, **more},
        type=ReportFault,
        from_attributes=True,
    )


async def told(scene: Scene, **more: object) -> TicketView:
    """The customer reports their home."""
    return await report_fault(scene.customer, fault(scene.home, **more))


def job_id(ticket: TicketView) -> UUID:
    assert ticket.work_order_id is not None
    return ticket.work_order_id


def at(place: Place, accuracy_m: float = 10.0, *, mock: bool = False) -> DevicePosition:
    return DevicePosition(lat=place.lat, lon=place.lon, accuracy_m=accuracy_m, mock=mock)


async def step(
    actor: StaffActor, job: WorkOrderView, event: str, **fields: object
) -> WorkOrderView:
    """One step from the job as it was read."""
    command = msgspec.convert({"version": job.version, **fields}, type=DoVerb, from_attributes=True)
    return await take_step(actor, job.id, WorkOrderEvent(event), command)


async def offered(scene: Scene, **more: object) -> WorkOrderView:
    """A new fault that dispatch offered to the manager."""
    job = job_id(await told(scene, **more))
    assert await offer(job)
    return await view_one(scene.manager, job)


async def walked(scene: Scene, job: WorkOrderView, until: str) -> WorkOrderView:
    """The manager walks an offered job until (and with) a verb of WAY."""
    fields: dict[str, dict[str, object]] = {
        "arrive": {"position": at(scene.home.place)},
        "complete": {"resolution": "更换保险丝"},
    }
    for verb in WAY[: WAY.index(until) + 1]:
        job = await step(scene.manager, job, verb, **fields.get(verb, {}))
    return job


async def completed(scene: Scene) -> WorkOrderView:
    return await walked(scene, await offered(scene), "complete")


async def row_of(job: UUID) -> Record:
    row = await fetch_one("SELECT * FROM work_order WHERE id = $1", job)
    assert row is not None
    return row


async def history_of(job: UUID) -> list[Record]:
    return await fetch(
        "SELECT * FROM work_order_transition WHERE work_order = $1 ORDER BY version, at, id", job
    )


async def assignments_of(job: UUID) -> list[Record]:
    return await fetch("SELECT * FROM assignment WHERE work_order = $1 ORDER BY id", job)


async def said() -> Counter[str]:
    """How often each event was said; a change of a job with the verb that changed it."""
    rows = await fetch("SELECT kind, body FROM outbox_event")
    names: Counter[str] = Counter()
    for row in rows:
        name = row["kind"].split(".")[1]
        body = msgspec.json.decode(row["body"])
        names[f"{name}:{body['event']}" if name == "WorkOrderChanged" else name] += 1
    return names


async def traces() -> tuple[int, int, int, int]:
    """What any verb would leave behind: for proving that a refused one left nothing."""
    row = await fetch_one(
        "SELECT (SELECT count(*) FROM outbox_event), (SELECT count(*) FROM work_order_transition),"
        " (SELECT coalesce(sum(version), 0) FROM work_order), (SELECT count(*) FROM assignment)"
    )
    assert row is not None
    return (row[0], row[1], row[2], row[3])

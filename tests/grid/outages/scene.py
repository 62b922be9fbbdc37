"""A village in the dark: an outage of its district, customers inside, and ways to walk it along."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one, fetch_value
from grid.outages import children
from grid.outages.announcing import announce
from grid.outages.service import act
from grid.outages.triage import report
from grid.outages.types import AnnounceOutage, DoOutageVerb, OutageView, TriageAnswer
from grid.outages.words import OutageEvent, OutageKind
from grid.territory.types import CustomerActor, StaffActor
from grid.work_orders.words import Channel
from tests.grid.work_orders.scene import fault
from tests.support.county import Grid, make_grid
from tests.support.homes import Home, link, make_account, make_customer
from tests.support.staff import actor_of, make_dispatcher


class Village(NamedTuple):
    """Who takes part: the grid with its district, its dispatcher, homes and their customers."""

    grid: Grid
    district_no: str
    dispatcher: StaffActor
    manager: StaffActor
    homes: list[Home]
    customers: list[CustomerActor]


async def make_village(homes: int = 3) -> Village:
    grid = await make_grid()
    number = await fetch_value(
        "SELECT district_no FROM transformer_district WHERE id = $1", grid.district_id
    )
    made = [await make_account(grid, name=f"住户{place}") for place in range(homes)]
    customers = [make_customer() for _ in made]
    for customer, home in zip(customers, made, strict=True):
        await link(customer, home)
    dispatcher = await make_dispatcher(grid.station_id)
    return Village(grid, number, dispatcher, await actor_of(grid.manager), made, customers)


async def dark(village: Village, **more: object) -> OutageView:
    """A fault outage of the village's district, on since a minute, back in three hours."""
    now = await business_now()
    return await announced(
        village,
        OutageKind.FAULT,
        now - timedelta(minutes=1),
        **{"expected_end_at": now + timedelta(hours=3), "cause": "树枝压断导线", **more},
    )


async def announced(
    village: Village, kind: OutageKind, starts_at: datetime, **more: object
) -> OutageView:
    command = msgspec.convert(
        {"kind": kind, "starts_at": starts_at, "districts": [village.district_no], **more},
        type=AnnounceOutage,
        from_attributes=True,
    )
    return await announce(village.dispatcher, command)


async def inside(village: Village, who: int = 0, **more: object) -> TriageAnswer:
    """A customer of the village tells that there is no power."""
    return await report(village.customers[who], fault(village.homes[who], **more))


async def by_phone(village: Village, who: int = 0) -> TriageAnswer:
    """Somebody calls; the dispatcher takes it."""
    command = fault(village.homes[who], channel=Channel.PHONE.value)
    return await report(village.dispatcher, command)


async def done(
    village: Village, outage_id: UUID, event: OutageEvent, **fields: object
) -> OutageView:
    """A verb of the dispatcher on the outage as it stands."""
    version = await fetch_value("SELECT version FROM outage WHERE id = $1", outage_id)
    command = msgspec.convert(
        {"version": version, **fields}, type=DoOutageVerb, from_attributes=True
    )
    return await act(village.dispatcher, outage_id, event, command)


async def restored(village: Village, outage_id: UUID) -> None:
    """Supply is back, and every child was asked."""
    await done(village, outage_id, OutageEvent.RESTORE)
    await children.settle_due(100)


async def member(ticket_id: UUID) -> Record:
    """The newest membership of a ticket."""
    row = await fetch_one(
        "SELECT * FROM outage_membership WHERE ticket = $1 ORDER BY id DESC LIMIT 1", ticket_id
    )
    assert row is not None
    return row


async def steps_of(ticket_id: UUID) -> list[str]:
    rows = await fetch(
        "SELECT event FROM ticket_transition WHERE ticket = $1 ORDER BY version, at, id", ticket_id
    )
    return [row["event"] for row in rows]


async def jobs_of(ticket_id: UUID) -> list[Record]:
    return await fetch("SELECT * FROM work_order WHERE ticket = $1 ORDER BY id", ticket_id)


async def promises_told(ticket_id: UUID) -> list[Record]:
    """What was told about a ticket, estimates left out, the oldest first."""
    return await fetch(
        "SELECT * FROM promise WHERE ticket_id = $1 AND NOT is_estimate ORDER BY made_at, id",
        ticket_id,
    )

"""Tickets that are no faults, the people of the office who handle them, and ways through the loop."""

from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit.database import fetch
from grid.territory.types import Audience, StaffActor, StaffRole
from grid.work_orders.tickets.intake import take_ticket
from grid.work_orders.tickets.steps import take_ticket_step
from grid.work_orders.tickets.types import DoTicketVerb, StaffTicketView, TakeTicket, TicketView
from grid.work_orders.words import TicketEvent
from tests.grid.work_orders.scene import Scene, make_scene
from tests.support.staff import actor_of, make_staff

#: What each kind cannot do without.
NEEDS: dict[str, dict[str, object]] = {
    "complaint": {"complaint_class": "service"},
    "tip_off": {"form": {"subject": "theft"}},
    "inquiry": {"form": {"topic": "bill"}},
    "service_request": {"form": {"type": "rename"}},
}


class Office(NamedTuple):
    """A scene with the station's office: who dispatches, who handles, who calls back; an auditor."""

    scene: Scene
    head: StaffActor
    clerk: StaffActor
    caller: StaffActor
    auditor: StaffActor
    county: StaffActor


async def desk(
    role: StaffRole, station_id: UUID | None = None, *, second_factor: bool = True
) -> StaffActor:
    """Somebody with one post, of a station or (None) of the county."""
    staff_id = await make_staff(
        station_id, skilled=False, roles=(role,), everywhere=station_id is None
    )
    return await actor_of(staff_id, audience=Audience.CONSOLE, second_factor=second_factor)


async def make_office() -> Office:
    scene = await make_scene()
    station = scene.grid.station_id
    return Office(
        scene,
        await desk(StaffRole.STATION_HEAD, station),
        await desk(StaffRole.BACK_OFFICE, station),
        await desk(StaffRole.BACK_OFFICE, station),
        await desk(StaffRole.AUDITOR),
        await desk(StaffRole.DISPATCHER),
    )


def matter(kind: str, **more: object) -> TakeTicket:
    """What somebody tells of a kind; by default over WeChat."""
    told = {"kind": kind, "description": "请你们看看", "channel": "wechat", **NEEDS.get(kind, {})}
    return msgspec.convert({**told, **more}, type=TakeTicket, from_attributes=True)


async def taken_in(office: Office, kind: str, **more: object) -> TicketView:
    """The scene's customer tells a matter of their home."""
    more.setdefault("account_no", office.scene.home.account_no)
    return await take_ticket(office.scene.customer, matter(kind, **more))


async def do(actor: StaffActor, ticket_id: UUID, event: str, **fields: object) -> StaffTicketView:
    """One step from the ticket as it is now."""
    (row,) = await fetch("SELECT version FROM ticket WHERE id = $1", ticket_id)
    command = msgspec.convert(
        {"version": row["version"], **fields}, type=DoTicketVerb, from_attributes=True
    )
    return await take_ticket_step(actor, ticket_id, TicketEvent(event), command)


async def answered(office: Office, kind: str, **more: object) -> TicketView:
    """A matter that the clerk took and answered, as far as its kind goes before the callback."""
    ticket = await taken_in(office, kind, **more)
    await answer(office, ticket.id, kind)
    return ticket


async def answer(office: Office, ticket_id: UUID, kind: str) -> StaffTicketView:
    """The head gives it to the clerk, who takes, handles and answers what the kind asks for."""
    if kind not in ("inquiry", "praise"):
        await do(office.head, ticket_id, "dispatch", staff_id=office.clerk.staff_id)
    if kind != "praise":
        await do(office.clerk, ticket_id, "take")
    if kind in ("service_request", "complaint", "opinion"):
        await do(office.clerk, ticket_id, "handle", words="已核实并整改")
    return await do(office.clerk, ticket_id, "reply", words="已经办好,向您说明如下")


async def history(ticket_id: UUID) -> list[Record]:
    return await fetch(
        "SELECT * FROM ticket_transition WHERE ticket = $1 ORDER BY version, at, id", ticket_id
    )

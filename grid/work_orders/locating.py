"""Where a matter is, as far as anybody knows, and whether the teller may report it there."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.geography.types import Place
from grid.kit.clock import business_day
from grid.kit.database import fetch_one
from grid.kit.refusals import Invalid, NotFound
from grid.territory.authority import Action, may, require, visible
from grid.territory.places import GridOfPlace, grid_holding, grid_of_village_named
from grid.territory.types import Actor, CustomerActor, StaffActor
from grid.work_orders.tickets.types import ReportFault, TakeTicket

#: Where limits are looked up while nobody knows the place.
_NOWHERE = "rural"


class Located(NamedTuple):
    """Where the job is, as far as anybody knows."""

    account_id: UUID | None
    place: Place | None
    grid: GridOfPlace | None
    place_class: str


async def locate(actor: Actor, command: ReportFault | TakeTicket, now: datetime) -> Located:
    """By the place, else by the account, else by a village named in the address.

    Raises NotFound (no such account, or not the customer's), NotAllowed and Invalid for staff.
    """
    account = None
    if command.account_no is not None:
        account = await account_told(actor, command.account_no)
    place = command.place
    grid = None if place is None else await grid_holding(place, business_day(now))
    if account is not None and grid is None:
        # Told from outside the county: somebody who works elsewhere means the home of the account.
        place = Place(lat=account["lat"], lon=account["lon"])
    if account is not None and (grid is None or grid.grid_id == account["grid"]):
        # The account knows its own place class; the grid only the most common of its districts.
        grid = GridOfPlace(
            account["grid"], account["station"], account["code"], account["place_class"]
        )
    if grid is None and command.address is not None:
        grid = await grid_of_village_named(command.address, business_day(now))
    if isinstance(actor, StaffActor):
        _check_staff_intake(actor, command, grid)
    return Located(
        None if account is None else account["id"],
        place,
        grid,
        _NOWHERE if grid is None else grid.place_class,
    )


async def account_told(actor: Actor, account_no: str) -> Record:
    """The account, if the customer is linked to it, or if staff could read it anyway (P1).

    Else a place of one's own beside a stranger's number would show the stranger's name and phone.
    """
    openid = actor.openid if isinstance(actor, CustomerActor) else None
    row = await fetch_one(
        "SELECT a.id, a.grid, a.station, s.code, a.place_class, a.lat, a.lon"
        " FROM service_account a JOIN supply_station s ON s.id = a.station"
        " WHERE a.account_no = $1 AND a.state = 'active' AND ($2::varchar IS NULL OR EXISTS"
        " (SELECT 1 FROM wechat_link l WHERE l.account = a.id AND l.openid = $2"
        " AND l.unbound_at IS NULL))",
        account_no,
        openid,
    )
    if row is None or (
        isinstance(actor, StaffActor)
        and not may(actor, Action.READ_CUSTOMERS, grid_id=row["grid"], station_id=row["station"])
    ):
        raise NotFound("没有找到这个户号")
    return row


def _check_staff_intake(
    actor: StaffActor, command: ReportFault | TakeTicket, grid: GridOfPlace | None
) -> None:
    """Raises NotAllowed, or Invalid naming what is missing to find the customer again."""
    if grid is not None:
        require(actor, Action.OPEN_TICKET, grid_id=grid.grid_id, station_id=grid.station_id)
    else:
        require(actor, Action.OPEN_TICKET)
        if not visible(actor, Action.OPEN_TICKET).everything:
            # It would wait where only the county's dispatchers see it, out of the teller's sight.
            raise Invalid("address", "请填写户号、位置或村名，才能知道由哪个网格处理")
    if command.account_no is None and command.phone is None and command.place is None:
        raise Invalid("phone", "没有户号时，请填写联系电话或位置")


async def located_as(ticket: Record) -> Located:
    """Where a ticket is, as it was written down: for what is opened because of it."""
    place = None if ticket["lat"] is None else Place(lat=ticket["lat"], lon=ticket["lon"])
    if ticket["grid"] is None:
        return Located(ticket["account"], place, None, _NOWHERE)
    row = await fetch_one(
        "SELECT s.code, coalesce((SELECT a.place_class FROM service_account a WHERE a.id = $3),"
        " (SELECT d.place_class FROM transformer_district d WHERE d.grid = $1"
        " GROUP BY d.place_class ORDER BY count(*) DESC, d.place_class LIMIT 1)) AS place_class"
        " FROM supply_station s WHERE s.id = $2",
        ticket["grid"],
        ticket["station"],
        ticket["account"],
    )
    assert row is not None, "the station of a ticket exists"
    place_class = row["place_class"] or _NOWHERE
    grid = GridOfPlace(ticket["grid"], ticket["station"], row["code"], place_class)
    if place is None and ticket["account"] is not None:
        home = await fetch_one(
            "SELECT lat, lon FROM service_account WHERE id = $1", ticket["account"]
        )
        place = None if home is None else Place(lat=home["lat"], lon=home["lon"])
    return Located(ticket["account"], place, grid, place_class)

"""Customers' accounts with their meters, and the people in WeChat who act for them."""

from datetime import date
from decimal import Decimal
from itertools import count
from typing import NamedTuple
from uuid import UUID

from grid.customers.rules import pinyin_initials
from grid.customers.tables import Meter, MeteringPoint, ServiceAccount, WechatLink
from grid.customers.types import AccountState, LinkTrust, MeteringSide
from grid.geography.types import Place, PlaceClass
from grid.kit.clock import business_now
from grid.kit.database import insert
from grid.kit.ids import new_id
from grid.territory.types import CustomerActor
from tests.support.county import Grid

_numbers = count(1)


class Home(NamedTuple):
    """An account and what a customer must know to bind it."""

    id: UUID
    account_no: str
    name: str
    meter_no: str
    place: Place


async def make_account(
    grid: Grid,
    *,
    name: str = "田文光",
    phone: str | None = "13812345678",
    place: Place | None = None,
    place_class: PlaceClass = PlaceClass.RURAL,
) -> Home:
    """An active account of a grid's district with one metering point and one meter."""
    number, account_id, point_id = next(_numbers), new_id(), new_id()
    home = Home(account_id, f"61{number:08d}", name, f"33{number:010d}", place or grid.place)
    await insert(
        ServiceAccount,
        id=account_id,
        account_no=home.account_no,
        name=name,
        name_initials=pinyin_initials(name),
        phone=phone,
        address=f"{grid.village_name}{number}号",
        station=grid.station_id,
        grid=grid.id,
        district=grid.district_id,
        village=grid.village_id,
        place_class=place_class.value,
        lat=home.place.lat,
        lon=home.place.lon,
        fee_control=True,
        state=AccountState.ACTIVE.value,
        opened_on=date(2020, 5, 1),
        version=1,
        updated_at=await business_now(),
    )
    await insert(
        MeteringPoint,
        id=point_id,
        point_no=f"P{number}",
        account=account_id,
        side=MeteringSide.LV.value,
        multiplier=Decimal(1),
    )
    await insert(
        Meter, id=new_id(), meter_no=home.meter_no, point=point_id, installed_on=date(2020, 5, 1)
    )
    return home


def make_customer(openid: str | None = None) -> CustomerActor:
    """Somebody in WeChat, bound to nothing yet."""
    return CustomerActor(openid=openid or f"o-{new_id().hex}")


async def link(customer: CustomerActor, home: Home, *, default: bool = True) -> None:
    """The customer acts for the account from now on."""
    await insert(
        WechatLink,
        id=new_id(),
        openid=customer.openid,
        account=home.id,
        trust=next(iter(LinkTrust)).value,
        is_default=default,
        bound_at=await business_now(),
    )

"""A station, two grids and a few customers to find, read and bind."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from grid.customers.rules import pinyin_initials
from grid.customers.tables import CustomerTag, Meter, MeteringPoint, ServiceAccount
from grid.customers.types import AccountState, CustomerTagWord, MeteringSide
from grid.kit.clock import business_now
from grid.kit.database import insert
from grid.kit.ids import new_id
from grid.territory.tables import TransformerDistrict
from grid.territory.types import PlaceClass
from tests.grid.territory.county import LONG_AGO, add_grid, add_station


class Grounds(NamedTuple):
    """Where accounts stand: ids of a station, two of its grids, a district in each."""

    station: UUID
    near_grid: UUID
    far_grid: UUID
    near_district: UUID
    far_district: UUID


async def add_grounds() -> Grounds:
    station = await add_station()
    near, far = await add_grid(station, "G1"), await add_grid(station, "G2")
    return Grounds(
        station, near, far, await add_district(near, "D1"), await add_district(far, "D2")
    )


async def add_district(grid_id: UUID, district_no: str) -> UUID:
    district_id = new_id()
    await insert(
        TransformerDistrict,
        id=district_id,
        district_no=district_no,
        name=f"{district_no}台区",
        grid=grid_id,
        place_class=PlaceClass.RURAL.value,
        lat=29.89,
        lon=110.03,
    )
    return district_id


async def add_account(
    grounds: Grounds,
    account_no: str,
    name: str = "田文光",
    *,
    phone: str | None = "13812345678",
    far: bool = False,
    lat: float = 29.89,
    meter_no: str | None = None,
    tags: tuple[CustomerTagWord, ...] = (),
) -> UUID:
    """An account with one point and the meter `M<account_no>`."""
    account_id = new_id()
    await insert(
        ServiceAccount,
        id=account_id,
        account_no=account_no,
        name=name,
        name_initials=pinyin_initials(name),
        phone=phone,
        address=f"大溪村{account_no[-2:]}号",
        station=grounds.station,
        grid=grounds.far_grid if far else grounds.near_grid,
        district=grounds.far_district if far else grounds.near_district,
        place_class=PlaceClass.RURAL.value,
        lat=lat,
        lon=110.03,
        fee_control=True,
        state=AccountState.ACTIVE.value,
        opened_on=date(2020, 5, 1),
        version=1,
        updated_at=await business_now(),
    )
    point_id = new_id()
    await insert(
        MeteringPoint,
        id=point_id,
        point_no=f"P{account_no}",
        account=account_id,
        side=MeteringSide.LV.value,
        multiplier=Decimal(1),
    )
    await insert(
        Meter,
        id=new_id(),
        meter_no=meter_no or f"M{account_no}",
        point=point_id,
        installed_on=date(2020, 5, 1),
    )
    for tag in tags:
        await insert(
            CustomerTag,
            id=new_id(),
            account=account_id,
            tag=tag.value,
            from_day=LONG_AGO,
            source="登记",
        )
    return account_id

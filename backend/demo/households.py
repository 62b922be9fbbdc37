"""Customers of the demo county: who lives where, on which meter, and who uses WeChat."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from backend.demo import people
from backend.demo.districts import COUNTY_CUSTOMERS, scattered
from backend.demo.facts import Town
from backend.demo.shares import shared_out
from backend.demo.types import DemoCustomer, DemoDistrict, DemoVillage
from grid.customers.types import CustomerTagWord
from grid.geography.types import Place, PlaceClass

# Published: customers of the county on fee control.
COUNTY_FEE_CONTROLLED = 66_664
SPECIAL_GROUP_SHARE = 0.03
IMPORTANT_SHARE = 0.002
SHOP_SHARE = 0.08
# Of those in a special group, who lives by a device, and who has little.
MEDICAL_EVERY, LOW_INCOME_EVERY = 11, 4
BOUND_SHARE = 0.4
SPREAD_KM = {PlaceClass.CITY: 0.12, PlaceClass.RURAL: 0.35, PlaceClass.REMOTE: 0.5}
FIRST_CONTRACT = date(1998, 1, 1)
LAST_CONTRACT = date(2025, 12, 31)
# By then every meter of the county was a smart one.
SMART_METERS_SINCE = date(2015, 6, 1)


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What chance decides for n customers at once, before they are put together.

    Lists and arrays have n entries; the arrays are booleans but for `days`, which counts from
    FIRST_CONTRACT.
    """

    account_nos: list[str]
    meter_nos: list[str]
    names: list[str]
    phones: list[str]
    openids: list[str | None]
    is_bound: NDArray[np.bool_]
    is_shop: NDArray[np.bool_]
    is_important: NDArray[np.bool_]
    is_special: NDArray[np.bool_]
    is_fee_controlled: NDArray[np.bool_]
    days: NDArray[np.int64]


def customers(
    dice: np.random.Generator,
    count: int,
    towns: Sequence[Town],
    villages: Sequence[DemoVillage],
    districts: Sequence[DemoDistrict],
    cells: Mapping[str, Any],
) -> list[DemoCustomer]:
    """Give exactly `count` customers, village by village in proportion to the weights."""
    drawn = _draw(dice, count)
    town_names = {town.code: town.name for town in towns}
    answer: list[DemoCustomer] = []
    shares = shared_out(count, [village.weight for village in villages])
    for village, share in zip(villages, shares, strict=True):
        own = [district for district in districts if district.village_code == village.code]
        for district, place, group, house in _homes(dice, village, own, cells, share):
            number = len(answer)
            address = f"鹤峰县{town_names[village.town_code]}{village.name}{group}组{house}号"
            answer.append(_customer(drawn, number, village, district, place, address))
    return answer


def _homes(
    dice: np.random.Generator,
    village: DemoVillage,
    districts: Sequence[DemoDistrict],
    cells: Mapping[str, Any],
    count: int,
) -> list[tuple[DemoDistrict, Place, int, int]]:
    """Spread homes over a village: (district, place, village group, house number)."""
    sizes = dice.multinomial(count, dice.dirichlet(np.full(len(districts), 8.0)))
    answer = []
    for group, (district, size) in enumerate(zip(districts, sizes, strict=True), start=1):
        spread_km = SPREAD_KM[village.place_class]
        points = scattered(dice, cells[village.code], district.place, spread_km, int(size))
        answer += [
            (district, Place(float(lat), float(lon)), group, house)
            for house, (lon, lat) in enumerate(points, start=1)
        ]
    return answer


def _draw(dice: np.random.Generator, count: int) -> Drawn:
    """Let chance decide; shares that are published come out exactly."""
    account_nos = people.account_numbers(dice, count)
    openids = [people.openid_of(account_no) for account_no in account_nos]
    has_wechat = np.array([openid is not None for openid in openids])
    is_important = _exactly(dice, count, IMPORTANT_SHARE)
    is_shop = (dice.random(count) < SHOP_SHARE) & ~is_important
    return Drawn(
        account_nos=account_nos,
        meter_nos=people.meter_numbers(dice, count),
        names=people.names(dice, count),
        phones=people.customer_phones(dice, count),
        openids=openids,
        is_bound=has_wechat & (dice.random(count) < BOUND_SHARE),
        is_shop=is_shop,
        is_important=is_important,
        is_special=_exactly(dice, count, SPECIAL_GROUP_SHARE) & ~is_shop & ~is_important,
        is_fee_controlled=_exactly(dice, count, COUNTY_FEE_CONTROLLED / COUNTY_CUSTOMERS),
        days=dice.integers((LAST_CONTRACT - FIRST_CONTRACT).days, size=count),
    )


def _exactly(dice: np.random.Generator, count: int, share: float) -> NDArray[np.bool_]:
    """Mark a share of `count`, rounded to whole customers and spread by chance."""
    marks = np.arange(count) < round(count * share)
    return dice.permutation(marks)


def _customer(
    drawn: Drawn,
    number: int,
    village: DemoVillage,
    district: DemoDistrict,
    place: Place,
    address: str,
) -> DemoCustomer:
    """Put one customer together."""
    opened_on = FIRST_CONTRACT + timedelta(days=int(drawn.days[number]))
    account_no = drawn.account_nos[number]
    return DemoCustomer(
        account_no=account_no,
        name=_name(drawn, number, village),
        phone=drawn.phones[number],
        address=address,
        place=place,
        place_class=village.place_class,
        village_code=village.code,
        grid_code=district.grid_code,
        district_no=district.district_no,
        metering_point_no=f"P{account_no}",
        meter_no=drawn.meter_nos[number],
        opened_on=opened_on,
        meter_installed_on=max(opened_on, SMART_METERS_SINCE),
        is_fee_controlled=bool(drawn.is_fee_controlled[number]),
        tags=_tags(drawn, number),
        openid=drawn.openids[number],
        is_bound=bool(drawn.is_bound[number]),
    )


def _name(drawn: Drawn, number: int, village: DemoVillage) -> str:
    """Name an institution after its village, a shop after its owner, a person as drawn."""
    name = drawn.names[number]
    if drawn.is_important[number]:
        return village.name + people.INSTITUTIONS[number % len(people.INSTITUTIONS)]
    return name + people.SHOPS[number % len(people.SHOPS)] if drawn.is_shop[number] else name


def _tags(drawn: Drawn, number: int) -> tuple[str, ...]:
    """Say who the customer is, in CustomerTag words; no chance but what was drawn already."""
    if drawn.is_important[number]:
        is_office = people.INSTITUTIONS[number % len(people.INSTITUTIONS)] in people.OFFICES
        important = CustomerTagWord.IMPORTANT.value
        return (important, CustomerTagWord.GOVERNMENT.value) if is_office else (important,)
    if drawn.is_shop[number]:
        return (CustomerTagWord.SMALL_BUSINESS.value,)
    if not drawn.is_special[number]:
        return ()
    special = [CustomerTagWord.SPECIAL_GROUP.value]
    if number % MEDICAL_EVERY == 0:
        special.append(CustomerTagWord.MEDICAL.value)
    if number % LOW_INCOME_EVERY == 0:
        special.append(CustomerTagWord.LOW_INCOME.value)
    return tuple(special)

"""What goes in and out of the customers' room."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from grid.geography.types import Place, PlaceClass


class CustomerTagWord(StrEnum):
    """A tag says who somebody is; it holds no stop by itself."""

    SPECIAL_GROUP = "special_group"
    IMPORTANT = "important"
    LOW_INCOME = "low_income"
    MEDICAL = "medical"
    GOVERNMENT = "government"
    SMALL_BUSINESS = "small_business"


class CareEvent(StrEnum):
    """What may happen to a tag."""

    SET = "set"
    EXTEND = "extend"
    END = "end"


class AccountState(StrEnum):
    ACTIVE = "active"
    CLOSED = "closed"


class LinkTrust(StrEnum):
    """What a link may do: what the meter box tells a neighbour lets them pay and report only."""

    PAY_AND_REPORT = "pay_and_report"
    FULL = "full"


class MeteringSide(StrEnum):
    LV = "lv"
    HV = "hv"


#: What somebody typed as a proof; it is tidied before it is compared.
Typed = Annotated[str, Meta(min_length=1, max_length=60)]


class BindWechat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Three proofs that lie together only at the customer's: bill, person and meter box."""

    account_no: Typed
    name: Typed
    meter_no: Typed


class AccountSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a customer list. `phone` is masked, or null, unless the reader's post shows it.

    `grid` is the grid's code; `distance_m` is set when the list was asked for near a place.
    """

    account_no: str
    name: str
    phone: str | None
    address: str
    grid: str
    grid_name: str
    district_no: str
    place: Place
    state: AccountState
    tags: list[CustomerTagWord]
    distance_m: int | None = None


class MeterView(msgspec.Struct, frozen=True, kw_only=True):
    """A meter that hangs at a point now."""

    meter_no: str
    installed_on: date


class PointView(msgspec.Struct, frozen=True, kw_only=True):
    """A metering point; `multiplier` is an exact decimal as text."""

    point_no: str
    side: MeteringSide
    multiplier: str
    meters: list[MeterView]


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """One customer as staff see them. `links` counts the WeChat users bound to the account.

    `is_relative` is true when the reader has declared the account as a relative's.
    """

    id: UUID
    account_no: str
    name: str
    phone: str | None
    address: str
    state: AccountState
    station: str
    grid: str
    grid_name: str
    district_no: str
    district_name: str
    village: str | None
    place_class: PlaceClass
    place: Place
    fee_control: bool
    opened_on: date
    version: int
    tags: list[CustomerTagWord]
    points: list[PointView]
    links: int
    is_relative: bool


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """An account as the WeChat user bound to it sees it."""

    account_no: str
    name: str
    address: str
    trust: LinkTrust
    is_default: bool
    bound_at: datetime


class LinkedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What other rooms need of an account that a WeChat user acts for."""

    account_id: UUID
    account_no: str
    name: str
    phone: str | None
    address: str
    station_id: UUID
    grid_id: UUID
    district_id: UUID
    place_class: PlaceClass
    place: Place
    trust: LinkTrust

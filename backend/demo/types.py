"""Rows of the demo county, before they have ids: plain facts that hang together by code."""

from datetime import date, datetime

import msgspec

from grid.geography.types import GeoJson, Place, PlaceClass

MAP_NOTICE = "示意图，非行政区划界线"
DATA_NOTICE = "演示数据"


class DemoVillage(msgspec.Struct, frozen=True, kw_only=True):
    """A village of the sketch; `weight` is its share of customers, about one."""

    code: str
    name: str
    town_code: str
    is_community: bool
    place: Place
    place_class: PlaceClass
    weight: float


class DemoStation(msgspec.Struct, frozen=True, kw_only=True):
    """A supply station: one a town."""

    code: str
    name: str
    town_code: str
    town_name: str
    place: Place


class DemoGrid(msgspec.Struct, frozen=True, kw_only=True):
    """A service grid: whole villages of one town, and the outline of their cells.

    The shape carries MAP_NOTICE as its member `notice`, for whoever draws it.
    """

    code: str
    name: str
    station_code: str
    village_codes: tuple[str, ...]
    shape: GeoJson


class DemoDistrict(msgspec.Struct, frozen=True, kw_only=True):
    """A public transformer district (台区) inside one village."""

    district_no: str
    name: str
    village_code: str
    grid_code: str
    place: Place
    place_class: PlaceClass


class DemoSkill(msgspec.Struct, frozen=True, kw_only=True):
    """A skill with the last day its certificate is valid."""

    skill: str
    valid_until: date


class DemoStaff(msgspec.Struct, frozen=True, kw_only=True):
    """A person. `station_code` is None in the service centre; `roles` are StaffRole values.

    `rota` names the shift pattern, `team` the person's place in it.
    """

    employee_no: str
    name: str
    phone: str
    station_code: str | None
    roles: tuple[str, ...]
    skills: tuple[DemoSkill, ...]
    rota: str
    team: int


class DemoAppointment(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds which of the three roles in a grid; `role` is a GridRole value."""

    grid_code: str
    employee_no: str
    role: str


class DemoShift(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of duty, aware in Asia/Shanghai; the end is not part of it."""

    employee_no: str
    starts_at: datetime
    ends_at: datetime


class DemoCustomer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A customer with account, metering point and meter.

    `tags` are CustomerTag values; `openid` is None for people without WeChat, `is_bound` says
    whether the openid is linked to the account from the start.
    """

    account_no: str
    name: str
    phone: str
    address: str
    place: Place
    place_class: PlaceClass
    village_code: str
    grid_code: str
    district_no: str
    metering_point_no: str
    meter_no: str
    opened_on: date
    meter_installed_on: date
    is_fee_controlled: bool
    tags: tuple[str, ...]
    openid: str | None
    is_bound: bool


class DemoCounty(msgspec.Struct, frozen=True, kw_only=True):
    """The whole county or the part of it that was asked for, in a stable order."""

    stations: tuple[DemoStation, ...]
    villages: tuple[DemoVillage, ...]
    grids: tuple[DemoGrid, ...]
    districts: tuple[DemoDistrict, ...]
    staff: tuple[DemoStaff, ...]
    appointments: tuple[DemoAppointment, ...]
    customers: tuple[DemoCustomer, ...]

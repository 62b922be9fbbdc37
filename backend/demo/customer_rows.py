"""Accounts, metering points, meters, tags and WeChat links of the demo county as table rows."""

from decimal import Decimal

from backend.demo.batches import SINCE, Batch, Keys, batch
from backend.demo.people import initials
from backend.demo.types import DATA_NOTICE, DemoCounty
from grid.customers.tables import (
    CustomerTag,
    Meter,
    MeteringPoint,
    ServiceAccount,
    WechatFollower,
    WechatLink,
)
from grid.customers.types import AccountState, LinkTrust, MeteringSide
from grid.kit.ids import new_id


def customer_batches(county: DemoCounty, keys: Keys) -> list[Batch]:
    """Give the customers' rows, parents before children."""
    return [
        _accounts(county, keys),
        *_meter_batches(county, keys),
        batch(
            CustomerTag,
            "id account tag from_day source",
            (
                (new_id(), keys.accounts[c.account_no], tag, SINCE, DATA_NOTICE)
                for c in county.customers
                for tag in c.tags
            ),
        ),
        *_wechat_batches(county, keys),
    ]


def _accounts(county: DemoCounty, keys: Keys) -> Batch:
    """Give the service accounts."""
    station_of = {grid.code: keys.stations[grid.station_code] for grid in county.grids}
    return batch(
        ServiceAccount,
        "id account_no name name_initials phone address station grid district village"
        " place_class lat lon fee_control state opened_on version updated_at",
        (
            (
                keys.accounts[c.account_no],
                c.account_no,
                c.name,
                initials(c.name),
                c.phone,
                c.address,
                station_of[c.grid_code],
                keys.grids[c.grid_code],
                keys.districts[c.district_no],
                keys.villages[c.village_code],
                c.place_class.value,
                c.place.lat,
                c.place.lon,
                c.is_fee_controlled,
                AccountState.ACTIVE.value,
                c.opened_on,
                1,
                keys.now,
            )
            for c in county.customers
        ),
    )


def _meter_batches(county: DemoCounty, keys: Keys) -> list[Batch]:
    """Give one metering point an account and one meter a point: own meters on low voltage."""
    side, multiplier = MeteringSide.LV.value, Decimal(1)
    return [
        batch(
            MeteringPoint,
            "id point_no account side multiplier",
            (
                (
                    keys.points[c.account_no],
                    c.metering_point_no,
                    keys.accounts[c.account_no],
                    side,
                    multiplier,
                )
                for c in county.customers
            ),
        ),
        batch(
            Meter,
            "id meter_no point installed_on",
            (
                (new_id(), c.meter_no, keys.points[c.account_no], c.meter_installed_on)
                for c in county.customers
            ),
        ),
    ]


def _wechat_batches(county: DemoCounty, keys: Keys) -> list[Batch]:
    """Give the followers who bound their account, as if at the counter: with full trust."""
    bound = [customer for customer in county.customers if customer.is_bound]
    return [
        batch(
            WechatFollower,
            "openid followed_at last_seen_at",
            ((c.openid, keys.now, keys.now) for c in bound),
        ),
        batch(
            WechatLink,
            "id openid account trust is_default bound_at",
            (
                (
                    new_id(),
                    c.openid,
                    keys.accounts[c.account_no],
                    LinkTrust.FULL.value,
                    True,
                    keys.now,
                )
                for c in bound
            ),
        ),
    ]

"""Loading customers and meters from CSV.

The grid of an account follows from its transformer district, so that an address lies in exactly one
(W6). Files may be loaded again: name, telephone, address and place of known accounts are updated;
what moves rights or money (district, fee control, multiplier) is not changed by a file, because
that takes two people.
"""

from datetime import date, datetime
from typing import cast

from grid.customers.rules import pinyin_initials
from grid.customers.types import CustomerTagWord, MeteringSide
from grid.geography.types import PlaceClass
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch_value
from grid.territory.csv_files import (
    Column,
    Sheet,
    code,
    day,
    latitude,
    listed,
    longitude,
    multiplier,
    phone,
    text,
    word,
    yes_no,
)
from grid.territory.staging import Check, ImportReport, Merged, import_file

CUSTOMERS = Sheet(
    "customers",
    (
        Column("account_no", "text", code(20)),
        Column("name", "text", text(60)),
        Column("phone", "text", phone, required=False),
        Column("address", "text", text(200)),
        Column("district_no", "text", code(20)),
        Column("village_code", "text", code(20), required=False),
        Column("place_class", "text", word(PlaceClass), required=False),
        Column("lat", "float8", latitude),
        Column("lon", "float8", longitude),
        Column("fee_control", "bool", yes_no),
        Column("opened_on", "date", day),
        Column("tags", "text[]", listed(word(CustomerTagWord)), required=False),
    ),
    unique=("account_no",),
)
_NAME = next(place for place, column in enumerate(CUSTOMERS.columns, 1) if column.name == "name")

METERS = Sheet(
    "meters",
    (
        Column("meter_no", "text", code(20)),
        Column("point_no", "text", code(20)),
        Column("account_no", "text", code(20)),
        Column("side", "text", word(MeteringSide)),
        Column("multiplier", "numeric", multiplier),
        Column("installed_on", "date", day),
    ),
    unique=("meter_no", "point_no"),
)

_TWO_PEOPLE = "the account is served already: this change needs two people"

_CUSTOMER_CHECKS = (
    Check(
        "district_no",
        "no such transformer district",
        "SELECT row_no FROM import_customers r WHERE NOT EXISTS"
        " (SELECT 1 FROM transformer_district d WHERE d.district_no = r.district_no)",
    ),
    Check(
        "district_no",
        "the grid of this district is not active",
        "SELECT row_no FROM import_customers r JOIN transformer_district d USING (district_no)"
        " JOIN service_grid g ON g.id = d.grid WHERE g.active_from IS NULL",
    ),
    Check(
        "village_code",
        "no such village in the grid of this district",
        "SELECT row_no FROM import_customers r JOIN transformer_district d USING (district_no)"
        " WHERE village_code IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM village v WHERE v.code = r.village_code AND v.grid = d.grid)",
    ),
    Check(
        "district_no",
        _TWO_PEOPLE,
        "SELECT row_no FROM import_customers r JOIN service_account a USING (account_no)"
        " JOIN transformer_district d ON d.id = a.district WHERE d.district_no <> r.district_no",
    ),
    Check(
        "fee_control",
        _TWO_PEOPLE,
        "SELECT row_no FROM import_customers r JOIN service_account a USING (account_no)"
        " WHERE a.fee_control <> r.fee_control",
    ),
    Check(
        "place_class",
        _TWO_PEOPLE,
        "SELECT row_no FROM import_customers r JOIN service_account a USING (account_no)"
        " WHERE a.place_class <> coalesce(r.place_class, a.place_class)",
    ),
    Check(
        "account_no",
        "the account is closed",
        "SELECT row_no FROM import_customers r JOIN service_account a USING (account_no)"
        " WHERE a.state <> 'active'",
    ),
)
_METER_CHECKS = (
    Check(
        "account_no",
        "no such account",
        "SELECT row_no FROM import_meters r WHERE NOT EXISTS (SELECT 1 FROM service_account a"
        " WHERE a.account_no = r.account_no AND a.state = 'active')",
    ),
    Check(
        "point_no",
        "the metering point belongs to another account",
        "SELECT row_no FROM import_meters r JOIN metering_point p USING (point_no)"
        " JOIN service_account a ON a.id = p.account WHERE a.account_no <> r.account_no",
    ),
    Check(
        "multiplier",
        _TWO_PEOPLE,
        "SELECT row_no FROM import_meters r JOIN metering_point p USING (point_no)"
        " WHERE (p.multiplier, p.side) <> (r.multiplier, r.side)",
    ),
    Check(
        "meter_no",
        "the meter hangs at another point, or was removed",
        "SELECT row_no FROM import_meters r JOIN meter m USING (meter_no)"
        " JOIN metering_point p ON p.id = m.point"
        " WHERE p.point_no <> r.point_no OR m.removed_on IS NOT NULL",
    ),
    Check(
        "meter_no",
        "another meter hangs at this point: a meter change is field work",
        "SELECT row_no FROM import_meters r JOIN metering_point p USING (point_no)"
        " JOIN meter m ON m.point = p.id AND m.removed_on IS NULL WHERE m.meter_no <> r.meter_no",
    ),
)


async def import_customers(source: bytes) -> ImportReport:
    """Load service accounts. Raises FileRefused for what is wrong with the whole file."""
    now = await business_now()

    async def merge() -> Merged:
        changed = await _update_accounts(now)
        added = await _add_accounts(now)
        await _add_tags(business_day(now))
        return Merged(added, changed)

    return await import_file(
        CUSTOMERS,
        source,
        _CUSTOMER_CHECKS,
        merge,
        computed=lambda row: (pinyin_initials(cast(str, row[_NAME])),),
        computed_columns="name_initials text",
    )


async def _update_accounts(now: datetime) -> int:
    return await execute(
        "UPDATE service_account a SET name = r.name, name_initials = r.name_initials,"
        " phone = r.phone, address = r.address, village = v.id, lat = r.lat, lon = r.lon,"
        " version = a.version + 1, updated_at = $1"
        " FROM import_customers r LEFT JOIN village v ON v.code = r.village_code"
        " WHERE a.account_no = r.account_no"
        " AND (a.name, a.phone, a.address, a.village, a.lat, a.lon) IS DISTINCT FROM"
        " (r.name, r.phone, r.address, v.id, r.lat, r.lon)",
        now,
    )


async def _add_accounts(now: datetime) -> int:
    return await execute(
        "INSERT INTO service_account (id, account_no, name, name_initials, phone, address,"
        " station, grid, district, village, place_class, lat, lon, fee_control, state,"
        " opened_on, version, updated_at)"
        " SELECT r.id, r.account_no, r.name, r.name_initials, r.phone, r.address, g.station,"
        " g.id, d.id, v.id, coalesce(r.place_class, d.place_class), r.lat, r.lon,"
        " r.fee_control, 'active', r.opened_on, 1, $1"
        " FROM import_customers r JOIN transformer_district d USING (district_no)"
        " JOIN service_grid g ON g.id = d.grid"
        " LEFT JOIN village v ON v.code = r.village_code ON CONFLICT (account_no) DO NOTHING",
        now,
    )


async def _add_tags(today: date) -> None:
    await execute(
        "INSERT INTO customer_tag (id, account, tag, from_day, source)"
        " SELECT gen_random_uuid(), a.id, said, $1, 'import' FROM import_customers r"
        " JOIN service_account a USING (account_no), unnest(r.tags) said"
        " WHERE NOT EXISTS (SELECT 1 FROM customer_tag t WHERE t.account = a.id"
        "  AND t.tag = said AND (t.until_day IS NULL OR t.until_day > $1))",
        today,
    )


async def import_meters(source: bytes) -> ImportReport:
    """Load metering points with the meter that hangs there; counts are of meters."""

    async def merge() -> Merged:
        await execute(
            "INSERT INTO metering_point (id, point_no, account, side, multiplier)"
            " SELECT r.id2, r.point_no, a.id, r.side, r.multiplier FROM import_meters r"
            " JOIN service_account a USING (account_no) ON CONFLICT (point_no) DO NOTHING"
        )
        changed = await execute(
            "UPDATE meter m SET installed_on = r.installed_on FROM import_meters r"
            " WHERE m.meter_no = r.meter_no AND m.installed_on <> r.installed_on"
        )
        added = await execute(
            "INSERT INTO meter (id, meter_no, point, installed_on)"
            " SELECT r.id, r.meter_no, p.id, r.installed_on FROM import_meters r"
            " JOIN metering_point p USING (point_no) ON CONFLICT (meter_no) DO NOTHING"
        )
        return Merged(added, changed)

    return await import_file(METERS, source, _METER_CHECKS, merge)


async def is_live() -> bool:
    """Whether customers are served already: then rights and money change by two people only."""
    return bool(await fetch_value("SELECT EXISTS (SELECT 1 FROM service_account)"))

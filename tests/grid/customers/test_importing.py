"""Loading customers and meters: all of a file, or nothing; rights and money stay."""

import time

import pytest

from grid.customers.importing import import_customers, import_meters, is_live
from grid.customers.service import account, search
from grid.kit.database import execute, fetch, fetch_one, fetch_value
from grid.territory.importing import import_districts, import_grids, import_stations
from grid.territory.staff_import import import_staff
from grid.territory.staging import ImportReport
from grid.territory.types import StaffRole
from tests.grid.territory.county import actor
from tests.grid.territory.test_importing import DISTRICTS, GRIDS, IMPORTER, STAFF, STATIONS

pytestmark = pytest.mark.usefixtures("committed")

CUSTOMERS = (
    "account_no,name,phone,address,district_no,village_code,place_class,lat,lon,fee_control,"
    "opened_on,tags\n"
    "4200000001,覃章霞,13812345678,大溪村1号,D1,V1,,29.9,110.0,是,2020-05-01,special_group\n"
    "4200000002,田文光,,大溪村2号,D1,,remote,29.9,110.0,0,2020-05-01,\n"
)
METERS = (
    "meter_no,point_no,account_no,side,multiplier,installed_on\n"
    "M1,P1,4200000001,lv,1,2020-05-01\nM2,P2,4200000002,lv,30,2020-05-01\n"
)


async def load_grounds() -> None:
    """Grid G1 is active; G2 has no people."""
    await import_stations(STATIONS.encode())
    await import_grids(GRIDS.encode(), live=False)
    await import_districts(DISTRICTS.encode(), live=False)
    await import_staff(IMPORTER, STAFF.encode(), live=False)


def counts(report: ImportReport) -> tuple[int, int, int]:
    return report.added, report.changed, report.refused_count


def reasons(report: ImportReport) -> list[tuple[int, str]]:
    return [(one.row, one.column) for one in report.refused]


async def test_customers_and_meters_are_loaded_and_found() -> None:
    await load_grounds()
    assert not await is_live()
    assert counts(await import_customers(CUSTOMERS.encode("gb18030"))) == (2, 0, 0)
    assert counts(await import_meters(METERS.encode())) == (2, 0, 0)
    assert await is_live()
    staff = await fetch_value("SELECT id FROM staff WHERE employee_no = 'E3'")
    reader = actor(staff, "E3", roles=((StaffRole.DISPATCHER, None),))
    (found,) = (await search(reader, "qzx")).items
    assert (found.account_no, found.grid) == ("4200000001", "G1")
    view = await account(reader, "4200000002")
    assert (view.place_class, view.village, view.points[0].multiplier) == ("remote", None, "30")
    assert counts(await import_customers(CUSTOMERS.encode())) == (0, 0, 0)
    assert counts(await import_meters(METERS.encode())) == (0, 0, 0)
    assert await fetch_value("SELECT count(*) FROM customer_tag") == 1


async def test_a_known_account_may_change_its_name_and_telephone() -> None:
    await load_grounds()
    await import_customers(CUSTOMERS.encode())
    changed = CUSTOMERS.replace("田文光,,", "田文亮,13700000000,")
    assert counts(await import_customers(changed.encode())) == (0, 1, 0)
    row = await fetch_one("SELECT * FROM service_account WHERE account_no = '4200000002'")
    assert row is not None
    assert (row["name"], row["name_initials"], row["version"]) == ("田文亮", "twl", 2)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "4200000002,田文光,,大溪村2号,D1",
            "4200000002,田文光,,大溪村2号,D9",
            [(3, "district_no")],
        ),
        (
            "4200000002,田文光,,大溪村2号,D1",
            "4200000002,田文光,,大溪村2号,D2",
            [(3, "district_no")],
        ),
        ("D1,V1", "D1,V3", [(2, "village_code")]),
        ("4200000002,", "4200000001,", [(3, "account_no")]),
        ("29.9,110.0,0", "110.0,29.9,0", [(3, "lat")]),
        ("2020-05-01,special_group", "2020-5-1,vip", [(2, "opened_on"), (2, "tags")]),
        ("田文光", "田" * 61, [(3, "name")]),
        ("田文光", "田\x00文光", [(3, "name")]),
    ],
)
async def test_W6_a_wrong_customer_is_refused_and_nobody_is_loaded(
    old: str, new: str, expected: list[tuple[int, str]]
) -> None:
    await load_grounds()
    assert old in CUSTOMERS
    assert reasons(await import_customers(CUSTOMERS.replace(old, new).encode())) == expected
    assert not await is_live()


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("大溪村2号,D1", "大溪村2号,D3", "district_no"),
        ("remote,29.9,110.0,0", "remote,29.9,110.0,1", "fee_control"),
        ("remote,29.9", "rural,29.9", "place_class"),
    ],
)
async def test_S1_what_moves_rights_or_money_is_not_changed_by_a_file(
    old: str, new: str, column: str
) -> None:
    await load_grounds()
    more = f"{DISTRICTS.splitlines()[0]}\nD3,大溪三台区,G1,,rural,29.9,110.0\n"
    await import_districts(more.encode(), live=False)
    await import_customers(CUSTOMERS.encode())
    before = await fetch("SELECT * FROM service_account ORDER BY id")
    assert reasons(await import_customers(CUSTOMERS.replace(old, new).encode())) == [(3, column)]
    assert await fetch("SELECT * FROM service_account ORDER BY id") == before


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("M2,P2,4200000002", "M2,P2,4299999999", [(3, "account_no")]),
        ("M2,P2", "M1,P2", [(3, "meter_no")]),
        ("M2,P2", "M2,P1", [(3, "point_no")]),
        ("lv,30", "lv,0", [(3, "multiplier")]),
        ("lv,30", "mv,30", [(3, "side")]),
    ],
)
async def test_a_wrong_meter_is_refused(
    old: str, new: str, expected: list[tuple[int, str]]
) -> None:
    await load_grounds()
    await import_customers(CUSTOMERS.encode())
    assert reasons(await import_meters(METERS.replace(old, new).encode())) == expected
    assert await fetch_value("SELECT count(*) FROM metering_point") == 0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("M2,P2,4200000002,lv,40,2020-05-01", [(2, "multiplier")]),
        ("M2,P2,4200000001,lv,30,2020-05-01", [(2, "point_no")]),
        ("M9,P2,4200000002,lv,30,2020-05-01", [(2, "meter_no")]),
        ("M2,P9,4200000002,lv,30,2020-05-01", [(2, "meter_no")]),
    ],
)
async def test_a_meter_that_hangs_is_not_moved_by_a_file(
    line: str, expected: list[tuple[int, str]]
) -> None:
    await load_grounds()
    await import_customers(CUSTOMERS.encode())
    await import_meters(METERS.encode())
    header = METERS.splitlines()[0]
    assert reasons(await import_meters(f"{header}\n{line}\n".encode())) == expected


async def test_a_closed_account_does_not_come_back_by_a_file() -> None:
    await load_grounds()
    await import_customers(CUSTOMERS.encode())
    await execute("UPDATE service_account SET state = 'closed' WHERE account_no = '4200000001'")
    assert reasons(await import_customers(CUSTOMERS.encode())) == [(2, "account_no")]
    assert reasons(await import_meters(METERS.encode())) == [(2, "account_no")]


async def test_six_thousand_customers_take_a_few_seconds() -> None:
    await load_grounds()
    header = CUSTOMERS.splitlines()[0]
    lines = [
        f"42{number:08},田文光,138{number:08},大溪村{number}号,D1,V1,,29.9,110.0,1,2020-05-01,"
        for number in range(6_000)
    ]
    begin = time.perf_counter()
    report = await import_customers("\n".join([header, *lines]).encode())
    assert counts(report) == (6_000, 0, 0)
    assert time.perf_counter() - begin < 6

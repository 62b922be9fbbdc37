"""Loading stations, grids, districts, staff and the calendar: all of a file, or nothing."""

from datetime import date

import msgspec
import pyotp
import pytest

from grid.kit.calendar import load_calendar
from grid.kit.database import execute, fetch, fetch_value
from grid.territory.changes import DecideStaffChange
from grid.territory.importing import (
    import_calendar,
    import_districts,
    import_grids,
    import_stations,
)
from grid.territory.people import decide_staff_change
from grid.territory.sign_in import sign_in
from grid.territory.staff_import import import_staff
from grid.territory.staging import ImportReport
from grid.territory.types import Audience, ChangeKind, SignIn, SystemActor
from tests.grid.territory.county import add_operator, days_from, today

pytestmark = pytest.mark.usefixtures("committed")

IMPORTER = SystemActor(name="import")
STATIONS = "code,name,lat,lon\nS1,容美供电所,29.89,110.03\nS2,走马供电所,29.7,110.3\n"
GRIDS = (
    "grid_code,grid_name,station_code,village_code,village_name,lat,lon\n"
    "G1,一网格,S1,V1,大溪村,29.9,110.0\nG1,一网格,S1,V2,板辽村,29.91,110.0\n"
    "G2,二网格,S2,V3,千金村,29.7,110.3\n"
)
DISTRICTS = (
    "district_no,name,grid_code,village_code,place_class,lat,lon\n"
    "D1,大溪一台区,G1,V1,rural,29.9,110.0\nD2,千金台区,G2,,remote,29.7,110.3\n"
)
STAFF = (
    "employee_no,name,phone,station_code,roles,skills,grid_roles\n"
    "E1,张一,13800000001,S1,,fault_repair:2030-01-01,manager:G1;assistant:G2\n"
    "E2,张二,13800000002,S1,station_head,,supervisor:G1\n"
    "E3,张三,13800000003,,dispatcher;operator,,\n"
)


async def load_places() -> None:
    for report in (
        await import_stations(STATIONS.encode()),
        await import_grids(GRIDS.encode(), live=False),
        await import_districts(DISTRICTS.encode(), live=False),
    ):
        assert report.refused == []


def counts(report: ImportReport) -> tuple[int, int, int]:
    return report.added, report.changed, report.refused_count


def reasons(report: ImportReport) -> list[tuple[int, str]]:
    return [(one.row, one.column) for one in report.refused]


async def test_places_are_loaded_and_loaded_again() -> None:
    assert counts(await import_stations(STATIONS.encode("gb18030"))) == (2, 0, 0)
    assert counts(await import_grids(GRIDS.encode(), live=False)) == (3, 0, 0)
    assert counts(await import_districts(DISTRICTS.encode(), live=False)) == (2, 0, 0)
    assert counts(await import_stations(STATIONS.encode())) == (0, 0, 0)
    assert counts(await import_grids(GRIDS.encode(), live=False)) == (0, 0, 0)
    assert counts(await import_districts(DISTRICTS.encode(), live=False)) == (0, 0, 0)
    renamed = STATIONS.replace("容美供电所", "容美镇供电所")
    assert counts(await import_stations(renamed.encode())) == (0, 1, 0)
    rows = await fetch(
        "SELECT v.code, g.code AS grid, s.code AS station FROM village v"
        " JOIN service_grid g ON g.id = v.grid JOIN supply_station s ON s.id = g.station ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [
        ("V1", "G1", "S1"),
        ("V2", "G1", "S1"),
        ("V3", "G2", "S2"),
    ]


async def test_one_refused_row_means_that_nothing_is_loaded() -> None:
    report = await import_stations((STATIONS + "S3,坏,91,200\n").encode())
    assert reasons(report) == [(4, "lat"), (4, "lon")]
    assert counts(report) == (0, 0, 1)
    assert await fetch_value("SELECT count(*) FROM supply_station") == 0
    facts = await fetch_value("SELECT facts::text FROM audit_entry WHERE action='import.stations'")
    assert '"refused": 2' in facts


async def test_unknown_and_contradicting_references_are_refused_by_row() -> None:
    await import_stations(STATIONS.encode())
    wrong = GRIDS.replace("G1,一网格,S1,V2", "G1,别名,S1,V2").replace(
        "G2,二网格,S2", "G2,二网格,S9"
    )
    assert reasons(await import_grids(wrong.encode(), live=False)) == [
        (3, "grid_name"),
        (4, "station_code"),
    ]
    await import_grids(GRIDS.encode(), live=False)
    wrong = DISTRICTS.replace("D1,大溪一台区,G1,V1", "D1,大溪一台区,G1,V3").replace("G2,,", "G9,,")
    assert reasons(await import_districts(wrong.encode(), live=False)) == [
        (2, "village_code"),
        (3, "grid_code"),
    ]


async def test_on_a_live_county_nothing_changes_its_grid() -> None:
    await load_places()
    moved = GRIDS.replace("G1,一网格,S1,V2", "G2,二网格,S2,V2")
    assert reasons(await import_grids(moved.encode(), live=True)) == [(3, "grid_code")]
    moved = GRIDS.replace("二网格,S2", "二网格,S1")
    assert reasons(await import_grids(moved.encode(), live=True)) == [(4, "station_code")]
    moved = DISTRICTS.replace("D2,千金台区,G2", "D2,千金台区,G1")
    assert reasons(await import_districts(moved.encode(), live=True)) == [(3, "grid_code")]
    added = GRIDS + "G3,三网格,S2,V4,新村,29.7,110.4\n"
    assert counts(await import_grids(added.encode(), live=True)) == (1, 0, 0)


async def test_staff_come_with_posts_skills_and_roles_and_complete_grids_become_active() -> None:
    await load_places()
    report, issued = await import_staff(IMPORTER, STAFF.encode(), live=False)
    assert counts(report) == (3, 0, 0)
    rows = await fetch("SELECT code, active_from FROM service_grid ORDER BY code")
    assert [tuple(row) for row in rows] == [("G1", await today()), ("G2", None)]
    operator = next(one for one in issued if one.employee_no == "E3")
    assert operator.totp_secret is not None
    signed_in = await sign_in(
        SignIn(
            employee_no="E3",
            password=operator.password or "",
            device_id="d",
            code=pyotp.TOTP(operator.totp_secret).now(),
        ),
        Audience.CONSOLE,
        None,
    )
    assert signed_in.actor.must_change_password
    assert {(post.role.value, post.station_id) for post in signed_in.actor.roles} == {
        ("dispatcher", None),
        ("operator", None),
    }
    again, issued = await import_staff(IMPORTER, STAFF.encode(), live=False)
    assert (counts(again), issued) == ((0, 0, 0), [])
    assert await fetch_value("SELECT count(*) FROM grid_appointment") == 3
    assert await fetch_value("SELECT count(*) FROM staff_role_grant") == 3
    assert await fetch_value("SELECT count(*) FROM staff_skill") == 1


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("E9,x,13800000009,S9,,,", "station_code"),
        ("E9,x,13800000009,S1,,,manager:G9", "grid_roles"),
        ("E9,x,13800000009,S1,,,manager:G1", "grid_roles"),
        ("E9,x,13800000009,S1,,,manager:G2;supervisor:G2", "grid_roles"),
        ("E9,x,13800000009,S1,king,,", "roles"),
        ("E9,x,13800000009,S1,,climbing,", "skills"),
        ("E1,x,13800000009,S1,,,", "employee_no"),
        ("E9,x,call me,S1,,,", "phone"),
    ],
)
async def test_a_wrong_person_is_refused_and_nobody_is_loaded(line: str, column: str) -> None:
    await load_places()
    report, issued = await import_staff(IMPORTER, f"{STAFF}{line}\n".encode(), live=False)
    assert reasons(report) == [(5, column)]
    assert issued == []
    assert await fetch_value("SELECT count(*) FROM staff") == 0


async def test_W6_S5_a_second_file_does_not_unseat_the_manager() -> None:
    await load_places()
    await import_staff(IMPORTER, STAFF.encode(), live=False)
    header = STAFF.splitlines()[0]
    for line in ("E9,x,13800000009,S1,,,manager:G1", "E1,张一,13800000001,S1,,,supervisor:G1"):
        report, _ = await import_staff(IMPORTER, f"{header}\n{line}\n".encode(), live=False)
        assert reasons(report) == [(2, "grid_roles")]


async def test_S1_on_a_live_county_people_and_rights_wait_for_a_second_person() -> None:
    await load_places()
    await import_staff(IMPORTER, STAFF.encode(), live=False)
    decider = await add_operator("E0900")
    header = STAFF.splitlines()[0]
    source = (
        f"{header}\nE9,李九,13900000009,S1,crew,,assistant:G1\n"
        "E1,张一,13811111111,S1,crew,climbing:2031-01-01,manager:G1\n"
    ).encode()
    report, issued = await import_staff(IMPORTER, source, live=True)
    assert (report.added, report.changed, report.drafted, issued) == (0, 1, 3, [])
    assert await fetch_value("SELECT count(*) FROM staff WHERE employee_no = 'E9'") == 0
    assert await fetch_value("SELECT count(*) FROM staff_role_grant WHERE role = 'crew'") == 0
    assert await fetch_value("SELECT count(*) FROM staff_skill") == 2
    again, _ = await import_staff(IMPORTER, source, live=True)
    assert again.drafted == 0

    for change in await fetch("SELECT id, kind FROM staff_change ORDER BY id"):
        done = await decide_staff_change(
            decider, DecideStaffChange(change_id=change["id"], approve=True)
        )
        assert (done.credentials is not None) is (change["kind"] == ChangeKind.CREATE_STAFF)
    rows = await fetch(
        "SELECT p.employee_no, a.role FROM grid_appointment a JOIN staff p ON p.id = a.staff"
        " JOIN service_grid g ON g.id = a.grid WHERE g.code = 'G1' ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [
        ("E1", "manager"),
        ("E2", "supervisor"),
        ("E9", "assistant"),
    ]


async def test_a_draft_that_is_agreed_to_days_later_begins_then() -> None:
    await load_places()
    await import_staff(IMPORTER, STAFF.encode(), live=False)
    decider = await add_operator("E0900")
    header = STAFF.splitlines()[0]
    await import_staff(
        IMPORTER, f"{header}\nE2,张二,13800000002,S1,station_head;crew,,\n".encode(), live=True
    )
    row = (await fetch("SELECT id, body FROM staff_change"))[0]
    late = {**msgspec.json.decode(row["body"]), "from_day": str(days_from(await today(), -3))}
    await execute(
        "UPDATE staff_change SET body = $2 WHERE id = $1",
        row["id"],
        msgspec.json.encode(late).decode(),
    )
    await decide_staff_change(decider, DecideStaffChange(change_id=row["id"], approve=True))
    began = await fetch_value("SELECT from_day FROM staff_role_grant WHERE role = 'crew'")
    assert began == await today()


async def test_the_calendar_states_days_and_restates_them() -> None:
    source = "day,is_workday,name\n2031-10-01,否,国庆节\n2031-10-11,是,国庆调休\n".encode()
    assert counts(await import_calendar(source, "2031.csv")) == (2, 0, 0)
    calendar = await load_calendar()
    assert not calendar.is_workday(date(2031, 10, 1))
    assert calendar.is_workday(date(2031, 10, 11))
    assert counts(await import_calendar(source, "2031.csv")) == (0, 2, 0)

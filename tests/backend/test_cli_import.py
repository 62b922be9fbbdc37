"""`wangge import`: a small county from files, all or nothing."""

import csv
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from backend.embedded import EmbeddedPostgres
from backend.embedded.postgres import APP_ROLE
from backend.keys import Secret
from backend.migrate import migrate
from backend.settings import DatabaseSettings
from tests.support.one_machine import wangge

FILES = {
    "stations": "code,name,lat,lon\nRM,容美供电所,29.89,110.03\n",
    "grids": (
        "grid_code,grid_name,station_code,village_code,village_name,lat,lon\n"
        "RM-01,容美一网格,RM,V1,东村,29.89,110.03\n"
    ),
    "staff": (
        "employee_no,name,phone,station_code,grid_roles\n"
        "A1,王一,13900000001,RM,manager:RM-01\nA2,王二,13900000002,RM,supervisor:RM-01\n"
    ),
    "districts": (
        "district_no,name,grid_code,village_code,place_class,lat,lon\n"
        "D1,东村台区,RM-01,V1,rural,29.89,110.03\n"
    ),
    "customers": (
        "account_no,name,address,district_no,lat,lon,fee_control,opened_on\n"
        "4200000001,李四,东村1号,D1,29.89,110.03,yes,2020-01-01\n"
    ),
    "meters": (
        "meter_no,point_no,account_no,side,multiplier,installed_on\n"
        "M1,P1,4200000001,lv,1,2020-01-01\n"
    ),
    "calendar": "day,is_workday,name\n2027-01-01,no,元旦\n",
}


@pytest.fixture
async def settings(postgres: EmbeddedPostgres) -> AsyncIterator[dict[str, str]]:
    """The environment of an empty, migrated installation."""
    name = f"import_{uuid4().hex[:12]}"
    await postgres.create_database(name)
    app, owner = postgres.url_of(name, APP_ROLE), postgres.url_of(name)
    await migrate(DatabaseSettings(database_url=Secret(app), migration_database_url=Secret(owner)))
    yield {"WANGGE_DATABASE_URL": app}
    await postgres.drop_database(name)


async def counted(settings: dict[str, str], table: str) -> int:
    connection = await asyncpg.connect(settings["WANGGE_DATABASE_URL"])
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))
    finally:
        await connection.close()


async def test_a_county_is_loaded_kind_by_kind(settings: dict[str, str], tmp_path: Path) -> None:
    passwords = tmp_path / "passwords.csv"
    for kind, text in FILES.items():
        file = tmp_path / f"{kind}.csv"
        # Spreadsheets in the county write either encoding.
        file.write_text(text, encoding="gb18030" if kind == "grids" else "utf-8-sig")
        extra = ["--passwords", str(passwords)] if kind == "staff" else []
        done = wangge("import", kind, str(file), *extra, settings=settings)
        assert done.returncode == 0, done.stdout + done.stderr
        rows = len(text.splitlines()) - 1
        assert f"{rows} added, 0 changed" in done.stdout
    assert passwords.stat().st_mode & 0o777 == 0o600
    with passwords.open(encoding="utf-8", newline="") as file:
        assert [row["employee_no"] for row in csv.DictReader(file)] == ["A1", "A2"]
    assert await counted(settings, "meter") == 1
    assert await counted(settings, "service_grid WHERE active_from IS NOT NULL") == 1


async def test_one_wrong_row_keeps_all_out_and_is_reported(
    settings: dict[str, str], tmp_path: Path
) -> None:
    file, refused = tmp_path / "stations.csv", tmp_path / "refused.csv"
    file.write_text(
        "code,name,lat,lon\nRM,容美,29.89,110.03\nZY,走马,129.8,110.03\n", encoding="utf-8"
    )
    done = wangge("import", "stations", str(file), "--refused", str(refused), settings=settings)
    assert done.returncode == 1
    assert "nothing was loaded" in done.stdout + done.stderr
    assert await counted(settings, "supply_station") == 0
    with refused.open(encoding="utf-8", newline="") as reported:
        (row,) = csv.DictReader(reported)
    assert (row["row"], row["column"]) == ("3", "lat")

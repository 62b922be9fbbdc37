"""`wangge import`, run as an operator runs it; and its document, which cannot lie."""

import csv
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from backend.commands.import_csv import KINDS
from backend.embedded import EmbeddedPostgres
from grid.customers.importing import CUSTOMERS, METERS
from grid.customers.types import CustomerTagWord
from grid.partners.importing import ORDERS
from grid.partners.types import ProvinceClass, ProvinceKind
from grid.territory.csv_files import Sheet
from grid.territory.importing import CALENDAR, DISTRICTS, GRIDS, STATIONS
from grid.territory.staff_import import SHEET as STAFF
from grid.territory.types import GridRole, Skill, StaffRole
from tests.grid.territory import test_importing as rows

SHEETS = (STATIONS, GRIDS, STAFF, DISTRICTS, CUSTOMERS, METERS, CALENDAR, ORDERS)
TOP = Path(__file__).parents[2]
DOCUMENT = TOP / "backend" / "commands" / "IMPORT.md"


def section(kind: str) -> str:
    """The part of the document under the heading of a kind."""
    text = DOCUMENT.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^## {kind}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(found)


def test_every_kind_is_a_sheet_and_a_section() -> None:
    assert {sheet.name for sheet in SHEETS} == set(KINDS)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_the_document_names_every_column_and_no_other(sheet: Sheet) -> None:
    cells = [line.split("|")[1] for line in section(sheet.name).splitlines() if "|" in line][2:]
    named = {
        (name, star == " *") for cell in cells for name, star in re.findall(r"`(\w+)`( \*)?", cell)
    }
    assert named == {(column.name, column.required) for column in sheet.columns}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("staff", [*StaffRole, *Skill, *GridRole]),
        ("customers", list(CustomerTagWord)),
        ("orders95598", [*ProvinceKind, *ProvinceClass]),
    ],
)
def test_the_document_names_every_word_of_a_list(kind: str, words: list[str]) -> None:
    assert [word for word in words if f"`{word}`" not in section(kind)] == []


class Shell:
    """Runs `wangge import` in a process of its own, against the test database."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.folder = folder
        self._environ = {
            "PATH": os.environ["PATH"],
            "WANGGE_DATABASE_URL": database_url,
        }

    def load(self, kind: str, text: str, *options: str) -> subprocess.CompletedProcess[str]:
        source = self.folder / f"{kind}.csv"
        source.write_bytes(text.encode("gb18030"))
        return subprocess.run(
            [sys.executable, "-m", "backend", "import", kind, str(source), *options],
            cwd=TOP,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def shell(committed: None, database_url: str, postgres: EmbeddedPostgres, tmp_path: Path) -> Shell:
    return Shell(database_url, tmp_path)


def test_a_county_is_loaded_from_the_shell(shell: Shell) -> None:
    done = shell.load("stations", rows.STATIONS)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "stations: 2 rows read as GB18030",
        "2 added, 0 changed",
    ]
    assert shell.load("grids", rows.GRIDS).returncode == 0
    passwords = shell.folder / "passwords.csv"
    done = shell.load("staff", rows.STAFF, "--passwords", str(passwords))
    assert (done.returncode, done.stderr) == (0, "")
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    with passwords.open(encoding="utf-8-sig", newline="") as lines:
        written = list(csv.DictReader(lines))
    assert [one["employee_no"] for one in written] == ["E1", "E2", "E3"]
    assert all(len(one["first_password"]) == 14 for one in written)
    assert [bool(one["second_factor"]) for one in written] == [False, True, True]
    assert not any(one["first_password"] in done.stdout for one in written)
    again = shell.load("staff", rows.STAFF, "--passwords", str(passwords))
    assert (again.returncode, again.stdout) == (1, "")
    assert "exists already" in again.stderr


def test_refused_rows_are_told_and_the_exit_code_says_so(shell: Shell) -> None:
    done = shell.load("stations", rows.STATIONS + "S3,坏,91,110\n")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "stations: 3 rows read as GB18030",
        "nothing was loaded: 1 of 3 rows are refused",
        "  row 4, lat: not between -90 and 90",
    ]


def test_a_file_that_cannot_be_read_is_one_clear_line(shell: Shell) -> None:
    done = shell.load("stations", "code,name\n")
    assert done.returncode == 1
    assert done.stderr.startswith("wangge: missing columns: 'lat', 'lon'")
    assert "Traceback" not in done.stderr

"""`wangge import KIND FILE`: load a county from CSV files, each all or nothing.

A county is loaded in the order of `KINDS`. Without FILE the columns of that kind are shown;
`backend/commands/IMPORT.md` explains them, and a test keeps it true.
"""

import argparse
import csv
import io
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from backend.commands.run import database_settings, with_pool
from backend.commands.words import CommandRefused, say
from backend.embedded.home import write_private
from grid.customers.importing import CUSTOMERS, METERS, import_customers, import_meters, is_live
from grid.kit import context
from grid.partners.importing import ORDERS, import_orders
from grid.territory import staff_import
from grid.territory.changes import Credentials
from grid.territory.csv_files import FILE_MAX_BYTES, SHOWN_MAX, Sheet
from grid.territory.importing import (
    CALENDAR,
    DISTRICTS,
    GRIDS,
    STATIONS,
    import_calendar,
    import_districts,
    import_grids,
    import_stations,
)
from grid.territory.staging import ImportReport
from grid.territory.types import SystemActor

SHELL = SystemActor(name="shell")
#: Refused cells shown when the others go to a file; without one all that the report holds.
SHOWN_BESIDE_FILE = 20


class Loaded(NamedTuple):
    """What became of a file, and first passwords where people were added."""

    report: ImportReport
    credentials: Sequence[Credentials] = ()


class Kind(NamedTuple):
    """One kind of file: its columns, and how it is loaded (bytes, file name, county is live)."""

    sheet: Sheet
    load: Callable[[bytes, str, bool], Awaitable[Loaded]]


async def _stations(source: bytes, name: str, live: bool) -> Loaded:
    return Loaded(await import_stations(source))


async def _grids(source: bytes, name: str, live: bool) -> Loaded:
    return Loaded(await import_grids(source, live=live))


async def _staff(source: bytes, name: str, live: bool) -> Loaded:
    return Loaded(*await staff_import.import_staff(SHELL, source, live=live))


async def _districts(source: bytes, name: str, live: bool) -> Loaded:
    return Loaded(await import_districts(source, live=live))


async def _customers(source: bytes, name: str, live: bool) -> Loaded:
    return Loaded(await import_customers(source))


async def _meters(source: bytes, name: str, live: bool) -> Loaded:
    return Loaded(await import_meters(source))


async def _calendar(source: bytes, name: str, live: bool) -> Loaded:
    return Loaded(await import_calendar(source, name))


async def _orders(source: bytes, name: str, live: bool) -> Loaded:
    return Loaded(await import_orders(source))


KINDS = {
    "stations": Kind(STATIONS, _stations),
    "grids": Kind(GRIDS, _grids),
    "staff": Kind(staff_import.SHEET, _staff),
    "districts": Kind(DISTRICTS, _districts),
    "customers": Kind(CUSTOMERS, _customers),
    "meters": Kind(METERS, _meters),
    "calendar": Kind(CALENDAR, _calendar),
    "orders95598": Kind(ORDERS, _orders),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the CSV file")
    parser.add_argument(
        "--refused", type=Path, metavar="FILE", help="write the refused rows to this CSV file"
    )
    parser.add_argument(
        "--passwords",
        type=Path,
        metavar="FILE",
        help="write first passwords to this file (mode 0600) instead of showing them",
    )


def run(arguments: argparse.Namespace) -> int:
    kind = KINDS[arguments.kind]
    if arguments.file is None:
        for line in columns_of(kind.sheet):
            say(line)
        return 0
    _check_new(arguments.passwords)
    try:
        if arguments.file.stat().st_size > FILE_MAX_BYTES:
            raise CommandRefused(
                f"{arguments.file} is larger than {FILE_MAX_BYTES} bytes: split it"
            )
        source = arguments.file.read_bytes()
    except OSError as error:
        raise CommandRefused(f"cannot read {arguments.file}: {error.strerror}") from None

    async def load() -> Loaded:
        with context.acting(SHELL.subject):
            return await kind.load(source, arguments.file.name, await is_live())

    done = with_pool(database_settings(), load)
    _tell(done.report, arguments.refused)
    _hand_over(done.credentials, arguments.passwords)
    return 1 if done.report.refused_count else 0


def _check_new(file: Path | None) -> None:
    """Passwords that could not be written after the load would be lost: ask before it."""
    if file is None:
        return
    if file.exists():
        raise CommandRefused(f"{file} exists already: name a new file")
    if not os.access(file.resolve().parent, os.W_OK):
        raise CommandRefused(f"cannot write {file}: no such directory, or not yours")


def columns_of(sheet: Sheet) -> list[str]:
    """The columns of a kind of file, for a person."""
    lines = [f"{sheet.name}: UTF-8 or GB18030, commas, one header line with these columns"]
    for column in sheet.columns:
        words = "" if column.required else "  (may be empty or missing)"
        once = "  (no two rows share one)" if column.name in sheet.unique else ""
        lines.append(f"  {column.name:<14} {column.sql_type}{words}{once}")
    return lines


def _tell(report: ImportReport, file: Path | None) -> None:
    """Say what became of the file; refused rows with their reasons."""
    say(f"{report.kind}: {report.rows} rows read as {report.encoding.upper()}")
    if not report.refused_count:
        drafted = f", {report.drafted} wait for a second person" if report.drafted else ""
        say(f"{report.added} added, {report.changed} changed{drafted}")
        return
    say(f"nothing was loaded: {report.refused_count} of {report.rows} rows are refused")
    shown = report.refused if file is None else report.refused[:SHOWN_BESIDE_FILE]
    for refused in shown:
        where = f"row {refused.row}" + (f", {refused.column}" if refused.column else "")
        say(f"  {where}: {refused.reason}")
    if len(shown) < len(report.refused) or len(shown) == SHOWN_MAX:
        say("  ...")
    if file is not None:
        rows = [("row", "column", "reason"), *report.refused]
        write_private(file, _csv(rows))
        say(f"the refused rows are in {file}")


def _hand_over(credentials: Sequence[Credentials], file: Path | None) -> None:
    """First passwords are shown or written once; the system keeps only their hashes."""
    if not credentials:
        return
    rows = [
        (one.employee_no, one.password or "", one.totp_secret or "", one.totp_uri or "")
        for one in credentials
    ]
    if file is not None:
        header = ("employee_no", "first_password", "second_factor", "second_factor_uri")
        write_private(file, _csv([header, *rows]))
        say(f"first passwords of {len(rows)} people are in {file}: hand them out, then delete it")
        return
    for number, password, factor, _ in rows:
        say(f"  {number:<12} {password}" + (f"  second factor {factor}" if factor else ""))


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()

"""`wangge import KIND FILE`: load a real county from CSV, all of a file or nothing.

`backend/commands/IMPORT.md` documents the columns; a test keeps it true.
"""

import argparse
import csv
import os
from collections.abc import Sequence
from pathlib import Path

from backend.commands.run import database_settings, with_pool
from backend.commands.words import CommandRefused, say
from grid.customers.importing import import_customers, import_meters, is_live
from grid.kit import context
from grid.territory.changes import Credentials
from grid.territory.csv_files import FILE_MAX_BYTES, SHOWN_MAX
from grid.territory.importing import (
    import_calendar,
    import_districts,
    import_grids,
    import_stations,
)
from grid.territory.staff_import import import_staff
from grid.territory.staging import ImportReport
from grid.territory.types import SystemActor

KINDS = ("stations", "grids", "staff", "districts", "customers", "meters", "calendar")
IMPORTER = SystemActor(name="import")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("file", type=Path, metavar="FILE", help="a CSV file, UTF-8 or GB18030")
    parser.add_argument(
        "--passwords",
        type=Path,
        metavar="NEW_FILE",
        help="staff only: where the first passwords are written, readable by you alone",
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.passwords is not None and arguments.kind != "staff":
        raise CommandRefused("--passwords belongs to `import staff`")
    if arguments.passwords is not None and arguments.passwords.exists():
        raise CommandRefused(f"{arguments.passwords} exists already: name a new file")
    source = _read(arguments.file)

    async def load() -> ImportReport:
        with context.acting(IMPORTER.subject):
            return await _load(arguments, source)

    report = with_pool(database_settings(), load)
    _tell(report)
    return 1 if report.refused_count else 0


async def _load(arguments: argparse.Namespace, source: bytes) -> ImportReport:
    match arguments.kind:
        case "stations":
            return await import_stations(source)
        case "grids":
            return await import_grids(source, live=await is_live())
        case "districts":
            return await import_districts(source, live=await is_live())
        case "customers":
            return await import_customers(source)
        case "meters":
            return await import_meters(source)
        case "calendar":
            return await import_calendar(source, arguments.file.name)
        case _:
            return await _load_staff(arguments, source)


async def _load_staff(arguments: argparse.Namespace, source: bytes) -> ImportReport:
    """First passwords are in no place but the file asked for; without one they are reset later."""
    if arguments.passwords is not None:
        # Opened before anything is stored, so that a place that cannot be written costs nothing.
        _write_private(arguments.passwords, [])
    try:
        report, issued = await import_staff(IMPORTER, source, live=await is_live())
    finally:
        if arguments.passwords is not None:
            arguments.passwords.unlink()
    if issued and arguments.passwords is not None:
        _write_private(arguments.passwords, issued)
        say(f"first passwords of {len(issued)} people: {arguments.passwords}")
    elif issued:
        say("no --passwords file was named: reset the passwords of the new people to let them in")
    return report


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_MAX_BYTES:
            raise CommandRefused(f"{path} is larger than {FILE_MAX_BYTES} bytes: split it")
        return path.read_bytes()
    except OSError as error:
        raise CommandRefused(f"cannot read {path}: {error.strerror}") from None


def _write_private(path: Path, issued: Sequence[Credentials]) -> None:
    """A new file that only its owner reads. Raises CommandRefused when it cannot be made."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandRefused(f"cannot write {path}: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["employee_no", "first_password", "second_factor", "second_factor_uri"])
        for one in issued:
            writer.writerow([one.employee_no, one.password, one.totp_secret, one.totp_uri])


def _tell(report: ImportReport) -> None:
    say(f"{report.kind}: {report.rows} rows read as {report.encoding.upper()}")
    if not report.refused_count:
        say(f"{report.added} added, {report.changed} changed")
        if report.drafted:
            say(f"{report.drafted} changes wait for a second person (`wangge staff changes`)")
        return
    for refused in report.refused:
        where = f"row {refused.row}" + (f", {refused.column}" if refused.column else "")
        say(f"{where}: {refused.reason}")
    if len(report.refused) == SHOWN_MAX:
        say(f"(the first {SHOWN_MAX} reasons are shown)")
    say(f"{report.refused_count} of {report.rows} rows refused; nothing was loaded")

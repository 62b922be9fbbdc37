"""Bringing a parsed file into the database: all of it or nothing, by statements over sets.

The rows are copied into a temporary table `import_<kind>` (a name per kind, because statements on
it are prepared once for its columns), checked there against what is stored, and
merged by one statement per step. Any refused row means that nothing is loaded.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import msgspec

from grid.kit import audit
from grid.kit.database import connection_of_transaction, execute, fetch, transaction
from grid.kit.ids import new_id
from grid.territory.csv_files import ParsedFile, RefusedRow, Sheet, parse_file, show

#: One number for the advisory lock: one import at a time.
_IMPORT_LOCK = 0x77676970


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. `drafted` counts changes that now wait for a second person.

    When anything is refused, nothing was loaded; `refused` shows the first 1,000 of
    `refused_count` rows as (row, column, reason).
    """

    kind: str
    encoding: str
    rows: int
    added: int = 0
    changed: int = 0
    drafted: int = 0
    refused_count: int = 0
    refused: list[RefusedRow] = []


class Check(NamedTuple):
    """A SELECT of the row numbers (`row_no`) that break a rule, with the column and the reason."""

    column: str
    reason: str
    sql: str


class Merged(NamedTuple):
    """How many things a merge added, changed, and wrote down for a second person."""

    added: int
    changed: int
    drafted: int = 0


async def import_file(
    sheet: Sheet,
    source: bytes,
    checks: Sequence[Check],
    merge: Callable[[], Awaitable[Merged]],
    computed: Callable[[tuple[object, ...]], tuple[object, ...]] | None = None,
    computed_columns: str = "",
) -> ImportReport:
    """Load one file in one transaction. Raises FileRefused for what is wrong with all of it.

    `merge` runs with `import_<kind>` filled: `row_no`, a fresh `id` and `id2` per row, the sheet's
    columns, and what `computed` adds to each row (declared by `computed_columns`).
    """
    parsed = parse_file(sheet, source)
    report = ImportReport(kind=sheet.name, encoding=parsed.encoding, rows=parsed.row_count)
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock($1)", _IMPORT_LOCK)
        # A county is one statement a step: longer than any request may take.
        await execute("SET LOCAL statement_timeout = '10min'")
        await _stage(sheet, parsed, computed, computed_columns)
        refused = [*parsed.refused, *await _broken(checks)]
        if not refused:
            done = await merge()
            report = msgspec.structs.replace(
                report, added=done.added, changed=done.changed, drafted=done.drafted
            )
        await execute(f"DROP TABLE import_{sheet.name}")
        await audit.record(
            f"import.{sheet.name}",
            f"file:{hashlib.sha256(source).hexdigest()[:32]}",
            rows=parsed.row_count,
            refused=len(refused),
            added=report.added,
            changed=report.changed,
            drafted=report.drafted,
        )
    rows_refused = len({one.row for one in refused})
    return msgspec.structs.replace(report, refused_count=rows_refused, refused=show(refused))


async def _stage(
    sheet: Sheet,
    parsed: ParsedFile,
    computed: Callable[[tuple[object, ...]], tuple[object, ...]] | None,
    computed_columns: str,
) -> None:
    declared = ", ".join(f'"{column.name}" {column.sql_type}' for column in sheet.columns)
    await execute(
        f"CREATE TEMPORARY TABLE import_{sheet.name} (row_no int, id uuid, id2 uuid, {declared}"
        f"{', ' + computed_columns if computed_columns else ''}) ON COMMIT DROP"
    )
    records = (
        (row[0], new_id(), new_id(), *row[1:], *(computed(row) if computed else ()))
        for row in parsed.rows
    )
    await connection_of_transaction().copy_records_to_table(f"import_{sheet.name}", records=records)
    await execute(f"ANALYZE import_{sheet.name}")


async def _broken(checks: Sequence[Check]) -> list[RefusedRow]:
    return [
        RefusedRow(row["row_no"], check.column, check.reason)
        for check in checks
        for row in await fetch(check.sql)
    ]

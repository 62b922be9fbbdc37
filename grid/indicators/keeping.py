"""Keeping a month: every record of every indicator is copied as it stands, with a digest (K3).

Runs inside the transaction of whoever closes. Set-based: one statement for each indicator, so that
none comes near the statement limit.
"""

import hashlib
from datetime import datetime
from uuid import UUID

from grid.indicators.catalogue import CATALOGUE
from grid.indicators.definition import Indicator
from grid.indicators.periods import Period
from grid.indicators.shape import COLUMNS, COUNTS
from grid.indicators.tables import IndicatorPeriod
from grid.indicators.windows import Window
from grid.kit.database import execute, fetch, fetch_one, fetch_value, insert
from grid.kit.ids import new_id

#: The text that a record adds to its indicator's digest.
_LINE = (
    "concat_ws('|', r.record_kind, r.record, extract(epoch FROM r.at), r.matter, r.grid, r.station,"
    " r.staff, r.hit, r.excluded, r.amount)"
)
_DIGEST = (
    f"encode(sha256(convert_to(coalesce(string_agg({_LINE}, E'\\n'"
    " ORDER BY r.record, r.at), ''), 'UTF8')), 'hex') AS digest"
)


async def one_at_a_time(month: Period) -> None:
    """Nobody else closes the same month meanwhile; held until the transaction ends."""
    await execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 80))", f"indicators {month.name}"
    )


async def last_version(month: Period) -> int:
    """The newest version of a month's closing; 0 while it is open."""
    found = await fetch_value(
        "SELECT max(version) FROM indicator_period WHERE period = $1", month.name
    )
    return int(found or 0)


async def closed_months() -> set[str]:
    """The months that are closed, as `2026-11`."""
    rows = await fetch("SELECT DISTINCT period FROM indicator_period")
    return {row["period"] for row in rows}


async def keep(
    month: Period, as_of: datetime, asked_by: str, confirmed_by: str | None, reason: str
) -> int:
    """Write the next version of a month from the tables as they stand; returns its number."""
    version, closing = await last_version(month) + 1, new_id()
    window = Window(
        month.from_at, month.until_at, month.from_at, min(month.until_at, as_of), [], [], as_of
    )
    for one in CATALOGUE.values():
        await _keep_one(one, closing, window)
    await insert(
        IndicatorPeriod,
        id=closing,
        period=month.name,
        version=version,
        closed_at=as_of,
        asked_by=asked_by,
        confirmed_by=confirmed_by,
        reason=reason,
        digest=await _digest_of(closing),
    )
    return version


async def _keep_one(one: Indicator, closing: UUID, window: Window) -> None:
    columns = ", ".join(COLUMNS)
    await execute(
        f"INSERT INTO indicator_record (id, closing, {columns})"  # noqa: S608 - names are ours
        f" SELECT gen_random_uuid(), $8::uuid, {columns} FROM ({one.live()}) r"
        " WHERE $1::timestamptz <= $2::timestamptz AND $5::uuid[] IS NOT NULL"
        " AND $7::timestamptz IS NOT NULL",
        *window,
        closing,
    )
    row = await fetch_one(
        f"SELECT {COUNTS}, {_DIGEST} FROM indicator_record r"  # noqa: S608 - ours
        " WHERE r.closing = $1 AND r.indicator = $2",
        closing,
        one.name,
    )
    assert row is not None
    await execute(
        "INSERT INTO indicator_sum (id, closing, indicator, definition_version, numerator,"
        " denominator, excluded, amount, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new_id(),
        closing,
        one.name,
        one.version,
        row["numerator"],
        row["denominator"],
        row["left_out"],
        row["amount"],
        row["digest"],
    )


async def _digest_of(closing: UUID) -> str:
    """One digest over those of all indicators, by their names."""
    rows = await fetch(
        "SELECT indicator, digest FROM indicator_sum WHERE closing = $1 ORDER BY indicator", closing
    )
    lines = "\n".join(f"{row['indicator']} {row['digest']}" for row in rows)
    return hashlib.sha256(lines.encode()).hexdigest()

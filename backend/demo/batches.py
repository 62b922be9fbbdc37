"""Rows on their way into our tables: made in memory with their ids, written by COPY."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from piccolo.table import Table

from backend.demo.types import DemoCounty
from grid.kit.database import insert_many
from grid.kit.ids import new_id

BY_DEMO = "system:demo"
# Long before any demo starts: whoever looks back finds each grid with its people.
SINCE = date(2024, 1, 1)
# One COPY of this many rows stays far from the pool's time-outs.
COPY_ROWS = 20_000


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Rows for one table, in the order of `columns`."""

    table: type[Table]
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Encoded password hashes of all staff, and base32 TOTP secrets of those who need one."""

    password_hashes: Mapping[str, str]
    totp_secrets: Mapping[str, str]


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of a county's rows by the codes that name them, and the moment of seeding."""

    now: datetime
    stations: Mapping[str, UUID]
    grids: Mapping[str, UUID]
    villages: Mapping[str, UUID]
    districts: Mapping[str, UUID]
    staff: Mapping[str, UUID]
    accounts: Mapping[str, UUID]
    points: Mapping[str, UUID]

    def station_or_none(self, code: str | None) -> UUID | None:
        """Give a station's id; the service centre is no station."""
        return None if code is None else self.stations[code]


def keys_for(county: DemoCounty, now: datetime) -> Keys:
    """Make ids for everything that other rows point to."""
    return Keys(
        now=now,
        stations={station.code: new_id() for station in county.stations},
        grids={grid.code: new_id() for grid in county.grids},
        villages={village.code: new_id() for village in county.villages},
        districts={district.district_no: new_id() for district in county.districts},
        staff={person.employee_no: new_id() for person in county.staff},
        accounts={customer.account_no: new_id() for customer in county.customers},
        points={customer.account_no: new_id() for customer in county.customers},
    )


def batch(table: type[Table], columns: str, rows: Iterable[tuple[Any, ...]]) -> Batch:
    """Collect the rows of one table; `columns` are names with spaces between."""
    return Batch(table=table, columns=tuple(columns.split()), rows=list(rows))


async def write(rows: Batch) -> None:
    """COPY one batch inside the running transaction, in pieces that stay within time-outs."""
    for start in range(0, len(rows.rows), COPY_ROWS):
        await insert_many(rows.table, rows.columns, rows.rows[start : start + COPY_ROWS])

"""Orders of the province from a file: each row as if it had come through the port, all or none."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from grid.geography.types import Place
from grid.kit import audit
from grid.kit.clock import SHANGHAI
from grid.kit.database import transaction
from grid.kit.refusals import Invalid, NotAllowed, Refusal
from grid.partners.intake import take_order
from grid.partners.types import OrderOutcome, ProvinceClass, ProvinceKind, ProvinceOrder
from grid.territory.authority import Action, visible
from grid.territory.csv_files import (
    Column,
    FileRefused,
    RefusedRow,
    Sheet,
    code,
    latitude,
    longitude,
    parse_file,
    phone,
    show,
    text,
    word,
    yes_no,
)
from grid.territory.staging import ImportReport
from grid.territory.types import StaffActor

#: Every row is an order of its own with its clocks and its history.
ROWS_MAX = 2000


def _moment(cell: str) -> datetime:
    """`2026-11-21 08:30:00` in Beijing time, or a moment with its own zone."""
    try:
        found = datetime.fromisoformat(cell)
    except ValueError:
        raise ValueError("not a moment like 2026-11-21 08:30:00") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=SHANGHAI)


def _chinese(words: type[StrEnum]) -> Any:
    return word(words)


ORDERS = Sheet(
    "orders95598",
    (
        Column("number", "text", code(40)),
        Column("kind", "text", _chinese(ProvinceKind)),
        Column("accepted_at", "timestamptz", _moment),
        Column("description", "text", text(500)),
        Column("complaint_class", "text", _chinese(ProvinceClass), required=False),
        Column("urged_number", "text", code(40), required=False),
        Column("account_no", "text", text(20), required=False),
        Column("reporter_name", "text", text(60), required=False),
        Column("phone", "text", phone, required=False),
        Column("address", "text", text(200), required=False),
        Column("lat", "float8", latitude, required=False),
        Column("lon", "float8", longitude, required=False),
        Column("danger", "boolean", yes_no, required=False),
        Column("anonymous", "boolean", yes_no, required=False),
    ),
    unique=("number",),
)
_NAMES = tuple(column.name for column in ORDERS.columns)


class _NothingLoaded(Exception):
    """Some rows are refused: what the others wrote is taken back."""


async def load_file(actor: StaffActor, source: bytes) -> ImportReport:
    """Load a file for somebody of the county: its orders are for every station.

    Raises NotAllowed, FileRefused.
    """
    if not visible(actor, Action.OPEN_TICKET).everything:
        raise NotAllowed(action=Action.OPEN_TICKET.value)
    return await import_orders(source)


async def import_orders(source: bytes) -> ImportReport:
    """Load one file of orders and urges. Raises FileRefused for what is wrong with all of it.

    `added` counts new tickets, `changed` orders merged and urges attached; a row whose number came
    before with the same content counts as neither.
    """
    parsed = parse_file(ORDERS, source)
    if parsed.row_count > ROWS_MAX:
        raise FileRefused(f"more than {ROWS_MAX} rows: split the file")
    report = ImportReport(kind=ORDERS.name, encoding=parsed.encoding, rows=parsed.row_count)
    refused, outcomes = list(parsed.refused), list[OrderOutcome]()
    try:
        async with transaction():
            for row in parsed.rows:
                await _take(row, refused, outcomes)
            if refused:
                raise _NothingLoaded
    except _NothingLoaded:
        outcomes.clear()
    taken = outcomes.count(OrderOutcome.TAKEN)
    repeated = outcomes.count(OrderOutcome.REPEATED)
    await audit.record(
        f"import.{ORDERS.name}",
        f"file:{hashlib.sha256(source).hexdigest()[:32]}",
        rows=parsed.row_count,
        refused=len(refused),
        added=taken,
    )
    return msgspec.structs.replace(
        report,
        added=taken,
        changed=len(outcomes) - taken - repeated,
        refused_count=len({one.row for one in refused}),
        refused=show(refused),
    )


async def _take(
    row: Sequence[object], refused: list[RefusedRow], outcomes: list[OrderOutcome]
) -> None:
    """Take one row, or write down why not; the rules of an order refuse before anything is kept."""
    number = row[0]
    assert isinstance(number, int)
    try:
        outcomes.append((await take_order(_order(row), "file")).outcome)
    except Invalid as refusal:
        refused.append(RefusedRow(number, refusal.field, refusal.detail))
    except Refusal as refusal:
        refused.append(RefusedRow(number, "number", refusal.detail))


def _order(row: Sequence[object]) -> ProvinceOrder:
    """The order of a row. Raises Invalid naming the column."""
    cells = dict(zip(_NAMES, row[1:], strict=True))
    lat, lon = cells.pop("lat"), cells.pop("lon")
    if (lat is None) != (lon is None):
        raise Invalid("lat", "纬度和经度要同时填写")
    fields = {name: value for name, value in cells.items() if value is not None}
    if isinstance(lat, float) and isinstance(lon, float):
        fields["place"] = Place(lat=lat, lon=lon)
    try:
        return msgspec.convert(fields, ProvinceOrder, from_attributes=True)
    except msgspec.ValidationError as error:
        field = str(error).rsplit("$.", 1)[-1].rstrip("`") if "$." in str(error) else "number"
        raise Invalid(field, "格式或长度不对") from error

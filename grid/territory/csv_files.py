"""CSV files of the operator: encoding found out, columns checked, each refused row with its reason.

Rows are numbered as a spreadsheet shows them: the header is row 1. Nothing here touches the
database; `staging.py` beside takes the parsed rows there.
"""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

from grid.kit.refusals import Refusal

#: The largest file, and the most rows, that one import takes.
FILE_MAX_BYTES = 200 * 1024 * 1024
ROWS_MAX = 1_000_000
#: Refused rows that a report shows; all are counted.
SHOWN_MAX = 1000

Parse = Callable[[str], object]


class FileRefused(Refusal):
    """The file as a whole cannot be read; the detail says why."""

    status = 400
    title = "file refused"


class RefusedRow(NamedTuple):
    """One row that cannot be loaded: its number, the column, and why."""

    row: int
    column: str
    reason: str


class Column(NamedTuple):
    """A column of a sheet: how a cell becomes a value, and of which PostgreSQL type it is.

    An optional column may be missing or empty; its value is then None (or `[]` for lists).
    """

    name: str
    sql_type: str
    parse: Parse
    required: bool = True


class Sheet(NamedTuple):
    """A kind of file: its columns, and those that no two rows may share."""

    name: str
    columns: tuple[Column, ...]
    unique: tuple[str, ...]


class ParsedFile(NamedTuple):
    """The rows that read well, each as (row number, values…), and those that did not."""

    encoding: str
    row_count: int
    rows: list[tuple[object, ...]]
    refused: list[RefusedRow]


def parse_file(sheet: Sheet, source: bytes) -> ParsedFile:
    """Read a whole file. Raises FileRefused for what is wrong with all of it."""
    encoding, text = _decoded(source)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, None)
        places = _places(sheet, header)
        return _parsed(sheet, reader, places, encoding)
    except csv.Error as error:
        raise FileRefused(f"not a CSV file: line {reader.line_num}: {error}") from error


def _decoded(source: bytes) -> tuple[str, str]:
    """UTF-8, with a byte order mark or without, else GB18030."""
    if len(source) > FILE_MAX_BYTES:
        raise FileRefused(f"larger than {FILE_MAX_BYTES // 1024 // 1024} MiB: split the file")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return encoding.removesuffix("-sig"), source.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("neither UTF-8 nor GB18030: save the file as CSV UTF-8")


def _places(sheet: Sheet, header: list[str] | None) -> list[int | None]:
    """Where each column of the sheet stands in the file."""
    names = [cell.strip() for cell in header or []]
    known = {column.name for column in sheet.columns}
    required = [column.name for column in sheet.columns if column.required]
    for problem, wrong in (
        ("missing columns", [name for name in required if name not in names]),
        ("unknown columns", [name for name in names if name not in known]),
        ("columns named twice", sorted({name for name in names if names.count(name) > 1})),
    ):
        if wrong:
            listed = ", ".join(repr(name[:30]) for name in wrong[:20])
            raise FileRefused(f"{problem}: {listed}; expected: {', '.join(sorted(known))}")
    return [names.index(c.name) if c.name in names else None for c in sheet.columns]


def _parsed(
    sheet: Sheet, records: Iterator[list[str]], places: list[int | None], encoding: str
) -> ParsedFile:
    rows: list[tuple[object, ...]] = []
    refused: list[RefusedRow] = []
    seen: dict[str, dict[object, int]] = {name: {} for name in sheet.unique}
    width = sum(place is not None for place in places)
    count = 0
    for number, cells in enumerate(records, 2):
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > ROWS_MAX:
            raise FileRefused(f"more than {ROWS_MAX} rows: split the file")
        if len(cells) != width:
            refused.append(RefusedRow(number, "", f"{len(cells)} cells, expected {width}"))
            continue
        values, problems = _values(sheet, cells, places, number)
        problems += _repeated(sheet, values, seen, number)
        refused += problems
        if not problems:
            rows.append((number, *values))
    return ParsedFile(encoding, count, rows, refused)


def _values(
    sheet: Sheet, cells: list[str], places: list[int | None], number: int
) -> tuple[list[object], list[RefusedRow]]:
    values: list[object] = []
    problems: list[RefusedRow] = []
    for column, place in zip(sheet.columns, places, strict=True):
        cell = "" if place is None else cells[place].strip()
        try:
            values.append(_value(column, cell))
        except ValueError as error:
            values.append(None)
            problems.append(RefusedRow(number, column.name, str(error)))
    return values, problems


def _value(column: Column, cell: str) -> object:
    if not cell:
        if column.required:
            raise ValueError("empty")
        return [] if column.sql_type.endswith("[]") else None
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in cell):
        raise ValueError("holds a control character")
    return column.parse(cell)


def _repeated(
    sheet: Sheet, values: list[object], seen: dict[str, dict[object, int]], number: int
) -> list[RefusedRow]:
    problems = []
    for column, value in zip(sheet.columns, values, strict=True):
        if column.name in seen and value is not None:
            first = seen[column.name].setdefault(value, number)
            if first != number:
                problems.append(RefusedRow(number, column.name, f"the same as in row {first}"))
    return problems


# --- cells ----------------------------------------------------------------------------------------


def text(longest: int) -> Parse:
    """Words of a bounded length."""

    def parse(cell: str) -> str:
        if len(cell) > longest:
            raise ValueError(f"longer than {longest} characters")
        return cell

    return parse


def code(longest: int) -> Parse:
    """A number or code: letters, digits, `-` and `_`, stored in capitals."""

    def parse(cell: str) -> str:
        if len(cell) > longest:
            raise ValueError(f"longer than {longest} characters")
        if not cell.isascii() or not cell.replace("-", "").replace("_", "").isalnum():
            raise ValueError("only letters, digits, - and _ are allowed")
        return cell.upper()

    return parse


def phone(cell: str) -> str:
    """A telephone number as people dial it."""
    if not 5 <= len(cell) <= 20 or any(letter not in "0123456789+- " for letter in cell):
        raise ValueError("not a telephone number")
    return cell


def between(low: float, high: float) -> Parse:
    """A plain decimal number between two bounds."""

    def parse(cell: str) -> float:
        number = float(_plain_decimal(cell))
        if not low <= number <= high:
            raise ValueError(f"not between {low:g} and {high:g}")
        return number

    return parse


latitude = between(-90, 90)
longitude = between(-180, 180)


def multiplier(cell: str) -> Decimal:
    """A metering multiplier: above zero, at most three decimals, below a million."""
    number = _plain_decimal(cell)
    exponent = number.as_tuple().exponent
    if not 0 < number < 1_000_000 or not isinstance(exponent, int) or exponent < -3:
        raise ValueError("not a multiplier: above 0, below 1000000, at most three decimals")
    return number


def _plain_decimal(cell: str) -> Decimal:
    if len(cell) > 30 or any(letter not in "0123456789.-" for letter in cell):
        raise ValueError("not a decimal number")
    try:
        return Decimal(cell)
    except InvalidOperation:
        raise ValueError("not a decimal number") from None


def day(cell: str) -> date:
    """A date as 2026-11-21."""
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise ValueError("not a date like 2026-11-21") from None


def yes_no(cell: str) -> bool:
    """`1`/`0`, `yes`/`no`, `true`/`false`, 是/否."""
    answers = {"1": True, "yes": True, "true": True, "是": True}
    answers |= {"0": False, "no": False, "false": False, "否": False}
    if cell.lower() not in answers:
        raise ValueError("not yes or no")
    return answers[cell.lower()]


def word(words: type[StrEnum]) -> Parse:
    """One of our words."""

    def parse(cell: str) -> str:
        if cell not in set(words):
            raise ValueError(f"not one of: {', '.join(words)}")
        return cell

    return parse


def listed(parse_one: Parse, most: int = 20) -> Parse:
    """Several values, separated by `;` (or the wide `；`), none twice."""

    def parse(cell: str) -> list[object]:
        parts = [part.strip() for part in cell.replace("；", ";").split(";")]
        values = [parse_one(part) for part in parts if part]
        if len(values) > most:
            raise ValueError(f"more than {most} values")
        if len({str(value) for value in values}) != len(values):
            raise ValueError("a value twice")
        return values

    return parse


def pair(parse_left: Parse, parse_right: Parse) -> Parse:
    """Two values as `left:right`, kept as that text once both are right."""

    def parse(cell: str) -> str:
        left, colon, right = cell.partition(":")
        if not colon:
            raise ValueError(f"not of the form left:right: {cell[:40]}")
        return f"{parse_left(left.strip())}:{parse_right(right.strip())}"

    return parse


def show(refused: Sequence[RefusedRow]) -> list[RefusedRow]:
    """What a report shows: the first SHOWN_MAX by row."""
    return sorted(refused)[:SHOWN_MAX]

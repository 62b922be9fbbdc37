"""What a file of the operator may hold, and what is refused by row, column and reason."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.territory.csv_files import (
    SHOWN_MAX,
    Column,
    FileRefused,
    RefusedRow,
    Sheet,
    code,
    day,
    latitude,
    listed,
    multiplier,
    pair,
    parse_file,
    phone,
    show,
    text,
    word,
    yes_no,
)
from grid.territory.types import Skill

SHEET = Sheet(
    "things",
    (
        Column("code", "text", code(6)),
        Column("name", "text", text(5)),
        Column("lat", "float8", latitude, required=False),
        Column("skills", "text[]", listed(word(Skill)), required=False),
    ),
    unique=("code",),
)


def refusals(source: str | bytes) -> list[tuple[int, str, str]]:
    raw = source.encode() if isinstance(source, str) else source
    return [tuple(one) for one in parse_file(SHEET, raw).refused]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gb18030", "gb18030")],
)
def test_both_encodings_are_found_out(encoding: str, said: str) -> None:
    parsed = parse_file(SHEET, "code,name\nA1,大溪村\n".encode(encoding))
    assert (parsed.encoding, parsed.rows) == (said, [(2, "A1", "大溪村", None, [])])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "missing columns"),
        (b"code\nA1\n", "missing columns: 'name'"),
        (b"code,name,nmae\n", "unknown columns: 'nmae'"),
        (b"code,name,name\n", "named twice"),
        (b'code,name\nA1,"x\n', "not a CSV file"),
        (b"code,name\n\xff\xff\xff\n", "neither UTF-8 nor GB18030"),
        ("code,name\nA1,x\n".encode("utf-16"), "neither UTF-8 nor GB18030"),
        (b"code,name\nA1," + b"x" * 200_000 + b"\n", "not a CSV file"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_refused(source: bytes, said: str) -> None:
    with pytest.raises(FileRefused) as refused:
        parse_file(SHEET, source)
    assert said in refused.value.detail


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("A1", "", "1 cells, expected 4"),
        ("A1,x,1,climbing,more", "", "5 cells, expected 4"),
        (",x,,", "code", "empty"),
        ("A1,  ,,", "name", "empty"),
        ("A1,123456,,", "name", "longer than 5 characters"),
        ("A123456,x,,", "code", "longer than 6 characters"),
        ("A 1,x,,", "code", "only letters"),
        ("网格,x,,", "code", "only letters"),
        ("A1,x\x00y,,", "name", "control character"),
        ("A1,x\x1b,,", "name", "control character"),
        ("A1,x,91,", "lat", "not between -90 and 90"),
        ("A1,x,-90.01,", "lat", "not between"),
        ("A1,x,nan,", "lat", "not a decimal"),
        ("A1,x,1e5,", "lat", "not a decimal"),
        ("A1,x,１２,", "lat", "not a decimal"),
        ("A1,x,,flying", "skills", "not one of"),
        ("A1,x,,climbing;climbing", "skills", "a value twice"),
    ],
)
def test_a_wrong_cell_is_refused_by_row_and_column(line: str, column: str, reason: str) -> None:
    (refused,) = refusals(f"code,name,lat,skills\nB1,y,,\n\n{line}\n")
    assert (refused[0], refused[1]) == (4, column)
    assert reason in refused[2]


def test_every_wrong_cell_of_a_row_is_named_and_the_others_are_kept() -> None:
    parsed = parse_file(SHEET, b"code,name,lat,skills\n,,99,flying\nA1,x,1,climbing\n")
    assert [one.column for one in parsed.refused] == ["code", "name", "lat", "skills"]
    assert (parsed.row_count, parsed.rows) == (2, [(3, "A1", "x", 1.0, ["climbing"])])


def test_a_code_that_comes_twice_names_the_first_row() -> None:
    assert refusals("code,name\na1,x\nA2,x\nA1,y\n") == [(4, "code", "the same as in row 2")]


def test_columns_come_in_any_order_and_cells_lose_their_spaces() -> None:
    parsed = parse_file(SHEET, b' name , code \n" x ", a1 \n')
    assert parsed.rows == [(2, "A1", "x", None, [])]


def test_a_report_shows_the_first_thousand_by_row() -> None:
    refused = [RefusedRow(number, "c", "r") for number in range(3000, 0, -1)]
    assert show(refused) == [RefusedRow(number, "c", "r") for number in range(1, SHOWN_MAX + 1)]


@pytest.mark.parametrize(
    ("parse", "good", "bad"),
    [
        (phone, ["13800000000", "0718-528 8888", "+86 138"], ["12", "phone", "1" * 21]),
        (
            multiplier,
            ["1", "30", "0.125"],
            ["0", "-1", "0.1234", "1000000", "x", "", "--1", "1.2.3"],
        ),
        (day, ["2026-02-28", "2028-02-29"], ["2026-02-29", "2026/01/01", "26-1-1", "x"]),
        (yes_no, ["1", "是", "TRUE", "no"], ["2", "maybe"]),
        (
            pair(word(Skill), day),
            ["climbing:2027-01-01"],
            ["climbing", "climbing:x", "x:2027-01-01"],
        ),
    ],
)
def test_cells_of_each_kind(parse: object, good: list[str], bad: list[str]) -> None:
    assert callable(parse)
    for cell in good:
        parse(cell)
    for cell in bad:
        with pytest.raises(ValueError):
            parse(cell)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(source: bytes) -> None:
    for raw in (source, b"code,name,lat,skills\n" + source):
        with suppress(FileRefused):
            parsed = parse_file(SHEET, raw)
            refused_rows = {one.row for one in parsed.refused}
            assert parsed.row_count == len(parsed.rows) + len(refused_rows)

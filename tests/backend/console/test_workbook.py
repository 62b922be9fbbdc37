"""Tables for Excel: every cell text, nothing computed, bounded, as of when."""

import io
import zipfile
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from backend.console import workbook
from backend.console.workbook import ROWS_MAX, moment_text

AS_OF = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cells_of(table: bytes) -> tuple[list[str], ElementTree.Element]:
    """The shared strings and the sheet of an .xlsx file."""
    with zipfile.ZipFile(io.BytesIO(table)) as parts:
        strings = ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    return ["".join(one.itertext()) for one in strings.iter(f"{_SHEET}si")], sheet


@pytest.mark.parametrize("typed", ["=1+1", "+86", "-2", "@SUM(A1)", "http://a.example/", "12", ""])
def test_what_somebody_typed_is_text_and_nothing_else(typed: str) -> None:
    words, sheet = cells_of(workbook.workbook("工单", ["描述"], [[typed]], AS_OF))
    assert not list(sheet.iter(f"{_SHEET}f"))
    assert {cell.get("t") for cell in sheet.iter(f"{_SHEET}c") if len(cell)} == {"s"}
    assert typed == "" or typed in words


def test_the_first_line_says_as_of_when_and_what_is_left_out() -> None:
    whole, _ = cells_of(workbook.workbook("工单", ["号"], [["1"]], AS_OF))
    part, sheet = cells_of(
        workbook.workbook("工单", ["号"], [[str(n)] for n in range(ROWS_MAX + 3)], AS_OF)
    )
    assert whole[0] == "数据截至 2026-11-22 08:30:00（北京时间）"
    assert "只含前一部分" in part[0]
    assert len(list(sheet.iter(f"{_SHEET}row"))) == ROWS_MAX + 2


def test_moments_are_shown_in_beijing_time() -> None:
    assert moment_text(AS_OF) == "2026-11-22 08:30:00"
    assert moment_text(None) is None

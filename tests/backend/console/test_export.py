"""An export is a table of text: nothing in it is computed, everything comes back as it was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.console.export import cell

STARTERS = "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize(
    "typed",
    [
        "=1+1",
        "+8613800000000",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1+1",
        "\u3000＝1+1",
        "\u00a0=1+1",
        "\ufeff=1+1",
        "\u200b =1+1",
        '=HYPERLINK("http://evil.example")',
        "=cmd|' /C calc'!A0",
    ],
)
def test_a_formula_becomes_text(typed: str) -> None:
    assert cell(typed) == f"'{typed}"


@pytest.mark.parametrize("typed", ["家里没电了", "3-2", "a=b", "", "13800000000", "'quoted"])
def test_ordinary_text_stays_as_it_is(typed: str) -> None:
    assert cell(typed) == typed


def test_nothing_is_an_empty_cell() -> None:
    assert cell(None) == ""


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60))
def test_no_cell_begins_like_a_formula_and_none_breaks_its_row(typed: str) -> None:
    shown = cell(typed)
    assert not shown.lstrip(" \u3000").startswith(tuple(STARTERS))
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerow([shown, "last"])
    assert next(csv.reader(io.StringIO(out.getvalue(), newline=""))) == [shown, "last"]

"""Decision records: one page each, in one shape."""

import re
from pathlib import Path

import pytest

from tests.house.source import TOP

RECORDS = sorted((TOP / "backend" / "decisions").glob("*.md"))
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives", "References"]
ONE_PAGE_LINES = 70


def test_no_two_records_share_a_number() -> None:
    """Numbers are given in blocks to whoever writes, so there are gaps; a number is never reused."""
    numbers = [path.name[:4] for path in RECORDS]
    assert len(set(numbers)) == len(numbers)
    assert len(numbers) >= 5


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_its_five_parts_on_one_page(record: Path) -> None:
    lines = record.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"# \d{4} · .+", lines[0])
    assert [line.removeprefix("## ") for line in lines if line.startswith("## ")] == SECTIONS
    assert len(lines) <= ONE_PAGE_LINES

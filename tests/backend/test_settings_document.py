"""The table of settings in `backend/README.md` says what the code says."""

import re
from pathlib import Path

import pytest

from backend.keys import KeyRing
from backend.settings import SettingInfo, Settings, describe

DOCUMENT = Path(__file__).parents[2] / "backend" / "README.md"
ROW = re.compile(r"^\| `(WANGGE_\w+)` \| (.+) \| (.+) \|$", re.MULTILINE)


def default_of(info: SettingInfo) -> str:
    """The default as the document writes it."""
    if info.field.required:
        return "required"
    if info.field.default is None or isinstance(info.field.default, KeyRing):
        return "none"
    if isinstance(info.field.default, bool):
        return f"`{str(info.field.default).lower()}`"
    return f"`{info.field.default}`"


@pytest.fixture(scope="module")
def rows() -> dict[str, tuple[str, str]]:
    found = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    return {name: (meaning, default) for name, meaning, default in found}


@pytest.mark.parametrize("info", list(describe(Settings)), ids=lambda info: info.variable)
def test_a_setting_stands_in_the_table_with_meaning_and_default(
    info: SettingInfo, rows: dict[str, tuple[str, str]]
) -> None:
    assert len(info.description) >= 15
    assert rows[info.variable] == (info.description, default_of(info))


def test_the_table_holds_nothing_else(rows: dict[str, tuple[str, str]]) -> None:
    assert set(rows) == {info.variable for info in describe(Settings)}

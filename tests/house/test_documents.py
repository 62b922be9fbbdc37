"""Documents that cannot lie: what the code has, the README beside it names."""

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from backend.settings import CONFIG_VARIABLE, Settings, describe
from grid.kit.dated_settings import definitions
from grid.kit.outbox import Event, event_kind
from tests.house.source import TOP, relative

SETTINGS_DOCUMENT = TOP / "backend" / "README.md"
EVENTS_DOCUMENT = TOP / "grid" / "README.md"


def rooms_with_types() -> list[str]:
    return sorted(path.parent.name for path in (TOP / "grid").glob("*/types.py"))


def events_of(room: str) -> list[type[Event]]:
    module = importlib.import_module(f"grid.{room}.types")
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, Event)
        and kind is not Event
        and kind.__module__ == module.__name__
    ]


def test_every_setting_is_documented() -> None:
    text = SETTINGS_DOCUMENT.read_text(encoding="utf-8")
    assert [info.variable for info in describe(Settings) if f"`{info.variable}`" not in text] == []


def test_the_document_names_no_setting_that_does_not_exist() -> None:
    known = {info.variable for info in describe(Settings)} | {CONFIG_VARIABLE}
    named = re.findall(r"`(WANGGE_[A-Z_]+)`", SETTINGS_DOCUMENT.read_text(encoding="utf-8"))
    assert set(named) <= known


def test_every_event_is_documented() -> None:
    text = EVENTS_DOCUMENT.read_text(encoding="utf-8")
    said = [event_kind(event) for room in rooms_with_types() for event in events_of(room)]
    assert said
    assert [kind for kind in said if kind not in text] == []


def names_set_by(policies: ModuleType) -> set[str]:
    """Every text a module of policies holds, alone or in a table by place class."""
    held: set[str] = set()
    for value in vars(policies).values():
        held |= {
            text
            for text in (value.values() if isinstance(value, dict) else [value])
            if isinstance(text, str)
        }
    return held


def test_every_dated_setting_is_documented_with_the_value_it_starts_with() -> None:
    rooms = [path.parent.name for path in (TOP / "grid").glob("*/policies.py")]
    modules = [importlib.import_module(f"grid.{room}.policies") for room in rooms]
    names = set().union(*map(names_set_by, modules))
    rows = [
        f"| `{known.name}` | {known.seed} | {known.low} to {known.high} | {known.source} |"
        for known in definitions()
        if known.name in names
    ]
    lines = EVENTS_DOCUMENT.read_text(encoding="utf-8").splitlines()
    assert len(rows) > 20
    assert [row for row in rows if row not in lines] == []


def test_every_room_stands_in_the_document() -> None:
    rooms = {path.parent.name for path in (TOP / "grid").glob("*/__init__.py")}
    text = EVENTS_DOCUMENT.read_text(encoding="utf-8")
    assert {room for room in rooms if f"`{room}/`" not in text} == set()


@pytest.mark.parametrize(
    "document",
    sorted(
        {
            *TOP.glob("*.md"),
            *(
                path
                for name in ("backend", "bot", "grid", "mobile_api")
                for path in (TOP / name).rglob("*.md")
            ),
        }
    ),
    ids=relative,
)
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:backend|bot|grid|mobile_api|migrations|tests)/[\w./-]+)`", text)
    assert [
        name for name in named if not (TOP / name).exists() and not (TOP / f"{name}.py").exists()
    ] == []

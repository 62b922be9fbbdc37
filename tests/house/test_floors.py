"""Imports only go down: the import-linter contracts of pyproject.toml."""

import re
import tomllib

from importlinter.cli import lint_imports

from backend.piccolo_app import APP_CONFIG
from tests.house.source import TOP, files_of, relative


def test_imports_only_go_down() -> None:
    assert lint_imports(config_filename=str(TOP / "pyproject.toml"), no_cache=True) == 0


def rooms_from_below() -> list[str]:
    """The rooms of the grid as the contract stacks them, the lowest first."""
    linter = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    layers = linter["importlinter"]["contracts"][1]["layers"]
    return [room for layer in reversed(layers) for room in re.findall(r"\w+", layer)]


def test_sql_reads_downwards_and_writes_at_home() -> None:
    """A room may read the tables of lower rooms; only the owner writes them."""
    rooms = rooms_from_below()
    owner = {
        table._meta.tablename: table.__module__.split(".")[1]
        for table in APP_CONFIG.table_classes
        if table.__module__.startswith("grid.")
    }
    wrong = []
    for path in files_of("grid", "*.py"):
        room, text = path.relative_to(TOP / "grid").parts[0], path.read_text(encoding="utf-8")
        for table in re.findall(r"\b(?:FROM|JOIN) (\w+)", text):
            if table in owner and rooms.index(owner[table]) > rooms.index(room):
                wrong.append(f"{relative(path)} reads {table} of {owner[table]}")
        for table in re.findall(r"\b(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", text):
            if table in owner and owner[table] != room:
                wrong.append(f"{relative(path)} writes {table} of {owner[table]}")
    assert wrong == []


def test_every_part_of_the_roof_has_its_floor() -> None:
    """A part of `backend/` that no layer names could import whatever it likes."""
    linter = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    layers = " ".join(linter["importlinter"]["contracts"][0]["layers"])
    named = set(re.findall(r"backend\.(\w+)", layers))
    parts = {path.stem for path in (TOP / "backend").glob("*.py")} | {
        path.parent.name for path in (TOP / "backend").glob("*/__init__.py")
    }
    assert parts - {"__init__", "__main__"} == named

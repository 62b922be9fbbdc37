"""Imports only go down: the import-linter contracts of pyproject.toml."""

import re
import tomllib

from importlinter.cli import lint_imports

from tests.house.source import TOP


def test_imports_only_go_down() -> None:
    assert lint_imports(config_filename=str(TOP / "pyproject.toml"), no_cache=True) == 0


def test_every_part_of_the_roof_has_its_floor() -> None:
    """A part of `backend/` that no layer names could import whatever it likes."""
    linter = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    layers = " ".join(linter["importlinter"]["contracts"][0]["layers"])
    named = set(re.findall(r"backend\.(\w+)", layers))
    parts = {path.stem for path in (TOP / "backend").glob("*.py")} | {
        path.parent.name for path in (TOP / "backend").glob("*/__init__.py")
    }
    assert parts - {"__init__", "__main__"} == named

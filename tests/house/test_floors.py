"""Imports only go down: the import-linter contracts of pyproject.toml."""

from importlinter.cli import lint_imports

from tests.house.source import TOP


def test_imports_only_go_down() -> None:
    assert lint_imports(config_filename=str(TOP / "pyproject.toml"), no_cache=True) == 0

"""What is installed is what was written down: pinned, hashed, from nowhere in particular."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.house.source import TOP

RUNTIME = TOP / "requirements.txt"
DEVELOPMENT = TOP / "requirements-dev.txt"
PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)(?:\[[^\]]+\])?==(?P<version>[^ ;\\]+)")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins_of(path: Path) -> dict[str, set[str]]:
    """Name to versions; a package may be pinned twice for different Pythons."""
    pins: dict[str, set[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := PIN.match(line):
            pins.setdefault(canonical(match["name"]), set()).add(match["version"])
    return pins


@pytest.mark.parametrize("path", [RUNTIME, DEVELOPMENT], ids=lambda path: path.name)
def test_every_line_is_a_pin_a_hash_or_a_remark(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    odd = [
        line
        for line in text.splitlines()
        if line.strip()
        and not re.match(r"\s*#|\s+--hash=sha256:[0-9a-f]{64}", line)
        and not PIN.match(line)
    ]
    assert odd == []
    blocks = re.split(r"\n(?=\S)", text)
    unhashed = [block.split()[0] for block in blocks if PIN.match(block) and "--hash=" not in block]
    assert unhashed == []


def test_development_has_the_same_versions_as_production() -> None:
    development = pins_of(DEVELOPMENT)
    assert {
        name: versions
        for name, versions in pins_of(RUNTIME).items()
        if development.get(name) != versions
    } == {}


def test_everything_that_is_asked_for_is_pinned() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]

    def names(wanted: list[str]) -> set[str]:
        return {canonical(re.split(r"[\[<>=~! ;]", one)[0]) for one in wanted}

    assert names(project["dependencies"] + optional["build"]) <= pins_of(RUNTIME).keys()
    assert names(optional["dev"]) <= pins_of(DEVELOPMENT).keys()

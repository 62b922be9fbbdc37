"""Words that do not belong into the project, wherever they stand."""

import re
from pathlib import Path

import pytest

from tests.house.source import PACKAGES, TOP, project_files, relative
from tests.house.test_layout import tracked_files

TEXT_SUFFIXES = frozenset(
    {".py", ".md", ".toml", ".txt", ".css", ".js", ".html", ".svg", ".csv", ".json", ".sql", ""}
)

# Each word is written in two pieces, so that this file does not hold what it forbids.
REGISTRY_HOSTS = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "deb.debian" + ".org",
    "mirrors." + "aliyun",
    "tuna." + "tsinghua",
)
MACHINE_PATH = re.compile(r"(?<![\w./~])/(?:work|root|home/\w+|Users/\w+|tmp/\w+)/[\w.]")
UNFINISHED = re.compile(
    r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|raise NotImple" + r"mentedError(?!\(\w+\))"
    r"|pragma: no " + r"cover|# type: ig" + r"nore(?!\[)|# no" + r"qa(?!:)"
)
HOLLOW_TEST = re.compile(
    r"assert Tr" + r"ue\b|pytest\.sk" + r"ip\(\)|@pytest\.mark\.sk" + r"ip\b(?!if)"
    r"|@pytest\.mark\.xf" + r"ail|assert .* or Tr" + r"ue\b"
    r"|unittest\.mo" + r"ck|\bmock" + r"er\b|\bMagic" + r"Mock\b"
)


def lines_of_project() -> list[tuple[Path, int, str]]:
    tracked = set(tracked_files())
    return [
        (path, number, line)
        for path in project_files()
        if relative(path) in tracked and path.suffix in TEXT_SUFFIXES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]


def found(pattern: re.Pattern[str], *folders: str) -> list[str]:
    return [
        f"{relative(path)}:{number}: {line.strip()[:90]}"
        for path, number, line in lines_of_project()
        if pattern.search(line)
        and (not folders or any(path.is_relative_to(TOP / folder) for folder in folders))
    ]


def test_no_file_names_a_package_registry() -> None:
    assert found(re.compile("|".join(map(re.escape, REGISTRY_HOSTS)))) == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    assert found(MACHINE_PATH) == []


def test_nothing_is_left_for_later() -> None:
    assert found(UNFINISHED, *PACKAGES, "tests") == []


def test_every_test_can_fail() -> None:
    assert found(HOLLOW_TEST, "tests") == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE_PATH, "see /ho" + "me/someone/x.py"),
        (MACHINE_PATH, 'open("/ro' + 'ot/key")'),
        (UNFINISHED, "# TO" + "DO: later"),
        (UNFINISHED, "x = y  # type: ig" + "nore"),
        (HOLLOW_TEST, "    assert Tr" + "ue"),
        (HOLLOW_TEST, "from unittest.mo" + "ck import patch"),
    ],
)
def test_the_patterns_find_what_they_look_for(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)

"""The house has the rooms it was drawn with."""

import ast
import subprocess

import pytest

from tests.house.source import FOLDERS, IGNORED_FOLDERS, TOP, files_of, relative, tree_of

ROOM_FILES = frozenset(
    {
        "__init__.py",
        "tables.py",
        "types.py",
        "events.py",
        "rules.py",
        "service.py",
        "reactions.py",
        "schedule.py",
    }
)
# A verb file named by its noun is how a service that passes about 300 lines is divided.
LONGEST_SERVICE_LINES = 320
TOP_FILES = frozenset(
    {
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "pyproject.toml",
        "requirements-dev.txt",
        "requirements.txt",
    }
)
ROOMS = sorted(
    path.parent.name for path in (TOP / "grid").glob("*/__init__.py") if path.parent.name != "kit"
)


def tracked_files() -> list[str]:
    """What git holds, or every file where the tree is no checkout (an unpacked archive)."""
    if not (TOP / ".git").exists():
        return [relative(path) for folder in FOLDERS for path in files_of(folder)]
    listed = subprocess.run(
        ["git", "-c", "core.quotePath=false", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=TOP,
        capture_output=True,
        check=True,
        text=True,
    )
    return [name for name in listed.stdout.split("\0") if name]


def test_the_top_level_holds_the_agreed_folders_only() -> None:
    tops = {name.split("/")[0] for name in tracked_files() if "/" in name}
    assert {top for top in tops if not top.startswith(".")} <= FOLDERS
    files = {name for name in tracked_files() if "/" not in name and not name.startswith(".")}
    assert files <= TOP_FILES


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty_names = {"utils.py", "util.py", "helpers.py", "helper.py", "misc.py", "common.py"}
    assert [name for name in tracked_files() if name.rsplit("/", 1)[-1] in empty_names] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_in_one_sentence_what_it_is_for(room: str) -> None:
    words = ast.get_docstring(tree_of(TOP / "grid" / room / "__init__.py"))
    assert words
    assert len(words.split("\n\n")[0]) < 300


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_the_files_a_stranger_expects(room: str) -> None:
    """Other files are nouns: they may hold verbs or pure arithmetic, never tables or events."""
    folder = TOP / "grid" / room
    for path in folder.iterdir():
        if path.suffix != ".py" or path.name in ROOM_FILES or path.name in IGNORED_FOLDERS:
            continue
        assert ast.get_docstring(tree_of(path)), f"{relative(path)} does not say which noun it is"
        bases = {
            ast.unparse(base)
            for node in tree_of(path).body
            if isinstance(node, ast.ClassDef)
            for base in node.bases
        }
        assert not bases & {"Table", "Event"}, f"{relative(path)}: tables.py or types.py holds it"


@pytest.mark.parametrize("room", ROOMS)
def test_a_service_stays_one_service(room: str) -> None:
    service = TOP / "grid" / room / "service.py"
    length = len(service.read_text(encoding="utf-8").splitlines()) if service.exists() else 0
    assert length <= LONGEST_SERVICE_LINES, "two rooms, or verbs in files named by noun"


def test_the_package_that_builds_everything_says_nothing_at_import() -> None:
    """`backend/__init__.py` stays empty, or the floors below it would import the roof."""
    assert tree_of(TOP / "backend" / "__init__.py").body == []

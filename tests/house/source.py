"""Reading our own source, for the rules about it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TOP = Path(__file__).parents[2]
PACKAGES = ("backend", "bot", "grid", "mobile_api")
FOLDERS = frozenset({*PACKAGES, "migrations", "tests"})
IGNORED_FOLDERS = frozenset({"build", "__pycache__"})


def relative(path: Path) -> str:
    """A path as the project writes it: from the top, with forward slashes."""
    return path.relative_to(TOP).as_posix()


def files_of(folder: str, pattern: str = "*") -> list[Path]:
    """Every file below one of our folders, but no caches."""
    return sorted(
        path
        for path in (TOP / folder).rglob(pattern)
        if path.is_file() and not IGNORED_FOLDERS & set(path.parts[len(TOP.parts) :])
    )


@cache
def product_files() -> tuple[Path, ...]:
    """Every Python file that runs at a customer's: the four packages."""
    return tuple(path for package in PACKAGES for path in files_of(package, "*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=relative(path))


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of ours: the agreed folders and what lies at the top, `.ci` and dot-files too."""
    inside = [path for folder in sorted(FOLDERS | {".ci"}) for path in files_of(folder)]
    ours_at_top = [
        path
        for path in TOP.iterdir()
        if path.is_file() and path.suffix not in {".swp", ".log"} and path.name != ".git"
    ]
    return tuple(sorted(inside + ours_at_top))


def functions_in(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def dotted_name(node: ast.expr) -> str:
    """`a.b.c` for a name or a chain of attributes, else an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted_name(node.value)
        return f"{inner}.{node.attr}" if inner else node.attr
    return ""

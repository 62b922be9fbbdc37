"""Nothing grows out of one head's reach."""

import ast
from pathlib import Path

from tests.house.source import files_of, functions_in, product_files, relative, tree_of

LONGEST_FILE_LINES = 350
LONGEST_FUNCTION_LINES = 60
STYLE_FUNCTION_LINES = 40


def length_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the last statement, the docstring not counted: words are free."""
    first = function.body[0]
    words = 0
    if ast.get_docstring(function) is not None:
        words = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - words


def functions_over(limit_lines: int) -> list[str]:
    return [
        f"{relative(path)}:{function.lineno} {function.name} {length_lines(function)} lines"
        for path in product_files()
        for function in functions_in(tree_of(path))
        if length_lines(function) > limit_lines
    ]


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_is_longer_than_a_stranger_can_hold() -> None:
    pages = [page for suffix in ("*.js", "*.html") for page in files_of("backend", suffix)]
    too_long = {
        relative(path): line_count(path)
        for path in (*product_files(), *pages)
        if line_count(path) > LONGEST_FILE_LINES
    }
    assert not too_long, "longer than 350 lines: a noun is missing"


def test_no_function_is_longer_than_a_screen(record_property: object) -> None:
    assert callable(record_property)
    record_property("functions_over_40_lines", functions_over(STYLE_FUNCTION_LINES))
    assert functions_over(LONGEST_FUNCTION_LINES) == []

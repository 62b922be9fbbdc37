"""What must never break has tests that carry its number."""

import re

import pytest

from tests.house.source import files_of, functions_in, tree_of

#: W1 no step skipped, W2 arrival proved, W6 and S5 the roles of a grid, P1 and P2 privacy and time,
#: Y10 and Y11 commands that come twice, Y31 the queue may be lost.
HELD = (
    *("W1", "W2", "W3", "W4", "W5", "W6", "S5", "R3", "R6", "K1", "K3"),
    *("P1", "P2", "Y10", "Y11", "Y24", "Y28", "Y29", "Y31"),
)
NUMBER = re.compile(r"_([WSPYKLDR]\d{1,2})(?=_|$)")


def numbers_in_test_names() -> set[str]:
    return {
        number
        for path in files_of("tests", "test_*.py")
        for function in functions_in(tree_of(path))
        if function.name.startswith("test_")
        for number in NUMBER.findall(function.name)
    }


@pytest.mark.parametrize("number", HELD)
def test_an_invariant_has_a_test_that_carries_its_number(number: str) -> None:
    assert number in numbers_in_test_names()

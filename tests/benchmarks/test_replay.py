"""The bare handler's statements are those of the real request, with values of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from grid.kit.ids import new_id
from tests.benchmarks.figures import rate_row, table, wait_row
from tests.benchmarks.replay import Fresh, Input, fill, learn
from tests.support.statements import Statement

NOW = datetime(2026, 6, 1, tzinfo=UTC)
JOBS = (new_id(), new_id())
SQL = "INSERT INTO x VALUES ($1, $2, $3, $4, $5, $6, $7)"


def said(turn: int, own: object, seconds: int = 0) -> list[Statement]:
    at = NOW + timedelta(seconds=seconds)
    args = (JOBS[turn], 3 + turn, own, "comment", False, at, at - timedelta(minutes=1))
    return [Statement("BEGIN;", ()), Statement(SQL, args), Statement("SELECT $1", (own,))]


def test_inputs_constants_and_fresh_values_are_told_apart() -> None:
    inputs = ({"job": JOBS[0], "version": 2}, {"job": JOBS[1], "version": 3})
    steps = learn(said(0, new_id()), said(1, new_id(), 5), inputs)
    args = steps[1][1]
    assert args[:2] == [Input("job"), Input("version", 1)]
    assert isinstance(args[2], Fresh)
    assert args[3:5] == ["comment", False]
    job, made = new_id(), {}
    filled = fill(args, {"job": job, "version": 40}, made)
    assert filled[:2] == [job, 41]
    assert filled[5] - filled[6] == pytest.approx(timedelta(minutes=1), abs=timedelta(seconds=1))
    assert fill(steps[2][1], {}, made) == [filled[2]]
    assert fill(steps[2][1], {}, {}) != [filled[2]]


def test_two_kinds_of_request_are_not_one() -> None:
    with pytest.raises(AssertionError, match="different statements"):
        learn(said(0, new_id()), said(1, new_id())[:-1], ({}, {}))


def test_a_row_is_the_ratio_of_medians_and_says_when_it_misses_its_floor() -> None:
    row = rate_row("a", "what", "bare", [10, 90, 20], [40, 41, 200], 0.5)
    assert (row.ours, row.limit, row.ratio) == (20, 41, 20 / 41)
    assert not row.reached
    assert "MISSED" in table([row])
    faster = wait_row("d", "wait", "bare", [10.0], [40.0], 1.0)
    assert faster.ratio == 4
    assert faster.reached

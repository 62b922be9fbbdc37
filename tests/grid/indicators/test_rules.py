"""Counts to figures, and figures against targets: whole numbers until the last step."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.indicators.catalogue import CATALOGUE, REASONS
from grid.indicators.definition import FEW, MINUTES_MEAN, SHARE_DOWN, SHARE_UP, STARS_MEAN
from grid.indicators.rules import Counts, Manner, standing_of, target_of, value_of
from grid.indicators.types import Standing
from grid.kit.dated_settings import definitions

MANNERS = (SHARE_UP, SHARE_DOWN, MINUTES_MEAN, STARS_MEAN, FEW)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_K1_a_share_lies_between_nothing_and_all(hit: int, missed: int) -> None:
    counts = Counts(hit, hit + missed)
    share = value_of(counts, SHARE_UP)
    assert share is not None
    assert 0 <= share <= 1


@given(st.integers(0, 400), st.integers(1, 400), st.integers(0, 10_000))
def test_a_share_is_judged_exactly(hit: int, more: int, target: int) -> None:
    counts = Counts(hit, hit + more)
    exact = Fraction(hit, hit + more)
    up = standing_of(counts, SHARE_UP, target) is Standing.MET
    down = standing_of(counts, SHARE_DOWN, target) is Standing.MET
    assert up == (exact >= Fraction(target, 10_000))
    assert down == (exact <= Fraction(target, 10_000))


@pytest.mark.parametrize(
    ("manner", "counts", "target"),
    [
        (SHARE_UP, Counts(9, 10), 9000),
        (SHARE_DOWN, Counts(3, 100), 300),
        (MINUTES_MEAN, Counts(0, 2, 0, 2 * 45 * 60), 45),
        (FEW, Counts(0, 7), 7),
    ],
)
def test_exactly_at_the_target_is_met(manner: Manner, counts: Counts, target: int) -> None:
    assert standing_of(counts, manner, target) is Standing.MET


def test_one_second_over_the_average_is_missed() -> None:
    counts = Counts(0, 2, 0, 2 * 45 * 60 + 1)
    assert standing_of(counts, MINUTES_MEAN, 45) is Standing.MISSED


@pytest.mark.parametrize("manner", [SHARE_UP, SHARE_DOWN, MINUTES_MEAN, STARS_MEAN])
def test_where_nothing_was_to_be_done_nothing_is_judged(manner: Manner) -> None:
    assert value_of(Counts(), manner) is None
    assert standing_of(Counts(), manner, 9000) is Standing.NOTHING


def test_without_a_target_there_is_no_judgement() -> None:
    assert standing_of(Counts(1, 2), SHARE_UP, None) is Standing.NO_TARGET
    assert target_of(None, SHARE_UP) is None


def test_targets_are_shown_in_the_unit_of_the_figure() -> None:
    assert target_of(9950, SHARE_UP) == 0.995
    assert target_of(45, MINUTES_MEAN) == 45.0


def test_every_definition_says_all_that_people_have_to_know() -> None:
    known = {setting.name for setting in definitions()}
    for name, one in CATALOGUE.items():
        assert name == one.name
        assert all(part.strip() for part in one.said)
        assert one.title
        assert one.target is None or one.target in known
        words = {reason for reason in REASONS if f"'{reason}'" in one.rows.excluded}
        assert (one.rows.excluded == "NULL::varchar") or words, name


@pytest.mark.parametrize("manner", MANNERS)
def test_a_figure_of_something_is_a_number(manner: Manner) -> None:
    assert isinstance(value_of(Counts(1, 2, 0, 60), manner), float)

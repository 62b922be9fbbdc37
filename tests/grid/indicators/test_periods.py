"""Spans of Shanghai days: every moment lies in exactly one period of a kind (P2)."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.indicators.periods import PeriodKind, months_of, period_named, period_of, up_to
from grid.kit.clock import business_day
from grid.kit.refusals import Invalid

DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))


@given(st.sampled_from(PeriodKind), DAYS)
def test_P2_a_period_holds_its_day_and_is_named_back(kind: PeriodKind, day: date) -> None:
    period = period_of(kind, day)
    assert period.first <= day < period.after
    assert period_named(period.name) == period
    assert period_of(kind, period.after).first == period.after
    assert period_of(kind, period.first - timedelta(days=1)).after == period.first


@given(st.sampled_from(PeriodKind), DAYS, st.integers(1, 24))
def test_a_row_of_periods_has_no_gap(kind: PeriodKind, day: date, count: int) -> None:
    found = up_to(period_of(kind, day), count)
    assert len(found) == count
    assert found[-1] == period_of(kind, day)
    assert all(one.after == other.first for one, other in pairwise(found))


@given(DAYS, st.integers(1, 800))
def test_the_months_of_a_span_cover_it(first: date, length: int) -> None:
    after = first + timedelta(days=length)
    months = months_of(first, after)
    assert months[0].first <= first < months[0].after
    assert months[-1].first < after <= months[-1].after


@pytest.mark.parametrize(
    ("name", "first_moment", "days"),
    [
        ("2024-02-29", datetime(2024, 2, 28, 16, tzinfo=UTC), 1),
        ("2024-02", datetime(2024, 1, 31, 16, tzinfo=UTC), 29),
        ("2023-02", datetime(2023, 1, 31, 16, tzinfo=UTC), 28),
        ("2024-W01", datetime(2023, 12, 31, 16, tzinfo=UTC), 7),
        ("2020-W53", datetime(2020, 12, 27, 16, tzinfo=UTC), 7),
        ("2024-Q1", datetime(2023, 12, 31, 16, tzinfo=UTC), 91),
        ("2024", datetime(2023, 12, 31, 16, tzinfo=UTC), 366),
    ],
)
def test_P2_periods_begin_at_shanghai_midnight(
    name: str, first_moment: datetime, days: int
) -> None:
    period = period_named(name)
    assert period.from_at == first_moment
    assert period.until_at - period.from_at == timedelta(days=days)
    before = first_moment - timedelta(microseconds=1)
    assert business_day(before) == period.first - timedelta(days=1)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2024-13",
        "2023-02-29",
        "2021-W53",
        "2024-Q5",
        "24",
        "1999",
        "2101",
        "2024-1",
        "2024-02-",
        "全部",
    ],
)
def test_what_names_no_period_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="时段"):
        period_named(name)

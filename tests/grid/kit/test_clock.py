"""Two clocks; the company's day is Shanghai's (P2)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.kit.clock import (
    SHANGHAI,
    ClockIsFixed,
    advance,
    allow_moving,
    business_day,
    business_now,
    machine_now,
)
from grid.kit.database import fetch_value
from tests.support.statements import recorded


@pytest.fixture
def fixed_clock() -> Iterator[None]:
    """As in production: business time moves by itself."""
    allow_moving(False)
    yield
    allow_moving(True)


async def test_business_time_runs_ahead_by_the_offset(committed: None) -> None:
    assert await advance(86400) == 86400
    assert await advance(60) == 86460
    ahead = await business_now() - machine_now()
    assert ahead == pytest.approx(timedelta(seconds=86460), abs=timedelta(seconds=1))


@pytest.mark.parametrize("seconds", [0, -1, 400 * 86400 + 1])
async def test_time_does_not_go_back_nor_leap(committed: None, seconds: int) -> None:
    with pytest.raises(ClockIsFixed):
        await advance(seconds)
    assert await fetch_value("SELECT offset_s FROM business_clock") == 0


async def test_outside_a_demo_nobody_moves_time_and_nobody_asks(
    pool: None, fixed_clock: None
) -> None:
    with pytest.raises(ClockIsFixed) as caught:
        await advance(60)
    assert caught.value.status == 403
    async with recorded() as statements:
        now = await business_now()
    assert statements == []
    assert now == pytest.approx(machine_now(), abs=timedelta(seconds=1))


async def test_an_offset_that_was_just_read_is_not_read_again(committed: None) -> None:
    await advance(60)
    await business_now()
    async with recorded() as statements:
        for _ in range(10):
            await business_now()
    assert len(statements) <= 1


def test_machine_time_is_aware_utc() -> None:
    assert machine_now().tzinfo is UTC


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-06-30T15:59:59.999999+00:00", date(2026, 6, 30)),
        ("2026-06-30T16:00:00+00:00", date(2026, 7, 1)),
        ("2026-12-31T15:59:59+00:00", date(2026, 12, 31)),
        ("2026-12-31T16:00:00+00:00", date(2027, 1, 1)),
        ("2028-02-28T16:00:00+00:00", date(2028, 2, 29)),
        ("2028-02-29T15:59:59+00:00", date(2028, 2, 29)),
        ("2028-02-29T16:00:00+00:00", date(2028, 3, 1)),
        ("2027-02-28T16:00:00+00:00", date(2027, 3, 1)),
        # The same moment, said in other zones.
        ("2026-12-31T11:00:00-05:00", date(2027, 1, 1)),
        ("2027-01-01T00:00:00+08:00", date(2027, 1, 1)),
    ],
)
def test_P2_the_day_turns_at_midnight_in_shanghai(moment: str, day: date) -> None:
    assert business_day(datetime.fromisoformat(moment)) == day


@given(
    moment=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 12, 31)),
    offset_h=st.integers(-12, 14),
)
def test_P2_the_day_does_not_depend_on_the_zone_a_moment_is_said_in(
    moment: datetime, offset_h: int
) -> None:
    here = moment.replace(tzinfo=UTC)
    there = here.astimezone(timezone(timedelta(hours=offset_h)))
    assert business_day(here) == business_day(there)
    assert business_day(here) == (here + timedelta(hours=8)).date()
    assert here.astimezone(SHANGHAI).utcoffset() == timedelta(hours=8)

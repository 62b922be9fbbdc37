"""The limits of a moment: by place class, by station, by date."""

from datetime import UTC, datetime, timedelta

import pytest

from grid.clocks.policies import ACCEPT_MIN, ARRIVE_MIN, Limits, limits_at
from grid.kit import context, dated_settings

pytestmark = pytest.mark.usefixtures("rolled_back")

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def minutes(limits: Limits) -> tuple[float, ...]:
    return tuple(limit / timedelta(minutes=1) for limit in limits)


@pytest.mark.parametrize(
    ("place_class", "accept_arrive_restore"),
    [("city", (3, 45, 180)), ("rural", (3, 90, 240)), ("remote", (3, 120, 240))],
)
async def test_the_limits_of_the_reference(
    place_class: str, accept_arrive_restore: tuple[int, ...]
) -> None:
    assert minutes(await limits_at(NOW, place_class, "S1")) == accept_arrive_restore


async def released(name: str, value: int, at: datetime, scope: str) -> None:
    with context.acting("staff:E1"):
        setting = await dated_settings.propose(name, value, at, "县公司文件", scope)
    with context.acting("staff:E2"):
        await dated_settings.release(setting, NOW)


async def test_a_station_may_have_its_own_limit_from_a_moment_on() -> None:
    await released(ARRIVE_MIN["rural"], 60, NOW, "S1")
    await released(ACCEPT_MIN, 5, NOW + timedelta(hours=1), dated_settings.EVERYWHERE)
    assert minutes(await limits_at(NOW, "rural", "S1")) == (3, 60, 240)
    assert minutes(await limits_at(NOW, "rural", "S2")) == (3, 90, 240)
    assert minutes(await limits_at(NOW - timedelta(seconds=1), "rural", "S1")) == (3, 90, 240)
    assert minutes(await limits_at(NOW + timedelta(hours=1), "rural", "S1")) == (5, 60, 240)

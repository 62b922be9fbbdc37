"""The story everything else stands on, over real processes."""

from pathlib import Path

import pytest

from tests.journeys.fault_report import every_event_had_its_effect_once, fault_from_wechat_to_rated
from tests.journeys.station import station

pytestmark = pytest.mark.journey


async def test_a_fault_travels_from_wechat_to_a_phone_and_back(tmp_path: Path) -> None:
    """The worker is killed with -9 twice; every event still has its effect exactly once."""
    async with station(tmp_path / "station 网格") as running:
        customer = next(one for one in running.facts["customers"] if one["bound"])
        number = await fault_from_wechat_to_rated(running, customer)
        await every_event_had_its_effect_once(running, number, customer["openid"])

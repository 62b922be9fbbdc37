"""A month of a station by the business clock, over real processes."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import matters, numbers, rounds
from tests.journeys.fault_report import fault_from_wechat_to_rated
from tests.journeys.people import DAY
from tests.journeys.station import Station, station

pytestmark = pytest.mark.journey


def _cast(running: Station) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Bound customers of one account each: a pair of one district, and four others."""
    bound = [one for one in running.facts["customers"] if one["bound"]]
    accounts = Counter(one["openid"] for one in bound)
    alone = [one for one in bound if accounts[one["openid"]] == 1]
    districts = Counter(one["district_no"] for one in alone)
    shared = next(one for one, count in districts.items() if count >= 2)
    pair = [one for one in alone if one["district_no"] == shared][:2]
    return pair, [one for one in alone if one["district_no"] != shared][:4]


async def test_W1_W3_W4_W5_S5_K1_K3_a_month_lived_by_the_clock(tmp_path: Path) -> None:
    """Faults, a complaint, a tip-off, an outage, a breach that climbs, visits: the sums are right."""
    async with station(tmp_path / "month 网格") as running:
        pair, others = _cast(running)
        complaint = await matters.complaint_about_a_manager(running, others[0])
        tip_off = await matters.sealed_tip_off(running, others[1])
        await fault_from_wechat_to_rated(running, others[2])
        await matters.breach_that_climbs_to_the_county(running, others[3])
        await rounds.outage_of_a_district(running, pair)
        month = await rounds.next_month_begins(running)
        assert await numbers.state_of(running, complaint) == "closed"
        assert await numbers.state_of(running, tip_off) == "closed"
        await numbers.every_matter_has_its_owner(running)
        figures = await numbers.figures_add_up(running, month)
        assert figures["complaints"]["numerator"] == 1
        assert figures["arrive_met"]["denominator"] >= 2
        assert figures["arrive_met"]["numerator"] < figures["arrive_met"]["denominator"]
        grids = sorted({one["grid"] for one in running.facts["customers"]})
        await rounds.visits_of_this_month(running, grids)
        await running.advance(8 * DAY)
        await numbers.month_is_closed_for_good(running, month, figures)
        await numbers.every_matter_has_its_owner(running)

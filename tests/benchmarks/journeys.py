"""Row e: the journey of a fault from WeChat to its rating, many times in a row on one station."""

import asyncio
import sys
import time
from statistics import median

from backend.supervisor.supervisor import DEATHS_WINDOW_S
from tests.benchmarks.figures import Row
from tests.benchmarks.services import Services
from tests.journeys.fault_report import every_event_had_its_effect_once, fault_from_wechat_to_rated
from tests.journeys.station import Station, station

TIMES, QUICK_TIMES = 20, 2
#: Journeys begin so far apart that the supervisor does not take two kills in each for a worker
#: that cannot live.
APART_S = DEATHS_WINDOW_S / 2


async def measure(services: Services, *, quick: bool) -> list[Row]:
    """`wangge up` in a home of its own; each journey kills the worker twice with -9."""
    times = QUICK_TIMES if quick else TIMES
    took_s: list[float] = []
    async with station(services.directory / "station") as running:
        customers = [one for one in running.facts["customers"] if one["bound"]]
        for n in range(times):
            began = time.monotonic()
            if await _travels(running, customers[n % len(customers)]):
                took_s.append(time.monotonic() - began)
                print(f"  journey {n + 1}: {took_s[-1]:.1f} s", file=sys.stderr, flush=True)
            await asyncio.sleep(max(0.0, began + APART_S - time.monotonic()))
    return [
        Row(
            row="e",
            what="journeys in a row, the worker killed twice in each",
            unit="runs",
            ours=len(took_s),
            limit=times,
            limit_is="every one",
            ratio=len(took_s) / times,
            floor=1.0,
            rounds=times,
            notes={"median_s": round(median(took_s), 1)} if took_s else {},
        )
    ]


async def _travels(running: Station, customer: dict[str, str]) -> bool:
    """Whether one journey comes to its end with every effect once; says why when it does not."""
    try:
        number = await fault_from_wechat_to_rated(running, customer)
        await every_event_had_its_effect_once(running, number, customer["openid"])
    except (AssertionError, OSError) as error:
        print(f"  a journey failed: {error}", file=sys.stderr, flush=True)
        return False
    return True

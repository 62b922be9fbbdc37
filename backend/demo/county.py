"""The demo county as a pure function: the same seed gives the same county on every machine.

Everything in it is synthetic (演示数据) but the names listed in facts/NOTICE.md, and its map is a
sketch (示意图，非行政区划界线).
"""

from collections.abc import Sequence
from datetime import date

import numpy as np

from backend.demo import facts, sketch
from backend.demo.districts import districts
from backend.demo.facts import Town
from backend.demo.grids import grids, stations
from backend.demo.households import customers as households
from backend.demo.staffing import staffing
from backend.demo.types import DemoCounty

SEED = 422828
DEMO_TOWN = "容美镇"
# From this many customers on, the whole county is built and not one station.
COUNTY_FROM_CUSTOMERS = 10_000
CUSTOMERS_MAX = 99_000


def towns_for(customers: int) -> list[Town]:
    """Choose one station for a small demo and all nine for a county."""
    towns = facts.towns()
    if customers >= COUNTY_FROM_CUSTOMERS:
        return towns
    return [town for town in towns if town.name == DEMO_TOWN]


def county(seed: int, customers: int, towns: Sequence[Town], today: date) -> DemoCounty:
    """Build the stations of some towns with `customers` customers.

    `today` only sets until when certificates hold. Raises ValueError when `customers` is not
    between 1 and CUSTOMERS_MAX.
    """
    if not 1 <= customers <= CUSTOMERS_MAX:
        raise ValueError(f"a demo has 1 to {CUSTOMERS_MAX} customers")
    villages, cells = sketch.draw(seed, facts.towns(), facts.villages())
    chosen = {town.code for town in towns}
    villages = [village for village in villages if village.town_code in chosen]
    drawn_stations = stations(towns)
    drawn_grids = grids(towns, villages, cells)
    people, appointments = staffing(seed, today, drawn_stations, drawn_grids)
    dice = np.random.default_rng([seed, 2])
    drawn_districts = districts(dice, customers, villages, drawn_grids, cells)
    return DemoCounty(
        stations=tuple(drawn_stations),
        villages=tuple(villages),
        grids=tuple(drawn_grids),
        districts=tuple(drawn_districts),
        staff=tuple(people),
        appointments=tuple(appointments),
        customers=tuple(households(dice, customers, towns, villages, drawn_districts, cells)),
    )

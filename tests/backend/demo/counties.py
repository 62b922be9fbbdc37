"""Counties that many tests look at, built once."""

from datetime import date
from functools import cache

from backend.demo.county import SEED, county, towns_for
from backend.demo.types import DemoCounty

TODAY = date(2026, 11, 22)


@cache
def built(customers: int, seed: int = SEED) -> DemoCounty:
    """The county of a seed, as a start of the demo would build it."""
    return county(seed, customers, towns_for(customers), TODAY)


def station() -> DemoCounty:
    """The default demo: one station, 1,500 customers."""
    return built(1_500)


def whole() -> DemoCounty:
    """All nine towns at their published size."""
    return built(72_175)

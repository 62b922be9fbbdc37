"""Rounds of load on both sides in turns, and the row that they make."""

from collections.abc import Awaitable, Callable
from statistics import median
from typing import NamedTuple

import httpx

from tests.benchmarks.figures import Row, rate_row
from tests.benchmarks.servers import Plan, Round, Server, send
from tests.benchmarks.services import Services

CONNECTIONS = 8


class Size(NamedTuple):
    """Requests on each connection in a round, and rounds of each side."""

    requests: int
    rounds: int


class Sides(NamedTuple):
    """Both web processes, on the same services."""

    services: Services
    ours: Server
    bare: Server


MakePlan = Callable[[], Awaitable[Plan]]


async def row_of(
    sides: Sides, size: Size, row: str, what: str, limit: str, floor: float, plans: list[MakePlan]
) -> Row:
    """Rounds in turns, ours first; plans are made just before, for signatures grow old."""
    ours: list[Round] = []
    bare: list[Round] = []
    for _ in range(size.rounds):
        ours.append(await send(sides.services, sides.ours, await plans[0]()))
        bare.append(await send(sides.services, sides.bare, await plans[1]()))
    return rate_row(
        row,
        what,
        limit,
        [each.outcome.per_s for each in ours],
        [each.outcome.per_s for each in bare],
        floor,
        notes={
            "median_ms": _middle([each.outcome.median_ms for each in ours]),
            "p99_ms": _middle([each.outcome.p99_ms for each in ours]),
            "cpu_ms": _middle([each.cpu_ms for each in ours]),
            "limit_median_ms": _middle([each.outcome.median_ms for each in bare]),
            "limit_cpu_ms": _middle([each.cpu_ms for each in bare]),
        },
    )


def _middle(values: list[float]) -> float:
    return round(median(values), 2)


def checked(answer: httpx.Response) -> bytes:
    """The body of an answer that went well."""
    assert answer.status_code == 200, answer.text
    return answer.content

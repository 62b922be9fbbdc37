"""Clocks, outbox and supervision together, committed: what time and two people do to one job."""

import asyncio

import pytest

from grid.clocks.schedule import find_breaches, find_near_breaches
from grid.kit.clock import advance
from grid.kit.outbox import claim_due, fan_out, react
from grid.kit.refusals import Refusal
from grid.supervision import reactions as supervision_reactions
from grid.supervision.schedule import climb_unanswered
from grid.supervision.service import take_supervision_step
from grid.supervision.types import DoSupervision, SupervisionEvent
from tests.grid.supervision.scene import breach_of, hear, history_of, make_levels, orders, the_order
from tests.support.contexts import apart

pytestmark = pytest.mark.usefixtures("committed")


async def heard_by_two_workers() -> None:
    """The relay, and each reaction of this room run by two workers at once."""
    await fan_out()
    ours = supervision_reactions.__name__.removesuffix(".reactions")
    for name, events in await claim_due():
        if name.startswith(ours):
            await asyncio.gather(apart(react(name, events)), apart(react(name, events)))


async def test_W3_near_then_late_then_up_to_the_county_by_the_business_clock() -> None:
    levels = await make_levels()
    arrive = (await breach_of(levels.job.id)).clock_id

    async def about_arrival() -> list[tuple[str, str]]:
        return [(row["cause"], row["level"]) for row in await orders() if row["clock"] == arrive]

    for minutes, expected in (
        (71, []),
        (3, [("near_breach", "grid")]),
        (17, [("breach", "grid")]),
        (121, [("breach", "station")]),
        (241, [("breach", "county")]),
        (1441, [("breach", "county")]),
    ):
        await advance(minutes * 60)
        for run in (find_breaches, find_near_breaches, climb_unanswered):
            await run()
        await heard_by_two_workers()
        assert await about_arrival() == expected, minutes
    order = next(row for row in await orders() if row["clock"] == arrive)
    assert order["county_missed_at"] is not None
    events = [row["event"] for row in await history_of(order["id"])]
    assert events == ["open", "raise", "escalate", "escalate", "overdue"]


async def test_of_two_who_answer_at_once_one_wins_and_the_other_is_told() -> None:
    levels = await make_levels()
    await hear(await breach_of(levels.job.id))
    order = (await the_order())["id"]
    said = DoSupervision(words="我来处理")
    answers = await asyncio.gather(
        *(
            apart(take_supervision_step(actor, order, SupervisionEvent.ANSWER, said))
            for actor in (levels.supervisor, levels.head, levels.county)
        ),
        return_exceptions=True,
    )
    refused = [one for one in answers if isinstance(one, BaseException)]
    assert all(isinstance(one, Refusal) for one in refused)
    assert len(refused) == 2
    lines = await history_of(order)
    assert [row["event"] for row in lines] == ["open", "answer"]
    winner = next(
        actor.name
        for actor in (levels.supervisor, levels.head, levels.county)
        if actor.subject == lines[-1]["actor"]
    )
    assert all(winner in str(one) for one in refused)


async def test_climbing_by_two_workers_goes_up_once() -> None:
    levels = await make_levels()
    await hear(await breach_of(levels.job.id))
    await advance(121 * 60)
    await asyncio.gather(*(apart(climb_unanswered()) for _ in range(4)))
    assert (await the_order())["level"] == "station"

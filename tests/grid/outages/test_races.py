"""Two at the same moment: joins beside a closing, two workers at one child, two answers."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from grid.kit.clock import advance, business_now
from grid.kit.database import fetch, fetch_value, transaction
from grid.kit.ids import new_id
from grid.notices.promises import promise
from grid.outages.children import settle_due
from grid.outages.joining import answer_by_customer, split_children
from grid.outages.recording import lock
from grid.outages.telling import tell_next_batch
from grid.outages.types import SplitTickets
from grid.outages.words import OutageEvent, OutageKind
from tests.grid.notices.test_promises import new
from tests.grid.outages.scene import (
    announced,
    dark,
    done,
    inside,
    jobs_of,
    make_village,
    member,
    restored,
    steps_of,
)
from tests.grid.work_orders.test_races import both, somebody_waits
from tests.support.contexts import apart

pytestmark = pytest.mark.usefixtures("committed")


async def test_W4_a_report_beside_the_restoration_is_a_child_or_a_job_never_nothing() -> None:
    village = await make_village()
    outage = await dark(village)
    async with transaction():
        await lock(outage.id)
        waiting = apart(inside(village))
        assert await somebody_waits()
        await done(village, outage.id, OutageEvent.RESTORE)
    answer = await waiting
    assert not answer.joined
    assert len(await jobs_of(answer.ticket.id)) == 1
    assert await fetch_value("SELECT count(*) FROM outage_membership") == 0


async def test_W4_reports_and_a_restoration_all_at_once_lose_nobody() -> None:
    village = await make_village(6)
    outage = await dark(village)
    answers = await asyncio.gather(
        *(apart(inside(village, who)) for who in range(3)),
        apart(done(village, outage.id, OutageEvent.RESTORE)),
        *(apart(inside(village, who)) for who in range(3, 6)),
    )
    await settle_due(100)
    for answer in (*answers[:3], *answers[4:]):
        jobs = await jobs_of(answer.ticket.id)  # type: ignore[union-attr]
        if answer.joined:  # type: ignore[union-attr]
            row = await member(answer.ticket.id)  # type: ignore[union-attr]
            assert (row["state"], jobs) == ("asked", [])
        else:
            assert len(jobs) == 1


async def test_W4_two_workers_settle_each_child_once() -> None:
    village = await make_village(5)
    outage = await dark(village)
    tickets = [(await inside(village, who)).ticket.id for who in range(5)]
    await done(village, outage.id, OutageEvent.RESTORE)
    await asyncio.gather(*(apart(settle_due(100)) for _ in range(3)))
    asked = await fetch_value(
        "SELECT count(*) FROM outbox_event WHERE kind = 'outages.OutageChildAsked'"
    )
    assert asked == 5
    for ticket in tickets:
        assert (await steps_of(ticket)).count("reply") == 1


async def test_W4_a_yes_and_a_split_at_once_make_one_end() -> None:
    village = await make_village(1)
    outage = await dark(village)
    ticket = (await inside(village)).ticket.id
    await restored(village, outage.id)
    command = SplitTickets(ticket_ids=[ticket], reason="电话说还没来电")
    await both(
        apart(answer_by_customer(village.customers[0], ticket, True)),
        apart(split_children(village.dispatcher, outage.id, command)),
        apart(answer_by_customer(village.customers[0], ticket, False)),
    )
    row = await member(ticket)
    jobs = await jobs_of(ticket)
    assert (row["state"], len(jobs)) in (("back", 0), ("split", 1))
    assert await fetch_value("SELECT count(*) FROM outage_membership") == 1


async def test_W4_two_restorations_are_one() -> None:
    village = await make_village(1)
    outage = await dark(village)
    given, refused = await both(
        *(apart(done(village, outage.id, OutageEvent.RESTORE)) for _ in range(3))
    )
    assert len(given) == 1
    assert set(refused) <= {"stale_version", "outage_step_not_possible"}
    assert len(await fetch("SELECT 1 FROM outage_transition WHERE event = 'restore'")) == 1


async def test_two_workers_tell_each_follower_once() -> None:
    village = await make_village(8)
    now = await business_now()
    await announced(
        village,
        OutageKind.PLANNED,
        now + timedelta(days=8),
        expected_end_at=now + timedelta(days=8, hours=2),
    )
    await asyncio.gather(*(apart(tell_next_batch()) for _ in range(4)))
    rows = await fetch("SELECT openid FROM promise")
    assert len(rows) == len({row["openid"] for row in rows}) == 8


async def test_two_answers_past_the_limit_and_a_late_yes_end_once() -> None:
    village = await make_village(2)
    outage = await dark(village)
    tickets: list[UUID] = [(await inside(village, who)).ticket.id for who in range(2)]
    await restored(village, outage.id)
    await advance(24 * 3600 + 5)
    await both(
        apart(settle_due(100)),
        apart(answer_by_customer(village.customers[0], tickets[0], True)),
        apart(settle_due(100)),
    )
    states = [(await member(ticket))["state"] for ticket in tickets]
    assert states[0] in ("back", "no_answer")
    assert states[1] == "no_answer"
    for ticket in tickets:
        assert (await steps_of(ticket)).count("archive") == 1


async def test_the_same_promise_at_once_is_told_once() -> None:
    one = await new(new_id(), 60)

    async def make() -> None:
        async with transaction():
            await promise(one)

    answers = await asyncio.gather(*(apart(make()) for _ in range(3)), return_exceptions=True)
    assert await fetch_value("SELECT count(*) FROM promise WHERE NOT is_estimate") == 1
    assert sum(answer is None for answer in answers) >= 1

"""An outage as a customer in WeChat lives it: through the encrypted door, with our sender."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from bot import (
    outage_reactions,  # noqa: F401 - importing it registers its reactions
    outage_words,
    reactions,  # noqa: F401
    words,
)
from grid.dispatch.service import offer
from grid.kit.clock import advance, business_now, machine_now
from grid.kit.database import execute, fetch, fetch_value
from grid.outages.children import settle_due
from grid.outages.joining import join
from grid.outages.telling import tell_next_batch
from grid.outages.types import JoinTickets
from grid.outages.words import OutageEvent, OutageKind
from grid.work_orders.intake import report_fault
from grid.work_orders.on_site.arrival import code_for_customer
from grid.work_orders.reading import view_one
from grid.work_orders.times import promise_reactions  # noqa: F401
from tests.bot.test_story import Town, town_of
from tests.grid.outages.scene import (
    Village,
    announced,
    dark,
    done,
    inside,
    jobs_of,
    make_village,
    promises_told,
    restored,
)
from tests.grid.work_orders.scene import at, fault, job_id, step


@pytest.fixture
async def village(committed: None) -> Village:
    return await make_village()


@pytest.fixture
async def town(village: Village, bot_settings: None) -> AsyncIterator[Town]:
    async with town_of(village.customers[0].openid) as opened:
        assert await opened.say("帮助") == words.HELP
        yield opened


async def all_heard(town: Town) -> list[str]:
    """Everything new, also what only follows from what was said first."""
    found: list[str] = []
    for _ in range(3):
        found += await town.heard()
    return found


async def tell(town: Town) -> str:
    """没电了 → which account → the answer."""
    assert (await town.say("没电了")).startswith("哪里没电？")
    return await town.say("1")


async def ticket_of(village: Village) -> UUID:
    found: UUID = await fetch_value(
        "SELECT id FROM ticket WHERE openid = $1 ORDER BY id DESC LIMIT 1",
        village.customers[0].openid,
    )
    return found


async def test_W4_inside_an_outage_told_cause_and_time_then_still_dark_gets_its_own_job(
    village: Village, town: Town
) -> None:
    outage = await dark(village)
    reply = await tell(town)
    ticket = await ticket_of(village)
    number = await fetch_value("SELECT number FROM ticket WHERE id = $1", ticket)
    assert reply == outage_words.outage_joined(number, "fault", outage.cause, outage.etr)
    assert "树枝压断导线" in reply
    assert await jobs_of(ticket) == []
    assert await all_heard(town) == []
    assert words.STATES["outage"] in await town.say("进度")

    later = await business_now() + timedelta(hours=6)
    await done(village, outage.id, OutageEvent.ETR, expected_end_at=later, reason="要换电杆")
    assert await all_heard(town) == [outage_words.outage_etr(number, later, changed=True)]
    slightly = later + timedelta(minutes=5)
    await done(village, outage.id, OutageEvent.ETR, expected_end_at=slightly, reason="慢一点")
    assert await all_heard(town) == []

    await restored(village, outage.id)
    (asked,) = await all_heard(town)
    assert asked.startswith(outage_words.outage_over(number))
    assert await town.act(content="还没来电", bizmsgmenuid="302") == outage_words.OUTAGE_STILL_OUT
    (job,) = await jobs_of(ticket)
    assert (job["kind"], job["priority"]) == ("fault_repair", "urgent")
    kinds = await fetch("SELECT kind FROM outbox_event WHERE kind = 'work_orders.WorkOrderOpened'")
    assert len(kinds) == 1
    assert len(await promises_told(ticket)) == 2


async def test_W4_the_light_is_back_in_own_words_and_nobody_asks_for_stars(
    village: Village, town: Town
) -> None:
    outage = await dark(village)
    await tell(town)
    await restored(village, outage.id)
    (asked,) = await all_heard(town)
    assert "您家来电了吗" in asked
    assert await town.say("来电了") == outage_words.OUTAGE_BACK_THANKS
    assert await fetch_value("SELECT state FROM outage_membership") == "back"
    assert await all_heard(town) == []
    assert await town.say("来电了") == words.RESTORED_THANKS


async def test_W4_each_message_comes_once_when_every_event_comes_twice(
    village: Village, town: Town
) -> None:
    outage = await dark(village)
    await tell(town)
    await done(
        village,
        outage.id,
        OutageEvent.ETR,
        expected_end_at=await business_now() + timedelta(hours=8),
        reason="要换电杆",
    )
    await restored(village, outage.id)
    first = await all_heard(town)
    assert [text[:3] for text in first] == ["您报的", "您报的"]
    await execute("UPDATE event_delivery SET state = 'pending', due_at = $1", machine_now())
    assert await all_heard(town) == []
    assert await fetch_value("SELECT count(*) FROM bot_outbound") == 2


async def test_a_tap_after_the_end_answers_nothing_twice(village: Village, town: Town) -> None:
    outage = await dark(village)
    await tell(town)
    await restored(village, outage.id)
    await all_heard(town)
    assert await town.act(content="来电了", bizmsgmenuid="301") == outage_words.OUTAGE_BACK_THANKS
    assert await town.act(content="来电了", bizmsgmenuid="301") == words.RESTORED_THANKS
    reply = await town.act(content="还没来电", bizmsgmenuid="302")
    assert reply.startswith(words.NOTHING_REPAIRED)
    assert await fetch_value("SELECT count(*) FROM work_order") == 0


async def test_a_report_from_before_is_told_that_it_is_an_outage_and_not_that_it_is_cancelled(
    village: Village, town: Town
) -> None:
    before = await report_fault(village.customers[0], fault(village.homes[0]))
    outage = await dark(village)
    await join(village.dispatcher, outage.id, JoinTickets(ticket_ids=[before.id]))
    assert await all_heard(town) == [
        outage_words.outage_covers(before.number, "fault", outage.cause, outage.etr)
    ]


async def test_a_planned_outage_is_told_once_changed_once_and_called_off_once(
    village: Village, town: Town
) -> None:
    now = await business_now()
    starts, ends = now + timedelta(days=8), now + timedelta(days=8, hours=4)
    outage = await announced(
        village,
        OutageKind.PLANNED,
        starts,
        expected_end_at=ends,
        cause="更换变压器",
        public_words="请提前抽好水",
    )
    for _ in range(3):
        await tell_next_batch()
    assert await all_heard(town) == [
        outage_words.outage_planned("planned", starts, ends, "更换变压器", "请提前抽好水")
    ]
    small = ends + timedelta(minutes=5)
    await done(village, outage.id, OutageEvent.ETR, expected_end_at=small, reason="略晚")
    await tell_next_batch()
    assert await all_heard(town) == []
    much = ends + timedelta(days=2)
    await done(village, outage.id, OutageEvent.ETR, expected_end_at=much, reason="工程加大")
    await tell_next_batch()
    assert await all_heard(town) == [outage_words.outage_replanned("planned", starts, much)]
    await done(village, outage.id, OutageEvent.CANCEL, reason="工程取消")
    assert await all_heard(town) == [outage_words.outage_called_off("planned", starts)]


async def test_who_comes_and_by_when_is_a_promise_and_is_judged(
    village: Village, town: Town
) -> None:
    ticket = await report_fault(village.customers[0], fault(village.homes[0]))
    assert await offer(job_id(ticket))
    job = await view_one(village.manager, job_id(ticket))
    job = await step(village.manager, job, "accept")
    (told,) = await all_heard(town)
    (row,) = await promises_told(ticket.id)
    code = await code_for_customer(job.id)
    assert code is not None, "what the customer tells whoever comes (W2)"
    assert told == words.accepted(
        ticket.number, village.manager.name, await phone_of(village), row["promised_at"], code
    )
    assert (row["what"], row["source"], row["kept"]) == ("arrive", "clock_limit", None)
    await advance(600)
    job = await step(village.manager, job, "depart")
    place = village.homes[0].place
    job = await step(village.manager, job, "arrive", position=at(place), customer_code=code)
    assert job.arrival_proof == "customer_code"
    assert await code_for_customer(job.id) is None
    await all_heard(town)
    (row,) = await promises_told(ticket.id)
    assert row["kept"] is True


async def phone_of(village: Village) -> str:
    found: str = await fetch_value(
        "SELECT phone FROM staff WHERE id = $1", village.manager.staff_id
    )
    return found


async def test_an_outage_ends_for_who_has_no_wechat_without_a_message(
    village: Village, town: Town
) -> None:
    outage = await dark(village)
    await inside(village, 1)
    await execute("UPDATE ticket SET openid = NULL")
    await restored(village, outage.id)
    assert await all_heard(town) == []
    assert await fetch_value("SELECT count(*) FROM bot_outbound") == 0
    assert await settle_due(10) == 0

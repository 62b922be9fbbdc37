"""Matters through the real door: filed, answered, rated; a tip-off leaves no trace of who (P1)."""

import msgspec
import pytest

from bot import (
    matter_reactions,  # noqa: F401 - importing it registers its reactions
    matter_words,
    words,
)
from grid.kit.database import fetch, fetch_value
from grid.kit.outbox import claim_due, fan_out, react
from grid.territory.types import StaffRole
from tests.bot.conftest import Webhook
from tests.grid.work_orders.matters import desk, do
from tests.grid.work_orders.scene import make_scene
from tests.support.homes import link, make_account, make_customer


async def react_to_all() -> None:
    """Let every reaction hear what was said."""
    await fan_out()
    for name, events in await claim_due():
        await react(name, events)


async def test_a_complaint_is_about_the_grids_manager_and_its_answer_comes_back(
    webhook: Webhook,
) -> None:
    scene = await make_scene()
    openid = scene.customer.openid
    for text in ("投诉", "1", "抄表员态度很差", "2"):
        reply = await webhook.say(text, openid)
    number = str(await fetch_value("SELECT number FROM ticket"))
    assert reply == matter_words.matter_filed(number)
    (accused,) = await fetch("SELECT staff FROM ticket_accused")
    assert accused["staff"] == scene.manager.staff_id
    assert matter_words.MATTER_STATES["taken_in"] in await webhook.say("进度", openid)
    assert "第 1 次" in await webhook.say("催办", openid)
    ticket_id = await fetch_value("SELECT id FROM ticket")
    head = await desk(StaffRole.STATION_HEAD, scene.grid.station_id)
    clerk = await desk(StaffRole.BACK_OFFICE, scene.grid.station_id)
    await do(head, ticket_id, "dispatch", staff_id=clerk.staff_id)
    await do(clerk, ticket_id, "take")
    await do(clerk, ticket_id, "handle", words="已批评")
    await do(clerk, ticket_id, "reply", words="已批评教育，向您道歉")
    await react_to_all()
    body = msgspec.json.decode(await fetch_value("SELECT body FROM bot_outbound"))
    assert body["head"] == matter_words.answered(number, "已批评教育，向您道歉")
    assert (await webhook.say("1", openid)).endswith(words.ASK_RATING_WORDS)
    assert await webhook.say("拖了三天才来电话", openid) == words.RATING_WORDS_KEPT
    assert await fetch_value("SELECT state FROM ticket WHERE id = $1", ticket_id) == "closed"
    (child,) = await fetch("SELECT * FROM ticket WHERE parent = $1", ticket_id)
    assert child["kind"] == "opinion"
    assert await fetch_value("SELECT words FROM rating_comment") == "拖了三天才来电话"


async def test_P1_a_tip_off_leaves_its_author_nowhere_but_under_the_seal(
    webhook: Webhook, capfd: pytest.CaptureFixture[str]
) -> None:
    scene = await make_scene()
    customer, story = make_customer("o-nobody-may-know-this-one"), "村东头有人夜里搭线偷电"
    await link(customer, await make_account(scene.grid))
    for text in ("举报", "1", story, "1"):
        await webhook.say(text, customer.openid)
    ticket_id = await fetch_value("SELECT id FROM ticket")
    number = str(await fetch_value("SELECT number FROM ticket"))
    assert number in await webhook.say("进度", customer.openid), "the author can follow it"
    auditor = await desk(StaffRole.AUDITOR)
    for event, fields in (
        ("dispatch", {"staff_id": auditor.staff_id}),
        ("take", {}),
        ("handle", {"words": "已查实"}),
        ("reply", {"words": "已依规处理"}),
    ):
        await do(auditor, ticket_id, event, **fields)
    await react_to_all()
    assert await _rows_with(story) == {"ticket"}, "the story stands in the ticket alone"
    # The door knows whom it talks with; none of these rows says about what.
    door = {"bot_inbound", "bot_conversation", "bot_outbound", "wechat_follower", "wechat_link"}
    assert await _rows_with(customer.openid) <= door | {"sealed_author", "audit_entry"}
    assert await _rows_with(customer.openid, number) == set()
    assert await _rows_with(customer.openid, str(ticket_id)) == {"sealed_author"}
    sent = str(await fetch_value("SELECT body FROM bot_outbound"))
    assert matter_words.SEALED_ANSWERED in sent
    assert "已依规处理" in await webhook.say("进度", customer.openid)
    logged = "".join(capfd.readouterr())
    for secret in (customer.openid, story, number):
        assert secret not in logged


async def _rows_with(*texts: str) -> set[str]:
    """Tables with a row that holds all of these texts."""
    names = await fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = set()
    for row in names:
        every = " AND ".join(f"x::text LIKE ${n}" for n in range(1, len(texts) + 1))
        sql = f'SELECT 1 FROM "{row["tablename"]}" x WHERE {every} LIMIT 1'
        if await fetch_value(sql, *(f"%{text}%" for text in texts)):
            found.add(row["tablename"])
    return found


async def test_nothing_of_an_anonymous_tip_off_is_kept(webhook: Webhook) -> None:
    await make_scene()
    openid = "o-wants-to-be-nobody"
    for text in ("举报", "6", "有人上门乱收钱", "2"):
        reply = await webhook.say(text, openid)
    assert reply == matter_words.tip_off_filed(
        str(await fetch_value("SELECT number FROM ticket")), True
    )
    assert await fetch_value("SELECT count(*) FROM sealed_author") == 0
    assert await webhook.say("进度", openid) == words.NO_TICKETS

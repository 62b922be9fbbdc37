"""The customer is told, asked and heard while the job moves: reactions, sending, answers by tap."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import msgspec
import pytest
from litestar import Litestar

from backend.http.problems import EXCEPTION_HANDLERS
from backend.settings import settings
from bot import (
    reactions,  # noqa: F401 - importing it registers its reactions
    words,
)
from bot.callback import callback, router
from bot.outbound import MAX_ATTEMPTS, Text, queue, send_waiting
from bot.platform import Platform
from bot.schedule import KEEP_REPLIES, sweep
from bot.simulator.app import create_simulator
from bot.simulator.config import FollowerSeed
from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch, fetch_value, transaction
from grid.kit.outbox import claim_due, fan_out, react
from grid.work_orders.steps import take_step
from grid.work_orders.types import DoVerb
from grid.work_orders.words import WorkOrderEvent
from tests.bot.simulator.account import CONFIG
from tests.bot.simulator.conftest import _run
from tests.grid.work_orders.scene import Scene, completed, make_scene, offered, step, walked

from .conftest import SETTINGS


@pytest.fixture
async def scene(committed: None) -> Scene:
    return await make_scene()


class Town:
    """The simulator, our webhook and our client of it, without a socket."""

    def __init__(self, http: httpx.AsyncClient, platform: Platform, openid: str) -> None:
        self.http, self.platform, self.openid = http, platform, openid
        self.seen = 0

    async def act(self, **fields: object) -> str:
        """The customer does something; the words of the passive reply."""
        body = {"openid": self.openid, "type": "text", **fields}
        answer = (await self.http.post("/control/events", json=body)).json()
        return str((answer["reply"] or {}).get("text", ""))

    async def say(self, content: str) -> str:
        return await self.act(content=content)

    async def heard(self) -> list[str]:
        """React to everything said, send what is queued; what the customer newly received."""
        await fan_out()
        for name, events in await claim_due():
            await react(name, events)
        await send_waiting(self.platform)
        params = {"openid": self.openid, "after": self.seen}
        found = (await self.http.get("/control/messages", params=params)).json()
        self.seen = found["next"]
        return [one["text"] for one in found["items"] if one["via"] == "custom"]

    async def order(self, kind: str, value: int, times: int = 1) -> None:
        fault = {"endpoint": "custom/send", "kind": kind, "value": value, "times": times}
        assert (await self.http.post("/control/faults", json=fault)).status_code == 201


@asynccontextmanager
async def town_of(openid: str) -> AsyncIterator[Town]:
    """A simulated platform whose only follower is this customer."""
    config = msgspec.structs.replace(
        CONFIG, followers=(FollowerSeed(openid=openid, nickname="田文光"),)
    )
    os.environ.update(
        SETTINGS
        | {
            "WANGGE_WECHAT_APP_ID": config.app_id,
            "WANGGE_WECHAT_TOKEN": config.token,
            "WANGGE_WECHAT_ENCODING_AES_KEY": config.encoding_aes_key,
        }
    )
    settings.cache_clear()
    callback.cache_clear()
    ours = Litestar(route_handlers=[router()], exception_handlers=EXCEPTION_HANDLERS)
    theirs = create_simulator(config, callback_transport=httpx.ASGITransport(app=ours))
    started, stop = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(_run(theirs, started, stop))
    await started.wait()
    transport = httpx.ASGITransport(app=theirs)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        platform = Platform(
            app_id=config.app_id,
            app_secret=config.app_secret,
            base_url="http://127.0.0.1",
            redis=None,
            http=http,
        )
        yield Town(http, platform, openid)
    stop.set()
    await running


@pytest.fixture
async def town(scene: Scene, bot_settings: None) -> AsyncIterator[Town]:
    async with town_of(scene.customer.openid) as opened:
        assert await opened.say("帮助") == words.HELP
        yield opened


async def messages() -> list[tuple[str, int, str | None]]:
    rows = await fetch("SELECT state, attempts, last_error FROM bot_outbound ORDER BY id")
    return [(row["state"], row["attempts"], row["last_error"]) for row in rows]


async def test_from_accepted_to_rated_by_two_taps(scene: Scene, town: Town) -> None:
    job = await offered(scene)
    job = await walked(scene, job, "accept")
    (accepted,) = await town.heard()
    assert accepted.startswith(
        f"您报的单 {job.ticket_number} 已有人接：{scene.manager.name}师傅，电话"
    )
    for verb, fields in (
        ("depart", {}),
        ("arrive", {"position": {"lat": job.lat, "lon": job.lon, "accuracy_m": 10.0}}),
    ):
        job = await step(scene.manager, job, verb, **fields)
    assert await town.heard() == [words.arrived(str(job.ticket_number))]
    for verb, fields in (("start", {}), ("restore", {}), ("complete", {"resolution": "换保险"})):
        job = await step(scene.manager, job, verb, **fields)
    (asked,) = await town.heard()
    assert asked.startswith(words.repaired(str(job.ticket_number)))
    told = await town.act(content="来电了", bizmsgmenuid="201")
    assert told == f"{words.RESTORED_THANKS}\n\n{words.ASK_STARS}"
    assert await town.say("5") == words.RATED_WELL
    assert await fetch_value("SELECT stars FROM rating") == 5
    assert await fetch_value("SELECT state FROM ticket") == "closed"
    assert await town.heard() == []


async def test_still_dark_reopens_the_job(scene: Scene, town: Town) -> None:
    await completed(scene)
    await town.heard()
    assert await town.say("还没有") == words.STILL_OUT
    assert await fetch_value("SELECT state FROM work_order") == "pending_dispatch"
    assert await town.say("满意") == words.NOTHING_TO_RATE


async def test_closed_by_the_dispatcher_asks_for_a_rating(scene: Scene, town: Town) -> None:
    job = await completed(scene)
    await step(scene.dispatcher, job, "close", reason="电话回访已来电")
    (asked,) = await town.heard()
    assert asked.startswith(words.ask_rating(str(job.ticket_number)))
    assert await town.say("1") == f"{words.RATED_BADLY}\n\n{words.ASK_RATING_WORDS}"
    assert await fetch_value("SELECT stars FROM rating") == 1
    assert await town.say("满意") == words.NOTHING_TO_RATE


async def test_a_cancelled_ticket_is_told_without_a_question(scene: Scene, town: Town) -> None:
    job = await offered(scene)
    command = DoVerb(version=job.version, reason="重复报修")
    await take_step(scene.dispatcher, job.id, WorkOrderEvent.CANCEL, command)
    assert await town.heard() == [words.ticket_cancelled(str(job.ticket_number))]


async def test_a_job_that_could_not_be_done_is_told(scene: Scene, town: Town) -> None:
    job = await walked(scene, await offered(scene), "start")
    await town.heard()
    await step(scene.manager, job, "cannot-complete", reason="缺材料")
    assert await town.heard() == [words.not_solved(str(job.ticket_number))]


async def test_news_that_was_overtaken_is_not_told(scene: Scene, town: Town) -> None:
    job = await completed(scene)
    (asked,) = await town.heard()
    assert asked.startswith(words.repaired(str(job.ticket_number)))


async def test_a_question_waits_while_the_customer_is_busy_and_a_tap_answers_it(
    scene: Scene, town: Town
) -> None:
    await town.say("绑定")
    await completed(scene)
    await town.heard()
    assert await town.say(scene.home.account_no) == words.ASK_NAME
    reply = await town.act(content="来电了", bizmsgmenuid="201")
    assert reply.startswith(words.RESTORED_THANKS)


async def test_an_event_handled_twice_queues_nothing_twice(scene: Scene, town: Town) -> None:
    job = await offered(scene)
    await walked(scene, job, "accept")
    await town.heard()
    await execute("UPDATE event_delivery SET state = 'pending', due_at = $1", machine_now())
    assert await town.heard() == []
    assert await messages() == [("sent", 1, None)]


async def test_a_ticket_by_telephone_has_nobody_to_write_to(scene: Scene, town: Town) -> None:
    job = await offered(scene)
    await execute("UPDATE ticket SET openid = NULL")
    await walked(scene, job, "accept")
    assert await town.heard() == []
    assert await messages() == []


async def send_later(town: Town) -> None:
    await execute("UPDATE bot_outbound SET due_at = $1 WHERE state = 'waiting'", machine_now())
    await send_waiting(town.platform)


async def test_a_busy_platform_is_tried_again_in_order(scene: Scene, town: Town) -> None:
    await town.order("errcode", -1)
    for number in (1, 2):
        await queue(f"test:{number}", town.openid, Text(f"第{number}条"))
    assert await town.heard() == []
    assert await messages() == [("waiting", 1, "platform error -1"), ("waiting", 0, None)]
    await send_later(town)
    assert [state for state, _, _ in await messages()] == ["sent", "sent"]
    assert await town.heard() == ["第1条", "第2条"]


@pytest.mark.parametrize(("code", "gone"), [(45015, False), (45047, False), (43004, True)])
async def test_who_cannot_be_reached_is_given_up_at_once(
    scene: Scene, town: Town, code: int, gone: bool
) -> None:
    await town.order("errcode", code)
    await queue("test:1", town.openid, Text("您好"))
    assert await town.heard() == []
    assert await messages() == [("given_up", 1, f"platform error {code}")]
    left = await fetch_value("SELECT unfollowed_at IS NOT NULL FROM wechat_follower")
    assert left is gone


async def test_a_platform_that_stays_away_is_given_up_in_the_end(scene: Scene, town: Town) -> None:
    await town.order("http_status", 502, times=0)
    await queue("test:1", town.openid, Text("您好"))
    for _ in range(MAX_ATTEMPTS + 2):
        await send_later(town)
    assert await messages() == [("given_up", MAX_ATTEMPTS, "platform away: HTTP 502")]


async def test_two_senders_send_each_message_once(scene: Scene, town: Town) -> None:
    for number in range(12):
        await queue(f"test:{number}", f"oNOBODY{number:04d}", Text("您好"))
    tried = await asyncio.gather(*(send_waiting(town.platform) for _ in range(3)))
    assert sum(tried) == 12


async def test_the_sweep_forgets_what_has_served(scene: Scene, town: Town) -> None:
    await queue("test:1", town.openid, Text("您好"))
    await sweep()
    assert await fetch_value("SELECT count(*) FROM bot_inbound") == 1
    old = machine_now() - KEEP_REPLIES - timedelta(days=60)
    async with transaction():
        await execute("UPDATE bot_inbound SET received_at = $1", old)
        await execute("UPDATE bot_outbound SET created_at = $1", old)
    await sweep()
    assert await fetch_value("SELECT count(*) FROM bot_inbound") == 0
    assert await messages() == [("waiting", 0, None)]
    await send_waiting(town.platform)
    await sweep()
    assert await messages() == []


async def test_the_simulator_confirms_our_address(scene: Scene, town: Town) -> None:
    checked = (await town.http.post("/control/verify")).json()
    assert checked["verified"] is True

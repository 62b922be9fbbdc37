"""The whole story in a browser: a farmer writes in the chat page, a dispatcher follows on the board.

Real processes, a real worker; only the grid manager works by the phones' interface.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.station import Station, station
from tests.support.chromium import PHONE, Watched, needs_chromium, watched_page

pytestmark = [*needs_chromium, pytest.mark.journey]
#: The worker has to hear of it, choose somebody and say so; the machine may be busy.
_SOON_MS = 30_000


@asynccontextmanager
async def chat_of(browser: Browser, running: Station, openid: str) -> AsyncIterator[Page]:
    """The chat page of one customer, on a telephone's screen."""
    simulator = running.facts["wechat"]["simulator_url"]
    async with watched_page(browser, simulator, PHONE) as watched:
        await watched.page.goto(f"/?openid={openid}")
        yield watched.page
        assert watched.complaints == []


@asynccontextmanager
async def board_of(browser: Browser, running: Station) -> AsyncIterator[Watched]:
    """The board of a dispatcher on shift."""
    person = next(
        one for one in running.facts["staff"] if "dispatcher" in one["roles"] and one["on_shift"]
    )
    async with watched_page(browser, running.facts["base_url"]) as watched:
        page = watched.page
        await page.goto("/console")
        await page.fill("[name=employee_no]", person["employee_no"])
        await page.fill("[name=password]", person["password"])
        await page.click("button.main")
        await page.get_by_text("实时更新：已连接").wait_for()
        yield watched
        assert watched.complaints == []


async def write(chat: Page, words: str, answer: str) -> None:
    """Say something and wait for the answer."""
    await chat.fill("#message-input", words)
    await chat.click("#send")
    received = chat.locator("#messages .message[data-direction=received]")
    await expect(received.last).to_contain_text(answer, timeout=_SOON_MS)


async def take(running: Station, who: str, job: dict[str, Any], verb: str, **more: Any) -> Any:
    """One step on the grid manager's phone."""
    path = f"/work-orders/{job['id']}/{verb}"
    return await running.api(who, "POST", path, version=job["version"], **more)


async def test_a_farmer_writes_and_a_dispatcher_watches_until_it_is_closed(
    browser: Browser, tmp_path: Path
) -> None:
    async with station(tmp_path / "station") as running:
        customer = next(one for one in running.facts["customers"] if one["bound"])
        async with (
            board_of(browser, running) as watched,
            chat_of(browser, running, customer["openid"]) as chat,
        ):
            board = watched.page
            await expect(board.locator("#board")).to_contain_text("没有符合条件的工单")
            await write(chat, "没电了", "哪里没电")
            await write(chat, "1", "登记好了")
            row = board.locator("#board tbody tr", has_text=customer["name"])
            await expect(row).to_contain_text("已派单", timeout=_SOON_MS)
            href = await row.locator("[data-row]").get_attribute("href")
            assert href is not None
            job = await follow(running, board, row, href.rsplit("/", 1)[1])
            await expect(chat.locator("#messages .message", has_text="来电了吗")).to_be_visible(
                timeout=_SOON_MS
            )
            await write(chat, "1", "打个分")
            await write(chat, "5", "谢")
            await board.goto(href)
            await expect(board.locator(".status")).to_contain_text("已归档")
            await expect(board.locator(".facts")).to_contain_text("★★★★★")
            asked, steps = board.locator(".history").nth(0), board.locator(".history").nth(1)
            await expect(asked).to_contain_text(job["assignee"]["name"])
            await expect(steps).to_contain_text("客户评价 5 星")


async def follow(running: Station, board: Page, row: Any, job_id: str) -> dict[str, Any]:
    """The manager does the work; the board shows every step by itself."""
    dispatcher = next(
        one["employee_no"] for one in running.facts["staff"] if "dispatcher" in one["roles"]
    )
    job: dict[str, Any] = await running.api(dispatcher, "GET", f"/work-orders/{job_id}")
    who = job["assignee"]["employee_no"]
    near = {"lat": job["lat"], "lon": job["lon"], "accuracy_m": 15.0}
    for verb, more, shown in (
        ("accept", {}, "已接单"),
        ("depart", {}, "赶往现场"),
        ("arrive", {"position": near}, "已到现场"),
        ("start", {}, "处理中"),
        ("restore", {}, "无运行中的时限"),
    ):
        job = await take(running, who, job, verb, **more)
        await expect(row).to_contain_text(shown, timeout=_SOON_MS)
    job = await take(running, who, job, "complete", resolution="更换低压保险")
    await expect(row).to_have_count(0, timeout=_SOON_MS)
    await expect(board.locator(".counts")).to_contain_text("1 待归档")
    return job

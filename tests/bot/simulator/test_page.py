"""The chat page: what it serves, and what a person does with it in a browser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.simulator.app import create_simulator
from bot.simulator.config import FollowerSeed
from tests.bot.simulator.account import CONFIG, OPENID, OTHER, Account, Answer
from tests.bot.simulator.conftest import Stage
from tests.bot.simulator.server import free_port

CHROMIUM = next(
    (path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()),
    None,
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
PAYLOAD = "<img src=x onerror=\"document.title='owned'\"><b>没电</b>"


async def test_the_page_lists_followers_and_says_what_it_is(stage: Stage) -> None:
    page = await stage.http.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    for words in ("模拟器", "这不是微信", "向桂英", f'data-openid="{OPENID}"', "follower-search"):
        assert words in page.text
    assert 'id="message-input"' not in page.text


async def test_search_without_a_script(stage: Stage) -> None:
    page = await stage.http.get("/", params={"q": "大山"})
    assert OTHER in page.text
    assert OPENID not in page.text


async def test_one_follower_is_opened_directly(stage: Stage) -> None:
    page = await stage.http.get("/", params={"openid": OPENID})
    assert 'data-lat="30.5928"' in page.text
    assert f"simulator_openid={OPENID}" in page.headers["set-cookie"]
    assert "Path=/connect" in page.headers["set-cookie"]


async def test_a_foreign_openid_is_text(stage: Stage) -> None:
    page = await stage.http.get("/", params={"openid": "<script>x"})
    assert "没有这位客户：&lt;script&gt;x" in page.text
    assert (await stage.http.get("/", params={"openid": "o" * 65})).status_code == 400


async def test_everything_the_page_names_is_served_from_here(stage: Stage) -> None:
    page = (await stage.http.get("/", params={"openid": OPENID})).text
    assert "//" not in page.replace("http-equiv", "")
    for name in ("chat.js", "bubbles.js", "map.js", "chat.css", "mark.svg"):
        answer = await stage.http.get(f"/assets/{name}")
        assert (answer.status_code, answer.headers["x-content-type-options"]) == (200, "nosniff")
        assert "innerHTML" not in answer.text
    for name in ("routes.py", "..%2fapp.py", "chat.html"):
        assert (await stage.http.get(f"/assets/{name}")).status_code == 404


@asynccontextmanager
async def _browsing() -> AsyncIterator[tuple[Browser, str, Account]]:
    account = Account()
    seeds = (
        *CONFIG.followers,
        FollowerSeed(openid="oPAYLOAD1", nickname="<b>粗</b>", lat=30.593, lon=114.306),
    )
    config = msgspec.structs.replace(CONFIG, followers=seeds)
    app = create_simulator(config, callback_transport=httpx.ASGITransport(app=account))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    running = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(15):
            while not server.started:  # noqa: ASYNC110 - uvicorn offers only this flag
                await asyncio.sleep(0.02)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox"]
            )
            yield browser, f"http://127.0.0.1:{port}", account
            await browser.close()
    finally:
        server.should_exit = True
        await running


async def _open(browser: Browser, address: str, problems: list[str], width: int = 1280) -> Page:
    page = await browser.new_page(viewport={"width": width, "height": 800})
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    await page.goto(address)
    return page


async def _send_from_account(address: str, kind: str, content: object) -> None:
    credentials = {
        "grant_type": "client_credential",
        "appid": CONFIG.app_id,
        "secret": CONFIG.app_secret,
    }
    async with httpx.AsyncClient(base_url=f"{address}/cgi-bin") as client:
        token = (await client.post("/stable_token", json=credentials)).json()["access_token"]
        body = {"touser": OPENID, "msgtype": kind, kind: content}
        params = {"access_token": token}
        answer = await client.post("/message/custom/send", params=params, json=body)
    assert answer.json()["errcode"] == 0


@needs_chromium
@pytest.mark.browser
async def test_a_person_writes_chooses_and_sends_a_place() -> None:
    problems: list[str] = []
    async with _browsing() as (browser, address, account):
        account.reply_with(Answer(text=f"收到 {PAYLOAD} http://127.0.0.1/h5"))
        page = await _open(browser, address, problems)
        await page.fill("#follower-search", "桂英")
        await expect(page.locator("#followers [data-openid]")).to_have_count(1)
        await page.click(f'[data-openid="{OPENID}"]')
        await page.fill("#message-input", PAYLOAD)
        await page.keyboard.press("Enter")
        await expect(page.locator("#status")).to_have_attribute("data-state", "answered")
        sent = page.locator('#messages .message[data-direction="sent"] .text')
        await expect(sent).to_have_text(PAYLOAD)
        answer = page.locator('#messages .message[data-via="reply"]')
        await expect(answer.locator(".text")).to_contain_text(PAYLOAD)
        await expect(answer.locator("a")).to_have_attribute("href", "http://127.0.0.1/h5")

        choices = [{"id": "101", "content": "满意"}, {"id": "102", "content": "不满意"}]
        menu = {"head_content": "请评价", "list": choices, "tail_content": ""}
        await _send_from_account(address, "msgmenu", menu)
        await page.click('.choice[data-menu-id="101"]')
        await expect(sent).to_have_count(2)

        await page.click("#send-location")
        await page.locator("#map").press("ArrowRight")
        await expect(page.locator("#map-readout")).to_have_text("图钉在家的东 12 米")
        await page.fill("#map-label", "电杆旁")
        await page.click("#confirm-location")
        await expect(page.locator('.message[data-type="location"]')).to_contain_text("电杆旁")
        await expect(page.locator("#status")).to_have_attribute("data-state", "answered")
        assert await page.title() == "向桂英 · 客户聊天模拟器"
        assert await page.locator("#messages img, #messages b").count() == 0
    kinds = [message["MsgType"] for message in account.received]
    assert kinds == ["text", "text", "location"]
    assert account.received[1]["bizmsgmenuid"] == "101"
    assert account.received[2]["Location_X"].startswith("30.59039")
    assert problems == []


@needs_chromium
@pytest.mark.browser
async def test_it_fits_a_phone_of_360_pixels_and_shows_failures() -> None:
    problems: list[str] = []
    async with _browsing() as (browser, address, account):
        account.reply_with(Answer(status=404))
        page = await _open(browser, f"{address}/?openid={OPENID}", problems, width=360)
        await page.fill("#message-input", "很长" * 300)
        await page.click("#send")
        await expect(page.locator("#status")).to_have_attribute("data-state", "failed")
        await expect(page.locator('.message[data-via="platform"]')).to_be_visible()
        await page.click("#send-location")
        for name in ("#map", "#confirm-location", "#cancel-location"):
            await expect(page.locator(name)).to_be_in_viewport()
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide == 360
        await page.click("#cancel-location")
        await page.click("#toggle-follow")
        await expect(page.locator("#toggle-follow")).to_have_text("关注")
        await page.fill("#message-input", "还在吗")
        await page.click("#send")
        await expect(page.locator("#status")).to_contain_text("没有发出")
    assert all("404" in line or "409" in line for line in problems)

"""The story with browsers alone: farmer, dispatcher and grid manager, each on their own page.

Real processes, a real worker.
"""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.phone import SOON_MS, bound, offered, phone_of, running, step
from tests.browser.test_console_story import board_of, chat_of, write
from tests.journeys.station import Station
from tests.support.chromium import needs_chromium

__all__ = ["running"]

pytestmark = [*needs_chromium, pytest.mark.journey]


async def work_off(page: Page, job_id: str) -> None:
    """The grid manager's way from the worklist to the completed job."""
    await page.locator(f".job[data-id='{job_id}']").click(timeout=SOON_MS)
    await step(page, "accept", "accepted")
    await step(page, "depart", "en_route")
    await page.check("#demo-here")
    await step(page, "arrive", "on_site")
    await step(page, "start", "in_progress")
    await page.locator("[data-verb=restore]").click()
    await page.locator("[data-verb=complete]").click()
    await page.locator(".phrase", has_text="更换低压保险").click()
    await expect(page.locator("#resolution")).to_have_value("更换低压保险")
    await page.click("#send-step")
    await expect(page.locator("#job")).to_have_attribute("data-state", "completed")
    await expect(page.locator("#history li")).to_have_count(8)
    await page.click("#back")
    await expect(page.locator(f".job[data-id='{job_id}']")).to_have_count(0)


async def test_a_fault_goes_from_the_chat_to_the_phone_and_back_in_browsers_alone(
    browser: Browser, running: Station
) -> None:
    customer = bound(running, 0)
    async with (
        board_of(browser, running) as watched,
        chat_of(browser, running, customer["openid"]) as chat,
    ):
        board = watched.page
        await write(chat, "没电了", "哪里没电")
        await write(chat, "1", "登记好了")
        row = board.locator("#board tbody tr", has_text=customer["name"])
        await expect(row).to_contain_text("已派单", timeout=SOON_MS)
        href = await row.locator("[data-row]").get_attribute("href")
        assert href is not None
        job = await offered(running, href.rsplit("/", 1)[1])
        async with phone_of(browser, running, job["assignee"]["employee_no"]) as phone:
            await work_off(phone.page, job["id"])
            assert phone.complaints == []
        await expect(row).to_have_count(0, timeout=SOON_MS)
        await expect(chat.locator("#messages .message", has_text="来电了吗")).to_be_visible(
            timeout=SOON_MS
        )
        await write(chat, "1", "打个分")
        await write(chat, "5", "谢")
        await board.goto(href)
        await expect(board.locator(".status")).to_contain_text("已归档")

"""A call for help in the browser: it pages every open page, fits a telephone, and is answered."""

import pytest
from playwright.async_api import Browser, expect

from backend.demo import DemoFacts
from backend.embedded import EmbeddedValkey
from tests.backend.console.test_safety import PAGE, called
from tests.browser.console import hint, signed_in
from tests.support.chromium import DESK, PHONE, needs_chromium
from tests.support.console import told_by_phone

pytestmark = needs_chromium


@pytest.mark.parametrize("size", [DESK, PHONE])
async def test_a_call_for_help_pages_and_is_answered_by_keyboard(
    browser: Browser,
    console_web: str,
    console_demo: DemoFacts,
    console_valkey: EmbeddedValkey,
    size: tuple[int, int],
) -> None:
    async with signed_in(browser, console_web, console_demo, size=size) as watched:
        page = watched.page
        await page.goto("/console/people")
        await page.get_by_text("实时更新：已连接").wait_for()
        job, actor = await called(
            await told_by_phone(console_demo, "上杆", 7 if size == DESK else 8)
        )
        await hint(console_valkey.url, work_order_id=str(job.id), missed_check_in=False)
        await expect(page.locator("#alarms")).to_contain_text(f"{actor.name}")
        await page.click("#alarms a:has-text('紧急求助')")
        await page.wait_for_url(f"**{PAGE}")
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, "nothing reaches beyond the screen"
        await page.focus("textarea")
        await page.keyboard.type("电话打通,人没事")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").first).to_contain_text("已记录处理情况")
        await expect(page.locator("#alarms")).not_to_contain_text(actor.name)
        assert watched.complaints == []

"""The intake screen in a real browser: by keyboard alone, the call's time begins with a key."""

import os

import pytest
from playwright.async_api import Browser, expect

from backend.demo import DemoFacts
from grid.kit.database import fetch_one
from tests.browser.console import signed_in
from tests.support.chromium import DESK, PHONE, needs_chromium

pytestmark = needs_chromium
NEW = "/console/tickets/new"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_a_call_is_taken_by_keyboard_alone(
    browser: Browser, console_web: str, console_demo: DemoFacts, size: tuple[int, int]
) -> None:
    customer = console_demo.customers[10 if size == DESK else 11]
    async with signed_in(browser, console_web, console_demo, size=size) as watched:
        page = watched.page
        await page.goto(NEW)
        await page.keyboard.type(customer.account_no)
        await expect(page.locator("#call")).to_be_visible()
        await page.keyboard.press("Enter")
        await page.locator("[data-account]").first.wait_for()
        await page.keyboard.press("Enter")
        await expect(page.locator("#account")).to_contain_text(customer.account_no)
        await expect(page.locator("[name=description]")).to_be_focused()
        await page.keyboard.type("收费员态度不好")
        await page.select_option("#kind", "complaint")
        await expect(page.locator("fieldset[data-kind=complaint]")).to_be_visible()
        await expect(page.locator("fieldset[data-kind=inquiry]")).to_be_hidden()
        await page.select_option("[name=complaint_class]", "service")
        await _picture(page, f"intake-{size[0]}")
        await page.get_by_role("button", name="登记").press("Enter")
        await expect(page.locator("h1")).to_contain_text("投诉")
        await _picture(page, f"ticket-{size[0]}")
        row = await fetch_one("SELECT called_at, account FROM ticket ORDER BY id DESC LIMIT 1")
        assert row is not None
        assert row["called_at"] is not None
        assert row["account"] is not None
        await page.goto("/console/tickets")
        await _picture(page, f"tickets-{size[0]}")
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0]
        await page.goto(NEW)
        await page.fill("[name=q]", customer.account_no)
        await page.keyboard.press("Enter")
        await page.locator("[data-account]").first.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("没办完")
        assert watched.complaints == []
        assert watched.elsewhere(console_web) == []


async def _picture(page: object, name: str) -> None:
    folder = os.environ.get("WANGGE_TEST_PICTURES")
    if folder:
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)  # type: ignore[attr-defined]

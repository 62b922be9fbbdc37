"""Outages in a real browser: districts picked by ticks, readable on a phone, used by the keyboard."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from backend.demo import DemoFacts
from grid.kit.clock import SHANGHAI, business_now
from grid.kit.database import fetch_value
from tests.browser.console import signed_in
from tests.support.chromium import DESK, PHONE, needs_chromium
from tests.support.console import told_by_phone

pytestmark = needs_chromium


async def local(hours: float) -> str:
    moment = await business_now() + timedelta(hours=hours)
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


async def shown(page: Page, name: str) -> None:
    """Keep a picture where somebody asked for them, and see that nothing runs off the side."""
    folder = os.environ.get("WANGGE_PICTURES")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    wide = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0, f"{name} is wider than the screen by {wide} px"


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_announced_by_ticks_joined_and_restored(
    browser: Browser, console_web: str, console_demo: DemoFacts, size: tuple[int, int]
) -> None:
    account = 20 if size == PHONE else 60
    job = await told_by_phone(console_demo, "没电了,全村都黑了", account)
    district = await fetch_value(
        "SELECT d.district_no FROM work_order w JOIN service_account a ON a.id = w.account"
        " JOIN transformer_district d ON d.id = a.district WHERE w.id = $1",
        job,
    )
    name = f"{size[0]}"
    async with signed_in(browser, console_web, console_demo, size=size) as watched:
        page = watched.page
        await page.goto("/console/outages/new")
        box = page.locator(f'[data-district="{district}"]')
        await box.evaluate("(box) => { box.closest('details').open = true; }")
        await box.focus()
        await page.keyboard.press("Space")
        assert await page.input_value("#districts") == district
        assert "已选 1 个台区" in str(await page.text_content("#chosen"))
        await page.select_option("#kind", "fault")
        assert await page.is_hidden("#late")
        await page.fill("[name=starts_at]", await local(-0.5))
        await page.fill("[name=expected_end_at]", await local(2))
        await page.fill("[name=cause]", "大风吹倒树压断导线")
        await shown(page, f"outage-new-{name}")
        await page.get_by_role("button", name="发布").click()
        await page.get_by_text("操作成功：发布").wait_for()
        await shown(page, f"outage-{name}")
        await page.get_by_role("button", name="并入勾选的报修").click()
        await page.get_by_text("操作成功：报修已并入").wait_for()
        await page.get_by_text("恢复供电", exact=True).first.click()
        await page.get_by_role("button", name="恢复供电").click()
        await page.get_by_text("操作成功：恢复供电").wait_for()
        await shown(page, f"outage-restored-{name}")
        await page.goto("/console/outages")
        await shown(page, f"outages-{name}")
        assert watched.complaints == []
    assert await fetch_value("SELECT state FROM work_order WHERE id = $1", job) == "cancelled"

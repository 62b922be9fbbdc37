"""Pauses, corrections and limits in a real browser: asked for, decided, readable on a phone."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page

from backend.demo import DemoFacts
from grid.kit.clock import SHANGHAI, business_now
from grid.kit.database import execute
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


async def arrived_late(job: UUID) -> None:
    """The arrival of the job came through two and a half hours after its limit."""
    now = await business_now()
    began, due = now - timedelta(hours=4), now - timedelta(hours=2.5)
    arrived = now - timedelta(minutes=1)
    await execute(
        "UPDATE work_order SET clock_from = $2, arrived_at = $3 WHERE id = $1", job, began, arrived
    )
    await execute(
        "UPDATE sla_clock SET started_at = $2, due_at = $3, stopped_at = $4, breached_at = $3"
        " WHERE subject_id = $1 AND target = 'arrive'",
        job,
        began,
        due,
        arrived,
    )


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_a_pause_and_a_correction_go_from_one_person_to_another(
    browser: Browser, console_web: str, console_demo: DemoFacts, size: tuple[int, int]
) -> None:
    name = "phone" if size == PHONE else "desk"
    job = await told_by_phone(console_demo, "没电了", 30 if size == PHONE else 70)
    await arrived_late(job)
    async with signed_in(browser, console_web, console_demo, "dispatcher", size) as watched:
        page = watched.page
        await page.goto(f"/console/work-orders/{job}/times")
        await page.select_option("select[name=reason]", "weather")
        await page.fill("input[name=until]", await local(3))
        await page.fill("textarea[name=words]", f"路被水冲断 {name}")
        await page.get_by_role("button", name="申请").click()
        await page.get_by_text("已申请暂停").wait_for()
        await page.select_option("select[name=field]", "arrived_at")
        await page.fill("input[name=new_at]", f"{await local(-3)}:00")
        await page.locator("form[action$='/correction'] textarea").fill(f"现场无信号 {name}")
        await page.get_by_role("button", name="提出").click()
        await page.get_by_text("已提出更正").wait_for()
        await shown(page, f"times-{name}")
    async with signed_in(browser, console_web, console_demo, "auditor", size) as watched:
        page = watched.page
        await page.goto("/console/corrections")
        await shown(page, f"inbox-{name}")
        card = page.locator("section.card", has_text=f"现场无信号 {name}")
        assert "按时" in (await card.inner_text())
        await card.get_by_role("button", name="同意", exact=True).click()
        await page.get_by_text("已处理。").wait_for()
        assert await page.locator("section.card", has_text=f"现场无信号 {name}").count() == 0
        pause = page.locator("section.card", has_text=f"路被水冲断 {name}")
        await pause.get_by_label("说明（可不填）").press("Enter")
        await page.get_by_text("已处理。").wait_for()
        assert await page.locator("section.card", has_text=f"路被水冲断 {name}").count() == 0
        await shown(page, f"inbox-after-{name}")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_limits_are_readable_and_tried_before_they_are_proposed(
    browser: Browser, console_web: str, console_demo: DemoFacts, size: tuple[int, int]
) -> None:
    name = "phone" if size == PHONE else "desk"
    async with signed_in(browser, console_web, console_demo, "operator", size) as watched:
        page = watched.page
        await page.goto("/console/numbers")
        await page.get_by_role("link", name="时限规则").click()
        await page.get_by_role("heading", name="时限规则").wait_for()
        await page.get_by_text("提出新规则").click()
        await page.select_option("select[name=target]", "arrive")
        await page.fill("input[name=limit]", "50")
        await page.fill("input[name=source]", "县公司第 5 号文件")
        await page.get_by_role("button", name="先看影响多少件").click()
        await page.get_by_text("还没有保存").wait_for()
        assert await page.input_value("input[name=limit]") == "50", "what was typed is kept"
        await shown(page, f"policies-{name}")

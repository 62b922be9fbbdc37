"""Matters on the phone page: reported, handled and called back; supervision; outages; my own place."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.phone import SOON_MS, bound, dispatcher_of, phone_of, running, told
from tests.journeys.station import Station
from tests.support.chromium import PHONE, needs_chromium

__all__ = ["running"]

pytestmark = [*needs_chromium, pytest.mark.journey]
_HOSTILE = "<img src=x onerror=alert(1)>字太小"


def person_of(running: Station, grid: str, role: str) -> str:
    """Somebody who holds a role in a grid."""
    return next(
        str(one["employee_no"])
        for one in running.facts["staff"]
        if role in one["roles"] and grid in one["grids"]
    )


async def answer(page: Page, verb: str, words: str) -> None:
    """Open the form of a verb, say something, send it."""
    await page.click(f"[data-verb={verb}]")
    await page.fill("#f-words", words)
    await page.click("#send-step")


async def fits(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


async def test_an_opinion_is_reported_handled_and_called_back(
    browser: Browser, running: Station
) -> None:
    customer = bound(running, 9)
    manager = person_of(running, customer["grid"], "manager")
    async with phone_of(browser, running, manager) as watched:
        page = watched.page
        await page.click("#go-tickets")
        await page.click("#go-report")
        await page.select_option("#report-kind", "inquiry")
        await page.click("#send-step")
        await expect(page.locator("#notice")).to_contain_text("请先填：什么情况")
        await page.fill("#f-description", "电费怎么算")
        await page.click("#send-step")
        await expect(page.locator("#notice")).to_contain_text("请先填：咨询事项")
        await page.select_option("#report-kind", "opinion")
        await page.fill("#f-description", _HOSTILE)
        await page.fill("#f-account_no", customer["account_no"])
        await fits(page)
        await page.click("#send-step")
        ticket = page.locator("#ticket")
        await expect(ticket).to_contain_text(_HOSTILE)
        number = await ticket.get_attribute("data-id")
        assert number is not None
        person = await running.api(manager, "GET", "/me")
        read = await running.api(dispatcher_of(running), "GET", f"/tickets/{number}")
        await running.api(
            *(dispatcher_of(running), "POST", f"/tickets/{number}/dispatch"),
            version=read["version"],
            staff_id=person["staff"]["id"],
        )
        await expect(ticket).to_have_attribute("data-state", "dispatched", timeout=SOON_MS)
        await page.click("[data-verb=take]")
        await expect(ticket).to_have_attribute("data-state", "in_hand")
        await answer(page, "handle", "换了大字的通知单")
        await expect(ticket).to_have_attribute("data-state", "handled")
        await answer(page, "reply", "已换成大字")
        await expect(ticket).to_have_attribute("data-state", "replied")
        await expect(page.locator("#history li")).to_have_count(5)
        await page.click("#go-tickets")
        await expect(page.locator(f"[data-ticket='{number}']")).to_be_visible()
        await fits(page)
    supervisor = person_of(running, customer["grid"], "supervisor")
    async with phone_of(browser, running, supervisor) as watched:
        page = watched.page
        await page.click("#go-tickets")
        await page.locator(".tabs").get_by_text("回访").click()
        card = page.locator(f"[data-callback='{number}']")
        await card.get_by_role("button", name="登记回访结果").click()
        await fits(page)
        await page.select_option("#f-outcome", "satisfied")
        await page.click("#send-step")
        await expect(card).to_have_count(0)
    seen = await running.api(dispatcher_of(running), "GET", f"/tickets/{number}")
    assert (seen["callback"], seen["answer"]) == ("satisfied", "已换成大字")


async def test_a_supervisor_answers_a_supervision_order(browser: Browser, running: Station) -> None:
    job = await told(running, 10, "催得急")
    supervisor = person_of(running, bound(running, 10)["grid"], "supervisor")
    order = await running.api(
        *(dispatcher_of(running), "POST", "/supervision-orders"),
        work_order_id=job["id"],
        words="请说明为什么还没到",
    )
    async with phone_of(browser, running, supervisor) as watched:
        page = watched.page
        await page.click("#go-tickets")
        await page.locator(".tabs").get_by_text("督办").click()
        await page.locator(f"[data-order='{order['id']}']").click()
        await expect(page.locator("#order")).to_contain_text("请说明为什么还没到")
        await fits(page)
        await answer(page, "answer", "已加派人手")
        await expect(page.locator("#order")).to_have_attribute("data-state", "answered")
        await expect(page.locator("#history li[data-event=answer]")).to_contain_text("已加派人手")
        await page.click("#back")
        await expect(page.locator("body")).to_have_attribute("data-screen", "supervision")
        await expect(page.locator("[data-empty=orders]")).to_be_visible()


async def test_W4_a_report_from_inside_an_outage_joins_it(
    browser: Browser, running: Station
) -> None:
    customer = bound(running, 11)
    outage = await announced(running, customer)
    manager = person_of(running, customer["grid"], "manager")
    async with phone_of(browser, running, manager) as watched:
        page = watched.page
        await page.context.grant_permissions(["geolocation"])
        await page.context.set_geolocation({"latitude": 29.0, "longitude": 109.0, "accuracy": 10})
        await page.click("#go-outages")
        await page.click("#look-here")
        await expect(page.locator("#here")).to_contain_text("没有已知的停电")
        await page.locator(f"#outages [data-outage='{outage['id']}']").click()
        await expect(page.locator("#outage")).to_contain_text("变压器烧坏")
        await page.click("#report-inside")
        await page.fill("#f-account_no", customer["account_no"])
        await page.locator(".phrase", has_text="家里没电").click()
        await fits(page)
        await page.click("#send-step")
        await expect(page.locator("#known-outage")).to_contain_text("已并到这次停电里")
    seen = await running.api(dispatcher_of(running), "GET", f"/outages/{outage['id']}")
    assert seen["children"]["joined"] == 1


async def announced(running: Station, customer: dict[str, Any]) -> dict[str, Any]:
    """A fault outage of the district on which a customer hangs."""
    dispatcher = dispatcher_of(running)
    account = await running.api(dispatcher, "GET", f"/customers/{customer['account_no']}")
    now = datetime.now(UTC)
    return dict(
        await running.api(
            *(dispatcher, "POST", "/outages"),
            kind="fault",
            starts_at=(now - timedelta(minutes=5)).isoformat(),
            expected_end_at=(now + timedelta(hours=3)).isoformat(),
            districts=[account["district_no"]],
            cause="变压器烧坏",
        )
    )


async def test_each_role_finds_its_places_and_nothing_is_wider_than_the_screen(
    browser: Browser, running: Station
) -> None:
    wanted = {
        "manager": "今日 走访 事项 停电 我的",
        "supervisor": "今日 检查 事项 停电 我的",
        "crew": "今日 走访 事项 停电 我的",
    }
    for role, places in wanted.items():
        who = next(one for one in running.facts["staff"] if role in one["roles"])
        async with phone_of(browser, running, who["employee_no"]) as watched:
            page = watched.page
            await expect(page.locator("#places a")).to_have_text(places.split())
            for number in range(5):
                await page.locator("#places a").nth(number).click()
                await expect(page.locator("#loading")).to_have_count(0)
                # In one go: the screen may be read again and drawn anew at any moment.
                await page.evaluate(
                    "document.querySelectorAll('.tabs a').forEach((tab) => tab.scrollIntoView())"
                )
                await fits(page)
            await expect(page.locator("#outbox")).to_contain_text("都传完了")
            assert watched.complaints == []

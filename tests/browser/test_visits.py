"""Visits in the browser: the calendar by keyboard, the card and the form on the phone."""

import pytest
from playwright.async_api import Browser, expect

from backend.demo import DemoFacts
from grid.geography.types import Place
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch_one
from grid.visits.checking import look
from grid.visits.rules import add_months, month_of
from tests.browser.console import signed_in
from tests.grid.visits.scene import visited_without_plan
from tests.support.chromium import DESK, PHONE, needs_chromium, watched_page
from tests.support.console import fresh_address
from tests.support.homes import Home
from tests.support.staff import actor_of

pytestmark = needs_chromium


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_the_calendar_is_read_and_changed_by_keyboard(
    browser: Browser, console_web: str, console_demo: DemoFacts, size: tuple[int, int]
) -> None:
    month = f"{add_months(month_of(business_day(await business_now())), 1):%Y-%m}"
    async with signed_in(browser, console_web, console_demo, "station_head", size) as watched:
        page = watched.page
        await page.goto(f"/console/visits?month={month}")
        await page.locator("select[name=grid]").focus()
        await page.get_by_role("button", name="计划草稿").press("Enter")
        await expect(page.locator(".month")).to_be_visible()
        await expect(page.locator(".month [aria-current=date]")).to_contain_text("户")
        await page.keyboard.press("j")
        await page.locator(".month [aria-current=date]").focus()
        await page.keyboard.press("Enter")
        await page.locator(".stop summary").first.focus()
        await page.keyboard.press("Enter")
        form = page.locator(".stop form").first
        await form.locator("[name=reason]").fill("客户外出")
        await form.locator("[name=day]").fill(f"{month}-28")
        await form.locator("[name=reason]").press("Enter")
        await expect(page.get_by_role("status").filter(has_text="已改期")).to_be_visible()
        await expect(page.locator("#stops")).to_contain_text("客户外出")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0]
        assert watched.elsewhere(console_web) == []


async def test_the_phone_shows_the_card_and_takes_a_visit(
    browser: Browser, console_web: str, console_demo: DemoFacts
) -> None:
    row = await fetch_one(
        "SELECT a.account_no, a.lat, a.lon, s.employee_no FROM customer_tag t"
        " JOIN service_account a ON a.id = t.account JOIN grid_appointment p ON p.grid = a.grid"
        " AND p.role = 'manager' JOIN staff s ON s.id = p.staff WHERE t.tag = 'special_group'"
        " AND NOT EXISTS (SELECT FROM customer_tag m WHERE m.account = a.id AND m.tag = 'medical')"
        " LIMIT 1"
    )
    assert row is not None
    person = next(one for one in console_demo.staff if one.employee_no == row["employee_no"])
    async with watched_page(browser, console_web, PHONE, fresh_address()) as watched:
        page = watched.page
        await page.context.grant_permissions(["geolocation"])
        await page.context.set_geolocation(
            {"latitude": row["lat"], "longitude": row["lon"], "accuracy": 10}
        )
        await page.goto("/phone")
        await page.fill("#employee-no", person.employee_no)
        await page.fill("#password", person.password)
        await page.click("#sign-in")
        await expect(page.locator("#me")).to_have_text(person.name)
        await page.goto(f"/phone#/customer/{row['account_no']}")
        await expect(page.locator("#care-card")).to_contain_text("先敲门")
        await expect(page.locator("#care-card")).to_contain_text("特殊群体")
        await page.click("#visit-now")
        for name, value in (
            ("at_home", "老人独居"),
            ("health", "好"),
            ("supply", "正常"),
            ("wiring_ok", "yes"),
            ("pays_how", "自己"),
            ("contact_right", "yes"),
        ):
            await page.select_option(f"#visit-{name}", value)
        await page.locator("#visit-heating").get_by_text("柴火").click()
        await page.click("#add-finding")
        await page.select_option("#visit-findings select", "opinion")
        await page.fill("#visit-findings input", "<b>灯暗</b>")
        await page.click("#send-visit")
        await expect(page.locator("#job")).to_have_attribute("data-state", "in_progress")
        await expect(page.locator("#visit-told")).to_be_visible()
        await expect(page.locator("#visit")).to_contain_text("<b>灯暗</b>")
        await page.click(".to-ticket")
        await expect(page.locator("#visit")).to_contain_text("已转 YJ")
        assert watched.elsewhere(console_web) == []


async def test_the_supervisor_checks_a_visit_on_the_phone(
    browser: Browser, console_web: str, console_demo: DemoFacts
) -> None:
    row = await fetch_one(
        "SELECT a.id, a.account_no, a.name, a.lat, a.lon, m.staff AS manager, s.employee_no"
        " FROM service_account a JOIN grid_appointment m ON m.grid = a.grid AND m.role = 'manager'"
        " JOIN grid_appointment p ON p.grid = a.grid AND p.role = 'supervisor'"
        " JOIN staff s ON s.id = p.staff WHERE NOT EXISTS"
        " (SELECT FROM customer_tag t WHERE t.account = a.id) ORDER BY a.account_no LIMIT 1"
    )
    assert row is not None
    place = Place(lat=row["lat"], lon=row["lon"])
    home = Home(row["id"], row["account_no"], row["name"], "", place)
    await visited_without_plan(await actor_of(row["manager"]), home, minutes=1)
    await look()
    person = next(one for one in console_demo.staff if one.employee_no == row["employee_no"])
    async with watched_page(browser, console_web, PHONE, fresh_address()) as watched:
        page = watched.page
        await page.goto("/phone")
        await page.fill("#employee-no", person.employee_no)
        await page.fill("#password", person.password)
        await page.click("#sign-in")
        await page.click("#go-customers")
        card = page.locator("#checks [data-visit]").filter(has_text=row["name"])
        await expect(card).to_contain_text("停留太短")
        await card.click()
        await page.click("#verify")
        await page.select_option("#f-method", "call")
        await page.select_option("#f-outcome", "confirmed")
        await page.fill("#f-words", "老人说来过")
        await page.click("#send-step")
        await expect(page.locator("#verdicts")).to_contain_text("老人说来过")
        await page.click("#back")
        await expect(page.locator("body")).to_have_attribute("data-screen", "checks")
        await expect(card).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]

"""The board in use: it follows what happens, keeps the keyboard's place, and fits a telephone."""

import pytest
from playwright.async_api import Browser, expect

from backend.demo import DemoFacts
from backend.embedded import EmbeddedValkey
from grid.kit.database import execute
from tests.browser.console import hint, signed_in
from tests.support.chromium import DESK, PHONE, needs_chromium, watched_page
from tests.support.console import fresh_address, fresh_code, person_with, told_by_phone

pytestmark = needs_chromium


async def test_a_danger_alarms_every_open_page(
    browser: Browser, console_web: str, console_demo: DemoFacts, console_valkey: EmbeddedValkey
) -> None:
    async with signed_in(browser, console_web, console_demo) as watched:
        page = watched.page
        await page.goto("/console/people")
        await page.get_by_text("实时更新：已连接").wait_for()
        assert await page.title() == "网格与人员 · 网格后台"
        job = await told_by_phone(console_demo, "电线落地了", 1, danger=True)
        await hint(console_valkey.url, work_order_id=str(job), version=0, event="intake")
        await expect(page.locator("#alarms")).to_contain_text("电线落地了")
        assert await page.title() == "(危险 1) 网格与人员 · 网格后台"
        assert watched.complaints == []


async def test_a_job_page_says_when_somebody_else_changed_it(
    browser: Browser, console_web: str, console_demo: DemoFacts, console_valkey: EmbeddedValkey
) -> None:
    job = await told_by_phone(console_demo, "两个人", 2)
    async with signed_in(browser, console_web, console_demo) as watched:
        page = watched.page
        await page.goto(f"/console/work-orders/{job}")
        await page.get_by_text("实时更新：已连接").wait_for()
        await page.click("summary:has-text('备注')")
        await page.fill("details[open] textarea", "写到一半")
        await hint(console_valkey.url, work_order_id=str(job), version=1, event="comment")
        await page.locator("#changed").wait_for(state="visible")
        assert await page.input_value("details[open] textarea") == "写到一半"
        await execute("UPDATE work_order SET version = 1 WHERE id = $1", job)
        await page.click("details[open] button")
        await expect(page.locator("#problem")).to_contain_text("已被别人更新")
        assert await page.input_value("details[open] textarea") == "写到一半"
        await page.click("details[open] button")
        await expect(page.locator(".notice.good")).to_contain_text("备注")
        assert await page.locator(".history").get_by_text("写到一半").count() == 1


_HIDE = """(state) => {
    Object.defineProperty(document, 'visibilityState', {value: state, configurable: true});
    document.dispatchEvent(new Event('visibilitychange'));
}"""


async def test_pages_in_the_background_give_their_connection_back_but_the_board_keeps_it(
    browser: Browser, console_web: str, console_demo: DemoFacts, console_valkey: EmbeddedValkey
) -> None:
    async with signed_in(browser, console_web, console_demo) as watched:
        page = watched.page
        state = page.locator("#live-state")
        await page.evaluate(_HIDE, "hidden")
        job = await told_by_phone(console_demo, "后台落线", 7, danger=True)
        await hint(console_valkey.url, work_order_id=str(job), version=0, event="intake")
        await expect(page.locator("#alarms")).to_contain_text("后台落线")
        assert (await page.title()).startswith("(危险 ")
        await page.goto("/console/people")
        await expect(state).to_contain_text("已连接")
        await page.evaluate(_HIDE, "hidden")
        await expect(state).to_contain_text("已暂停")
        other = await told_by_phone(console_demo, "又一处落线", 8, danger=True)
        await hint(console_valkey.url, work_order_id=str(other), version=0, event="intake")
        await page.evaluate(_HIDE, "visible")
        await expect(state).to_contain_text("已连接")
        await expect(page.locator("#alarms")).to_contain_text("又一处落线")
        assert watched.complaints == []


async def test_a_job_page_that_missed_its_hint_finds_out(
    browser: Browser, console_web: str, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "错过提示", 9)
    async with signed_in(browser, console_web, console_demo) as watched:
        page = watched.page
        await page.goto(f"/console/work-orders/{job}")
        await expect(page.locator("#live-state")).to_contain_text("已连接")
        await page.evaluate(_HIDE, "hidden")
        await execute("UPDATE work_order SET version = version + 1 WHERE id = $1", job)
        await expect(page.locator("#changed")).to_be_hidden()
        await page.evaluate(_HIDE, "visible")
        await expect(page.locator("#changed")).to_be_visible()
        assert watched.complaints == []


async def test_a_dispatcher_gives_a_job_with_keys_alone(
    browser: Browser, console_web: str, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "键盘派单", 3, danger=True)
    await execute("UPDATE work_order SET clock_from = clock_from - interval '9 hours'")
    async with signed_in(browser, console_web, console_demo) as watched:
        page = watched.page
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        outline = await page.locator(".skip").evaluate("n => getComputedStyle(n).outlineStyle")
        assert outline == "solid"
        await page.keyboard.press("Enter")
        await page.keyboard.press("/")
        await expect(page.locator("[data-search]")).to_be_focused()
        await page.keyboard.type("键盘派单")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-row]")).to_have_count(1)
        await page.keyboard.press("j")
        await expect(page.locator(f"#row-{job}")).to_be_focused()
        # A refresh keeps the place of whoever works with keys.
        async with page.expect_response("**/console/board/rows*"):
            await page.keyboard.press("r")
        await expect(page.locator(f"#row-{job}")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="派单").wait_for()
        chosen = page.locator("[name=staff_id]:checked")
        await chosen.focus()
        await page.keyboard.press("Tab")
        while not await page.evaluate("document.activeElement.matches('button.main')"):
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator(".notice.good")).to_contain_text("派单")
        await expect(page.locator(".status")).to_contain_text("已派单，待接单")
        await page.keyboard.press("?")
        await expect(page.locator("#keys")).to_be_visible()
        assert watched.complaints == []


async def test_the_code_is_asked_for_without_losing_the_password(
    browser: Browser, console_web: str, console_demo: DemoFacts
) -> None:
    person = person_with(console_demo, "operator")
    async with watched_page(browser, console_web, DESK, fresh_address()) as watched:
        page = watched.page
        await page.goto("/console/dead-letters")
        await page.fill("[name=employee_no]", person.employee_no)
        await page.fill("[name=password]", person.password)
        await page.click("button.main")
        await expect(page.locator("#problem")).to_contain_text("动态口令")
        await expect(page.locator("[name=code]")).to_be_focused()
        assert await page.input_value("[name=password]") == person.password
        await page.keyboard.type(await fresh_code(person))
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/console/dead-letters")
        cookies = {one["name"]: one for one in await page.context.cookies()}
        assert cookies["wangge_console"]["httpOnly"]
        assert cookies["wangge_console"]["sameSite"] == "Strict"
        assert await page.evaluate("document.cookie") == ""


async def test_a_page_of_somebody_who_was_disabled_goes_to_the_sign_in(
    browser: Browser, console_web: str, console_demo: DemoFacts, console_valkey: EmbeddedValkey
) -> None:
    person = person_with(console_demo, "auditor")
    async with signed_in(browser, console_web, console_demo, "auditor") as watched:
        await execute(
            "UPDATE staff SET state = 'disabled' WHERE employee_no = $1", person.employee_no
        )
        try:
            await hint(console_valkey.url, work_order_id="x", version=1, event="comment")
            await watched.page.wait_for_url("**/console/sign-in*")
        finally:
            await execute(
                "UPDATE staff SET state = 'active' WHERE employee_no = $1", person.employee_no
            )


@pytest.mark.parametrize("size", [PHONE, (390, 844), DESK], ids=["360", "390", "1280"])
async def test_no_page_is_wider_than_its_screen(
    browser: Browser, console_web: str, console_demo: DemoFacts, size: tuple[int, int]
) -> None:
    job = await told_by_phone(console_demo, "长" * 200 + "x" * 200, 4)
    account_no = console_demo.customers[4].account_no
    async with signed_in(browser, console_web, console_demo, size=size) as watched:
        for path in (
            "/console",
            f"/console/work-orders/{job}",
            "/console/tickets/new?q=a",
            f"/console/customers/{account_no}",
            "/console/customers?q=a",
            "/console/people",
            "/console/dead-letters",
            "/console/password",
        ):
            await watched.page.goto(path)
            width = await watched.page.evaluate("document.documentElement.scrollWidth")
            assert width <= size[0], path
            assert await watched.page.locator("h1").count() == 1
            assert await watched.page.locator("time.as-of").count() > 0
        assert watched.complaints == []

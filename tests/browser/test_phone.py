"""The phone page when things go wrong: hostile text, lost answers, far places, other people."""

import asyncpg
import pytest
from playwright.async_api import Browser, Route, expect

from tests.browser.phone import (
    SOON_MS,
    bound,
    dispatcher_of,
    hand_on,
    phone_of,
    running,
    step,
    told,
)
from tests.journeys.station import Station
from tests.support.chromium import PHONE, needs_chromium, watched_page

__all__ = ["running"]

pytestmark = [*needs_chromium, pytest.mark.journey]
_HOSTILE = "<img src=x onerror=alert(1)><script>window.hit=1</script>没电"


@pytest.mark.parametrize("size", [PHONE, (1280, 800)], ids=["phone", "desk"])
async def test_what_a_customer_typed_is_text_on_the_phone(
    browser: Browser, running: Station, size: tuple[int, int]
) -> None:
    job = await told(running, 1, _HOSTILE)
    who = job["assignee"]["employee_no"]
    async with phone_of(browser, running, who, size) as watched:
        page = watched.page
        card = page.locator(f".job[data-id='{job['id']}']")
        await expect(card).to_contain_text(_HOSTILE)
        await card.click()
        await expect(page.locator("#description")).to_have_text(_HOSTILE)
        await page.click("[data-verb=comment]")
        await page.fill("#reason", _HOSTILE)
        await page.click("#send-step")
        await expect(page.locator("#history .said").first).to_have_text(_HOSTILE)
        await page.click("#go-customers")
        await page.fill("#customer-search", job["account_no"])
        await page.locator(f".customer[data-account='{job['account_no']}']").click()
        await expect(page.locator("#account")).to_contain_text(job["customer_name"])
        assert await page.locator("main img, main script").count() == 0
        assert await page.evaluate("window.hit") is None
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0]
        assert watched.complaints == []


@pytest.mark.parametrize("again", ["#send-again", "[data-verb=accept]"])
async def test_a_tap_that_got_lost_is_sent_again_and_counts_once(
    browser: Browser, running: Station, again: str
) -> None:
    """The answer was lost and the bar is used after a reload; or the tap itself was lost and the
    same button is tapped once more (had it arrived, the live stream might take the button away)."""
    job = await told(running, 2 if again == "#send-again" else 6, "断线")
    sent: list[tuple[str | None, str | None]] = []

    async def lose_the_first(route: Route) -> None:
        sent.append((route.request.headers.get("idempotency-key"), route.request.post_data))
        if len(sent) == 1:
            if again == "#send-again":
                await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    async with phone_of(browser, running, job["assignee"]["employee_no"]) as watched:
        page = watched.page
        await page.locator(f".job[data-id='{job['id']}']").click()
        await page.route("**/accept", lose_the_first)
        await page.click("[data-verb=accept]")
        await expect(page.locator("#unsent")).to_contain_text("没有确认送到")
        if again == "#send-again":
            await page.reload()
        await page.click(again)
        await expect(page.locator("#job")).to_have_attribute("data-state", "accepted")
        await expect(page.locator("#unsent")).to_be_hidden()
        await expect(page.locator("#history li[data-event=accept]")).to_have_count(1)
    assert len(sent) == 2
    assert sent[0] == sent[1]


async def test_an_arrival_that_is_far_away_says_how_far_and_asks_for_the_reason(
    browser: Browser, running: Station
) -> None:
    job = await told(running, 3, "走错路")
    async with phone_of(browser, running, job["assignee"]["employee_no"]) as watched:
        page = watched.page
        await page.locator(f".job[data-id='{job['id']}']").click()
        await step(page, "accept", "accepted")
        await page.click("[data-verb=arrive]")
        await expect(page.locator("#why")).to_contain_text("没有定位权限")
        await page.click("#cancel-step")
        await page.context.grant_permissions(["geolocation"])
        await page.context.set_geolocation(
            {"latitude": job["lat"] + 0.01, "longitude": job["lon"], "accuracy": 10}
        )
        await page.click("[data-verb=arrive]")
        await expect(page.locator("#why")).to_contain_text("定位离现场 1.1 公里，要求 300 米 以内")
        await page.locator(".phrase", has_text="登记的位置不准").click()
        await page.click("#send-step")
        await expect(page.locator("#job")).to_have_attribute("data-state", "on_site")
        await expect(page.locator("#history li[data-event=arrive]")).to_contain_text("定位存疑")


async def test_a_job_that_changed_meanwhile_is_read_again_and_says_so(
    browser: Browser, running: Station
) -> None:
    job = await told(running, 4, "两边同时")
    async with phone_of(browser, running, job["assignee"]["employee_no"]) as watched:
        page = watched.page
        # Without the live stream the page does not hear of the other's step in time.
        await page.route("**/api/v1/live", lambda route: route.abort())
        await page.reload()
        await expect(page.locator("body")).to_have_attribute("data-live", "off")
        await page.locator(f".job[data-id='{job['id']}']").click()
        await expect(page.locator("#job")).to_have_attribute("data-state", "assigned")
        await running.api(
            *(dispatcher_of(running), "POST", f"/work-orders/{job['id']}/supervise"),
            version=job["version"],
            reason="请尽快",
        )
        await page.click("[data-verb=accept]")
        await expect(page.locator("#notice")).to_contain_text("已重新读取")
        await expect(page.locator("#history")).to_contain_text("请尽快")
        await step(page, "accept", "accepted")


async def test_words_that_are_being_typed_outlive_a_change_from_elsewhere(
    browser: Browser, running: Station
) -> None:
    job = await told(running, 7, "边写边变")
    async with phone_of(browser, running, job["assignee"]["employee_no"]) as watched:
        page = watched.page
        await page.locator(f".job[data-id='{job['id']}']").click()
        await page.click("[data-verb=decline]")
        await page.fill("#reason", "写到一半")
        await running.api(
            *(dispatcher_of(running), "POST", f"/work-orders/{job['id']}/supervise"),
            version=job["version"],
            reason="请尽快",
        )
        await expect(page.locator("#notice")).to_contain_text("刚刚有变化", timeout=SOON_MS)
        await expect(page.locator("#history")).to_contain_text("请尽快")
        await expect(page.locator("#reason")).to_have_value("写到一半")
        await page.click("#send-step")
        await expect(page.locator("#notice")).to_contain_text("已退单")
        await expect(page.locator("body")).to_have_attribute("data-screen", "today")


async def test_a_job_that_went_to_somebody_else_leaves_the_screen(
    browser: Browser, running: Station
) -> None:
    """A helper from another grid sees the job only as long as it is theirs."""
    job = await told(running, 8, "换人")
    home = bound(running, 8)["grid"]
    managers = [
        str(one["employee_no"])
        for one in running.facts["staff"]
        if "manager" in one["roles"] and home not in one["grids"]
    ]
    await hand_on(running, job["id"], managers[0])
    async with phone_of(browser, running, managers[0]) as watched:
        page = watched.page
        await page.locator(f".job[data-id='{job['id']}']").click()
        await step(page, "accept", "accepted")
        await hand_on(running, job["id"], managers[1])
        await page.click("#refresh")
        await expect(page.locator("#notice")).to_have_text("这个工单已经派给别人了")
        await expect(page.locator("body")).to_have_attribute("data-screen", "today")


async def test_without_a_network_the_phone_says_so_and_comes_back_by_itself(
    browser: Browser, running: Station
) -> None:
    job = await told(running, 5, "山里没信号")
    async with phone_of(browser, running, job["assignee"]["employee_no"]) as watched:
        page = watched.page
        card = page.locator(f".job[data-id='{job['id']}']")
        await expect(card).to_be_visible()
        await page.context.set_offline(True)
        await expect(page.locator("#offline")).to_contain_text("没有网络")
        await page.click("#refresh")
        await expect(card).to_be_visible()
        await page.context.set_offline(False)
        await expect(page.locator("#offline")).to_be_hidden(timeout=SOON_MS)
        await page.click("#sign-out")
        await expect(page.locator("#sign-in")).to_be_visible()
        assert await page.evaluate("sessionStorage.length") == 0
        await page.reload()
        await expect(page.locator("#sign-in")).to_be_visible()


async def test_a_wrong_password_is_refused_in_words_and_a_reload_keeps_the_sign_in(
    browser: Browser, running: Station
) -> None:
    who = dispatcher_of(running)
    async with watched_page(browser, running.facts["base_url"], PHONE) as watched:
        await watched.page.goto("/phone")
        await watched.page.fill("#employee-no", who)
        await watched.page.fill("#password", "falsch-falsch")
        await watched.page.click("#sign-in")
        await expect(watched.page.locator("#problem")).to_contain_text("工号或密码不对")
    async with phone_of(browser, running, who) as watched:
        page = watched.page
        first = await page.evaluate("sessionStorage.getItem('wangge.refresh')")
        await page.reload()
        await page.wait_for_selector("body[data-live=on]")
        await expect(page.locator("#no-jobs")).to_be_visible()
        second = await page.evaluate("sessionStorage.getItem('wangge.refresh')")
        assert first
        assert second
        assert first != second
        assert watched.complaints == []


async def test_a_first_password_is_changed_before_anything_is_tried(
    browser: Browser, running: Station
) -> None:
    crew = next(one for one in running.facts["staff"] if "crew" in one["roles"])
    connection = await asyncpg.connect(running.facts["database_url"])
    change = "UPDATE staff SET must_change_password = $2 WHERE employee_no = $1"
    try:
        await connection.execute(change, crew["employee_no"], True)
        async with phone_of(browser, running, crew["employee_no"]) as watched:
            page = watched.page
            await expect(page.locator("#first-password")).to_contain_text("初始密码")
            for new, same, words in (
                ("a longer password", "another password", "不一样"),
                (crew["password"], crew["password"], "不能与原密码相同"),
            ):
                await page.fill("#old-password", crew["password"])
                await page.fill("#new-password", new)
                await page.fill("#same-password", same)
                await page.click("#change-password")
                await expect(page.locator("#password-problem")).to_contain_text(words)
            await page.fill("#new-password", "a longer password")
            await page.fill("#same-password", "a longer password")
            await page.click("#change-password")
            await expect(page.locator("#notice")).to_contain_text("密码改好了")
            await expect(page.locator("#first-password")).to_be_hidden()
    finally:
        await connection.close()

"""Work on site from the phone page: photos to the end, the safety gate, the call for help."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.phone import SOON_MS, bound, dispatcher_of, offered, phone_of, running, step
from tests.grid.evidence.pictures import encoded, photo, scenery
from tests.journeys.station import Station, until
from tests.support.chromium import PHONE, needs_chromium

__all__ = ["running"]

pytestmark = [*needs_chromium, pytest.mark.journey]


async def opened(running: Station, number: int, kind: str) -> dict[str, Any]:
    """A job of a kind that a dispatcher opened, offered to somebody."""
    job = await running.api(
        *(dispatcher_of(running), "POST", "/work-orders"),
        description="换一只智能表",
        account_no=bound(running, number)["account_no"],
        kind=kind,
    )
    return await offered(running, job["id"])


async def arrive(page: Page, job: dict[str, Any]) -> None:
    """The way from the worklist to the place."""
    await page.locator(f".job[data-id='{job['id']}']").click(timeout=SOON_MS)
    await step(page, "accept", "accepted")
    await step(page, "depart", "en_route")
    await page.check("#demo-here")
    await step(page, "arrive", "on_site")


async def sign(page: Page) -> None:
    """The customer draws a line on the pad."""
    await page.click("button[data-purpose=signature]")
    pad = page.locator("#signature")
    await pad.scroll_into_view_if_needed()
    box = await pad.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 30, box["y"] + 30)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 140, box["y"] + 90, steps=6)
    await page.mouse.move(box["x"] + 220, box["y"] + 30, steps=6)
    await page.mouse.up()
    await page.click("#use-signature")


async def _at_least(seen: list[str | None], count: int) -> bool | None:
    return True if len(seen) >= count else None


async def test_Y28_a_meter_change_with_photos_to_the_end_although_the_line_was_cut(
    browser: Browser, running: Station, tmp_path: Path
) -> None:
    job = await opened(running, 3, "meter_change")
    before, after = tmp_path / "before.jpg", tmp_path / "after.jpg"
    before.write_bytes(encoded(scenery(1, (1600, 1200)), quality=95))
    after.write_bytes(photo(2))
    assert before.stat().st_size > 200_000
    offsets: list[str | None] = []

    async def cut_the_second(route: Route) -> None:
        offsets.append(route.request.headers.get("upload-offset"))
        await (route.abort() if len(offsets) == 2 else route.continue_())

    async with phone_of(browser, running, job["assignee"]["employee_no"]) as watched:
        page = watched.page
        await arrive(page, job)
        await step(page, "start", "in_progress")
        await expect(page.locator("#needs")).to_contain_text("作业前照片、作业后照片、客户签名")
        await page.click("[data-verb=complete]")
        await page.fill("#resolution", "换好了")
        await page.click("#send-step")
        await expect(page.locator("#notice")).to_contain_text("还缺")
        await page.click("#cancel-step")
        await page.route("**/blobs/*", cut_the_second)
        await page.set_input_files("input[data-purpose=before_photo]", before)
        await expect(page.locator("#uploads [data-upload=before_photo]")).to_be_visible()
        await until(lambda: _at_least(offsets, 2), SOON_MS / 1000, "the line is cut")
        # The page is left and opened again with half of the photo sent; it goes on by itself.
        await expect(page.locator("#offline")).to_be_hidden()
        await page.reload()
        sent = page.locator("#evidence [data-evidence=before_photo][data-state=complete]")
        await expect(sent).to_be_visible(timeout=SOON_MS)
        await expect(page.locator("#uploads li")).to_have_count(0)
        await expect(page.locator("#needs")).not_to_contain_text("作业前照片")
        assert len(offsets) > 2
        assert offsets[2] == offsets[1] != "0", "it began where it was cut, not anew"
        await page.set_input_files("input[data-purpose=after_photo]", after)
        await sign(page)
        drawn = page.locator("#evidence .thumb[data-drawn=yes]")
        await expect(drawn).to_have_count(3, timeout=SOON_MS)
        await expect(page.locator("#needs")).to_be_empty()
        await page.click("[data-verb=complete]")
        await page.fill("#resolution", "换好了")
        await page.click("#send-step")
        await expect(page.locator("#job")).to_have_attribute("data-state", "completed")
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    seen = await running.api(dispatcher_of(running), "GET", f"/work-orders/{job['id']}/evidence")
    assert [one["state"] for one in seen["items"]] == ["complete"] * 3


async def test_outage_work_starts_behind_permit_second_person_and_photo(
    browser: Browser, running: Station, tmp_path: Path
) -> None:
    job = await opened(running, 4, "outage_work")
    shot = tmp_path / "absent.jpg"
    shot.write_bytes(photo(3))
    async with phone_of(browser, running, job["assignee"]["employee_no"]) as watched:
        page = watched.page
        await arrive(page, job)
        await page.click("[data-verb=start]")
        await expect(page.locator("#not-live")).to_have_count(0)
        await page.fill("#f-permit_no", "2026-11-001")
        await page.click("#send-step")
        await expect(page.locator("#notice")).to_contain_text("第二人")
        people = page.locator("#f-second_person_id option[value]:not([value=''])")
        assert job["assignee"]["name"] not in " ".join(await people.all_inner_texts())
        await page.select_option("#f-second_person_id", index=1)
        await page.click("#send-step")
        await expect(page.locator("#notice")).to_contain_text("验电照片")
        await page.select_option("#other-purpose", "voltage_absent_photo")
        await page.set_input_files("input[data-purpose=voltage_absent_photo]", shot)
        await expect(page.locator("#evidence [data-evidence=voltage_absent_photo]")).to_be_visible(
            timeout=SOON_MS
        )
        await page.click("#send-step")
        await expect(page.locator("#job")).to_have_attribute("data-state", "in_progress")
        await expect(page.locator("#check-in-card")).to_be_hidden()


async def test_somebody_alone_says_that_all_is_well_and_calls_for_help_without_a_line(
    browser: Browser, running: Station
) -> None:
    job = await opened(running, 5, "fault_repair")
    tries: list[str | None] = []

    async def lose_the_first(route: Route) -> None:
        tries.append(route.request.headers.get("idempotency-key"))
        await (route.abort() if len(tries) == 1 else route.continue_())

    async with phone_of(browser, running, job["assignee"]["employee_no"]) as watched:
        page = watched.page
        await arrive(page, job)
        await expect(page.locator("#check-in-card")).to_contain_text("还有")
        await page.click("#check-in")
        await expect(page.locator("#notice")).to_contain_text("平安已报")
        await page.route("**/sos", lose_the_first)
        await page.click("#sos")
        await page.click("#sos-no")
        assert tries == []
        await page.click("#sos")
        await page.click("#sos-yes")
        await expect(page.locator("#sos-state")).to_contain_text("不停地重发")
        await expect(page.locator("#sos-state")).to_contain_text("求助已送到", timeout=SOON_MS)
        assert len(tries) == 2
        assert tries[0] == tries[1]
    alarms = await running.api(dispatcher_of(running), "GET", "/safety-alarms")
    assert job["id"] in [one["work_order_id"] for one in alarms["items"]]
    await running.api(
        *(dispatcher_of(running), "POST", f"/work-orders/{job['id']}/sos/answer"), words="已派车"
    )


async def test_a_hold_has_a_coded_reason_and_the_pause_is_shown(
    browser: Browser, running: Station
) -> None:
    job = await opened(running, 6, "fault_repair")
    async with phone_of(browser, running, job["assignee"]["employee_no"]) as watched:
        page = watched.page
        await arrive(page, job)
        await page.click("#open-proof")
        await page.fill("#f-seal_code", "0000-0000")
        await page.click("#send-step")
        await expect(page.locator("#notice")).to_contain_text("没有核对上")
        await step(page, "start", "in_progress")
        await page.click("[data-verb=hold]")
        await page.select_option("#f-pause_reason", "customer_absent")
        await page.locator(".phrase", has_text="客户不在家").click()
        await page.click("#send-step")
        await expect(page.locator("#job")).to_have_attribute("data-state", "on_hold")
        await expect(page.locator("#pauses")).to_contain_text("客户不在")
        await expect(page.locator("#pauses")).to_contain_text("时限暂停中")
        await step(page, "resume", "in_progress")
        await expect(page.locator("#pauses")).to_contain_text("已结束")

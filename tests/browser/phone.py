"""What the tests of the phone page share: a station, signed-in phones, jobs to work on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.station import Station, station, until
from tests.support.chromium import PHONE, Watched, watched_page

#: The worker has to hear of it and choose somebody; the machine may be busy.
SOON_MS = 30_000


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Station]:
    """One station for the tests of one file."""
    async with station(tmp_path_factory.mktemp("story") / "station") as started:
        yield started


@asynccontextmanager
async def phone_of(
    browser: Browser, running: Station, employee_no: str, size: tuple[int, int] = PHONE
) -> AsyncIterator[Watched]:
    """The phone page with somebody signed in, its live stream open."""
    person = next(one for one in running.facts["staff"] if one["employee_no"] == employee_no)
    async with watched_page(browser, running.facts["base_url"], size) as watched:
        page = watched.page
        await page.goto("/phone")
        await page.fill("#employee-no", employee_no)
        await page.fill("#password", person["password"])
        await page.click("#sign-in")
        await page.wait_for_selector("body[data-live=on]")
        await expect(page.locator("#me")).to_have_text(person["name"])
        yield watched
        assert watched.elsewhere(running.facts["base_url"]) == []


def bound(running: Station, number: int) -> dict[str, Any]:
    """One of the customers that the simulator has bound."""
    return [one for one in running.facts["customers"] if one["bound"]][number]


def dispatcher_of(running: Station) -> str:
    return next(
        str(one["employee_no"])
        for one in running.facts["staff"]
        if "dispatcher" in one["roles"] and one["on_shift"]
    )


async def offered(running: Station, work_order_id: str) -> dict[str, Any]:
    """The job, as soon as somebody was chosen for it."""

    async def look() -> dict[str, Any] | None:
        job = await running.api(dispatcher_of(running), "GET", f"/work-orders/{work_order_id}")
        return dict(job) if job["assignee"] else None

    return await until(look, SOON_MS / 1000, "somebody is chosen")


async def told(running: Station, number: int, description: str) -> dict[str, Any]:
    """A fault that a dispatcher took by telephone, offered to somebody."""
    account_no = bound(running, number)["account_no"]
    job = await running.api(
        *(dispatcher_of(running), "POST", "/work-orders"),
        description=description,
        account_no=account_no,
    )
    return await offered(running, job["id"])


async def hand_on(running: Station, work_order_id: str, employee_no: str) -> None:
    """A dispatcher gives the job to somebody else."""
    dispatcher = dispatcher_of(running)
    job = await running.api(dispatcher, "GET", f"/work-orders/{work_order_id}")
    person = await running.api(employee_no, "GET", "/me")
    await running.api(
        *(dispatcher, "POST", f"/work-orders/{work_order_id}/reassign"),
        version=job["version"],
        staff_id=person["staff"]["id"],
        reason="人手调整",
    )


async def step(page: Page, verb: str, state: str) -> None:
    """Tap the primary button of a step and see the job in its next state."""
    button = page.locator(f"[data-verb={verb}]")
    await expect(button).to_have_class("primary")
    await button.click()
    if verb == "start":
        # Repairs ask whether they will be done under voltage; other kinds of job do not.
        gate = page.locator("#not-live")
        await expect(gate.or_(page.locator("#job[data-state=in_progress]")).first).to_be_visible()
        if await gate.is_visible():
            await gate.click()
    await expect(page.locator("#job")).to_have_attribute("data-state", state)

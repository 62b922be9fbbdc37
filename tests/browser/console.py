"""What the console's browser tests share: a signed-in page, and hints as the relay sends them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from playwright.async_api import Browser
from redis.asyncio import Redis

from backend.demo import DemoFacts
from backend.http.live import CHANNEL
from tests.support.chromium import DESK, Watched, watched_page
from tests.support.console import fresh_address, fresh_code, person_with


@asynccontextmanager
async def signed_in(
    browser: Browser,
    base_url: str,
    demo: DemoFacts,
    role: str = "dispatcher",
    size: tuple[int, int] = DESK,
) -> AsyncIterator[Watched]:
    """The board in front of somebody, its stream open."""
    person = person_with(demo, role)
    async with watched_page(browser, base_url, size, fresh_address()) as watched:
        page = watched.page
        await page.goto("/console")
        await page.fill("[name=employee_no]", person.employee_no)
        await page.fill("[name=password]", person.password)
        if person.totp_secret is not None:
            await page.fill("[name=code]", await fresh_code(person))
        await page.click("button.main")
        await page.get_by_role("link", name="网格后台").wait_for()
        await page.get_by_text("实时更新：已连接").wait_for()
        yield watched


async def hint(redis_url: str, **body: Any) -> None:
    """Say on the transport that something changed."""
    client: Redis = Redis.from_url(redis_url)
    try:
        message = {"kind": "work_orders.WorkOrderChanged", "body": body}
        await client.publish(CHANNEL, msgspec.json.encode(message))
    finally:
        await client.aclose()

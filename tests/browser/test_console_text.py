"""What a customer types is text: planted payloads, driven through every place that shows them."""

import pytest
from playwright.async_api import Browser

from backend.demo import DemoFacts
from backend.embedded import EmbeddedValkey
from grid.kit.database import execute
from tests.browser.console import hint, signed_in
from tests.support.chromium import PHONE, needs_chromium
from tests.support.console import told_by_phone

pytestmark = needs_chromium

PAYLOADS = (
    "<script>window.hit='script';alert(1)</script>",
    '"><img src=x onerror="window.hit=\'img\';alert(2)">',
    "{{7*7}} ${7*7} <%= 7*7 %> #{7*7}",
    "javascript:alert(3)",
    "</title></textarea></template><svg/onload=alert(4)>",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe\u202c 停电 \u2066x",
    "<a href=javascript:alert(5)>点我</a><form action=//evil.example><input name=x>",
    "<style>*{display:none}</style><base href=//evil.example>",
    "<iframe src=//evil.example></iframe><object data=//evil.example></object>",
)


async def untouched(watched: object, base_url: str) -> None:
    """Nothing ran, nothing was fetched from elsewhere, nobody complained."""
    page = watched.page  # type: ignore[attr-defined]
    assert watched.complaints == []  # type: ignore[attr-defined]
    assert watched.elsewhere(base_url) == []  # type: ignore[attr-defined]
    assert await page.evaluate("window.hit") is None
    assert await page.locator("main img, main iframe, main object, main svg script").count() == 0
    assert "49" not in await page.locator("bdi", has_text="{{7*7}}").all_inner_texts()


@pytest.mark.parametrize("size", [(1280, 800), PHONE], ids=["desk", "phone"])
async def test_payloads_stay_text_on_board_job_customer_and_map(
    browser: Browser, console_web: str, console_demo: DemoFacts, size: tuple[int, int]
) -> None:
    first = 0 if size[0] > 1000 else 30
    jobs = []
    for number, payload in enumerate(PAYLOADS, first):
        account_no = console_demo.customers[number].account_no
        await execute(
            "UPDATE service_account SET name = $1, address = $2 WHERE account_no = $3",
            payload[:60],
            payload,
            account_no,
        )
        jobs.append(await told_by_phone(console_demo, payload, number, danger=number % 3 == 0))
    async with signed_in(browser, console_web, console_demo, size=size) as watched:
        page = watched.page
        for payload in PAYLOADS:
            shown = payload.replace("\u202e", "\ufffd").replace("\u202c", "\ufffd")
            shown = shown.replace("\u2066", "\ufffd")
            assert await page.locator("#board bdi").get_by_text(shown, exact=True).count() > 0
        marks = page.locator("#map path.leaflet-interactive[stroke='#fff']")
        await marks.first.wait_for()
        await marks.last.dispatch_event("click")
        popup = page.locator(".leaflet-popup .pop")
        await popup.wait_for()
        assert await popup.locator("*").evaluate_all(
            "nodes => [...new Set(nodes.map(n => n.tagName))].sort()"
        ) == ["A", "BDI", "P"]
        await untouched(watched, console_web)
        for number, job in enumerate(jobs, first):
            account_no = console_demo.customers[number].account_no
            for path in (
                f"/console/work-orders/{job}",
                f"/console/customers/{account_no}",
                f"/console/tickets/new?account_no={account_no}",
            ):
                await page.goto(path)
                assert await page.title() != ""
                assert await page.locator(".foot .as-of").is_visible()
        await untouched(watched, console_web)


async def test_payloads_that_arrive_live_stay_text(
    browser: Browser, console_web: str, console_demo: DemoFacts, console_valkey: EmbeddedValkey
) -> None:
    async with signed_in(browser, console_web, console_demo) as watched:
        page = watched.page
        for number, payload in enumerate(PAYLOADS, 60):
            job = await told_by_phone(console_demo, payload, number, danger=True)
            await hint(console_valkey.url, work_order_id=str(job), version=0, event=payload)
            await page.locator(f"#row-{job}").wait_for()
        assert await page.locator("#alarms li").count() > 0
        assert (await page.title()).startswith("（危险 ") or "危险" in await page.title()
        await untouched(watched, console_web)


async def test_a_payload_in_a_search_or_a_form_comes_back_as_text(
    browser: Browser, console_web: str, console_demo: DemoFacts
) -> None:
    async with signed_in(browser, console_web, console_demo) as watched:
        page = watched.page
        for payload in PAYLOADS[:5]:
            await page.goto("/console")
            await page.fill("[data-search]", payload[:60])
            await page.click(".filters button")
            assert await page.input_value("[data-search]") == payload[:60]
            await page.goto("/console/tickets/new")
            await page.fill("[name=description]", payload)
            await page.fill("[name=address]", payload)
            await page.fill("[name=phone]", "123")
            await page.click("button.main")
            assert await page.input_value("[name=description]") == payload
        # The refused form itself answers 400, which a browser notes; nothing else.
        assert {one for one in watched.complaints if "400 (Bad Request)" not in one} == set()
        watched.complaints.clear()
        await untouched(watched, console_web)

"""Worklists: filters that are kept, one action for many rows, tables for Excel."""

import io
import re
import zipfile
from uuid import UUID

import httpx

from backend.demo import DemoFacts
from grid.kit.database import fetch_value
from tests.support.console import Browser, NewBrowser, person_with, told_by_phone


async def as_post(browser_of: NewBrowser, demo: DemoFacts, role: str) -> Browser:
    return await browser_of().sign_in(person_with(demo, role))


async def version_of(job: UUID) -> str:
    return str(await fetch_value("SELECT version FROM work_order WHERE id = $1", job))


async def bulk(
    browser: Browser, action: str, jobs: dict[UUID, str], **fields: str
) -> httpx.Response:
    picks = {f"pick-{job}": version for job, version in jobs.items()}
    return await browser.submit("/console/board/bulk", "/console", action=action, **fields, **picks)


async def test_a_filter_is_kept_under_its_name_by_one_person_only(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    browser = await as_post(browser_of, console_demo, "dispatcher")
    answer = await browser.submit(
        "/console/filters", "/console", worklist="board", name="容美超时", query="late=1&q=a"
    )
    assert answer.headers["Location"] == "/console?late=1&q=a"
    page = await browser.see("/console")
    assert '<a href="/console?late=1&amp;q=a">容美超时</a>' in page
    assert "等我派人" in page

    other = await as_post(browser_of, console_demo, "auditor")
    text = await other.see("/console")
    assert "容美超时" not in text
    assert "等我派人" not in text

    found = re.search(r"/console/filters/([0-9a-f-]{36})/delete", page)
    assert found is not None
    refused = await other.submit(f"/console/filters/{found[1]}/delete", "/console")
    assert refused.status_code == 404
    await browser.submit(f"/console/filters/{found[1]}/delete", "/console")
    assert "容美超时" not in await browser.see("/console")


async def test_a_filter_that_is_no_filter_is_refused(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    browser = await as_post(browser_of, console_demo, "dispatcher")
    for fields in (
        {"worklist": "board", "name": "甲"},
        {"worklist": "nowhere", "name": "甲", "query": "late=1"},
        {"worklist": "board", "name": "甲" * 21, "query": "late=1"},
        {"worklist": "board", "name": "甲", "query": "late=1\r\nSet-Cookie: a=b"},
    ):
        answer = await browser.submit("/console/filters", "/console", **fields)
        assert answer.status_code == 400, fields


async def test_one_action_for_many_rows_tells_the_outcome_of_each(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    fresh = await told_by_phone(console_demo, "灯不亮", 6)
    stale = await told_by_phone(console_demo, "电表箱响", 7)
    browser = await as_post(browser_of, console_demo, "dispatcher")
    answer = await bulk(
        browser,
        "comment",
        {fresh: await version_of(fresh), stale: "999"},
        reason="请今天处理",
    )
    assert answer.status_code == 200
    assert "共 2 个，成功 1 个，未成功 1 个" in answer.text
    said = "SELECT count(*) FROM work_order_transition WHERE work_order = $1 AND reason = $2"
    assert await fetch_value(said, fresh, "请今天处理") == 1
    assert await fetch_value(said, stale, "请今天处理") == 0


async def test_nothing_is_done_when_the_action_itself_is_wrong(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "没有电", 8)
    version = await version_of(job)
    browser = await as_post(browser_of, console_demo, "dispatcher")
    assert (await bulk(browser, "close", {})).status_code == 400
    assert (await bulk(browser, "restore", {job: version})).status_code == 400
    assert (await bulk(browser, "assign", {job: version})).status_code == 400
    assert await version_of(job) == version


async def test_somebody_without_the_right_changes_no_row(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "停电", 9)
    browser = await as_post(browser_of, console_demo, "auditor")
    answer = await bulk(browser, "cancel", {job: await version_of(job)}, reason="不需要了")
    assert "成功 0 个" in answer.text
    assert await fetch_value("SELECT state FROM work_order WHERE id = $1", job) != "cancelled"


async def test_the_board_is_a_table_for_excel_too(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    await told_by_phone(console_demo, "=1+1", 10)
    browser = await as_post(browser_of, console_demo, "dispatcher")
    answer = await browser.http.get("/console/board.xlsx")
    assert answer.headers["Content-Type"].endswith("spreadsheetml.sheet")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        assert "=1+1" in parts.read("xl/sharedStrings.xml").decode()
        assert "<f>" not in parts.read("xl/worksheets/sheet1.xml").decode()

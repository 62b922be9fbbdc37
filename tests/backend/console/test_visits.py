"""Visits in the browser: plan, calendar, release, move, checks, special care, tables for Excel."""

import io
import re
import zipfile
from datetime import date

from backend.demo import DemoFacts
from backend.demo.ready import DemoStaffFact
from grid.geography.types import Place
from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch_one
from grid.visits.checking import look
from grid.visits.rules import add_months, month_of
from tests.grid.visits.scene import visited_without_plan
from tests.support.console import Browser, NewBrowser, person_with
from tests.support.homes import Home
from tests.support.staff import actor_of


def head_of(demo: DemoFacts) -> DemoStaffFact:
    return person_with(demo, "station_head")


async def next_month() -> str:
    month = add_months(month_of(business_day(await business_now())), 1)
    return f"{month:%Y-%m}"


async def a_home(demo: DemoFacts) -> tuple[Home, str]:
    row = await fetch_one(
        "SELECT a.id, a.account_no, a.name, a.lat, a.lon, g.code FROM service_account a"
        " JOIN service_grid g ON g.id = a.grid WHERE NOT EXISTS (SELECT FROM customer_tag t"
        " WHERE t.account = a.id) AND NOT EXISTS (SELECT FROM customer_visit v"
        " WHERE v.account = a.id) ORDER BY a.account_no LIMIT 1"
    )
    assert row is not None
    place = Place(lat=row["lat"], lon=row["lon"])
    return Home(row["id"], row["account_no"], row["name"], "", place), row["code"]


async def made(browser: Browser, grid: str) -> tuple[str, str]:
    """A draft of next month; its address and its page."""
    page = f"/console/visits?month={await next_month()}"
    answer = await browser.submit(
        "/console/visits/plans", page, month=await next_month(), grid=grid
    )
    assert answer.status_code == 303, answer.text[:2000]
    path = answer.headers["Location"].partition("?")[0]
    return path, await browser.see(path)


def value_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None, name
    return found[1]


async def test_a_plan_is_made_moved_released_and_exported(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    browser = await browser_of().sign_in(head_of(console_demo))
    _, grid = await a_home(console_demo)
    path, page = await made(browser, grid)
    assert "草稿，待发布" in page
    assert "发布计划" in page
    stop, version = value_of(page, "stop_id"), value_of(page, "version")
    day = re.search(r'aria-current="date"[^>]*aria-label="(\d+) 月 (\d+) 日', page, re.S)
    assert day is not None
    month = date.fromisoformat(f"{await next_month()}-01")
    target = month.replace(day=28)
    moved = await browser.submit(
        f"{path}/move", path, version=version, stop_id=stop, day=str(target), reason="客户外出"
    )
    assert moved.status_code == 303, moved.text[:3000]
    shown = await browser.see(moved.headers["Location"])
    assert "已改期" in shown
    assert "客户外出" in shown
    stale = await browser.submit(f"{path}/release", path, version=version)
    assert stale.status_code == 409
    assert "已被别人更新" in stale.text
    done = await browser.submit(f"{path}/release", path, version=value_of(shown, "version"))
    assert done.status_code == 303, done.text[:3000]
    after = await browser.see(path)
    assert "已发布" in after
    assert "/console/work-orders/" in after
    table = await browser.http.get(f"{path}/plan.xlsx")
    with zipfile.ZipFile(io.BytesIO(table.content)) as held:
        assert "客户外出" in held.read("xl/sharedStrings.xml").decode()
    overview = await browser.see(f"/console/visits?month={await next_month()}")
    assert path in overview


async def test_a_month_that_is_none_is_told_on_the_page(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    browser = await browser_of().sign_in(head_of(console_demo))
    assert "月份" in await browser.see("/console/visits?month=2026-19", 400)
    _, grid = await a_home(console_demo)
    refused = await browser.submit(
        "/console/visits/plans", "/console/visits", month="2020-01", grid=grid
    )
    assert refused.status_code == 400
    assert (await browser.http.get("/console/visits/plans")).status_code == 303


async def test_S5_a_check_is_answered_by_the_auditor_and_not_by_the_head(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    home, grid = await a_home(console_demo)
    row = await fetch_one(
        "SELECT p.staff FROM grid_appointment p JOIN service_grid g ON g.id = p.grid"
        " WHERE g.code = $1 AND p.role = 'manager' LIMIT 1",
        grid,
    )
    assert row is not None
    manager = await actor_of(row["staff"])
    view = await visited_without_plan(manager, home, minutes=1, note="<b>老人</b>说夜里灯会闪一下")
    await look()
    browser = await browser_of().sign_in(person_with(console_demo, "auditor"))
    inbox = await browser.see("/console/visit-checks")
    assert "停留太短" in inbox
    path = f"/console/visits/results/{view.id}"
    page = await browser.see(path)
    assert "&lt;b&gt;老人" in page
    missing = await browser.submit(f"{path}/verify", path, method="call", outcome="confirmed")
    assert missing.status_code == 400
    done = await browser.submit(
        f"{path}/verify", path, method="call", outcome="not_confirmed", words="没有人来过"
    )
    assert done.status_code == 303, done.text[:2000]
    assert "没有人来过" in await browser.see(path)
    table = await browser.http.get("/console/visit-checks.xlsx?state=all")
    with zipfile.ZipFile(io.BytesIO(table.content)) as held:
        words = held.read("xl/sharedStrings.xml").decode()
    assert home.name in words
    head = await browser_of().sign_in(head_of(console_demo))
    assert "登记核查" not in await head.see(path)
    assert str(view.id) in await head.see("/console/visits/results")


async def test_special_care_is_listed_marked_and_ended(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    home, _ = await a_home(console_demo)
    browser = await browser_of().sign_in(head_of(console_demo))
    path = f"/console/care/{home.account_no}"
    refused = await browser.submit(f"{path}/tags", path, tag="medical", reason="家用制氧机")
    assert refused.status_code == 400
    assert "同意" in refused.text
    done = await browser.submit(
        f"{path}/tags", path, tag="medical", reason="家用制氧机", consent="true", mind="别断电"
    )
    assert done.status_code == 303, done.text[:2000]
    page = await browser.see(path)
    assert "别断电" in page
    assert home.name in await browser.see("/console/care")
    tag = re.search(rf"{path}/tags/([0-9a-f-]+)/end", page)
    assert tag is not None
    ended = await browser.submit(f"{path}/tags/{tag[1]}/end", path, reason="已康复")
    assert ended.status_code == 303
    assert "没有您能看的标签" in await browser.see(path)

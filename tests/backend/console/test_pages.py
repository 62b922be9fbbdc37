"""What each post sees, how pages fail, and what leaves the house."""

import csv
import io

import pytest

from backend.demo import DemoFacts
from grid.kit.database import execute, fetch_value
from grid.kit.ids import new_id
from tests.support.console import Browser, NewBrowser, person_with, told_by_phone

NASTY = '"><img src=x onerror=alert(1)>'
PLACES = {
    "/console": {"dispatcher", "back_office", "station_head", "auditor"},
    "/console/tickets/new": {"dispatcher", "back_office", "station_head"},
    "/console/customers": {"dispatcher", "back_office", "finance", "station_head", "auditor"},
    "/console/people": {
        "dispatcher",
        "back_office",
        "finance",
        "station_head",
        "auditor",
        "operator",
    },
    "/console/dead-letters": {"dispatcher", "operator"},
}


async def as_post(browser_of: NewBrowser, demo: DemoFacts, post: str) -> Browser:
    return await browser_of().sign_in(person_with(demo, post))


@pytest.mark.parametrize(
    "post", ["dispatcher", "back_office", "finance", "station_head", "auditor", "operator"]
)
async def test_each_post_reaches_its_pages_and_no_other(
    browser_of: NewBrowser, console_demo: DemoFacts, post: str
) -> None:
    browser = await as_post(browser_of, console_demo, post)
    for path, posts in PLACES.items():
        refused = 303 if path == "/console" else 403
        text = await browser.see(path, 200 if post in posts else refused)
        if post in posts:
            offered = {place for place in PLACES if f'href="{place}" data-go' in text}
            assert offered == {place for place, those in PLACES.items() if post in those}


@pytest.mark.parametrize("path", ["/console/tickets/nonsense", "/console/visits/checks"])
async def test_an_address_that_leads_nowhere_is_a_page_for_people(
    browser_of: NewBrowser, console_demo: DemoFacts, path: str
) -> None:
    browser = await as_post(browser_of, console_demo, "dispatcher")
    text = await browser.see(path, 404)
    assert text.startswith("<!doctype html>")
    assert "Not Found" not in text


async def test_every_answer_carries_the_policy(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    browser = await as_post(browser_of, console_demo, "dispatcher")
    for path in (*PLACES, "/console/board/rows", "/console/alarms", "/console/nowhere"):
        answer = await browser.http.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "<script>" not in answer.text
        assert "style=" not in answer.text


async def test_people_get_pages_for_errors_and_scripts_get_problems(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    browser = await as_post(browser_of, console_demo, "auditor")
    for path, status, words in (
        ("/console/nowhere/at/all", 404, "没有这个页面"),
        (f"/console/work-orders/{new_id()}", 404, "没有这个工单"),
        ("/console/customers/0000", 404, "没有找到这个户号"),
        ("/console/dead-letters", 403, "岗位"),
        ("/console?state=nonsense", 400, "状态的格式"),
        ("/console?cursor=nonsense", 400, "翻页位置"),
    ):
        assert words in await browser.see(path, status)
        told = await browser.http.get(path, headers={"Accept": "application/json"})
        assert told.status_code == status
        assert told.headers["Content-Type"] == "application/problem+json"
        assert told.json()["request_id"]


async def test_phones_are_masked_by_post(browser_of: NewBrowser, console_demo: DemoFacts) -> None:
    customer = console_demo.customers[3]
    job = await told_by_phone(console_demo, "电话遮挡", 3)
    masked = f"{customer.phone[:3]}****{customer.phone[-4:]}"
    paths = (f"/console/customers/{customer.account_no}", f"/console/work-orders/{job}")
    for post, shown, hidden in (
        ("dispatcher", customer.phone, masked),
        ("auditor", masked, customer.phone),
    ):
        browser = await as_post(browser_of, console_demo, post)
        for path in paths:
            text = await browser.see(path)
            assert shown in text
            assert hidden not in text


async def test_what_customers_type_is_text_on_every_page(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, NASTY, 4, danger=True)
    await execute(
        "UPDATE service_account SET name = $1, address = $2 WHERE account_no = $3",
        "<b>张</b>",
        "{{7*7}}<script>alert(2)</script>",
        console_demo.customers[4].account_no,
    )
    browser = await as_post(browser_of, console_demo, "dispatcher")
    for path in (
        "/console",
        "/console/board/rows",
        "/console/alarms",
        f"/console/work-orders/{job}",
        f"/console/customers/{console_demo.customers[4].account_no}",
        f"/console/tickets/new?account_no={console_demo.customers[4].account_no}",
    ):
        text = await browser.see(path)
        assert "<img" not in text
        assert "<script>alert" not in text
        assert "<b>张</b>" not in text
    assert "&lt;b&gt;张&lt;/b&gt;" in await browser.see("/console")


async def test_the_export_is_a_table_of_text(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    await told_by_phone(console_demo, "=cmd|' /C calc'!A0", 5)
    browser = await as_post(browser_of, console_demo, "dispatcher")
    answer = await browser.http.get("/console/board.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows[0][0].startswith("数据截至 ")
    assert len({len(row) for row in rows[1:]}) == 1
    described = [row[rows[1].index("描述")] for row in rows[2:]]
    assert "'=cmd|' /C calc'!A0" in described
    assert await fetch_value("SELECT count(*) FROM audit_entry WHERE action = 'board.exported'")


async def test_the_map_shows_positions_only_to_those_who_may_see_them(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    await execute(
        "INSERT INTO last_position (staff, lat, lon, accuracy_m, recorded_at, received_at)"
        " SELECT s.id, 29.9, 110.03, 10, now(), now() FROM staff s JOIN shift f ON f.staff = s.id"
        " WHERE f.starts_at <= now() AND f.ends_at > now() LIMIT 1"
    )
    for post, seen in (("dispatcher", 1), ("auditor", 0)):
        browser = await as_post(browser_of, console_demo, post)
        view = (await browser.http.get("/console/map.json")).json()
        assert len(view["people"]) == seen
        assert view["grids"]
        assert {grid["notice"] for grid in view["grids"]} == {"示意图，非行政区划界线"}


async def test_files_are_kept_for_a_year_under_the_name_of_their_content(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    browser = browser_of()
    page = await browser.see("/console/sign-in")
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await browser.http.get(address)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    older = address.replace(address.split("/")[3], "0" * 16)
    assert (await browser.http.get(older)).headers["Cache-Control"] == "no-cache"
    for name in ("nothing.css", "..%2f__init__.py", "__init__.py"):
        assert (await browser.http.get(f"/console/static/x/{name}")).status_code == 404


async def test_a_dead_letter_is_seen_by_two_posts_and_replayed_by_one(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    event, delivery = new_id(), new_id()
    await execute(
        "INSERT INTO outbox_event (id, kind, body, said_by, said_at, relayed_at)"
        " VALUES ($1, 'work_orders.WorkOrderOpened', '{\"a\": \"<i>\"}', 'test', now(), now())",
        event,
    )
    await execute(
        "INSERT INTO event_delivery (id, event, reaction, state, attempts, due_at, last_error)"
        " VALUES ($1, $2, 'dispatch.offer', 'dead', 8, now(), 'Boom <b>')",
        delivery,
        event,
    )
    path = "/console/dead-letters"
    dispatcher = await as_post(browser_of, console_demo, "dispatcher")
    text = await dispatcher.see(path)
    assert "Boom &lt;b&gt;" in text
    assert "由系统运维处理" in text
    refused = await dispatcher.submit(f"{path}/{delivery}/replay", path)
    assert refused.status_code == 403
    operator = await as_post(browser_of, console_demo, "operator")
    done = await operator.submit(f"{path}/{delivery}/replay", path)
    assert done.headers["Location"].endswith("done=again")
    again = await operator.submit(f"{path}/{delivery}/replay", path)
    assert again.headers["Location"].endswith("done=gone")
    state = await fetch_value("SELECT state FROM event_delivery WHERE id = $1", delivery)
    assert state == "pending"
    who = await fetch_value("SELECT actor FROM audit_entry WHERE action = 'dead_letter.replay'")
    assert who == f"staff:{person_with(console_demo, 'operator').employee_no}"

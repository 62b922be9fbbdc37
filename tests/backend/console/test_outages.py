"""Outages at the console: announced, its children joined and answered, who is inside, for Excel."""

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import timedelta

import pytest

from backend.console.outage_words import etr_look
from backend.demo import DemoFacts
from grid.kit.clock import SHANGHAI, business_now
from grid.kit.database import execute, fetch_one, fetch_value
from grid.kit.ids import new_id
from grid.outages.types import OutageLine
from grid.outages.words import OutageKind, OutageState
from tests.support.console import Browser, NewBrowser, person_with, told_by_phone

PAGE = "/console/outages"


@pytest.fixture
async def dispatcher(browser_of: NewBrowser, console_demo: DemoFacts) -> Browser:
    await execute("UPDATE outage SET state = 'cancelled' WHERE state <> 'cancelled'")
    return await browser_of().sign_in(person_with(console_demo, "dispatcher"))


async def local(hours: float) -> str:
    """A moment as a browser's form sends it."""
    moment = await business_now() + timedelta(hours=hours)
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


async def district_of(demo: DemoFacts, account: int = 0) -> str:
    found: str = await fetch_value(
        "SELECT d.district_no FROM service_account a JOIN transformer_district d"
        " ON d.id = a.district WHERE a.account_no = $1",
        demo.customers[account].account_no,
    )
    return found


async def fault_of(browser: Browser, district: str, **more: str) -> str:
    """The page of a fault outage announced by form."""
    fields = {
        "kind": "fault",
        "starts_at": await local(-0.5),
        "expected_end_at": await local(3),
        "districts": district,
        "cause": "树压断线",
        **more,
    }
    made = await browser.submit(PAGE, f"{PAGE}/new", **fields)
    assert made.status_code == 303, made.text[:3000]
    return made.headers["Location"].partition("?")[0]


async def verb(browser: Browser, page: str, name: str, **fields: str) -> int:
    version = await version_of(browser, page)
    answer = await browser.submit(f"{page}/verbs/{name}", page, version=version, **fields)
    return answer.status_code


async def version_of(browser: Browser, page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', await browser.see(page))
    assert found is not None
    return found[1]


async def test_a_refused_form_keeps_what_was_typed_and_names_the_field(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    district = await district_of(console_demo)
    fields = {
        "kind": "planned",
        "starts_at": await local(24 * 3),
        "expected_end_at": await local(24 * 3 + 5),
        "districts": district,
        "cause": "<b>换变压器</b>",
    }
    refused = await dispatcher.submit(PAGE, f"{PAGE}/new", **fields)
    assert refused.status_code == 400
    assert "请填写原因" in refused.text
    assert "&lt;b&gt;换变压器" in refused.text
    assert f">{district}</textarea>" in refused.text
    assert 'name="late_reason" maxlength="200" value="" aria-invalid' in refused.text
    made = await dispatcher.submit(PAGE, f"{PAGE}/new", **fields, late_reason="设备有险情")
    assert made.status_code == 303
    text = await dispatcher.see(made.headers["Location"])
    assert "已发布，未开始" in text
    assert "设备有险情" in text
    assert "通知不足" in await dispatcher.see(PAGE)
    for bad, field in (("没有", "starts_at"), ("NO-1", "districts")):
        answer = await dispatcher.submit(PAGE, f"{PAGE}/new", **{**fields, field: bad})
        assert answer.status_code == 400


async def test_from_announced_to_closed_with_a_call_back(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "没电了", 0)
    ticket = await fetch_value("SELECT ticket FROM work_order WHERE id = $1", job)
    page = await fault_of(dispatcher, await district_of(console_demo))
    text = await dispatcher.see(page)
    assert f"pick-{ticket}" in text
    joined = await dispatcher.submit(f"{page}/join", page, **{f"pick-{ticket}": "1"})
    assert joined.status_code == 303
    assert await fetch_value("SELECT state FROM work_order WHERE id = $1", job) == "cancelled"
    assert "等待恢复" in await dispatcher.see(page)
    later = await local(6)
    assert await verb(dispatcher, page, "etr", expected_end_at=later, reason="要换电杆") == 303
    text = await dispatcher.see(page)
    assert "改为" in text.split("经过")[1]
    assert await verb(dispatcher, page, "dispatch", reason="换电杆") == 303
    assert await verb(dispatcher, page, "restore") == 303
    assert await verb(dispatcher, page, "close") == 409
    answered = await dispatcher.submit(
        f"{page}/answer", page, ticket_id=str(ticket), is_back="true", words="来了"
    )
    assert answered.status_code == 303, answered.text[:2000]
    assert await verb(dispatcher, page, "close") == 303
    assert "已结束" in await dispatcher.see(page)
    assert await fetch_value("SELECT state FROM ticket WHERE id = $1", ticket) == "closed"


async def test_a_row_that_could_not_join_says_why(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "没电了", 3, danger=True)
    ticket = await fetch_value("SELECT ticket FROM work_order WHERE id = $1", job)
    page = await fault_of(dispatcher, await district_of(console_demo, 3))
    answer = await dispatcher.submit(f"{page}/join", page, **{f"pick-{ticket}": "1"})
    assert answer.status_code == 200
    assert "没有并入：危险报修必须派人" in answer.text
    nothing = await dispatcher.submit(f"{page}/join", page)
    assert nothing.status_code == 400
    assert "请先勾选" in nothing.text


async def test_an_old_page_changes_nothing(dispatcher: Browser, console_demo: DemoFacts) -> None:
    page = await fault_of(dispatcher, await district_of(console_demo))
    old = await dispatcher.submit(f"{page}/verbs/restore", page, version="7")
    assert old.status_code == 409
    assert "已被别人更新" in old.text
    unknown = await dispatcher.submit(f"{page}/verbs/explode", page, version="0")
    assert unknown.status_code == 404
    back = await dispatcher.http.get(f"{page}/verbs/restore")
    assert (back.status_code, back.headers["Location"]) == (303, page)


async def test_who_is_inside_leaves_as_text_and_is_logged(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    account = console_demo.customers[0].account_no
    await execute("UPDATE service_account SET name = '=1+1' WHERE account_no = $1", account)
    page = await fault_of(dispatcher, await district_of(console_demo))
    answer = await dispatcher.http.get(f"{page}/affected.xlsx")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
    assert account in strings
    assert "=1+1" in strings
    assert "<f>" not in sheet
    row = await fetch_one("SELECT 1 FROM audit_entry WHERE action = 'outage.affected_exported'")
    assert row is not None


async def test_who_manages_nothing_reads_and_announces_nothing(
    browser_of: NewBrowser, dispatcher: Browser, console_demo: DemoFacts
) -> None:
    page = await fault_of(dispatcher, await district_of(console_demo))
    auditor = await browser_of().sign_in(person_with(console_demo, "auditor"))
    text = await auditor.see(page)
    assert "操作" not in re.findall(r"<h2[^>]*>([^<]+)</h2>", text)
    assert "发布停电" not in await auditor.see(PAGE)
    await auditor.see(f"{PAGE}/new", 403)


@pytest.mark.parametrize("query", ["status=nothing", "kind=storm", "cursor=x"])
async def test_a_filter_that_means_nothing_is_refused(dispatcher: Browser, query: str) -> None:
    await dispatcher.see(f"{PAGE}?{query}", 400)


@pytest.mark.parametrize(
    ("facts", "look"),
    [
        ({"etr_h": 2}, "fine"),
        ({"etr_h": 0.3}, "soon"),
        ({"etr_h": -1}, "late"),
        ({"etr_h": None}, "soon"),
        ({"etr_h": 2, "restored_h": 0}, "kept"),
        ({"etr_h": -2, "restored_h": -1}, "missed"),
        ({"etr_h": 2, "state": "cancelled"}, "ended"),
    ],
)
async def test_the_expected_end_has_a_colour_and_words(
    pool: None, facts: Mapping[str, object], look: str
) -> None:
    now = await business_now()

    def at(name: str) -> object:
        hours = facts.get(name)
        return None if hours is None else now + timedelta(hours=float(str(hours)))

    line = OutageLine(
        id=new_id(),
        number="TD1",
        kind=OutageKind.FAULT,
        state=OutageState(str(facts.get("state", "confirmed"))),
        feeder=None,
        cause=None,
        starts_at=now,
        etr=at("etr_h"),  # type: ignore[arg-type]
        restored_at=at("restored_h"),  # type: ignore[arg-type]
        districts=1,
        accounts=1,
        children=0,
        waiting=0,
        short_notice=False,
    )
    assert etr_look(line, now)[0] == look


async def test_intake_shows_the_outage_and_the_clerk_may_insist(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    place, screen = 100, "/console/tickets/new"
    await fault_of(dispatcher, await district_of(console_demo, place))
    account = console_demo.customers[place].account_no
    form = f"{screen}?account_no={account}"
    text = await dispatcher.see(form)
    assert "这里正在故障停电" in text
    assert "树压断线" in text
    told = {"account_no": account, "description": "家里没电了", "kind": "fault", "channel": "phone"}
    joined = await dispatcher.submit(screen, form, **told)
    assert joined.headers["Location"].startswith("/console/tickets/")
    insisted = await dispatcher.submit(screen, form, **told, insist="1")
    assert insisted.headers["Location"].startswith("/console/work-orders/")

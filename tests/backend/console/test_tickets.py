"""Tickets in the browser without scripts: intake of any kind, steps, lists, Excel, the seal."""

import io
import re
import zipfile
from html import unescape

from backend.demo import DemoFacts
from grid.kit.database import fetch_one, fetch_value
from tests.support.console import Browser, NewBrowser, person_with

NEW = "/console/tickets/new"


async def _take(browser: Browser, **fields: str) -> str:
    """Fill in the screen; the address of the ticket."""
    answer = await browser.submit(NEW, f"{NEW}?kind={fields['kind']}", channel="phone", **fields)
    assert answer.status_code == 303, re.findall(r'role="alert">([^<]+)', answer.text)
    return answer.headers["Location"].partition("?")[0]


async def _step(browser: Browser, ticket: str, verb: str, **fields: str) -> int:
    version = await fetch_value(
        "SELECT version::text FROM ticket WHERE id = $1::uuid", ticket.rsplit("/", 1)[-1]
    )
    answer = await browser.submit(f"{ticket}/steps/{verb}", ticket, version=version, **fields)
    return answer.status_code


async def test_a_complaint_from_the_telephone_to_the_archive(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    dispatcher = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    clerk_person = person_with(console_demo, "back_office")
    account = console_demo.customers[3].account_no
    told = "<b>态度</b>不好"
    ticket = await _take(
        dispatcher,
        kind="complaint",
        complaint_class="service",
        account_no=account,
        description=told,
        **{"form.complaint.wish": "道歉"},
    )
    text = await dispatcher.see(ticket)
    assert "&lt;b&gt;态度" in text
    assert "客户诉求" in text
    assert "道歉" in text
    clerk_id = await fetch_value(
        "SELECT id::text FROM staff WHERE employee_no = $1", clerk_person.employee_no
    )
    assert await _step(dispatcher, ticket, "dispatch", staff_id=clerk_id) == 303
    clerk = await browser_of().sign_in(clerk_person)
    for verb, fields in (
        ("take", {}),
        ("handle", {"words": "已批评"}),
        ("reply", {"words": "向您道歉"}),
    ):
        assert await _step(clerk, ticket, verb, **fields) == 303
    assert await _step(clerk, ticket, "callback", outcome="satisfied") == 403
    assert ticket in await dispatcher.see("/console/callbacks")
    assert await _step(dispatcher, ticket, "callback", outcome="satisfied") == 303
    assert await _step(dispatcher, ticket, "archive") == 303
    assert "已归档" in await dispatcher.see(ticket)


async def test_a_stale_form_keeps_what_was_typed_and_says_who_was_first(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    dispatcher = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    ticket = await _take(
        dispatcher,
        kind="opinion",
        account_no=console_demo.customers[4].account_no,
        description="电杆歪了",
    )
    assert await _step(dispatcher, ticket, "comment", words="先看看") == 303
    late = await dispatcher.submit(
        f"{ticket}/steps/comment", ticket, version="0", words="写了很久的话"
    )
    assert late.status_code == 409
    assert "写了很久的话" in late.text
    assert "刚刚更新过" in late.text


async def test_the_screen_names_the_field_and_keeps_the_rest(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    clerk = await browser_of().sign_in(person_with(console_demo, "back_office"))
    answer = await clerk.submit(
        NEW,
        NEW,
        kind="service_request",
        channel="counter",
        account_no=console_demo.customers[5].account_no,
        description="要换名字",
    )
    assert answer.status_code == 400
    assert "请填写业务类型" in answer.text
    assert "要换名字" in answer.text


async def test_a_search_stays_on_the_screen_and_warns_of_what_is_open(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    dispatcher = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    account = console_demo.customers[6].account_no
    first = await _take(
        dispatcher,
        kind="inquiry",
        account_no=account,
        description="电价怎么算",
        **{"form.inquiry.topic": "bill"},
    )
    found = await dispatcher.see(f"{NEW}/customers?q={account}")
    assert f'data-account="{account}"' in found
    chosen = await dispatcher.see(f"{NEW}/account?account_no={account}")
    assert "还有 1 件没办完" in chosen
    assert first in chosen
    whole = await dispatcher.see(f"{NEW}?account_no={account}&kind=complaint")
    assert first in whole
    assert 'data-kind="complaint">' in whole


async def test_the_list_is_filtered_by_its_address_and_goes_to_excel_as_text(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    dispatcher = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    ticket = await _take(
        dispatcher,
        kind="suggestion",
        account_no=console_demo.customers[7].account_no,
        description="=HYPERLINK(1)",
    )
    assert ticket in await dispatcher.see("/console/tickets?kind=suggestion&status=open")
    assert ticket not in await dispatcher.see("/console/tickets?kind=praise")
    answer = await dispatcher.http.get("/console/tickets.xlsx?kind=suggestion")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "=HYPERLINK(1)" in unescape(strings)
    audited = await fetch_one("SELECT * FROM audit_entry WHERE action = 'tickets.exported'")
    assert audited is not None


async def test_a_tip_off_disappears_for_who_took_it_and_opens_for_the_auditor(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    clerk = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    answer = await clerk.submit(
        NEW,
        f"{NEW}?kind=tip_off",
        kind="tip_off",
        channel="phone",
        description="夜里有人接线",
        phone="13966660001",
        **{"form.tip_off.subject": "theft"},
    )
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{NEW}?sealed=JB")
    assert "13966660001" not in await clerk.see(answer.headers["Location"])
    assert "夜里有人接线" not in await clerk.see("/console/tickets?kind=tip_off")
    ticket_id = await fetch_value("SELECT ticket::text FROM sealed_author ORDER BY id DESC LIMIT 1")
    page = f"/console/tickets/{ticket_id}"
    await clerk.see(page, 404)
    await clerk.see("/console/sealed-lookups", 403)
    auditor = await browser_of().sign_in(person_with(console_demo, "auditor"))
    seen = await auditor.see(page)
    assert "夜里有人接线" in seen
    assert "13966660001" not in seen
    opened = await auditor.submit(f"{page}/author", page, reason="核实")
    assert "13966660001" in opened.text
    assert "没有这样的记录" in await auditor.see("/console/sealed-lookups")

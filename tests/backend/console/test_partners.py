"""Handovers and the province's orders as a browser meets them."""

import csv
import io
from datetime import timedelta

from backend.demo import DemoFacts
from grid.kit.clock import SHANGHAI, business_now
from grid.kit.database import fetch_value
from grid.partners.intake import take_order
from grid.partners.types import ProvinceKind
from tests.grid.partners.scene import number, order
from tests.support.console import Browser, NewBrowser, person_with


async def ticket_of(demo: DemoFacts, account: int) -> str:
    """An opinion that came from the province, about a demo household; gives its number."""
    sent = await order(ProvinceKind.OPINION, account_no=demo.customers[account].account_no)
    receipt = await take_order(sent, "port")
    assert receipt.ticket_number is not None
    return receipt.ticket_number


async def dispatcher_of(demo: DemoFacts, browser_of: NewBrowser) -> Browser:
    return await browser_of().sign_in(person_with(demo, "dispatcher"))


PARTNER = {
    "agency": "容美镇综治中心",
    "contact_person": "李主任",
    "contact_phone": "0718-5280000",
    "reason": "<b>树在村集体地上</b>",
}


async def test_a_ticket_goes_to_the_government_and_comes_back_on_paper(
    console_demo: DemoFacts, browser_of: NewBrowser
) -> None:
    ticket = await ticket_of(console_demo, 61)
    dispatcher = await dispatcher_of(console_demo, browser_of)
    form = "/console/handovers"
    missing = await dispatcher.submit(
        form,
        f"{form}?ticket={ticket}",
        direction="out",
        ticket_number=ticket,
        **{**PARTNER, "agency": " "},
    )
    assert missing.status_code == 400
    assert "请填写政府部门" in missing.text
    made = await dispatcher.submit(form, form, direction="out", ticket_number=ticket, **PARTNER)
    assert made.status_code == 303, made.text[:1500]
    page = made.headers["location"].partition("?")[0]
    again = await dispatcher.submit(form, form, direction="out", ticket_number=ticket, **PARTNER)
    assert again.status_code == 409
    taken = await dispatcher.submit(f"{page}/accept", page, words="已受理", their_number="ZZ77001")
    assert taken.status_code == 303, taken.text[:1500]
    await dispatcher.submit(f"{page}/return", page, words="已清理完毕")
    shown = await dispatcher.see(page)
    for words in ("ZZ77001", "已清理完毕", "移交人（签字）", "&lt;b&gt;"):
        assert words in shown
    assert "<b>树" not in shown
    assert page in await dispatcher.see(f"{form}?state=returned")
    await dispatcher.see(f"{page}/accept", 303)


async def test_a_form_that_is_sent_twice_takes_one_matter(
    console_demo: DemoFacts, browser_of: NewBrowser
) -> None:
    dispatcher = await dispatcher_of(console_demo, browser_of)
    fields = {
        **PARTNER,
        "direction": "in",
        "key": f"k-{number()}",
        "their_number": number(),
        "kind": "inquiry",
        "form.topic": "outage",
        "description": "村里问何时停电",
        "account_no": console_demo.customers[62].account_no,
    }
    made = [
        await dispatcher.submit("/console/handovers", "/console/handovers", **fields)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in made] == [303, 303], made[0].text[:1500]
    assert made[0].headers["location"] == made[1].headers["location"]


async def test_the_provinces_orders_stand_with_what_it_was_told(
    console_demo: DemoFacts, browser_of: NewBrowser
) -> None:
    sent = await order(account_no=console_demo.customers[63].account_no)
    await take_order(sent, "port")
    dispatcher = await dispatcher_of(console_demo, browser_of)
    shown = await dispatcher.see(f"/console/province?number={sent.number}")
    assert sent.number in shown
    assert "待发送" in shown
    assert sent.number not in await dispatcher.see("/console/province?troubled=1")


async def test_a_file_of_orders_is_loaded_from_the_page_all_or_nothing(
    console_demo: DemoFacts, browser_of: NewBrowser
) -> None:
    dispatcher = await dispatcher_of(console_demo, browser_of)
    at = (await business_now() - timedelta(hours=1)).astimezone(SHANGHAI)
    good = [number(), "意见", f"{at:%Y-%m-%d %H:%M:%S}", "电压低"]
    token = await dispatcher.token("/console/province")

    async def load(*rows: list[str]) -> str:
        text = io.StringIO()
        csv.writer(text).writerows([["number", "kind", "accepted_at", "description"], *rows])
        answer = await dispatcher.http.post(
            "/console/province/file",
            content=text.getvalue().encode(),
            headers={"X-CSRF-Token": token, "Content-Type": "text/csv"},
        )
        return answer.text

    refused = await load(good, [number(), "别的", "昨天", "x"])
    assert "1 行不正确" in refused
    assert await fetch_value("SELECT 1 FROM partner_order WHERE number = $1", good[0]) is None
    assert "新受理 1 件" in await load(good)
    assert "重复 1 件" in await load(good)
    foreign = await dispatcher.http.post("/console/province/file", content=b"number\n")
    assert foreign.status_code == 400

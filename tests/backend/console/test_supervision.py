"""The supervision inbox as a browser meets it: filters, one answer, many answers, the table."""

import io
import zipfile
from uuid import UUID

from backend.demo import DemoFacts
from grid.clocks.types import ClockBreached, Subject, Target
from grid.kit.database import execute, fetch_one, transaction
from grid.supervision.opening import open_for_clock
from tests.support.console import NewBrowser, person_with, told_by_phone


async def breached(job: UUID) -> str:
    """The arrival of a job is late; gives the order's id."""
    row = await fetch_one(
        "SELECT * FROM sla_clock WHERE subject_id = $1 AND target = 'arrive'", job
    )
    assert row is not None
    async with transaction():
        await open_for_clock(
            ClockBreached(
                clock_id=row["id"],
                subject=Subject.WORK_ORDER,
                subject_id=job,
                target=Target.ARRIVE,
                due_at=row["due_at"],
            )
        )
    order = await fetch_one("SELECT id FROM supervision_order WHERE clock = $1", row["id"])
    assert order is not None
    return str(order["id"])


async def test_one_order_is_answered_and_closed_on_its_page(
    console_demo: DemoFacts, browser_of: NewBrowser
) -> None:
    order = await breached(await told_by_phone(console_demo, "<b>没电</b>", 11))
    dispatcher = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    inbox = await dispatcher.see("/console/supervision")
    assert f"/console/supervision/{order}" in inbox
    assert "数据截至" in inbox
    page = f"/console/supervision/{order}"
    early = await dispatcher.submit(f"{page}/close", page, words="没有回复就办结")
    assert early.status_code == 409
    assert "没有保存" in early.text
    for verb, words in (("answer", "已派抢修班"), ("close", "同意")):
        answer = await dispatcher.submit(f"{page}/{verb}", page, words=words)
        assert answer.status_code == 303, answer.text[:1000]
    shown = await dispatcher.see(f"{page}?done=close")
    assert "已办结" in shown
    assert "已派抢修班" in shown
    assert f"/console/supervision/{order}" not in await dispatcher.see("/console/supervision")
    await dispatcher.see(f"{page}/answer", 303)


async def test_a_job_leads_to_its_own_orders_and_to_no_other(
    console_demo: DemoFacts, browser_of: NewBrowser
) -> None:
    job = await told_by_phone(console_demo, "这一件", 41)
    mine, other = await breached(job), await breached(await told_by_phone(console_demo, "别件", 42))
    dispatcher = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    link = f"/console/supervision?state=all&amp;about={job}"
    assert link in await dispatcher.see(f"/console/work-orders/{job}")
    shown = await dispatcher.see(link.replace("&amp;", "&"))
    assert f"/console/supervision/{mine}" in shown
    assert f"/console/supervision/{other}" not in shown


async def test_many_are_answered_at_once_and_each_row_says_what_became_of_it(
    console_demo: DemoFacts, browser_of: NewBrowser
) -> None:
    orders = [
        await breached(await told_by_phone(console_demo, f"第 {number} 户没电", 20 + number))
        for number in range(3)
    ]
    await execute("UPDATE supervision_order SET version = 9 WHERE id = $1", UUID(orders[2]))
    dispatcher = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    picks = {f"pick-{order}": "0" for order in orders}
    answer = await dispatcher.submit(
        "/console/supervision/bulk",
        "/console/supervision",
        action="answer",
        words="已统一安排",
        **picks,
    )
    assert answer.status_code in {200, 201}
    assert "成功 2 个，未成功 1 个" in answer.text
    nothing = await dispatcher.submit(
        "/console/supervision/bulk", "/console/supervision", action="answer", words="无"
    )
    assert nothing.status_code == 400
    answered = await dispatcher.see("/console/supervision?state=answered")
    assert all(order in answered for order in orders[:2])
    rows = await dispatcher.see("/console/supervision/rows?state=all&late=1")
    assert "<html" not in rows


async def test_the_table_for_excel_holds_the_filtered_orders_and_is_audited(
    console_demo: DemoFacts, browser_of: NewBrowser
) -> None:
    order = await breached(await told_by_phone(console_demo, "没电", 40))
    number = await fetch_one("SELECT number FROM supervision_order WHERE id = $1", UUID(order))
    assert number is not None
    dispatcher = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    answer = await dispatcher.http.get("/console/supervision.xlsx?state=open")
    assert answer.status_code == 200
    book = zipfile.ZipFile(io.BytesIO(answer.content))
    assert number["number"] in book.read("xl/sharedStrings.xml").decode()
    audited = await fetch_one("SELECT 1 FROM audit_entry WHERE action = 'supervision.exported'")
    assert audited is not None


async def test_by_hand_from_a_job_and_who_may_not_see_it(
    console_demo: DemoFacts, browser_of: NewBrowser
) -> None:
    job = await told_by_phone(console_demo, "没电", 50)
    dispatcher = await browser_of().sign_in(person_with(console_demo, "dispatcher"))
    made = await dispatcher.submit(
        "/console/supervision",
        "/console/supervision",
        work_order_id=str(job),
        words="请说明进度",
    )
    assert made.status_code == 303, made.text[:1000]
    back_office = await browser_of().sign_in(person_with(console_demo, "back_office"))
    await back_office.see("/console/supervision", 403)
    there = made.headers["location"].partition("?")[0]
    await back_office.see(there, 404)

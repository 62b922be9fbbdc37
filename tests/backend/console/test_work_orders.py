"""The steps of the console: by hand with a reason, once, and never on an old page."""

import re
from uuid import UUID

import httpx
import pytest

from backend.demo import DemoFacts
from grid.kit.database import execute, fetch_one, fetch_value
from grid.kit.ids import new_id
from tests.support.console import Browser, NewBrowser, person_with, told_by_phone


@pytest.fixture
async def dispatcher(browser_of: NewBrowser, console_demo: DemoFacts) -> Browser:
    return await browser_of().sign_in(person_with(console_demo, "dispatcher"))


def choices(text: str) -> list[str]:
    """The people of the page, in its order."""
    return re.findall(r'name="staff_id" value="([^"]+)"', text)


async def assign(browser: Browser, job: UUID, **fields: str) -> httpx.Response:
    path = f"/console/work-orders/{job}"
    return await browser.submit(f"{path}/assign", path, **fields)


async def step(browser: Browser, job: UUID, verb: str, **fields: str) -> httpx.Response:
    path = f"/console/work-orders/{job}"
    return await browser.submit(f"{path}/steps/{verb}", path, **fields)


async def test_the_first_suggestion_needs_no_reason_and_another_does(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "派单", 10)
    people = choices(await dispatcher.see(f"/console/work-orders/{job}"))
    bare = await assign(dispatcher, job, version="0", staff_id=people[1])
    assert bare.status_code == 400
    assert "没有选择排在第一位的人员" in bare.text
    reasoned = await assign(dispatcher, job, version="0", staff_id=people[1], reason="他正好在附近")
    assert reasoned.status_code == 303
    row = await fetch_one("SELECT assignee, state FROM work_order WHERE id = $1", job)
    assert row is not None
    assert (str(row["assignee"]), row["state"]) == (people[1], "assigned")
    assert "他正好在附近" in await dispatcher.see(f"/console/work-orders/{job}")
    # Away from somebody: always with a reason.
    without = await assign(dispatcher, job, version="1", staff_id=people[0])
    assert without.status_code == 400
    moved = await assign(dispatcher, job, version="1", staff_id=people[0], reason="换人")
    assert moved.status_code == 303
    text = await dispatcher.see(f"/console/work-orders/{job}")
    asked = text.split("派给过谁")[1].split("</section>")[0]
    assert asked.index("换人") < asked.index("收回")
    assert asked.count("<li>") == 2


async def test_the_address_of_a_form_leads_back_to_its_page(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "地址", 16)
    page = f"/console/work-orders/{job}"
    for path, target in (
        (f"{page}/assign", page),
        (f"{page}/steps/cancel", page),
        ("/console/work-orders", "/console"),
        ("/console/sign-out", "/console"),
    ):
        answer = await dispatcher.http.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, target)
    await dispatcher.see("/console")


async def test_an_old_page_changes_nothing_and_keeps_what_was_typed(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "版本", 11)
    assert (await step(dispatcher, job, "comment", version="0", reason="先到")).status_code == 303
    for answer in (
        await step(dispatcher, job, "cancel", version="0", reason="后到的原因"),
        await assign(
            dispatcher,
            job,
            version="0",
            staff_id=choices(await dispatcher.see(f"/console/work-orders/{job}"))[0],
            reason="后到的原因",
        ),
    ):
        assert answer.status_code == 409
        assert "已被别人更新" in answer.text
        assert "后到的原因</textarea>" in answer.text
        assert 'name="version" value="1"' in answer.text
        assert "先到" in answer.text
    row = await fetch_one("SELECT state, version FROM work_order WHERE id = $1", job)
    assert row is not None
    assert (row["state"], row["version"]) == ("triaged", 1)


async def test_supervise_and_cancel_are_written_with_who_and_why(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "督办", 12)
    assert (await step(dispatcher, job, "supervise", version="0")).status_code == 400
    done = await step(dispatcher, job, "supervise", version="0", reason="县里关注")
    assert done.status_code == 303
    assert "督办" in await dispatcher.see(f"/console/work-orders/{job}?done=supervise")
    assert (await step(dispatcher, job, "cancel", version="1", reason="误报")).status_code == 303
    row = await fetch_one(
        "SELECT actor, reason FROM work_order_transition WHERE work_order = $1"
        " AND event = 'cancel'",
        job,
    )
    assert row is not None
    person = person_with(console_demo, "dispatcher")
    assert (row["actor"], row["reason"]) == (f"staff:{person.employee_no}", "误报")
    over = await step(dispatcher, job, "cancel", version="2", reason="再取消")
    assert over.status_code == 409


async def test_a_job_that_could_not_be_done_is_followed_by_another(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "再派一张", 17)
    page = f"/console/work-orders/{job}"
    assert "再派一张工单" not in await dispatcher.see(page)
    early = await dispatcher.submit(f"{page}/further", page)
    assert early.status_code == 400
    assert "未结束的工单" in early.text
    await execute("UPDATE work_order SET state = 'cannot_complete' WHERE id = $1", job)
    assert str(job) in await dispatcher.see("/console?state=done")
    assert "再派一张工单" in await dispatcher.see(page)
    done = await dispatcher.submit(f"{page}/further", page)
    assert done.status_code == 303
    assert str(job) not in done.headers["Location"]
    jobs = await fetch_value(
        "SELECT count(*) FROM work_order WHERE ticket ="
        " (SELECT ticket FROM work_order WHERE id = $1)",
        job,
    )
    assert jobs == 2
    assert "再派一张工单" not in await dispatcher.see(page)


async def test_only_the_steps_of_the_console_exist(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "步骤", 13)
    for verb in ("accept", "complete", "nonsense"):
        answer = await step(dispatcher, job, verb, version="0", reason="x")
        assert answer.status_code == 404


async def test_somebody_who_may_not_do_it_sees_no_form_and_is_refused(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    job = await told_by_phone(console_demo, "稽查", 14)
    auditor = await browser_of().sign_in(person_with(console_demo, "auditor"))
    text = await auditor.see(f"/console/work-orders/{job}")
    assert "/steps/supervise" in text
    assert "/steps/cancel" not in text
    assert "/assign" not in text
    refused = await step(auditor, job, "cancel", version="0", reason="不该")
    assert refused.status_code == 403
    staff = str(await fetch_value("SELECT id FROM staff LIMIT 1"))
    given = await assign(auditor, job, version="0", staff_id=staff, reason="不该")
    assert given.status_code == 403


async def test_a_job_of_another_station_does_not_exist(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    """S5 and W6 keep grids apart; the console shows a station head only their station."""
    job = await told_by_phone(console_demo, "别所的", 15)
    head = person_with(console_demo, "station_head")
    browser = await browser_of().sign_in(head)
    await browser.see(f"/console/work-orders/{job}")
    await move_posts(head.employee_no, to_other=True)
    try:
        await browser.see(f"/console/work-orders/{job}", 404)
        refused = await browser.submit(
            f"/console/work-orders/{job}/steps/comment", "/console", version="0", reason="x"
        )
        assert refused.status_code == 404
        assert "别所的" not in await browser.see("/console")
    finally:
        await move_posts(head.employee_no, to_other=False)


async def move_posts(employee_no: str, *, to_other: bool) -> None:
    """Give somebody's posts to a station without jobs, or back to the demo's."""
    if to_other:
        await execute(
            "INSERT INTO supply_station (id, code, name, lat, lon)"
            " VALUES ($1, 'ELSE', '别的所', 30, 110) ON CONFLICT DO NOTHING",
            new_id(),
        )
    code = "code = 'ELSE'" if to_other else "code <> 'ELSE'"
    await execute(
        f"UPDATE staff_role_grant SET station = (SELECT id FROM supply_station WHERE {code} LIMIT 1)"
        " WHERE staff = (SELECT id FROM staff WHERE employee_no = $1)",
        employee_no,
    )


BY_PHONE = {"kind": "fault", "channel": "phone"}


async def test_the_old_address_of_the_fault_form_shows_the_one_screen(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    number = console_demo.customers[20].account_no
    answer = await dispatcher.http.get(f"/console/work-orders/new?account_no={number}&x=1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/console/tickets/new?kind=fault&account_no={number}"


async def test_a_fault_taken_by_telephone_is_one_job_however_often_it_is_sent(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    customer = console_demo.customers[20]
    page = f"/console/tickets/new?account_no={customer.account_no}"
    text = await dispatcher.see(page)
    assert customer.name in text
    key = re.findall(r'name="key" value="([^"]+)"', text)[0]
    fields = {
        "key": key,
        "account_no": customer.account_no,
        "description": "整栋楼停电",
        **BY_PHONE,
    }
    first = await dispatcher.submit("/console/tickets/new", page, **fields)
    second = await dispatcher.submit("/console/tickets/new", page, **fields)
    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]
    found = await fetch_one(
        "SELECT count(*) AS number, min(channel) AS channel FROM ticket WHERE description = $1",
        "整栋楼停电",
    )
    assert found is not None
    assert (found["number"], found["channel"]) == (1, "phone")


async def test_danger_without_an_account_needs_a_place_and_a_telephone(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    page = "/console/tickets/new"
    danger = {"description": "电线落地", "danger": "1", **BY_PHONE}
    bare = await dispatcher.submit(page, page, **danger)
    assert bare.status_code == 400
    assert "请填写故障地址" in bare.text
    assert "电线落地</textarea>" in bare.text
    fields = {**danger, "address": "村口大路"}
    no_phone = await dispatcher.submit(page, page, **fields)
    assert no_phone.status_code == 400
    done = await dispatcher.submit(page, page, **fields, phone="13800000000")
    assert done.status_code == 303
    alarms = await dispatcher.see("/console/alarms")
    assert "电线落地" in alarms


@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        ("application/json", b"{}", 400),
        ("multipart/form-data; boundary=x", b"--x--", 400),
        ("application/x-www-form-urlencoded", b"csrf_token=%FF%FE", 400),
        ("application/x-www-form-urlencoded", "csrf_token=中".encode(), 400),
        ("application/x-www-form-urlencoded", b"a=1&" * 200, 400),
        ("application/x-www-form-urlencoded", b"reason=" + b"x" * 30_000, 400),
        ("application/x-www-form-urlencoded", b"x" * 2_000_000, 413),
        ("application/x-www-form-urlencoded", b"", 403),
    ],
)
async def test_a_body_that_is_no_form_of_ours_is_refused(
    dispatcher: Browser, content_type: str, content: bytes, status: int
) -> None:
    answer = await dispatcher.http.post(
        "/console/tickets/new", content=content, headers={"Content-Type": content_type}
    )
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["Content-Type"].startswith("text/html")

"""Pauses and corrections on pages: asked for on the job, decided in the inbox, by two people."""

import re
from datetime import timedelta

from backend.demo import DemoFacts
from grid.kit.clock import SHANGHAI, business_now
from grid.kit.database import execute, fetch_value
from tests.support.console import Browser, NewBrowser, told_by_phone

_INBOX = "/console/corrections"


async def _two_of_the_county(browser_of: NewBrowser, demo: DemoFacts) -> tuple[Browser, Browser]:
    dispatcher = next(one for one in demo.staff if "dispatcher" in one.roles)
    auditor = next(one for one in demo.staff if "auditor" in one.roles)
    return await browser_of().sign_in(dispatcher), await browser_of().sign_in(auditor)


async def test_a_pause_is_asked_for_on_the_job_and_decided_in_the_inbox(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    asking, deciding = await _two_of_the_county(browser_of, console_demo)
    job = await told_by_phone(console_demo, "没电了", 0)
    times = f"/console/work-orders/{job}/times"
    assert f'href="{times}"' in await asking.see(f"/console/work-orders/{job}")
    until = (await business_now() + timedelta(hours=3)).astimezone(SHANGHAI)
    fields = {"reason": "weather", "words": "路被水冲断", "until": f"{until:%Y-%m-%dT%H:%M}"}
    late = await asking.submit(f"{times}/pause", times, **{**fields, "until": "2031-01-01T00:00"})
    assert late.status_code == 400
    assert "48 小时之内" in late.text
    assert "路被水冲断" in late.text, "what was typed is kept"
    asked = await asking.submit(f"{times}/pause", times, **fields)
    assert asked.status_code == 303, asked.text[:2000]
    inbox = await asking.see(_INBOX)
    assert "路被水冲断" in inbox
    assert "请另一位同事审批" in inbox
    found = re.search(r"/console/pauses/([0-9a-f-]{36})/approve", await deciding.see(_INBOX))
    assert found is not None
    no_reason = await deciding.submit(f"/console/pauses/{found[1]}/refuse", _INBOX)
    assert no_reason.status_code == 400
    own = await asking.submit(f"/console/pauses/{found[1]}/approve", _INBOX)
    assert own.status_code == 403
    done = await deciding.submit(f"/console/pauses/{found[1]}/approve", _INBOX)
    assert done.status_code == 303
    assert "暂停中" in await asking.see(times)
    ended = await asking.submit(f"/console/pauses/{found[1]}/end", times)
    assert ended.status_code == 303
    assert await fetch_value("SELECT state FROM sla_pause WHERE subject_id = $1", job) == "ended"


async def test_a_correction_shows_before_and_after_and_needs_a_second_person(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    asking, deciding = await _two_of_the_county(browser_of, console_demo)
    job = await told_by_phone(console_demo, "没电了", 1)
    times, now = f"/console/work-orders/{job}/times", await business_now()
    arrived = now - timedelta(minutes=1)
    await execute(
        "UPDATE work_order SET clock_from = $2, arrived_at = $3 WHERE id = $1",
        job,
        now - timedelta(hours=4),
        arrived,
    )
    await execute(
        "UPDATE sla_clock SET started_at = $2, due_at = $3, stopped_at = $4, breached_at = $3"
        " WHERE subject_id = $1 AND target = 'arrive'",
        job,
        now - timedelta(hours=4),
        now - timedelta(hours=2.5),
        arrived,
    )
    earlier = (now - timedelta(hours=3)).astimezone(SHANGHAI)
    fields = {
        "field": "arrived_at",
        "new_at": f"{earlier:%Y-%m-%dT%H:%M:%S}",
        "reason": "现场无信号",
    }
    bad = await asking.submit(
        f"{times}/correction", times, **{**fields, "new_at": "2031-01-01T00:00:00"}
    )
    assert bad.status_code == 400
    assert "不能晚于现在" in bad.text
    sent = await asking.submit(f"{times}/correction", times, **fields)
    assert sent.status_code == 303, sent.text[:2000]
    inbox = await deciding.see(_INBOX)
    assert "现场无信号" in inbox
    assert "超时" in inbox
    assert "按时" in inbox
    found = re.search(r"/console/corrections/([0-9a-f-]{36})/approve", inbox)
    assert found is not None
    own = await asking.submit(f"/console/corrections/{found[1]}/approve", _INBOX)
    assert own.status_code == 403
    done = await deciding.submit(f"/console/corrections/{found[1]}/approve", _INBOX)
    assert done.status_code == 303
    stored = await fetch_value("SELECT arrived_at FROM work_order WHERE id = $1", job)
    assert f"{stored.astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}" == fields["new_at"]
    assert "最近处理的更正" in await deciding.see(_INBOX)


async def test_the_priority_of_a_job_is_changed_with_a_reason(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    asking, _ = await _two_of_the_county(browser_of, console_demo)
    job = await told_by_phone(console_demo, "没电了", 2)
    times = f"/console/work-orders/{job}/times"
    version = re.search(r'name="version" value="(\d+)"', await asking.see(times))
    assert version is not None
    fields = {"priority": "danger", "version": version[1]}
    assert (await asking.submit(f"{times}/priority", times, **fields)).status_code == 400
    done = await asking.submit(f"{times}/priority", times, **fields, reason="有人触电")
    assert done.status_code == 303
    assert await fetch_value("SELECT priority FROM work_order WHERE id = $1", job) == "danger"


async def test_who_may_not_correct_times_has_no_inbox(
    browser_of: NewBrowser, console_demo: DemoFacts
) -> None:
    operator = next(one for one in console_demo.staff if "operator" in one.roles)
    browser = await browser_of().sign_in(operator)
    await browser.see(_INBOX, status=403)
    assert _INBOX not in await browser.see("/console/people")

"""A call for help stands at the top of every page until somebody says what was done."""

from uuid import UUID

import pytest

from backend.demo import DemoFacts
from grid.dispatch.service import offer
from grid.kit.database import fetch_one
from grid.territory.types import StaffActor
from grid.work_orders.on_site.safety import raise_sos
from grid.work_orders.reading import view_one
from grid.work_orders.steps import take_step
from grid.work_orders.types import DoVerb, OnSite, WorkOrderView
from grid.work_orders.words import WorkOrderEvent
from tests.support.console import Browser, NewBrowser, person_with, told_by_phone
from tests.support.staff import actor_of

PAGE = "/console/safety-alarms"


@pytest.fixture
async def dispatcher(browser_of: NewBrowser, console_demo: DemoFacts) -> Browser:
    return await browser_of().sign_in(person_with(console_demo, "dispatcher"))


async def called(job_id: UUID) -> tuple[WorkOrderView, StaffActor]:
    """Somebody accepted a job and calls for help with words of their own."""
    assert await offer(job_id)
    given = await fetch_one("SELECT assignee FROM work_order WHERE id = $1", job_id)
    assert given is not None
    actor = await actor_of(given["assignee"])
    job = await view_one(actor, job_id)
    await take_step(actor, job.id, WorkOrderEvent.ACCEPT, DoVerb(version=job.version))
    await raise_sos(actor, job.id, OnSite(words="<b>触电</b>了"))
    return job, actor


async def test_a_call_for_help_is_shown_everywhere_until_answered(
    dispatcher: Browser, console_demo: DemoFacts
) -> None:
    job, actor = await called(await told_by_phone(console_demo, "要去现场"))
    for path in ("/console", "/console/people", "/console/alarms", PAGE):
        page = await dispatcher.see(path)
        assert "紧急求助" in page
        assert actor.name in page
        assert "&lt;b&gt;触电&lt;/b&gt;" in page
    empty = await dispatcher.submit(f"{PAGE}/{job.id}", PAGE)
    assert empty.status_code == 400
    assert "请填写核实情况和处理结果" in empty.text
    done = await dispatcher.submit(f"{PAGE}/{job.id}", PAGE, words="已送医,无大碍")
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?done")
    assert "紧急求助" not in await dispatcher.see("/console/alarms")
    again = await dispatcher.submit(f"{PAGE}/{job.id}", PAGE, words="再填一次")
    assert again.status_code == 409
    assert "没有待处理的求助" in again.text
    row = await fetch_one("SELECT answer FROM safety_alarm WHERE work_order = $1", job.id)
    assert row is not None
    assert row["answer"] == "已送医,无大碍"

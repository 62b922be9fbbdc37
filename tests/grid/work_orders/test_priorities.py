"""Another priority: other limits, the same start and the same pauses; tickets are paused too."""

from datetime import timedelta

import pytest

from grid.clocks import schedule as clocks_schedule
from grid.clocks.ledger import latest
from grid.clocks.service import clock_rows
from grid.clocks.types import DecidePause, PauseReason, RequestPause, Subject, Target
from grid.kit.clock import advance, business_now
from grid.kit.database import execute, fetch_value
from grid.kit.ids import new_id
from grid.kit.refusals import NotAllowed, NotFound, StaleVersion
from grid.territory.types import StaffActor
from grid.work_orders.reading import view_one
from grid.work_orders.times.correction_reading import open_pauses, pauses_of_matter
from grid.work_orders.times.pausing import approve_pause, request_pause
from grid.work_orders.times.priorities import PriorityNotChanged, change_priority
from grid.work_orders.times.types import ChangePriority
from grid.work_orders.types import WorkOrderView
from grid.work_orders.words import Priority
from tests.grid.work_orders.matters import do, history, make_office, taken_in
from tests.grid.work_orders.scene import (
    completed,
    history_of,
    make_scene,
    offered,
    row_of,
    said,
    traces,
    walked,
)
from tests.support.county import make_grid
from tests.support.staff import actor_of, make_dispatcher

pytestmark = pytest.mark.usefixtures("rolled_back")


async def shorter_for_danger(minutes: int) -> None:
    """The company promises less for danger."""
    await execute(
        "INSERT INTO sla_policy (id, kind, target, priority, limit_s, hours, warn_percent, source,"
        " effective_from, state, proposed_by, proposed_at, released_by, released_at)"
        " VALUES ($1, 'fault_repair', 'arrive', 'danger', $2, 'always', 80, '县公司文件',"
        " $3, 'released', 'staff:E1', $3, 'staff:E2', $3)",
        new_id(),
        minutes * 60,
        await business_now() - timedelta(days=1),
    )


async def changed(actor: StaffActor, job: WorkOrderView, priority: Priority) -> WorkOrderView:
    version = (await row_of(job.id))["version"]
    command = ChangePriority(version=version, priority=priority, reason="电线落地")
    return await change_priority(actor, job.id, command)


async def test_W3_raised_past_its_new_limit_a_job_is_breached_at_the_change_once() -> None:
    await shorter_for_danger(30)
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "depart")
    await advance(40 * 60)
    before = latest(await clock_rows(job.id))[Target.ARRIVE]
    job = await changed(scene.dispatcher, job, Priority.DANGER)
    after = latest(await clock_rows(job.id))[Target.ARRIVE]
    assert (after.id, after.started_at, after.limit_s) == (before.id, before.started_at, 1800)
    assert after.started_at is not None
    assert after.due_at == after.started_at + timedelta(minutes=30)
    assert after.breached_at is not None
    assert after.breached_at > after.due_at
    await clocks_schedule.find_breaches()
    assert (await said())["ClockBreached"] == 1
    assert (job.priority, (await said())["DangerReported"]) == ("danger", 1)
    last = (await history_of(job.id))[-1]
    assert (last["event"], last["reason"]) == ("comment", "电线落地")
    assert '"priority_to":"danger"' in last["facts"].replace(" ", "")


async def test_a_change_of_priority_keeps_the_pauses() -> None:
    await shorter_for_danger(60)
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "depart")
    until = await business_now() + timedelta(hours=1)
    asked = RequestPause(reason=PauseReason.CUSTOMER_ASKED, words="改期", until=until)
    await request_pause(scene.manager, Subject.WORK_ORDER, job.id, asked)
    job = await changed(scene.dispatcher, job, Priority.DANGER)
    clock = latest(await clock_rows(job.id))[Target.ARRIVE]
    assert clock.due_at is not None
    assert clock.started_at is not None
    lasted = (clock.due_at - clock.started_at).total_seconds()
    assert lasted == pytest.approx(2 * 3600, abs=20)
    assert (await row_of(job.id))["due_at"] == min(
        row.due_at for row in await clock_rows(job.id) if row.is_running and row.due_at
    )


async def test_who_gives_out_work_changes_the_priority_of_what_is_not_over() -> None:
    scene = await make_scene()
    job = await offered(scene)
    with pytest.raises(NotAllowed):
        await changed(scene.manager, job, Priority.DANGER)
    with pytest.raises(NotFound):
        await changed(await actor_of((await make_grid()).manager), job, Priority.DANGER)
    left = await traces()
    with pytest.raises(PriorityNotChanged):
        await changed(scene.dispatcher, job, job.priority)
    stale = ChangePriority(version=0, priority=Priority.DANGER, reason="电线落地")
    with pytest.raises(StaleVersion):
        await change_priority(scene.dispatcher, job.id, stale)
    assert await traces() == left
    over = await completed(await make_scene())
    with pytest.raises(PriorityNotChanged):
        await changed(await make_dispatcher(), over, Priority.DANGER)


async def test_an_open_offer_is_silent_after_the_limit_that_holds_now() -> None:
    scene = await make_scene()
    job = await offered(scene)
    await shorter_for_danger(30)
    await execute("UPDATE sla_policy SET target = 'accept', limit_s = 60 WHERE priority = 'danger'")
    await changed(scene.dispatcher, job, Priority.DANGER)
    due = await fetch_value("SELECT accept_due_at FROM assignment WHERE work_order = $1", job.id)
    assert due == latest(await clock_rows(job.id))[Target.ACCEPT].due_at
    shown = await view_one(scene.dispatcher, job.id)
    assert next(one.limit_s for one in shown.clocks if one.target is Target.ACCEPT) == 60


async def test_a_ticket_is_paused_by_who_handles_it_and_approved_in_the_county() -> None:
    office = await make_office()
    ticket = await taken_in(office, "complaint")
    await do(office.head, ticket.id, "dispatch", staff_id=office.clerk.staff_id)
    before = latest(await clock_rows(ticket.id))
    asked = RequestPause(
        reason=PauseReason.WAITING_MATERIAL,
        words="等厂家回复",
        until=await business_now() + timedelta(days=4),
    )
    outsider = await actor_of((await make_grid()).manager)
    with pytest.raises(NotFound):
        await request_pause(outsider, Subject.TICKET, ticket.id, asked)
    pause = await request_pause(office.clerk, Subject.TICKET, ticket.id, asked)
    assert [one.number for one in await open_pauses(office.county)] == [ticket.number]
    await approve_pause(office.county, pause.id, DecidePause())
    after = latest(await clock_rows(ticket.id))
    contact, answer = Target.FIRST_CONTACT, Target.ANSWER
    assert after[contact].due_at == before[contact].due_at, "waiting excuses no call"
    assert after[answer].due_at > before[answer].due_at  # type: ignore[operator]
    stored = await fetch_value("SELECT due_at FROM ticket WHERE id = $1", ticket.id)
    assert stored == min(row.due_at for row in after.values() if row.is_running and row.due_at)
    lines = [one["event"] for one in await history(ticket.id)]
    assert lines[-2:] == ["comment", "comment"]


async def test_W5_who_a_complaint_is_about_neither_pauses_it_nor_sees_its_pauses() -> None:
    office = await make_office()
    accused = office.scene.manager
    ticket = await taken_in(office, "complaint", about=[accused.employee_no])
    asked = RequestPause(
        reason=PauseReason.CUSTOMER_ASKED,
        words="改天再谈",
        until=await business_now() + timedelta(hours=5),
    )
    with pytest.raises(NotFound):
        await request_pause(accused, Subject.TICKET, ticket.id, asked)
    await do(office.head, ticket.id, "dispatch", staff_id=office.clerk.staff_id)
    await request_pause(office.clerk, Subject.TICKET, ticket.id, asked)
    with pytest.raises(NotFound):
        await pauses_of_matter(accused, Subject.TICKET, ticket.id)
    assert len(await pauses_of_matter(office.head, Subject.TICKET, ticket.id)) == 1


async def test_the_pauses_of_a_sealed_matter_are_for_the_auditor_only() -> None:
    office = await make_office()
    ticket = await taken_in(office, "tip_off")
    asked = RequestPause(
        reason=PauseReason.GOVERNMENT,
        words="等待检查结果",
        until=await business_now() + timedelta(days=5),
    )
    for somebody in (office.head, office.clerk, office.county):
        with pytest.raises(NotFound):
            await request_pause(somebody, Subject.TICKET, ticket.id, asked)
    await request_pause(office.auditor, Subject.TICKET, ticket.id, asked)
    assert await open_pauses(office.county) == []
    assert len(await open_pauses(office.auditor)) == 1

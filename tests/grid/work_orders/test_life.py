"""The life of a fault: every step with its state, its history, its assignment, its events (W1)."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from grid.clocks.service import clock_rows
from grid.dispatch.service import offer
from grid.kit.clock import advance, business_now
from grid.work_orders.reading import work_order
from grid.work_orders.rules import NotRestoredYet, WorkOrderStepNotPossible
from grid.work_orders.tickets.followed import rate_ticket, say_still_dark, ticket_view
from grid.work_orders.tickets.types import RateTicket
from tests.grid.work_orders.scene import (
    assignments_of,
    completed,
    history_of,
    job_id,
    make_scene,
    offered,
    row_of,
    said,
    step,
    told,
    traces,
    walked,
)

pytestmark = pytest.mark.usefixtures("rolled_back")

#: Each verb of the way with the job's state, the assignment's and the ticket's after it.
STATES = {
    "accept": ("accepted", "accepted", "in_hand"),
    "depart": ("en_route", "en_route", "in_hand"),
    "arrive": ("on_site", "on_site", "on_site"),
    "start": ("in_progress", "working", "on_site"),
    "restore": ("in_progress", "working", "handled"),
    "complete": ("completed", "finished", "replied"),
}


async def test_W1_told_makes_a_ticket_with_its_job_and_says_so_once() -> None:
    scene = await make_scene()
    ticket = await told(scene)
    assert (ticket.state, ticket.work_order_state) == ("accepted", "triaged")
    assert ticket.number.startswith("BX")
    job = await row_of(job_id(ticket))
    assert (job["grid"], job["account"], job["place_class"]) == (
        scene.grid.id,
        scene.home.id,
        "rural",
    )
    limits_s = {row.target.value: row.limit_s for row in await clock_rows(job["id"])}
    assert limits_s == {"accept": 180, "arrive": 5400, "restore": 14400}
    first = Counter({"TicketOpened": 1, "WorkOrderOpened": 1})
    assert await said() == first
    assert await offer(job["id"])
    assert await said() == first + Counter({"WorkOrderChanged:assign": 1, "TicketChanged": 1})


@pytest.mark.parametrize("verb", STATES)
async def test_W1_each_step_moves_job_assignment_and_ticket(verb: str) -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), verb)
    (assignment,) = await assignments_of(job.id)
    assert job.ticket_id is not None
    ticket = await ticket_view(job.ticket_id)
    assert (job.state, assignment["state"], ticket.state) == STATES[verb]
    assert (assignment["ended_at"] is not None) == (verb == "complete")


async def test_W1_a_walked_job_says_each_event_once() -> None:
    scene = await make_scene()
    await completed(scene)
    assert await said() == Counter(
        {f"WorkOrderChanged:{verb}": 1 for verb in STATES}
        | {"WorkOrderChanged:assign": 1, "WorkOrderOpened": 1, "WorkOrderAccepted": 1}
        | {"WorkOrderArrived": 1, "WorkOrderCompleted": 1, "TicketOpened": 1, "TicketReplied": 1}
        # Dispatched, taken, arrived, handled, replied.
        | {"TicketChanged": 5}
    )


async def test_W1_the_history_of_a_closed_fault_skips_no_step() -> None:
    scene = await make_scene()
    job = await completed(scene)
    assert job.ticket_id is not None
    closed = await rate_ticket(scene.customer, RateTicket(ticket_id=job.ticket_id, stars=5))
    assert (closed.state, closed.work_order_state, closed.stars) == ("closed", "closed", 5)
    assert closed.closed_at is not None
    full = await work_order(scene.dispatcher, job.id)
    assert [one.event for one in full.history] == ["intake", "assign", *STATES, "close"]
    assert [one.from_state for one in full.history[1:]] == [
        one.to_state for one in full.history[:-1]
    ]
    rows = await history_of(job.id)
    assert [row["version"] for row in rows] == list(range(len(rows)))
    assert {clock.state for clock in full.clocks} == {"met"}
    assert (await said())["TicketClosed"] == 1


async def test_W1_every_step_has_its_actor_and_the_servers_time() -> None:
    scene = await make_scene()
    before = await business_now()
    job = await completed(scene)
    rows = await history_of(job.id)
    manager = f"staff:{scene.manager.employee_no}"
    assert [row["actor"] for row in rows] == [
        f"openid:{scene.customer.openid}",
        "system:dispatch",
        *[manager] * 6,
    ]
    now = await business_now()
    assert all(before <= row["at"] <= now for row in rows)
    shown = (await work_order(scene.dispatcher, job.id)).history
    assert shown[0].actor == "openid", "the openid of a customer is not for other eyes"
    assert shown[2].actor_name == scene.manager.name


async def test_W2_device_time_is_kept_beside_and_moves_no_clock() -> None:
    scene = await make_scene()
    job = await offered(scene)
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    job = await step(scene.manager, job, "accept", occurred_at=long_ago)
    row, last = await row_of(job.id), (await history_of(job.id))[-1]
    assert last["device_at"] == long_ago
    assert row["accepted_at"] == last["at"] > long_ago
    await advance(600)
    job = await step(scene.manager, job, "depart", occurred_at=long_ago)
    assert (await row_of(job.id))["departed_at"] - row["accepted_at"] >= timedelta(seconds=600)


async def test_W1_complete_only_after_restore() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "start")
    assert "restore" in job.allowed
    assert "complete" not in job.allowed
    before = await traces()
    with pytest.raises(NotRestoredYet):
        await step(scene.manager, job, "complete", resolution="好了")
    assert await traces() == before
    job = await step(scene.manager, job, "restore")
    assert "complete" in job.allowed
    assert "restore" not in job.allowed


async def test_hold_and_resume_keep_the_work_open() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "start")
    job = await step(scene.manager, job, "hold", reason="等备件")
    assert job.state == "on_hold"
    job = await step(scene.manager, job, "resume")
    assert job.state == "in_progress"
    (assignment,) = await assignments_of(job.id)
    assert assignment["state"] == "working"


async def test_decline_hands_the_job_back_with_its_reason() -> None:
    scene = await make_scene()
    job = await offered(scene)
    job = await step(scene.manager, job, "decline", reason="正在外地")
    assert (job.state, job.assignee) == ("pending_dispatch", None)
    (assignment,) = await assignments_of(job.id)
    assert (assignment["state"], assignment["reason"]) == ("declined", "正在外地")
    assert (await said())["WorkOrderNeedsSomebody"] == 1
    assert {clock.target.value: clock.state.value for clock in job.clocks} == {
        "accept": "cancelled",
        "arrive": "running",
    }, "nobody is asked to accept now"


async def test_cancel_ends_ticket_and_assignment() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "depart")
    job = await step(scene.dispatcher, job, "cancel", reason="客户自行恢复")
    (assignment,) = await assignments_of(job.id)
    assert job.ticket_id is not None
    ticket = await ticket_view(job.ticket_id)
    assert (job.state, assignment["state"], ticket.state) == ("cancelled", "released", "cancelled")
    await advance(7 * 86400)
    clocks = (await work_order(scene.dispatcher, job.id)).clocks
    assert {clock.target.value: clock.state.value for clock in clocks} == {
        "accept": "met",
        "arrive": "cancelled",
    }


async def test_W3_the_clocks_of_what_cannot_be_completed_stand_still_also_when_closed() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "start")
    job = await step(scene.manager, job, "cannot-complete", reason="需要吊车")
    await advance(7 * 86400)
    standing = {"accept": "met", "arrive": "met", "restore": "cancelled"}
    for close in (False, True):
        seen = await work_order(scene.dispatcher, job.id)
        if close:
            seen = await step(scene.dispatcher, seen, "close")
        assert {clock.target.value: clock.state.value for clock in seen.clocks} == standing


async def test_W3_cancelling_late_does_not_hide_the_breach() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "depart")
    await advance(5401)
    job = await step(scene.dispatcher, job, "cancel", reason="误报")
    assert {clock.target.value: clock.state.value for clock in job.clocks} == {
        "accept": "met",
        "arrive": "breached",
    }


async def test_W1_reopening_keeps_the_history_and_starts_the_clocks_anew() -> None:
    scene = await make_scene()
    job = await completed(scene)
    first = [tuple(row.values()) for row in await history_of(job.id)]
    await advance(3600)
    assert job.ticket_id is not None
    ticket = await say_still_dark(scene.customer, job.ticket_id)
    assert (ticket.state, ticket.work_order_state) == ("accepted", "pending_dispatch")
    row = await row_of(job.id)
    moments = ("accepted", "departed", "arrived", "started", "restored", "completed", "closed")
    assert [row[f"{moment}_at"] for moment in moments] == [None] * 7
    assert (row["assignee"], row["arrival_grade"], row["resolution"]) == (None, None, None)
    assert row["clock_from"] - row["reported_at"] >= timedelta(seconds=3600)
    assert [tuple(row.values()) for row in await history_of(job.id)][: len(first)] == first
    assert (await said())["WorkOrderNeedsSomebody"] == 1

    assert await offer(job.id), "who finished it before is asked again"
    again = await walked(scene, await work_order(scene.manager, job.id), "complete")
    assert again.state == "completed"
    assert [row["state"] for row in await assignments_of(job.id)] == ["finished", "finished"]


async def test_supervise_flags_without_changing_the_state() -> None:
    scene = await make_scene()
    job = await offered(scene)
    job = await step(scene.dispatcher, job, "supervise", reason="客户是养殖场")
    assert (job.state, job.supervised) == ("assigned", True)


async def test_W2_the_moment_of_restoration_is_not_moved_by_a_second_tap() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "restore")
    before = await traces()
    restored_at = job.restored_at
    await advance(600)
    with pytest.raises(WorkOrderStepNotPossible, match="已经登记过恢复供电"):
        await step(scene.manager, job, "restore")
    assert await traces() == before
    assert (await row_of(job.id))["restored_at"] == restored_at

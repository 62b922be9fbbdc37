"""What time does to jobs: silent offers move on (R3), unrated repairs close (W1)."""

from datetime import timedelta

import pytest

from grid.dispatch.schedule import offer_waiting
from grid.dispatch.service import offer
from grid.kit.clock import advance
from grid.work_orders.reading import view_one
from grid.work_orders.schedule import close_unrated, move_silent_offers_on
from grid.work_orders.tickets.followed import ticket_view
from tests.grid.work_orders.scene import (
    assignments_of,
    completed,
    history_of,
    make_scene,
    offered,
    row_of,
    said,
    step,
    traces,
)
from tests.support.staff import end_shifts, give_shift

pytestmark = pytest.mark.usefixtures("rolled_back")


async def test_R3_silence_past_the_limit_moves_the_offer_to_the_next() -> None:
    scene = await make_scene()
    job = await offered(scene)
    await advance(170)
    await move_silent_offers_on()
    assert (await row_of(job.id))["state"] == "assigned", "the limit is not over"
    await advance(11)
    await move_silent_offers_on()
    row, last = await row_of(job.id), (await history_of(job.id))[-1]
    assert (row["state"], row["assignee"]) == ("pending_dispatch", None)
    assert (last["event"], last["actor"], last["staff"]) == (
        "silence",
        "system:silence",
        scene.manager.staff_id,
    )
    (first,) = await assignments_of(job.id)
    assert (first["state"], first["reason"]) == ("released", "超时未接单")
    assert (await said())["WorkOrderNeedsSomebody"] == 1
    assert await offer(job.id)
    assert (await row_of(job.id))["assignee"] == scene.grid.assistant


async def test_R3_who_accepted_in_time_keeps_the_job() -> None:
    scene = await make_scene()
    job = await step(scene.manager, await offered(scene), "accept")
    await advance(3600)
    before = await traces()
    await move_silent_offers_on()
    assert await traces() == before
    assert (await row_of(job.id))["assignee"] == scene.manager.staff_id


async def test_R3_declined_by_all_the_job_waits_and_is_offered_when_somebody_comes() -> None:
    scene = await make_scene()
    job = await offered(scene)
    await step(scene.manager, job, "decline", reason="在外地")
    await end_shifts(scene.grid.assistant)
    await offer_waiting()
    assert (await row_of(job.id))["state"] == "pending_dispatch", "the supervisor does no repairs"
    await give_shift(scene.grid.assistant)
    await offer_waiting()
    assert (await row_of(job.id))["assignee"] == scene.grid.assistant


async def test_R3_after_a_while_who_declined_is_asked_again() -> None:
    scene = await make_scene()
    job = await offered(scene)
    await end_shifts(scene.grid.assistant)
    await step(scene.manager, job, "decline", reason="在外地")
    await advance(29 * 60)
    await offer_waiting()
    assert (await row_of(job.id))["assignee"] is None
    await advance(2 * 60)
    await offer_waiting()
    assert (await row_of(job.id))["assignee"] == scene.manager.staff_id


async def test_a_planned_job_is_offered_when_its_start_comes() -> None:
    scene = await make_scene()
    job = await offered(scene)
    job = await step(scene.manager, job, "decline", reason="明天再去")
    view = await view_one(scene.dispatcher, job.id)
    await step(scene.dispatcher, view, "schedule", starts_at=view.reported_at + timedelta(hours=1))
    await advance(3500)
    await offer_waiting()
    assert (await row_of(job.id))["state"] == "scheduled"
    await advance(200)
    await offer_waiting()
    assert (await row_of(job.id))["state"] == "assigned"


async def test_W1_an_unrated_repair_closes_after_its_limit_and_not_before() -> None:
    scene = await make_scene()
    job = await completed(scene)
    await advance(24 * 3600 - 60)
    await close_unrated()
    assert (await row_of(job.id))["state"] == "completed"
    await advance(120)
    await close_unrated()
    row, last = await row_of(job.id), (await history_of(job.id))[-1]
    assert (row["state"], last["event"], last["actor"]) == ("closed", "close", "system:closing")
    assert job.ticket_id is not None
    assert (await ticket_view(job.ticket_id)).state == "closed"
    assert (await said())["TicketClosed"] == 1
    before = await traces()
    await close_unrated()
    assert await traces() == before


async def test_doing_a_schedule_twice_does_nothing_more() -> None:
    scene = await make_scene()
    await offered(scene)
    await advance(200)
    await move_silent_offers_on()
    before = await traces()
    await move_silent_offers_on()
    assert await traces() == before

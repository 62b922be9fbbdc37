"""Jobs of somebody who was disabled, and tickets that nobody works on any more."""

import pytest

from grid.dispatch.service import offer
from grid.kit.clock import advance
from grid.kit.database import fetch
from grid.territory.types import StaffDisabled
from grid.work_orders.intake import open_work_order
from grid.work_orders.reactions import release_jobs
from grid.work_orders.reading import view_one
from grid.work_orders.releasing import release_jobs_of
from grid.work_orders.schedule import say_left_open
from grid.work_orders.tickets.followed import ticket_view
from grid.work_orders.types import OpenWorkOrder
from tests.grid.work_orders.scene import (
    assignments_of,
    history_of,
    make_scene,
    offered,
    row_of,
    said,
    step,
    traces,
    walked,
)
from tests.support.staff import disable

pytestmark = pytest.mark.usefixtures("rolled_back")


@pytest.mark.parametrize("verb", ["assign", "accept", "depart"])
async def test_R3_what_a_disabled_person_was_on_the_way_to_goes_back_to_the_queue(
    verb: str,
) -> None:
    scene = await make_scene()
    job = await offered(scene)
    if verb != "assign":
        job = await walked(scene, job, verb)
    await disable(scene.manager.staff_id)
    for _ in range(2):
        await release_jobs(StaffDisabled(staff_id=scene.manager.staff_id))
    row, last = await row_of(job.id), (await history_of(job.id))[-1]
    assert (row["state"], row["assignee"], row["departed_at"]) == ("pending_dispatch", None, None)
    assert (last["event"], last["actor"], last["staff"]) == (
        "release",
        "system:releasing",
        scene.manager.staff_id,
    )
    (assignment,) = await assignments_of(job.id)
    assert (assignment["state"], assignment["ended_at"]) == ("released", last["at"])
    assert job.ticket_id is not None
    assert (await ticket_view(job.ticket_id)).state == "accepted"
    assert (await said())["WorkOrderNeedsSomebody"] == 1
    assert await offer(job.id)
    assert (await row_of(job.id))["assignee"] == scene.grid.assistant
    clocks = (await view_one(scene.dispatcher, job.id)).clocks
    assert {clock.target.value: clock.state.value for clock in clocks} == {
        "accept": "running",
        "arrive": "running",
    }, "the customer's wait goes on"


@pytest.mark.parametrize("verb", ["arrive", "start", "complete"])
async def test_work_that_has_begun_is_left_to_people(verb: str) -> None:
    scene = await make_scene()
    await walked(scene, await offered(scene), verb)
    before = await traces()
    assert await release_jobs_of(scene.manager.staff_id) == 0
    assert await traces() == before


async def test_W3_a_ticket_left_open_is_said_once_and_not_when_somebody_goes_again() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "start")
    job = await step(scene.manager, job, "cannot-complete", reason="需要吊车")
    await advance(59 * 60)
    await say_left_open()
    assert (await said())["TicketLeftOpen"] == 0
    await advance(2 * 60)
    for _ in range(2):
        await say_left_open()
    assert (await said())["TicketLeftOpen"] == 1
    (event,) = await fetch("SELECT body FROM outbox_event WHERE kind LIKE '%TicketLeftOpen'")
    assert str(job.ticket_id) in event["body"]
    assert str(job.id) in event["body"]


async def test_a_further_job_in_time_keeps_it_quiet() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "start")
    job = await step(scene.manager, job, "cannot-complete", reason="需要吊车")
    further = OpenWorkOrder(description="带吊车再去", ticket_id=job.ticket_id)
    await open_work_order(scene.dispatcher, further)
    await advance(5 * 3600)
    await say_left_open()
    assert (await said())["TicketLeftOpen"] == 0

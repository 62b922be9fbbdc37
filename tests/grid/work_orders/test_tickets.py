"""What the customer follows, rates, and may say is not solved."""

import pytest

from grid.kit.refusals import NotFound
from grid.work_orders.tickets.followed import (
    TicketAlreadyRated,
    TicketNotFinished,
    rate_ticket,
    say_still_dark,
    tickets_of_openid,
)
from grid.work_orders.tickets.types import RateTicket
from tests.grid.work_orders.scene import (
    completed,
    make_scene,
    offered,
    said,
    step,
    told,
    traces,
    walked,
)
from tests.support.homes import make_customer

pytestmark = pytest.mark.usefixtures("rolled_back")


async def test_rating_closes_ticket_and_job_once() -> None:
    scene = await make_scene()
    job = await completed(scene)
    assert job.ticket_id is not None
    rated = await rate_ticket(
        scene.customer, RateTicket(ticket_id=job.ticket_id, stars=2, comment="来得太慢")
    )
    assert (rated.stars, rated.state) == (2, "closed")
    before = await traces()
    with pytest.raises(TicketAlreadyRated):
        await rate_ticket(scene.customer, RateTicket(ticket_id=job.ticket_id, stars=5))
    assert await traces() == before
    assert (await said())["TicketClosed"] == 1


async def test_nothing_is_rated_before_it_is_finished() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "restore")
    assert job.ticket_id is not None
    with pytest.raises(TicketNotFinished):
        await rate_ticket(scene.customer, RateTicket(ticket_id=job.ticket_id, stars=5))
    with pytest.raises(TicketNotFinished):
        await say_still_dark(scene.customer, job.ticket_id)


async def test_somebody_elses_ticket_does_not_exist() -> None:
    scene = await make_scene()
    job = await completed(scene)
    assert job.ticket_id is not None
    with pytest.raises(NotFound):
        await rate_ticket(make_customer(), RateTicket(ticket_id=job.ticket_id, stars=5))
    with pytest.raises(NotFound):
        await say_still_dark(make_customer(), job.ticket_id)
    assert await tickets_of_openid(make_customer()) == []


async def test_a_ticket_closed_by_hand_may_still_be_rated() -> None:
    scene = await make_scene()
    job = await completed(scene)
    job = await step(scene.dispatcher, job, "close")
    assert job.ticket_id is not None
    rated = await rate_ticket(scene.customer, RateTicket(ticket_id=job.ticket_id, stars=4))
    assert (rated.state, rated.stars) == ("closed", 4)
    assert (await said())["TicketClosed"] == 1


async def test_a_closed_ticket_may_be_opened_again_by_its_customer() -> None:
    scene = await make_scene()
    job = await completed(scene)
    assert job.ticket_id is not None
    await rate_ticket(scene.customer, RateTicket(ticket_id=job.ticket_id, stars=1))
    dark = await say_still_dark(scene.customer, job.ticket_id)
    assert (dark.state, dark.work_order_state, dark.closed_at) == (
        "accepted",
        "pending_dispatch",
        None,
    )
    assert dark.stars == 1, "the rating given stays"


async def test_the_customer_sees_who_comes_and_by_when() -> None:
    scene = await make_scene()
    ticket = await told(scene)
    assert (ticket.assignee_name, ticket.assignee_phone) == (None, None)
    assert ticket.arrive_due_at is not None
    assert (ticket.arrive_due_at - ticket.reported_at).total_seconds() == 90 * 60
    job = await walked(scene, await offered(scene), "depart")
    (shown,) = await tickets_of_openid(scene.customer)
    assert shown.assignee_name == scene.manager.name
    assert shown.assignee_phone is not None
    assert shown.arrive_due_at == ticket.arrive_due_at
    assert job.ticket_id == shown.id


async def test_open_tickets_come_first_and_the_list_is_bounded() -> None:
    scene = await make_scene()
    job = await completed(scene)
    assert job.ticket_id is not None
    await rate_ticket(scene.customer, RateTicket(ticket_id=job.ticket_id, stars=5))
    newer = await told(scene)
    danger = await told(scene, danger=True)
    shown = [one.id for one in await tickets_of_openid(scene.customer)]
    assert shown == [danger.id, newer.id, job.ticket_id]
    assert len(await tickets_of_openid(scene.customer, limit=2)) == 2

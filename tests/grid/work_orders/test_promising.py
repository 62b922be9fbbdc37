"""Promises of field work: made when they are told, judged by what happens to the job."""

from datetime import timedelta
from uuid import UUID

import pytest
from asyncpg import Record

from grid.clocks.types import Target
from grid.kit.clock import advance
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.ids import new_id
from grid.kit.refusals import NotFound
from grid.work_orders.events import (
    TicketChanged,
    TicketOpened,
    TicketReplied,
    WorkOrderArrived,
    WorkOrderChanged,
)
from grid.work_orders.tickets.intake import take_ticket
from grid.work_orders.tickets.types import TakeTicket
from grid.work_orders.times.promise_reactions import (
    judge_answer_promise,
    judge_arrival_promise,
    judge_restore_promise,
    promise_an_answer,
    withdraw_from_cancelled,
)
from grid.work_orders.times.promising import promise_arrival, ticket_promises
from grid.work_orders.words import (
    Channel,
    ComplaintClass,
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderEvent,
    WorkOrderState,
)
from tests.grid.work_orders.scene import Scene, make_scene, offered, step, walked
from tests.support.staff import make_dispatcher

pytestmark = pytest.mark.usefixtures("rolled_back")


@pytest.fixture
async def scene() -> Scene:
    return await make_scene()


async def rows() -> list[Record]:
    return await fetch("SELECT * FROM promise ORDER BY made_at, id")


def changed(job: UUID, event: WorkOrderEvent, state: WorkOrderState) -> WorkOrderChanged:
    return WorkOrderChanged(
        work_order_id=job, grid_id=None, version=1, event=event, state=state, staff_id=None
    )


async def test_who_comes_by_when_is_the_limit_of_the_clock(scene: Scene) -> None:
    job = await walked(scene, await offered(scene), "accept")
    due = next(clock.due_at for clock in job.clocks if clock.target is Target.ARRIVE)
    assert await promise_arrival(job.id) == due
    assert await promise_arrival(job.id) == due
    (row,) = await rows()
    assert (row["promised_at"], row["source"], row["openid"]) == (
        due,
        "clock_limit",
        scene.customer.openid,
    )


async def test_a_limit_that_has_passed_is_not_promised(scene: Scene) -> None:
    job = await walked(scene, await offered(scene), "accept")
    await advance(90 * 60 + 1)
    assert await promise_arrival(job.id) is None
    assert await rows() == []


async def test_nobody_in_wechat_is_promised_nothing(scene: Scene) -> None:
    job = await walked(scene, await offered(scene), "accept")
    await execute("UPDATE ticket SET openid = NULL")
    assert await promise_arrival(job.id) is None
    assert await promise_arrival(new_id()) is None


@pytest.mark.parametrize(
    ("late_s", "grade", "kept"),
    [(-60, "strong", True), (60, "strong", False), (-60, "disputed", None)],
)
async def test_W2_only_a_proved_arrival_keeps_the_promise(
    scene: Scene, late_s: int, grade: str, kept: bool | None
) -> None:
    job = await walked(scene, await offered(scene), "accept")
    due = await promise_arrival(job.id)
    assert due is not None
    await execute(
        "UPDATE work_order SET arrived_at = $2, arrival_grade = $3 WHERE id = $1",
        job.id,
        due + timedelta(seconds=late_s),
        grade,
    )
    event = WorkOrderArrived(
        work_order_id=job.id, ticket_id=job.ticket_id, staff_id=scene.manager.staff_id
    )
    await judge_arrival_promise(event)
    await judge_arrival_promise(event)
    (row,) = await rows()
    assert row["kept"] is kept


async def test_a_cancelled_job_takes_its_promise_back(scene: Scene) -> None:
    job = await walked(scene, await offered(scene), "accept")
    await promise_arrival(job.id)
    await step(scene.dispatcher, job, "cancel", reason="重复")
    await judge_restore_promise(changed(job.id, WorkOrderEvent.CANCEL, WorkOrderState.CANCELLED))
    (row,) = await rows()
    assert (row["withdrawn_at"] is None, row["kept"]) == (False, None)


async def complaint(scene: Scene) -> UUID:
    ticket = await take_ticket(
        scene.customer,
        TakeTicket(
            kind=TicketKind.COMPLAINT,
            description="上门态度不好",
            channel=Channel.WECHAT,
            account_no=scene.home.account_no,
            complaint_class=ComplaintClass.SERVICE,
        ),
    )
    opened = TicketOpened(
        ticket_id=ticket.id, kind=ticket.kind, grid_id=scene.grid.id, sealed=False
    )
    await promise_an_answer(opened)
    return ticket.id


async def test_a_complaint_is_promised_its_date_and_the_answer_is_judged(scene: Scene) -> None:
    ticket_id = await complaint(scene)
    (row,) = await rows()
    assert (row["what"], row["ticket_id"], row["told_at"]) == ("answer", ticket_id, None)
    said = await fetch_value("SELECT count(*) FROM outbox_event WHERE kind = 'notices.PromiseMade'")
    assert said == 1
    await execute(
        "UPDATE ticket SET replied_at = $2 WHERE id = $1",
        ticket_id,
        row["promised_at"] + timedelta(seconds=1),
    )
    await judge_answer_promise(TicketReplied(ticket_id=ticket_id, kind=TicketKind.COMPLAINT))
    (row,) = await rows()
    assert row["kept"] is False


async def test_a_cancelled_matter_promises_nothing_any_more(scene: Scene) -> None:
    ticket_id = await complaint(scene)
    await withdraw_from_cancelled(
        TicketChanged(
            ticket_id=ticket_id,
            kind=TicketKind.COMPLAINT,
            grid_id=scene.grid.id,
            version=1,
            event=TicketEvent.CANCEL,
            state=TicketState.CANCELLED,
            sealed=False,
        )
    )
    (row,) = await rows()
    assert row["withdrawn_at"] is not None


async def test_a_sealed_matter_is_promised_nothing_in_writing(scene: Scene) -> None:
    ticket = await take_ticket(
        scene.customer,
        TakeTicket(
            kind=TicketKind.TIP_OFF,
            description="有人偷电",
            channel=Channel.WECHAT,
            form={"subject": "theft"},
        ),
    )
    for sealed in (True, False):
        await promise_an_answer(
            TicketOpened(ticket_id=ticket.id, kind=ticket.kind, grid_id=None, sealed=sealed)
        )
    assert await rows() == []


async def test_W5_promises_are_read_in_scope_and_never_by_the_accused(scene: Scene) -> None:
    ticket_id = await complaint(scene)
    page = await ticket_promises(scene.dispatcher, ticket_id)
    assert [one.what for one in page.items] == ["answer"]
    stranger = await make_dispatcher((await make_scene()).grid.station_id)
    with pytest.raises(NotFound):
        await ticket_promises(stranger, ticket_id)
    await execute(
        "INSERT INTO ticket_accused (id, ticket, staff) VALUES ($1, $2, $3)",
        new_id(),
        ticket_id,
        scene.dispatcher.staff_id,
    )
    with pytest.raises(NotFound):
        await ticket_promises(scene.dispatcher, ticket_id)

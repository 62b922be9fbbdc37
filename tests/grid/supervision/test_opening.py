"""W3: each missed limit makes exactly one order, however often and in which order it is said."""

import asyncio
from datetime import timedelta

import pytest

from grid.clocks.types import Target
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_value, insert, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import claim_due, fan_out, react, say
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.supervision.reactions import (
    ask_about_breach,
    ask_about_near_breach,
    ask_about_ticket_left_open,
    ask_about_visit,
    call_for_help,
    follow_supervise_step,
)
from grid.supervision.reading import supervision_order
from grid.supervision.rules import NotAskedYet, NotForTheOffender
from grid.supervision.service import open_supervision, take_supervision_step
from grid.supervision.types import DoSupervision, OpenSupervision, SupervisionEvent
from grid.territory.types import StaffRole
from grid.visits.types import VisitNotConfirmed
from grid.work_orders.events import SosRaised, TicketLeftOpen, WorkOrderChanged
from grid.work_orders.tables import TicketAccused
from grid.work_orders.words import WorkOrderEvent, WorkOrderState
from tests.grid.supervision.scene import (
    breach_of,
    hear,
    history_of,
    make_levels,
    near_of,
    orders,
    the_order,
)
from tests.grid.work_orders.scene import row_of, step
from tests.support.contexts import apart
from tests.support.staff import actor_of, make_staff


@pytest.mark.usefixtures("rolled_back")
async def test_W3_a_breach_marks_the_job_and_asks_the_grids_supervisor() -> None:
    levels = await make_levels()
    await ask_about_breach(await breach_of(levels.job.id))
    order = await the_order()
    assert (order["cause"], order["level"], order["state"]) == ("breach", "grid", "open")
    assert order["offender"] == levels.scene.grid.manager
    assert (await row_of(levels.job.id))["supervised"]
    view = await supervision_order(levels.supervisor, order["id"])
    assert view.target is Target.ARRIVE
    assert view.asked == [levels.supervisor.name]
    assert SupervisionEvent.ANSWER in view.allowed


@pytest.mark.usefixtures("rolled_back")
async def test_W3_the_same_event_again_changes_nothing() -> None:
    levels = await make_levels()
    for _ in range(3):
        await ask_about_breach(await breach_of(levels.job.id))
    order = await the_order()
    assert len(await history_of(order["id"])) == 1


@pytest.mark.usefixtures("rolled_back")
async def test_W3_an_open_near_breach_is_raised_when_the_breach_comes() -> None:
    levels = await make_levels()
    await ask_about_near_breach(await near_of(levels.job.id))
    assert (await the_order())["cause"] == "near_breach"
    await ask_about_breach(await breach_of(levels.job.id))
    await ask_about_near_breach(await near_of(levels.job.id))
    order = await the_order()
    assert order["cause"] == "breach"
    assert [row["event"] for row in await history_of(order["id"])] == ["open", "raise"]


@pytest.mark.usefixtures("rolled_back")
async def test_W3_a_closed_near_breach_leaves_room_for_one_breach() -> None:
    levels = await make_levels()
    await ask_about_near_breach(await near_of(levels.job.id))
    near = await the_order()
    for event in (SupervisionEvent.ANSWER, SupervisionEvent.CLOSE):
        await take_supervision_step(
            levels.supervisor, near["id"], event, DoSupervision(words="已催")
        )
    for _ in range(2):
        await ask_about_breach(await breach_of(levels.job.id))
    assert [(row["cause"], row["state"]) for row in await orders()] == [
        ("near_breach", "closed"),
        ("breach", "open"),
    ]


@pytest.mark.usefixtures("rolled_back")
async def test_W3_two_limits_of_one_job_are_two_orders() -> None:
    levels = await make_levels()
    await ask_about_breach(await breach_of(levels.job.id, Target.ACCEPT))
    await ask_about_breach(await breach_of(levels.job.id, Target.ARRIVE))
    assert [row["target"] for row in await orders()] == ["accept", "arrive"]


@pytest.mark.usefixtures("rolled_back")
async def test_W3_who_had_it_when_the_limit_passed_is_the_offender_though_the_job_moved_on() -> (
    None
):
    levels = await make_levels()
    event = await breach_of(levels.job.id, Target.ACCEPT)
    await execute(
        "UPDATE assignment SET state = 'released', ended_at = $2 WHERE work_order = $1",
        levels.job.id,
        event.due_at + timedelta(seconds=2),
    )
    await execute(
        "UPDATE work_order SET assignee = NULL, state = 'pending_dispatch' WHERE id = $1",
        levels.job.id,
    )
    await execute("UPDATE assignment SET offered_at = $1", event.due_at - timedelta(minutes=3))
    await ask_about_breach(event)
    assert (await the_order())["offender"] == levels.scene.grid.manager


@pytest.mark.usefixtures("committed")
async def test_W3_two_workers_and_a_hundred_copies_make_one_order() -> None:
    levels = await make_levels()
    near, breach = await near_of(levels.job.id), await breach_of(levels.job.id)
    await asyncio.gather(*(apart(hear(event)) for _ in range(10) for event in (near, breach)))
    order = await the_order()
    assert order["cause"] == "breach"
    marks = await fetch_value(
        "SELECT count(*) FROM work_order_transition WHERE event = 'supervise'"
    )
    assert marks == len(await history_of(order["id"]))


@pytest.mark.usefixtures("committed")
async def test_W3_killed_between_order_and_mark_the_next_worker_makes_the_one_order() -> None:
    levels = await make_levels()
    breach = await breach_of(levels.job.id)

    async def dies() -> None:
        async with transaction():
            await ask_about_breach(breach)
            raise ConnectionError("killed")

    with pytest.raises(ConnectionError):
        await dies()
    assert await orders() == []
    assert not (await row_of(levels.job.id))["supervised"]
    async with transaction():
        await say(breach)
    await fan_out()
    for name, events in await claim_due():
        await react(name, events)
    assert (await the_order())["cause"] == "breach"


@pytest.mark.usefixtures("rolled_back")
async def test_the_supervise_step_of_a_person_makes_one_order_and_an_orders_own_step_none() -> None:
    levels = await make_levels()
    job = await step(levels.supervisor, levels.job, "supervise", reason="客户多次来电")
    event = WorkOrderChanged(
        work_order_id=job.id,
        grid_id=levels.scene.grid.id,
        version=job.version,
        event=WorkOrderEvent.SUPERVISE,
        state=WorkOrderState(job.state),
        staff_id=None,
    )
    for _ in range(2):
        await follow_supervise_step(event)
    order = await the_order()
    assert (order["cause"], order["words"]) == ("by_hand", "客户多次来电")
    await ask_about_breach(await breach_of(levels.job.id))
    version = (await row_of(job.id))["version"]
    await follow_supervise_step(
        WorkOrderChanged(
            work_order_id=job.id,
            grid_id=levels.scene.grid.id,
            version=version,
            event=WorkOrderEvent.SUPERVISE,
            state=WorkOrderState(job.state),
            staff_id=None,
        )
    )
    assert len(await orders()) == 2


@pytest.mark.usefixtures("rolled_back")
async def test_opened_by_hand_the_step_it_writes_makes_no_second_order() -> None:
    levels = await make_levels()
    view = await open_supervision(
        levels.head, OpenSupervision(work_order_id=levels.job.id, words="请说明进度")
    )
    row = await row_of(levels.job.id)
    assert row["supervised"]
    await follow_supervise_step(
        WorkOrderChanged(
            work_order_id=levels.job.id,
            grid_id=levels.scene.grid.id,
            version=row["version"],
            event=WorkOrderEvent.SUPERVISE,
            state=WorkOrderState(row["state"]),
            staff_id=None,
        )
    )
    assert [row["id"] for row in await orders()] == [view.id]


@pytest.mark.usefixtures("rolled_back")
async def test_opening_by_hand_names_what_is_wrong() -> None:
    levels = await make_levels()
    with pytest.raises(Invalid):
        await open_supervision(levels.head, OpenSupervision(words="哪一个"))
    with pytest.raises(NotAllowed):
        await open_supervision(
            levels.scene.manager, OpenSupervision(work_order_id=levels.job.id, words="我自己")
        )
    stranger = await make_levels()
    with pytest.raises(NotFound):
        await open_supervision(
            stranger.head, OpenSupervision(work_order_id=levels.job.id, words="别所的工单")
        )
    assert await orders() == []


@pytest.mark.usefixtures("rolled_back")
async def test_S5_the_manager_of_a_grid_is_not_asked_when_its_supervisor_was_at_fault() -> None:
    levels = await make_levels()
    await execute(
        "UPDATE assignment SET staff = $2 WHERE work_order = $1",
        levels.job.id,
        levels.scene.grid.supervisor,
    )
    await ask_about_breach(await breach_of(levels.job.id))
    order = await the_order()
    assert (order["level"], order["offender"]) == ("station", levels.scene.grid.supervisor)
    lines = await history_of(order["id"])
    assert [row["event"] for row in lines] == ["open", "escalate"]
    assert str(levels.scene.grid.manager) not in lines[-1]["facts"]


@pytest.mark.usefixtures("rolled_back")
async def test_W5_the_accused_neither_see_nor_answer_the_order_about_their_complaint() -> None:
    levels = await make_levels()
    ticket = levels.job.ticket_id
    assert ticket is not None
    await insert(TicketAccused, id=new_id(), ticket=ticket, staff=levels.supervisor.staff_id)
    await ask_about_breach(await breach_of(levels.job.id))
    order = await the_order()
    assert order["level"] == "station"
    with pytest.raises(NotFound):
        await supervision_order(levels.supervisor, order["id"])
    with pytest.raises(NotFound):
        await take_supervision_step(
            levels.supervisor, order["id"], SupervisionEvent.ANSWER, DoSupervision(words="无事")
        )


@pytest.mark.usefixtures("rolled_back")
async def test_orders_about_sealed_tickets_go_to_the_countys_auditors_only() -> None:
    levels = await make_levels()
    await execute(
        "UPDATE ticket SET sealed = true, openid = NULL, phone = NULL, account = NULL WHERE id = $1",
        levels.job.ticket_id,
    )
    auditor = await actor_of(
        await make_staff(roles=(StaffRole.AUDITOR,), everywhere=True, skilled=False)
    )
    await ask_about_breach(await breach_of(levels.job.id))
    order = await the_order()
    assert (order["level"], order["sealed"]) == ("county", True)
    for stranger in (levels.supervisor, levels.head, levels.county, levels.scene.manager):
        with pytest.raises(NotFound):
            await supervision_order(stranger, order["id"])
    view = await supervision_order(auditor, order["id"])
    assert view.asked == [auditor.name]
    assert levels.scene.customer.openid not in str(view)


@pytest.mark.usefixtures("rolled_back")
async def test_a_call_for_help_asks_the_station_at_once_and_one_order_hears_all_of_them() -> None:
    levels = await make_levels()
    for missed in (True, False):
        await call_for_help(
            SosRaised(
                work_order_id=levels.job.id,
                staff_id=levels.scene.grid.manager,
                grid_id=levels.scene.grid.id,
                missed_check_in=missed,
            )
        )
    order = await the_order()
    assert (order["cause"], order["level"], order["offender"]) == ("sos", "station", None)
    assert order["answer_due_at"] - await business_now() < timedelta(minutes=11)
    assert [row["event"] for row in await history_of(order["id"])] == ["open", "comment"]


@pytest.mark.usefixtures("rolled_back")
async def test_a_ticket_left_open_asks_for_what_comes_next() -> None:
    levels = await make_levels()
    assert levels.job.ticket_id is not None
    event = TicketLeftOpen(
        ticket_id=levels.job.ticket_id,
        work_order_id=levels.job.id,
        grid_id=levels.scene.grid.id,
    )
    for _ in range(2):
        await ask_about_ticket_left_open(event)
    assert (await the_order())["cause"] == "left_open"


@pytest.mark.usefixtures("rolled_back")
async def test_W3_S5_a_visit_that_was_not_so_is_answered_by_the_station_not_by_its_author() -> None:
    levels = await make_levels()
    manager = await actor_of(levels.scene.grid.manager)
    event = VisitNotConfirmed(
        check_id=new_id(),
        visit_id=new_id(),
        work_order_id=levels.job.id,
        grid_id=levels.scene.grid.id,
        author_id=manager.staff_id,
    )
    await ask_about_visit(event)
    await ask_about_visit(event)
    order = await the_order()
    assert (order["cause"], order["level"]) == ("visit_denied", "station")
    assert order["offender"] == manager.staff_id
    answer = DoSupervision(words="已核实")
    with pytest.raises((NotForTheOffender, NotFound)):
        await take_supervision_step(manager, order["id"], SupervisionEvent.ANSWER, answer)
    with pytest.raises(NotAskedYet):
        await take_supervision_step(levels.supervisor, order["id"], SupervisionEvent.ANSWER, answer)
    await take_supervision_step(levels.head, order["id"], SupervisionEvent.ANSWER, answer)

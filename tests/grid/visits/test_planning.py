"""Plans of a month: who is due, spread, released into jobs, moved, removed."""

from datetime import date, timedelta

import pytest

from grid.customers.types import CustomerTagWord
from grid.kit.calendar import load_calendar
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.refusals import Invalid, NotAllowed, NotFound, StaleVersion
from grid.visits.plan_types import MakePlan, MoveStop, PlanView, ReleasePlan, RemoveStop
from grid.visits.plan_verbs import DayFull, StopNotPlanned, move, release, remove
from grid.visits.plan_views import plan_view, plans
from grid.visits.planning import PlanReleasedAlready, make_plan, plan_month
from grid.visits.rules import last_of
from grid.visits.schedule import PLANNING, plan_ahead
from grid.visits.words import FormWord, PlanState, StopState
from grid.work_orders.reading import view_one, work_order
from grid.work_orders.rules import WorkOrderStepNotPossible
from grid.work_orders.words import WorkOrderState
from tests.grid.visits.scene import (
    Scene,
    make_scene,
    next_month,
    step,
    tagged,
    today,
    visited_without_plan,
)
from tests.support.counting import counted
from tests.support.county import make_grid
from tests.support.homes import make_account
from tests.support.staff import actor_of, declare_relative

pytestmark = pytest.mark.usefixtures("rolled_back")

_T = CustomerTagWord


async def planned(scene: Scene, month: str | None = None) -> PlanView:
    command = MakePlan(month=month or await next_month(), grid=scene.grid.code)
    return await make_plan(scene.manager, command)


async def released(scene: Scene) -> PlanView:
    plan = await planned(scene)
    return await release(scene.manager, plan.id, ReleasePlan(version=plan.version))


async def test_those_never_visited_are_due_and_put_on_working_days() -> None:
    scene = await make_scene()
    for _ in range(5):
        await make_account(scene.grid)
    plan = await planned(scene)
    calendar = await load_calendar()
    assert plan.state is PlanState.DRAFT
    assert (plan.due, plan.stops_count, plan.left_out) == (6, 6, 0)
    assert all(calendar.is_workday(stop.day) for stop in plan.stops)
    assert {f"{stop.day:%Y-%m}" for stop in plan.stops} == {plan.month}
    assert {stop.staff.id for stop in plan.stops} <= {scene.grid.manager, scene.grid.assistant}
    assert sum(day.stops for day in plan.days) == 6


async def test_special_care_comes_before_everybody_else_when_room_is_short() -> None:
    scene = await make_scene()
    await execute(
        "INSERT INTO dated_setting (id, name, scope, value, effective_from, source, state,"
        " proposed_by, proposed_at) VALUES (gen_random_uuid(), 'visit_stops_per_person_day',"
        " 'county', '1', '2001-01-01', 'test', 'released', 'staff:E1', '2001-01-01')"
    )
    for _ in range(60):
        await make_account(scene.grid)
    await tagged(scene.home, _T.SPECIAL_GROUP)
    plan = await planned(scene)
    care = [stop for stop in plan.stops if stop.is_care]
    assert plan.due == 61
    assert plan.left_out == 61 - plan.stops_count > 0
    assert plan.left_out_care == 0
    assert [stop.account_no for stop in care] == [scene.home.account_no]
    assert care[0].day == min(stop.day for stop in plan.stops)
    assert care[0].form is FormWord.SPECIAL_CARE


async def test_planned_twice_nobody_is_planned_twice() -> None:
    scene = await make_scene()
    first = await planned(scene)
    again = await planned(scene)
    assert again.id == first.id
    assert [stop.id for stop in again.stops] == [stop.id for stop in first.stops]
    assert (again.due, again.left_out) == (first.due, first.left_out)


async def test_a_visit_begins_the_cycle_anew() -> None:
    scene = await make_scene()
    await tagged(scene.home, _T.SPECIAL_GROUP)
    other = await make_account(scene.grid)
    await visited_without_plan(scene.manager, scene.home, _T.SPECIAL_GROUP)
    await visited_without_plan(scene.manager, other)
    plan = await planned(scene)
    assert [stop.account_no for stop in plan.stops] == [scene.home.account_no]
    assert plan.stops[0].due_day is not None
    assert plan.stops[0].due_day > await today()


async def test_a_visit_whose_job_is_not_complete_is_no_visit() -> None:
    scene = await make_scene()
    view = await visited_without_plan(scene.manager, scene.home)
    await execute(
        "UPDATE work_order SET state = 'cannot_complete' WHERE id = $1", view.work_order_id
    )
    plan = await planned(scene)
    assert [stop.account_no for stop in plan.stops] == [scene.home.account_no]


async def test_nobody_visits_a_relative() -> None:
    scene = await make_scene()
    for _ in range(6):
        await make_account(scene.grid)
    await declare_relative(scene.grid.manager, scene.home.account_no)
    plan = await planned(scene)
    (stop,) = [stop for stop in plan.stops if stop.account_no == scene.home.account_no]
    assert stop.staff.id == scene.grid.assistant


async def test_a_closed_account_is_not_visited() -> None:
    scene = await make_scene()
    await execute("UPDATE service_account SET state = 'closed' WHERE id = $1", scene.home.id)
    assert (await planned(scene)).stops == []


async def test_only_this_month_and_the_next_two_are_planned() -> None:
    scene = await make_scene()
    for month in ("2020-01", "2099-01"):
        with pytest.raises(Invalid) as refused:
            await planned(scene, month)
        assert refused.value.field == "month"


async def test_planning_has_its_rights() -> None:
    scene = await make_scene()
    command = MakePlan(month=await next_month(), grid=scene.grid.code)
    for actor in (scene.assistant, scene.supervisor):
        with pytest.raises(NotAllowed):
            await make_plan(actor, command)
    stranger = await actor_of((await make_grid()).manager)
    with pytest.raises(NotFound):
        await make_plan(stranger, command)
    assert await fetch_value("SELECT count(*) FROM visit_plan") == 0


async def test_release_opens_assigned_jobs_with_history_clock_and_day() -> None:
    scene = await make_scene()
    await make_account(scene.grid)
    plan = await released(scene)
    assert plan.state is PlanState.RELEASED
    assert {stop.state for stop in plan.stops} == {StopState.RELEASED}
    for stop in plan.stops:
        assert stop.work_order_id is not None
        mine = scene.manager if stop.staff.id == scene.grid.manager else scene.assistant
        job = await work_order(mine, stop.work_order_id)
        assert job.state is WorkOrderState.ASSIGNED
        assert [line.event for line in job.history] == ["intake", "assign"]
        assert [clock.target for clock in job.clocks] == ["complete"]
        row = await fetch(
            "SELECT w.starts_at, c.due_at, a.accept_due_at, a.state FROM work_order w"
            " JOIN sla_clock c ON c.subject_id = w.id JOIN assignment a ON a.work_order = w.id"
            " WHERE w.id = $1",
            stop.work_order_id,
        )
        assert len(row) == 1
        assert row[0]["starts_at"].astimezone().date() <= stop.day
        assert row[0]["due_at"] > row[0]["starts_at"]
        assert row[0]["accept_due_at"] is None
        assert row[0]["state"] == "offered"


async def test_release_is_for_the_manager_and_the_head() -> None:
    scene = await make_scene()
    plan = await planned(scene)
    with pytest.raises(NotAllowed):
        await release(scene.office, plan.id, ReleasePlan(version=plan.version))
    with pytest.raises(StaleVersion):
        await release(scene.head, plan.id, ReleasePlan(version=plan.version - 1))
    done = await release(scene.head, plan.id, ReleasePlan(version=plan.version))
    with pytest.raises(PlanReleasedAlready):
        await release(scene.head, plan.id, ReleasePlan(version=done.version))
    with pytest.raises(PlanReleasedAlready):
        await planned(scene)


async def test_the_month_after_leaves_out_who_is_visited_soon() -> None:
    scene = await make_scene()
    await planned(scene)
    later = (date.fromisoformat(f"{await next_month()}-01") + timedelta(days=32)).replace(day=1)
    plan = await planned(scene, f"{later:%Y-%m}")
    assert plan.stops == []


async def test_a_stop_moves_with_its_job_and_its_clock() -> None:
    scene = await make_scene()
    plan = await released(scene)
    (stop,) = plan.stops
    assert stop.work_order_id is not None
    before = await view_one(scene.manager, stop.work_order_id)
    day = last_of(stop.day.replace(day=1))
    command = MoveStop(version=plan.version, stop_id=stop.id, day=day, reason="客户去了县城")
    moved = await move(scene.office, plan.id, command)
    assert moved.stops[0].day == day
    after = await view_one(scene.manager, stop.work_order_id)
    assert after.version == before.version + 1
    assert after.clocks[0].due_at > before.clocks[0].due_at


async def test_a_stop_moves_to_the_other_person() -> None:
    scene = await make_scene()
    plan = await released(scene)
    (stop,) = plan.stops
    other = ({scene.grid.manager, scene.grid.assistant} - {stop.staff.id}).pop()
    command = MoveStop(
        version=plan.version, stop_id=stop.id, day=stop.day, staff_id=other, reason="换人"
    )
    moved = await move(scene.manager, plan.id, command)
    assert moved.stops[0].staff.id == other
    assert stop.work_order_id is not None
    rows = await fetch(
        "SELECT staff, state FROM assignment WHERE work_order = $1 ORDER BY id", stop.work_order_id
    )
    assert [(row["staff"], row["state"]) for row in rows] == [
        (stop.staff.id, "released"),
        (other, "offered"),
    ]


async def test_a_full_day_takes_nobody_more() -> None:
    scene = await make_scene()
    for _ in range(8):
        await make_account(scene.grid)
    plan = await planned(scene)
    (stop,) = [stop for stop in plan.stops if stop.account_no == scene.home.account_no]
    day = max(load.day for load in plan.days if load.is_workday)
    await execute(
        "UPDATE visit_stop SET stop_day = $2, staff = $3 WHERE plan = $1 AND id <> $4",
        plan.id,
        day,
        scene.grid.manager,
        stop.id,
    )
    command = MoveStop(
        version=plan.version, stop_id=stop.id, day=day, staff_id=scene.grid.manager, reason="顺路"
    )
    with pytest.raises(DayFull):
        await move(scene.manager, plan.id, command)


@pytest.mark.parametrize("days", [-40, 40])
async def test_a_stop_stays_in_its_month(days: int) -> None:
    scene = await make_scene()
    plan = await planned(scene)
    day = plan.stops[0].day + timedelta(days=days)
    command = MoveStop(version=plan.version, stop_id=plan.stops[0].id, day=day, reason="改期")
    with pytest.raises(Invalid) as refused:
        await move(scene.manager, plan.id, command)
    assert refused.value.field == "day"


async def test_a_removed_stop_takes_its_job_with_it_and_is_not_planned_again() -> None:
    scene = await make_scene()
    plan = await released(scene)
    (stop,) = plan.stops
    command = RemoveStop(version=plan.version, stop_id=stop.id, reason="客户已搬走")
    after = await remove(scene.manager, plan.id, command)
    assert after.stops[0].state is StopState.REMOVED
    assert after.stops[0].reason == "客户已搬走"
    assert after.stops[0].work_order_state is WorkOrderState.CANCELLED
    with pytest.raises(StopNotPlanned):
        await remove(
            scene.manager, plan.id, RemoveStop(version=after.version, stop_id=stop.id, reason="再")
        )


async def test_a_visit_that_has_begun_is_neither_moved_nor_taken_back() -> None:
    scene = await make_scene()
    plan = await released(scene)
    (stop,) = plan.stops
    assert stop.work_order_id is not None
    mine = scene.manager if stop.staff.id == scene.grid.manager else scene.assistant
    await step(mine, stop.work_order_id, "accept")
    command = MoveStop(version=plan.version, stop_id=stop.id, day=stop.day, reason="改期")
    with pytest.raises(WorkOrderStepNotPossible):
        await move(scene.manager, plan.id, command)


async def test_statements_do_not_grow_with_grids_or_households() -> None:
    scene = await make_scene()
    month = date.fromisoformat(f"{await next_month()}-01")
    others = [await make_grid(scene.grid.station_id) for _ in range(3)]
    for grid in others:
        for _ in range(4):
            await make_account(grid)
    async with counted() as one:
        await plan_month(PLANNING, month, [scene.grid.id])
    async with counted() as many:
        await plan_month(PLANNING, month, [grid.id for grid in others])
    assert len(many) == len(one) <= 12
    assert await fetch_value("SELECT count(*) FROM visit_stop") == 13


async def test_the_schedule_plans_what_has_no_plan_and_nothing_twice() -> None:
    scene = await make_scene()
    assert await plan_ahead() >= 1
    assert await plan_ahead() == 0
    found = await plans(scene.manager, None, scene.grid.code)
    assert {one.state for one in found.items} == {PlanState.DRAFT}
    assert (await plan_view(scene.supervisor, found.items[0].id)).may_release is False

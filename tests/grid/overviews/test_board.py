"""The board's order is the order of the clocks; nobody sees beyond their reach."""

from datetime import timedelta
from uuid import UUID

import pytest

from grid.clocks.service import apply_effects
from grid.clocks.types import Subject
from grid.geography.types import Place
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_value
from grid.kit.refusals import Invalid
from grid.overviews.assignments import assignments_of
from grid.overviews.board import BOARD_ROWS, board, counts, dangers, stations
from grid.overviews.map import map_view
from grid.overviews.types import BoardFilter
from grid.territory.types import StaffActor
from grid.work_orders.assigning import assign
from grid.work_orders.intake import report_fault
from grid.work_orders.rules import effects_of
from grid.work_orders.tickets.types import ReportFault
from grid.work_orders.types import AssignByHand, WorkOrderView
from grid.work_orders.words import ArrivalGrade, Channel, Priority, WorkOrderEvent, WorkOrderState
from tests.support.county import Grid, make_grid
from tests.support.staff import make_dispatcher

pytestmark = pytest.mark.usefixtures("rolled_back")


async def report(actor: StaffActor, grid: Grid, words: str, *, danger: bool = False) -> UUID:
    ticket = await report_fault(
        actor,
        ReportFault(
            description=words,
            channel=Channel.PHONE,
            place=grid.place,
            phone="13900000000",
            danger=danger,
        ),
    )
    assert ticket.work_order_id is not None
    return ticket.work_order_id


_E = WorkOrderEvent


async def stand(job: UUID, sets: str) -> None:
    """Put a job where a test needs it; the columns are the test's own text."""
    await execute(f"UPDATE work_order SET {sets} WHERE id = $1", job)


async def happens(job: UUID, event: WorkOrderEvent, grade: ArrivalGrade | None) -> None:
    """Let a step move the clocks of a job, as it does when the step is written."""
    effects = effects_of(event, grade)
    assert effects is not None
    due_at = await apply_effects(Subject.WORK_ORDER, job, effects, await business_now())
    await execute("UPDATE work_order SET due_at = $2 WHERE id = $1", job, due_at)


def earliest(view: WorkOrderView) -> float:
    """The earliest limit that nobody stopped, as the clocks of the view say."""
    due = [clock.due_at for clock in view.clocks if clock.stopped_at is None]
    return min(moment.timestamp() for moment in due) if due else float("inf")


async def test_danger_first_then_the_next_limit_of_the_clocks() -> None:
    grid = await make_grid()
    actor = await make_dispatcher()
    jobs = [await report(actor, grid, f"报修{number}") for number in range(7)]
    danger = await report(actor, grid, "电线落地", danger=True)
    early = jobs[0]
    await execute(
        "UPDATE sla_clock SET due_at = due_at - interval '3 hours' WHERE subject_id = $1", early
    )
    await execute("UPDATE work_order SET due_at = due_at - interval '3 hours' WHERE id = $1", early)
    lives: list[list[tuple[WorkOrderEvent, ArrivalGrade | None]]] = [
        [(_E.ASSIGN, None)],
        [(_E.ASSIGN, None), (_E.ACCEPT, None)],
        [(_E.ASSIGN, None), (_E.ACCEPT, None), (_E.ARRIVE, ArrivalGrade.STRONG)],
        [(_E.ASSIGN, None), (_E.ACCEPT, None), (_E.ARRIVE, ArrivalGrade.DISPUTED)],
        [(_E.ARRIVE, ArrivalGrade.WEAK), (_E.RESTORE, None)],
    ]
    for job, life in zip(jobs[1:], lives, strict=False):
        for event, grade in life:
            await happens(job, event, grade)
    found = await board(actor, BoardFilter())
    assert found.items[0].id == danger
    limits = [earliest(view) for view in found.items[1:]]
    assert limits == sorted(limits)
    assert found.items[1].id == jobs[0]
    assert found.items[-1].id == jobs[5]
    assert found.counts.late == 1
    assert (found.counts.open, found.counts.danger) == (8, 1)
    late = await board(actor, BoardFilter(late=True))
    assert [view.id for view in late.items] == [jobs[0]]


async def test_a_station_sees_its_own_jobs_only() -> None:
    here, there = await make_grid(), await make_grid(place=Place(lat=30.5, lon=111.0))
    county = await make_dispatcher()
    own, foreign = await report(county, here, "这里"), await report(county, there, "那里")
    await report(county, there, "那里落线", danger=True)
    actor = await make_dispatcher(here.station_id)
    assert [view.id for view in (await board(actor, BoardFilter())).items] == [own]
    assert foreign in [view.id for view in (await board(county, BoardFilter())).items]
    assert (await counts(actor)).open == 1
    assert await dangers(actor) == []
    assert len(await dangers(county)) == 1
    assert len(await stations(actor)) == 1
    assert {mark.id for mark in (await map_view(actor)).jobs} == {own}
    assert [shape.code for shape in (await map_view(actor)).grids] == [here.code]


async def test_pages_hold_every_job_once() -> None:
    grid, actor = await make_grid(), await make_dispatcher()
    made = [
        await report(actor, grid, f"报修{number}", danger=number % 10 == 0)
        for number in range(BOARD_ROWS * 2 + 5)
    ]
    # All have the very same limit, so that only the last part of the order tells them apart.
    await execute("UPDATE work_order SET clock_from = (SELECT min(clock_from) FROM work_order)")
    seen: list[UUID] = []
    cursor = None
    for _ in range(3):
        page = await board(actor, BoardFilter(cursor=cursor))
        seen += [view.id for view in page.items]
        cursor = page.next
    assert cursor is None
    assert len(seen) == len(made)
    assert set(seen) == set(made)


async def test_filters_narrow_and_what_is_over_is_found_by_its_state() -> None:
    here, there = await make_grid(), await make_grid(place=Place(lat=30.5, lon=111.0))
    actor = await make_dispatcher()
    one = await report(actor, here, "百分号100%_里", danger=True)
    two = await report(actor, there, "普通")
    done = await report(actor, here, "好了")
    await stand(done, "state = 'closed', closed_at = reported_at")

    async def ids(wanted: BoardFilter) -> list[UUID]:
        return [view.id for view in (await board(actor, wanted)).items]

    assert await ids(BoardFilter(grid=here.code)) == [one]
    assert await ids(BoardFilter(priority=Priority.DANGER)) == [one]
    assert await ids(BoardFilter(q="100%_")) == [one]
    assert await ids(BoardFilter(q="%")) == [one]
    assert set(await ids(BoardFilter(mine=True))) == {one, two}
    assert set(await ids(BoardFilter(state="waiting"))) == {one, two}
    assert await ids(BoardFilter(state=WorkOrderState.CLOSED)) == [done]
    stranger = await make_dispatcher()
    assert (await board(stranger, BoardFilter(mine=True))).items == []


async def test_a_cursor_of_somebody_else_is_refused() -> None:
    with pytest.raises(Invalid, match="翻页位置"):
        await board(await make_dispatcher(), BoardFilter(cursor="bm90aGluZw"))


async def test_limits_are_judged_at_the_time_the_board_names() -> None:
    grid, actor = await make_grid(), await make_dispatcher()
    await report(actor, grid, "时限")
    found = await board(actor, BoardFilter())
    assert abs(found.as_of - await business_now()) < timedelta(seconds=5)
    assert found.items[0].reported_at <= found.as_of


async def test_watching_is_written_down_once_and_each_search_too() -> None:
    actor, other = await make_dispatcher(), await make_dispatcher()

    async def noted() -> int:
        return int(
            await fetch_value("SELECT count(*) FROM audit_entry WHERE action = 'board.read'")
        )

    before = await noted()
    for _ in range(3):
        await board(actor, BoardFilter())
    assert await noted() == before + 1
    await board(actor, BoardFilter(q="张"))
    await board(actor, BoardFilter(q="李"))
    await board(other, BoardFilter())
    assert await noted() == before + 4
    stored = await fetch_value(
        "SELECT string_agg(facts::text, '') FROM audit_entry WHERE action = 'board.read'"
    )
    assert "张" not in stored


async def test_who_was_asked_is_told_to_those_who_see_the_job() -> None:
    grid = await make_grid()
    actor = await make_dispatcher()
    job = await report(actor, grid, "派单")
    for staff_id, reason in ((grid.manager, "先问管理员"), (grid.assistant, "换协管员")):
        await assign(actor, job, AssignByHand(staff_id=staff_id, reason=reason))
    lines = await assignments_of(actor, job)
    assert [line.state for line in lines] == ["offered", "released"]
    assert {line.chosen_by for line in lines} == {actor.name}
    elsewhere = await make_grid(place=Place(lat=30.5, lon=111.0))
    assert await assignments_of(await make_dispatcher(elsewhere.station_id), job) == []

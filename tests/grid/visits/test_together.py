"""A month of planned visits beside everything else: the day's list, dispatch, two at once."""

import asyncio

import pytest

from grid.dispatch.service import candidates
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.refusals import StaleVersion
from grid.visits.check_types import VerifyVisit
from grid.visits.findings import ticket_of_finding
from grid.visits.plan_types import MakePlan, PlanView, ReleasePlan
from grid.visits.plan_verbs import release
from grid.visits.planning import make_plan
from grid.visits.types import Finding
from grid.visits.verifying import verify
from grid.visits.words import CheckMethod, CheckOutcome
from grid.work_orders.intake import report_fault
from grid.work_orders.reading import today
from grid.work_orders.tickets.types import ReportFault
from grid.work_orders.words import Channel, TicketKind
from tests.grid.visits.scene import Scene, make_scene, next_month, visited_without_plan
from tests.support.contexts import apart
from tests.support.homes import make_account


async def planned(scene: Scene) -> PlanView:
    command = MakePlan(month=await next_month(), grid=scene.grid.code)
    return await make_plan(scene.manager, command)


async def test_what_is_planned_for_later_waits_for_its_day(rolled_back: None) -> None:
    scene = await make_scene()
    for _ in range(11):
        await make_account(scene.grid)
    plan = await planned(scene)
    await release(scene.manager, plan.id, ReleasePlan(version=plan.version))
    assert await today(scene.manager) == []
    assert await today(scene.assistant) == []
    await execute("UPDATE work_order SET starts_at = starts_at - interval '40 days'")
    both = len(await today(scene.manager)) + len(await today(scene.assistant))
    assert both == 12


async def test_a_month_of_visits_does_not_fill_the_hands_that_repair(rolled_back: None) -> None:
    scene = await make_scene()
    for _ in range(20):
        await make_account(scene.grid)
    plan = await planned(scene)
    await release(scene.manager, plan.id, ReleasePlan(version=plan.version))
    told = ReportFault(
        description="没电了", channel=Channel.PHONE, account_no=scene.home.account_no
    )
    ticket = await report_fault(scene.office, told)
    assert ticket.work_order_id is not None
    found = await candidates(scene.head, ticket.work_order_id)
    (manager,) = [one for one in found if one.staff_id == scene.grid.manager]
    assert (manager.open_jobs, manager.why_not) == (0, None)


@pytest.mark.usefixtures("committed")
async def test_two_who_plan_or_release_at_once_do_it_once() -> None:
    scene = await make_scene()
    for _ in range(5):
        await make_account(scene.grid)
    made = await asyncio.gather(*(apart(planned(scene)) for _ in range(4)))
    assert len({one.id for one in made}) == 1
    assert await fetch_value("SELECT count(*) FROM visit_stop") == 6
    version = await fetch_value("SELECT version FROM visit_plan")
    command = ReleasePlan(version=version)
    done = await asyncio.gather(
        *(apart(release(scene.manager, made[0].id, command)) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, PlanView) for one in done) == 1
    assert sum(isinstance(one, StaleVersion) for one in done) == 3
    assert await fetch_value("SELECT count(*) FROM work_order") == 6


@pytest.mark.usefixtures("committed")
async def test_two_taps_at_once_make_one_ticket_and_one_check() -> None:
    scene = await make_scene()
    finding = Finding(kind=TicketKind.OPINION, words="停电通知太晚")
    view = await visited_without_plan(scene.manager, scene.home, findings=[finding])
    taps = (apart(ticket_of_finding(scene.manager, view.id, 1)) for _ in range(4))
    assert len({one.id for one in await asyncio.gather(*taps)}) == 1
    away = VerifyVisit(method=CheckMethod.CALL, outcome=CheckOutcome.UNREACHABLE, words="没人接")
    await asyncio.gather(*(apart(verify(scene.supervisor, view.id, away)) for _ in range(4)))
    rows = await fetch("SELECT count(*) AS tries FROM visit_verdict GROUP BY visit_check")
    assert [row["tries"] for row in rows] == [4]

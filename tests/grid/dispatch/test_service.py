"""Ranking, offering and assigning on the real database."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from grid.dispatch.reactions import offer_new_job, offer_on
from grid.dispatch.service import assign_by_hand, candidates, offer, reassign, waiting_jobs
from grid.dispatch.types import CandidateView
from grid.geography.types import Place
from grid.kit.clock import advance, business_day, business_now
from grid.kit.database import execute, fetch, fetch_one
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, StaleVersion
from grid.positions.service import report_positions
from grid.positions.types import Fix, ReportPositions
from grid.territory.types import GridRole
from grid.work_orders.assigning import StaffNotAvailable
from grid.work_orders.events import WorkOrderNeedsSomebody, WorkOrderOpened
from grid.work_orders.intake import report_fault
from grid.work_orders.reading import view_one
from grid.work_orders.rules import WorkOrderStepNotPossible
from grid.work_orders.types import AssignByHand, DoVerb
from tests.grid.work_orders.scene import (
    Scene,
    assignments_of,
    completed,
    fault,
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
from tests.support.counting import counted
from tests.support.county import appoint, make_grid, make_station
from tests.support.homes import make_customer
from tests.support.staff import (
    actor_of,
    declare_relative,
    disable,
    end_shifts,
    give_shift,
    give_skill,
    make_crew,
    make_dispatcher,
    make_staff,
)

pytestmark = pytest.mark.usefixtures("rolled_back")


async def waiting(scene: Scene) -> UUID:
    return job_id(await told(scene))


async def why(scene: Scene, job: UUID) -> dict[UUID, str | None]:
    """Why each candidate is not asked; None for those who are."""
    return {one.staff_id: one.why_not for one in await candidates(scene.dispatcher, job)}


async def stand_at(staff_id: UUID, place: Place) -> None:
    fix = Fix(lat=place.lat, lon=place.lon, accuracy_m=10, recorded_at=await business_now())
    taken = await report_positions(await actor_of(staff_id), ReportPositions(fixes=[fix]))
    assert taken.stored == 1


async def test_R3_a_new_fault_goes_to_the_grids_manager_on_duty() -> None:
    scene = await make_scene()
    await stand_at(scene.grid.assistant, scene.home.place)
    job = await waiting(scene)
    assert await offer(job)
    (assignment,) = await assignments_of(job)
    assert (assignment["staff"], assignment["capacity"], assignment["chosen_by"]) == (
        scene.grid.manager,
        "manager",
        "system:dispatch",
    )
    due_s = (assignment["accept_due_at"] - assignment["offered_at"]).total_seconds()
    assert due_s == 180


async def test_R3_off_shift_managers_jobs_go_to_the_cheapest_of_the_others() -> None:
    scene = await make_scene()
    await end_shifts(scene.grid.manager)
    crew = await make_crew(scene.grid.station_id)
    neighbour = (await make_grid(scene.grid.station_id, place=Place(lat=29.93, lon=110.03))).manager
    await stand_at(crew, scene.home.place)
    job = await waiting(scene)
    found = {one.staff_id: one for one in await candidates(scene.dispatcher, job)}
    assert (found[scene.grid.manager].rank, found[scene.grid.manager].why_not) == (None, "不在班")
    assert {found[one].capacity for one in (crew, neighbour)} == {"crew", "neighbour"}
    assert found[crew].rank == 1, "1200 s for another grid, but standing there"
    assert scene.grid.supervisor not in found, "supervisors repair nothing"
    assert await offer(job)
    assert (await row_of(job))["assignee"] == crew


async def test_only_those_in_reach_are_candidates() -> None:
    scene = await make_scene()
    far_station = await make_station()
    far_grid = await make_grid(far_station, place=Place(lat=30.4, lon=110.5))
    far_crew = await make_crew(far_station)
    leaver = await make_staff(scene.grid.station_id)
    today = business_day(await business_now())
    await appoint(scene.grid.id, leaver, GridRole.ASSISTANT, today - timedelta(days=9), today)
    found = await why(scene, await waiting(scene))
    assert not {far_grid.manager, far_crew, leaver} & set(found)


async def test_the_disabled_and_the_relatives_are_never_offered() -> None:
    scene = await make_scene()
    await disable(scene.grid.manager)
    await declare_relative(scene.grid.assistant, scene.home.account_no)
    job = await waiting(scene)
    assert await why(scene, job) == {scene.grid.assistant: "是本人亲属的用电户"}
    assert not await offer(job)
    for staff_id, words in ((scene.grid.manager, "停用"), (scene.grid.assistant, "亲属")):
        with pytest.raises(StaffNotAvailable, match=words):
            await assign_by_hand(scene.dispatcher, job, AssignByHand(staff_id=staff_id))


async def test_off_shift_unskilled_and_expired_are_never_offered() -> None:
    scene = await make_scene()
    today = business_day(await business_now())
    yesterday = await make_crew(scene.grid.station_id, skilled=False)
    await give_skill(yesterday, today - timedelta(days=1))
    until_today = await make_crew(scene.grid.station_id, skilled=False)
    await give_skill(until_today, today)
    unskilled = await make_crew(scene.grid.station_id, skilled=False)
    later = await make_crew(scene.grid.station_id, on_shift=False)
    await give_shift(later, await business_now() + timedelta(minutes=5))
    over = await make_crew(scene.grid.station_id, on_shift=False)
    now = await business_now()
    await give_shift(over, now - timedelta(hours=8), now)
    found = await why(scene, await waiting(scene))
    assert found[yesterday] == found[unskilled] == "没有有效的抢修资格"
    assert found[until_today] is None
    assert found[later] == found[over] == "不在班"


async def test_who_has_five_open_jobs_gets_no_sixth_but_in_danger() -> None:
    scene = await make_scene()
    await end_shifts(scene.grid.assistant)
    # Told as danger, for an ordinary fault told again would join the open one.
    jobs = [job_id(await told(scene, danger=True)) for _ in range(7)]
    await execute("UPDATE work_order SET priority = 'urgent' WHERE id = $1", jobs[5])
    offered_jobs = [await offer(job) for job in jobs]
    assert offered_jobs == [True] * 5 + [False, True]
    assert (await why(scene, jobs[5]))[scene.grid.manager] == "手上已有 6 个工单"


async def test_declining_one_job_does_not_keep_anybody_from_the_next() -> None:
    scene = await make_scene()
    await step(scene.manager, await offered(scene), "decline", reason="路断了")
    other = job_id(await told(scene, danger=True))
    assert (await why(scene, other))[scene.grid.manager] is None


async def test_nobody_fit_leaves_the_job_waiting_without_a_trace() -> None:
    scene = await make_scene()
    for person in (scene.grid.manager, scene.grid.assistant):
        await end_shifts(person)
    job = await waiting(scene)
    before = await traces()
    assert not await offer(job)
    assert await traces() == before
    assert await waiting_jobs() == [job]


async def test_what_waits_is_tried_danger_first_then_the_oldest() -> None:
    scene = await make_scene()
    first = await waiting(scene)
    await advance(60)
    second = job_id(await report_fault(make_customer(), fault(place=scene.home.place)))
    danger = job_id(await told(scene, danger=True))
    nowhere = job_id(await report_fault(make_customer(), fault(address="不知道")))
    assert await waiting_jobs() == [danger, first, second]
    assert not await offer(nowhere), "a person must say where it is"


async def test_a_grid_with_many_waiting_jobs_does_not_keep_another_from_its_turn() -> None:
    crowded, other = await make_scene(), await make_scene()
    first = await waiting(crowded)
    for _ in range(2):
        await advance(60)
        await report_fault(make_customer(), fault(place=crowded.home.place))
    await advance(60)
    late = await waiting(other)
    assert await waiting_jobs(limit=2) == [first, late]


async def test_a_job_of_nowhere_is_not_offered_to_the_countys_crew() -> None:
    scene = await make_scene()
    crew = await make_crew(scene.grid.station_id)
    await execute("UPDATE staff_role_grant SET station = NULL WHERE staff = $1", crew)
    nowhere = job_id(await report_fault(make_customer(), fault(address="不知道")))
    assert not await offer(nowhere)
    assert (await row_of(nowhere))["state"] == "pending_dispatch"


async def test_the_suggestion_is_kept_with_its_terms() -> None:
    scene = await make_scene()
    job = await waiting(scene)
    await offer(job)
    kept = await fetch_one("SELECT * FROM dispatch_suggestion WHERE work_order = $1", job)
    assert kept is not None
    assert (kept["chosen"], kept["made_by"]) == (scene.grid.manager, "system:dispatch")
    found = msgspec.json.decode(kept["candidates"], type=list[CandidateView])
    assert found[0].staff_id == scene.grid.manager
    assert found[0].terms is not None


async def test_by_hand_keeps_what_was_suggested_before_the_choice() -> None:
    scene = await make_scene()
    job = await waiting(scene)
    choice = AssignByHand(staff_id=scene.grid.assistant, reason="经理去开会")
    view = await assign_by_hand(scene.dispatcher, job, choice)
    assert view.assignee is not None
    assert view.assignee.id == scene.grid.assistant
    kept = await fetch_one("SELECT * FROM dispatch_suggestion WHERE work_order = $1", job)
    assert kept is not None
    assert (kept["chosen"], kept["capacity"], kept["made_by"], kept["reason"]) == (
        scene.grid.assistant,
        "by_hand",
        scene.dispatcher.subject,
        "经理去开会",
    )
    found = msgspec.json.decode(kept["candidates"], type=list[CandidateView])
    assert [(one.staff_id, one.open_jobs) for one in found] == [
        (scene.grid.manager, 0),
        (scene.grid.assistant, 0),
    ]


async def test_taking_a_job_from_somebody_needs_a_reason_and_frees_them() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "arrive")
    with pytest.raises(Invalid) as refused:
        await assign_by_hand(scene.dispatcher, job.id, AssignByHand(staff_id=scene.grid.assistant))
    assert refused.value.field == "reason"
    command = DoVerb(version=job.version, reason="车坏了", staff_id=scene.grid.assistant)
    given = await reassign(scene.dispatcher, job.id, command)
    assert (given.state, given.version) == ("assigned", job.version + 1)
    first, second = await assignments_of(job.id)
    assert (first["state"], first["reason"]) == ("released", "车坏了")
    assert (second["state"], second["staff"]) == ("offered", scene.grid.assistant)
    row = await row_of(job.id)
    assert [row[f"{one}_at"] for one in ("accepted", "departed", "arrived")] == [None] * 3
    assert {c.target.value: c.state.value for c in given.clocks} == {
        "accept": "running",
        "arrive": "running",
        "restore": "running",
    }, "the next one has to arrive, and the customer waits since the first one did"
    assert (await said())["WorkOrderChanged:reassign"] == 1


async def test_who_was_chosen_is_said() -> None:
    scene = await make_scene()
    job = await offered(scene)
    command = DoVerb(version=job.version, reason="就近", staff_id=scene.grid.assistant)
    await reassign(scene.dispatcher, job.id, command)
    rows = await fetch(
        "SELECT body FROM outbox_event WHERE kind = 'work_orders.WorkOrderChanged' ORDER BY id"
    )
    told_to = [msgspec.json.decode(row["body"])["staff_id"] for row in rows]
    assert told_to == [str(scene.grid.manager), str(scene.grid.assistant)]


async def test_reassigning_is_refused_where_it_makes_no_sense() -> None:
    scene = await make_scene()
    to = scene.grid.assistant
    job = await view_one(scene.dispatcher, await waiting(scene))
    before = await traces()
    with pytest.raises(WorkOrderStepNotPossible):
        await reassign(scene.dispatcher, job.id, DoVerb(version=0, reason="x", staff_id=to))
    for lacking in (DoVerb(version=0, staff_id=to), DoVerb(version=0, reason="x")):
        with pytest.raises(Invalid):
            await reassign(scene.dispatcher, job.id, lacking)
    assert await traces() == before
    job = await offered(scene)
    with pytest.raises(StaleVersion):
        await reassign(scene.dispatcher, job.id, DoVerb(version=0, reason="x", staff_id=to))
    with pytest.raises(NotAllowed):
        await reassign(scene.manager, job.id, DoVerb(version=job.version, reason="x", staff_id=to))
    job = await walked(scene, job, "start")
    with pytest.raises(WorkOrderStepNotPossible):
        await assign_by_hand(scene.dispatcher, job.id, AssignByHand(staff_id=to, reason="x"))


async def test_only_people_with_a_post_in_the_field_are_given_work() -> None:
    scene = await make_scene()
    job = await waiting(scene)
    clerk = await make_staff(scene.grid.station_id)
    for staff_id in (clerk, scene.grid.supervisor, scene.dispatcher.staff_id):
        with pytest.raises(StaffNotAvailable, match="现场工作"):
            await assign_by_hand(scene.dispatcher, job, AssignByHand(staff_id=staff_id))
    with pytest.raises(Invalid) as refused:
        await assign_by_hand(scene.dispatcher, job, AssignByHand(staff_id=new_id()))
    assert refused.value.field == "staff_id"


async def test_candidates_are_for_those_who_assign_there() -> None:
    scene = await make_scene()
    job = await waiting(scene)
    with pytest.raises(NotAllowed):
        await candidates(scene.manager, job)
    with pytest.raises(NotFound):
        await candidates(await make_dispatcher(await make_station()), job)
    with pytest.raises(NotFound):
        await candidates(make_customer(), job)
    with pytest.raises(NotFound):
        await candidates(scene.dispatcher, new_id())
    nowhere = job_id(await report_fault(make_customer(), fault(address="不知道")))
    with pytest.raises(NotFound):
        await candidates(scene.dispatcher, nowhere)


async def test_the_reactions_offer_once_however_often_they_come() -> None:
    scene = await make_scene()
    ticket = await told(scene)
    job = job_id(ticket)
    opened = WorkOrderOpened(
        work_order_id=job, ticket_id=ticket.id, grid_id=scene.grid.id, version=0, danger=False
    )
    for _ in range(3):
        await offer_new_job(opened)
    assert len(await assignments_of(job)) == 1
    view = await view_one(scene.manager, job)
    await step(scene.manager, view, "decline", reason="x")
    again = WorkOrderNeedsSomebody(work_order_id=job, grid_id=scene.grid.id, version=2)
    for _ in range(3):
        await offer_on(again)
    assert [one["staff"] for one in await assignments_of(job)] == [
        scene.grid.manager,
        scene.grid.assistant,
    ]


async def test_what_is_over_is_not_offered() -> None:
    scene = await make_scene()
    job = await completed(scene)
    before = await traces()
    assert not await offer(job.id)
    assert await traces() == before


async def test_an_offer_costs_few_statements() -> None:
    """Lock, weights, people, suggestion; lock, person, accused; clocks and pauses read, clocks
    written; job with assignment and history; the ticket's lock, row and history; two events."""
    scene = await make_scene()
    job = await waiting(scene)
    async with counted() as statements:
        assert await offer(job)
    assert len([sql for sql in statements if "business_clock" not in sql]) <= 16


async def test_ranking_costs_the_same_however_many_there_are() -> None:
    scene = await make_scene()
    for _ in range(20):
        await make_crew(scene.grid.station_id)
    job = await waiting(scene)
    async with counted() as statements:
        assert len(await candidates(scene.dispatcher, job)) == 22
    assert len([sql for sql in statements if "business_clock" not in sql]) == 3

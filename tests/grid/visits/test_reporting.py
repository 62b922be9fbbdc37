"""Results of visits: by the one at the door, once, corrected beside, findings to tickets."""

from datetime import timedelta

import pytest
from asyncpg import InsufficientPrivilegeError

from grid.customers.types import CustomerTagWord
from grid.geography.types import Place
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.visits.findings import ticket_of_finding
from grid.visits.plan_types import MakePlan, ReleasePlan
from grid.visits.plan_verbs import release
from grid.visits.planning import make_plan
from grid.visits.reading import visit, visits
from grid.visits.reporting import VisitAlreadyReported, VisitNotThere, report_visit
from grid.visits.types import Finding, VisitFilter
from grid.visits.words import FormWord, Leaflet, Satisfaction
from grid.work_orders.assigning import StaffNotAvailable
from grid.work_orders.kinds import EvidenceMissing
from grid.work_orders.reading import view_one
from grid.work_orders.rules import ArrivalNotProved
from grid.work_orders.words import ArrivalGrade, TicketKind, WorkOrderState
from tests.grid.visits.scene import (
    ANSWERS,
    at,
    make_scene,
    next_month,
    photographed,
    result,
    step,
    tagged,
    visited_without_plan,
)
from tests.support.county import make_grid
from tests.support.homes import make_account
from tests.support.staff import actor_of, declare_relative

pytestmark = pytest.mark.usefixtures("rolled_back")

FAR = Place(lat=29.95, lon=110.2)


async def test_a_planned_visit_is_walked_told_and_completed() -> None:
    scene = await make_scene()
    await tagged(scene.home, CustomerTagWord.SPECIAL_GROUP)
    plan = await make_plan(scene.manager, MakePlan(month=await next_month(), grid=scene.grid.code))
    plan = await release(scene.manager, plan.id, ReleasePlan(version=plan.version))
    (stop,) = plan.stops
    assert stop.work_order_id is not None
    job_id = stop.work_order_id
    mine = scene.manager if stop.staff.id == scene.grid.manager else scene.assistant
    told = result(FormWord.SPECIAL_CARE, work_order_id=job_id, leaflets=[Leaflet.SAFETY])
    await step(mine, job_id, "accept")
    with pytest.raises(VisitNotThere):
        await report_visit(mine, told)
    await step(mine, job_id, "depart")
    await step(mine, job_id, "arrive", position=at(scene.home.place))
    await step(mine, job_id, "start")
    view = await report_visit(mine, told)
    with pytest.raises(EvidenceMissing):
        await step(mine, job_id, "complete", resolution="已走访")
    await photographed(mine, job_id)
    await step(mine, job_id, "complete", resolution="已走访")
    seen = await visit(scene.supervisor, view.id)
    assert seen.work_order_state is WorkOrderState.COMPLETED
    assert seen.leaflets == ["safety"]
    assert [one.answer for one in seen.answers][:1] == ["老人独居"]
    assert seen.revision == 1


async def test_a_visit_without_plan_opens_its_job_and_arrives() -> None:
    scene = await make_scene()
    told = result(
        account_no=scene.home.account_no,
        position=at(scene.home.place),
        present="田老三",
        present_relation="户主",
        satisfaction=Satisfaction.SATISFIED,
        satisfaction_words="停电少了",
        occurred_at=await business_now() - timedelta(minutes=3),
    )
    view = await report_visit(scene.assistant, told)
    job = await view_one(scene.assistant, view.work_order_id)
    assert job.state is WorkOrderState.IN_PROGRESS
    assert view.grade in (ArrivalGrade.WEAK, ArrivalGrade.STRONG)
    assert view.distance_m == 0
    assert view.device_at is not None
    assert view.device_at < view.received_at


async def test_W2_an_arrival_far_away_is_judged_for_a_visit_without_plan_too() -> None:
    scene = await make_scene()
    told = result(account_no=scene.home.account_no, position=at(FAR))
    await execute("SAVEPOINT before")
    with pytest.raises(ArrivalNotProved):
        await report_visit(scene.manager, told)
    # What the refused verb began is undone with its transaction, as it is behind a door.
    await execute("ROLLBACK TO SAVEPOINT before")
    disputed = result(account_no=scene.home.account_no, position=at(FAR), reason="老人在田里")
    view = await report_visit(scene.manager, disputed)
    assert view.grade is ArrivalGrade.DISPUTED


async def test_Y24_a_second_result_is_refused_or_a_revision_beside() -> None:
    scene = await make_scene()
    first = await visited_without_plan(scene.manager, scene.home)
    again = result(work_order_id=first.work_order_id)
    with pytest.raises(VisitAlreadyReported) as refused:
        await report_visit(scene.manager, again)
    assert refused.value.facts["visit_id"] == str(first.id)
    corrected = await report_visit(
        scene.manager,
        result(work_order_id=first.work_order_id, supersedes=first.id, note="电话写错了,已改"),
    )
    assert corrected.revision == 2
    old = await visit(scene.manager, first.id)
    assert (old.is_newest, old.note) == (False, None)
    with pytest.raises(VisitAlreadyReported):
        await report_visit(
            scene.manager, result(work_order_id=first.work_order_id, supersedes=first.id)
        )
    other = await visited_without_plan(scene.manager, await make_account(scene.grid))
    new = result(account_no=scene.home.account_no, supersedes=other.id)
    with pytest.raises(Invalid):
        await report_visit(scene.manager, new)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE customer_visit SET note = 'x'",
        "DELETE FROM customer_visit",
        "UPDATE visit_finding SET words = 'x'",
        "DELETE FROM visit_finding",
        "DELETE FROM visit_review",
        "UPDATE visit_verdict SET words = 'x'",
    ],
)
async def test_Y24_the_database_lets_nobody_overwrite_a_result(statement: str) -> None:
    scene = await make_scene()
    await visited_without_plan(
        scene.manager, scene.home, findings=[Finding(kind=TicketKind.OPINION, words="灯暗")]
    )
    with pytest.raises(InsufficientPrivilegeError):
        await execute(statement)


async def test_only_who_has_the_visit_tells_of_it() -> None:
    scene = await make_scene()
    view = await visited_without_plan(scene.manager, scene.home)
    told = result(work_order_id=view.work_order_id, supersedes=view.id)
    with pytest.raises(NotAllowed):
        await report_visit(scene.assistant, told)
    with pytest.raises(NotAllowed):
        await report_visit(scene.supervisor, told)
    stranger = await actor_of((await make_grid()).manager)
    with pytest.raises(NotFound):
        await report_visit(stranger, told)
    with pytest.raises(NotFound):
        await report_visit(stranger, result(account_no=scene.home.account_no))


async def test_a_relative_is_visited_by_somebody_else() -> None:
    scene = await make_scene()
    await declare_relative(scene.grid.manager, scene.home.account_no)
    with pytest.raises(StaffNotAvailable):
        await report_visit(
            scene.manager,
            result(account_no=scene.home.account_no, position=at(scene.home.place)),
        )


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("form_version", {"form_version": 7}),
        ("answers.supply", {"answers": {**ANSWERS[FormWord.ORDINARY], "supply": "好"}}),
        ("form", {"form": FormWord.SMALL_BUSINESS, "answers": {}}),
        ("leaflets", {"leaflets": [Leaflet.SAFETY, Leaflet.SAFETY]}),
        ("findings", {"findings": [Finding(kind=TicketKind.COMPLAINT, words="态度差")]}),
    ],
)
async def test_what_does_not_fit_is_refused_by_name(field: str, more: dict[str, object]) -> None:
    scene = await make_scene()
    view = await visited_without_plan(scene.manager, scene.home)
    fields = {"work_order_id": view.work_order_id, "supersedes": view.id, **more}
    with pytest.raises(Invalid) as refused:
        await report_visit(scene.manager, result(**fields))  # type: ignore[arg-type]
    assert refused.value.field == field


async def test_exactly_one_of_job_and_account_is_named() -> None:
    scene = await make_scene()
    with pytest.raises(Invalid):
        await report_visit(scene.manager, result())


async def test_a_finding_becomes_one_ticket_however_often() -> None:
    scene = await make_scene()
    view = await visited_without_plan(
        scene.manager,
        scene.home,
        findings=[
            Finding(kind=TicketKind.FAULT, words="屋后电杆倾斜", danger=True),
            Finding(kind=TicketKind.SERVICE_REQUEST, words="想换三相电"),
            Finding(kind=TicketKind.OPINION, words="停电通知太晚"),
        ],
    )
    fault = await ticket_of_finding(scene.manager, view.id, 1)
    assert await ticket_of_finding(scene.manager, view.id, 1) == fault
    assert await ticket_of_finding(scene.assistant, view.id, 1) == fault
    request = await ticket_of_finding(scene.manager, view.id, 2)
    await ticket_of_finding(scene.manager, view.id, 3)
    rows = await fetch("SELECT kind, account, channel, danger FROM ticket ORDER BY id")
    assert [(row["kind"], row["danger"]) for row in rows] == [
        ("fault", True),
        ("service_request", False),
        ("opinion", False),
    ]
    assert {row["account"] for row in rows} == {scene.home.id}
    assert {row["channel"] for row in rows} == {"staff"}
    found = (await visit(scene.manager, view.id)).findings
    assert found[0].ticket_id == fault.id
    assert found[1].ticket_number == request.number
    with pytest.raises(NotFound):
        await ticket_of_finding(scene.manager, view.id, 4)
    with pytest.raises(NotAllowed):
        await ticket_of_finding(scene.supervisor, view.id, 1)


async def test_a_correction_keeps_the_ticket_of_its_finding() -> None:
    scene = await make_scene()
    finding = Finding(kind=TicketKind.OPINION, words="停电通知太晚")
    view = await visited_without_plan(scene.manager, scene.home, findings=[finding])
    ticket = await ticket_of_finding(scene.manager, view.id, 1)
    command = result(work_order_id=view.work_order_id, supersedes=view.id, findings=[finding])
    corrected = await report_visit(scene.manager, command)
    assert corrected.findings[0].ticket_id == ticket.id


async def test_the_assistant_sees_no_money_and_a_masked_phone() -> None:
    scene = await make_scene()
    business = CustomerTagWord.SMALL_BUSINESS
    await tagged(scene.home, business)
    answers = {**ANSWERS[FormWord.SMALL_BUSINESS], "month_cost_yuan": 1860.0}
    view = await visited_without_plan(scene.manager, scene.home, business, answers=answers)
    by_manager = await visit(scene.manager, view.id)
    by_assistant = await visit(scene.assistant, view.id)
    assert "month_cost_yuan" in {one.key for one in by_manager.answers}
    assert "month_cost_yuan" not in {one.key for one in by_assistant.answers}
    assert by_manager.phone == "13812345678"
    assert by_assistant.phone == "138****5678"
    other = await make_account(scene.grid)
    await tagged(other, business)
    with pytest.raises(Invalid) as refused:
        await report_visit(
            scene.assistant,
            result(
                FormWord.SMALL_BUSINESS,
                account_no=other.account_no,
                position=at(other.place),
                answers=answers,
            ),
        )
    assert refused.value.field == "answers.month_cost_yuan"


async def test_what_a_medical_form_says_is_for_few() -> None:
    scene = await make_scene()
    medical = CustomerTagWord.MEDICAL
    await tagged(scene.home, medical)
    view = await visited_without_plan(scene.manager, scene.home, medical)
    assert (await visit(scene.head, view.id)).form is FormWord.MEDICAL_DEVICE
    seen = await visit(scene.supervisor, view.id)
    assert (seen.form, seen.answers) == (FormWord.SPECIAL_CARE, [])


async def test_results_are_listed_newest_first_by_page_and_scope() -> None:
    scene = await make_scene()
    homes = [await make_account(scene.grid) for _ in range(3)]
    told = [await visited_without_plan(scene.manager, home) for home in homes]
    first = await visits(scene.supervisor, VisitFilter(limit=2))
    rest = await visits(scene.supervisor, VisitFilter(limit=2, cursor=first.next))
    assert [one.id for one in [*first.items, *rest.items]] == [one.id for one in reversed(told)]
    assert rest.next is None
    mine = await visits(scene.assistant, VisitFilter(mine=True))
    assert mine.items == []
    stranger = await actor_of((await make_grid()).manager)
    assert (await visits(stranger, VisitFilter())).items == []
    with pytest.raises(NotFound):
        await visit(stranger, told[0].id)

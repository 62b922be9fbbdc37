"""The card before the door, and the one-to-one list."""

from datetime import timedelta

import pytest

from grid.customers.types import CustomerTagWord
from grid.kit.database import execute, fetch_value
from grid.kit.refusals import NotAllowed, NotFound
from grid.visits.care_types import CareFilter
from grid.visits.caring import MINDS, care_card, care_list
from grid.visits.plan_types import MakePlan
from grid.visits.planning import make_plan
from grid.visits.rules import add_months
from grid.visits.words import FormWord, Satisfaction
from grid.work_orders.intake import report_fault
from grid.work_orders.tickets.types import ReportFault
from grid.work_orders.words import Channel
from tests.grid.visits.scene import make_scene, next_month, tagged, today, visited_without_plan
from tests.support.county import make_grid
from tests.support.homes import make_account
from tests.support.staff import actor_of, make_crew

pytestmark = pytest.mark.usefixtures("rolled_back")

_T = CustomerTagWord


def test_every_tag_has_something_to_mind() -> None:
    assert set(MINDS) == set(_T)
    assert all(MINDS.values())


async def test_the_card_says_what_to_mind_whom_to_reach_and_when_it_is_due() -> None:
    scene = await make_scene()
    await tagged(scene.home, _T.SPECIAL_GROUP, owner=scene.grid.assistant)
    await execute(
        "UPDATE customer_tag SET mind = '耳背,敲窗', contact_name = '田小明',"
        " contact_phone = '13999990000'"
    )
    never = await care_card(scene.manager, scene.home.account_no)
    assert (never.last_visit_on, never.is_overdue, never.open_matters) == (None, True, 0)
    await visited_without_plan(
        scene.manager, scene.home, _T.SPECIAL_GROUP, satisfaction=Satisfaction.SATISFIED
    )
    told = ReportFault(description="灯闪", channel=Channel.PHONE, account_no=scene.home.account_no)
    await report_fault(scene.office, told)
    card = await care_card(scene.assistant, scene.home.account_no)
    assert card.phone == "138****5678"
    assert card.tags[0].mind[0] == "耳背,敲窗"
    assert card.tags[0].contact_phone == "139****0000"
    assert card.tags[0].owner is not None
    assert card.tags[0].owner.id == scene.grid.assistant
    assert card.last_visit_on == await today()
    assert card.due_on == add_months(await today(), 1)
    assert card.last_satisfaction is Satisfaction.SATISFIED
    assert card.open_matters == 1
    assert card.form is FormWord.SPECIAL_CARE
    manager = await care_card(scene.manager, scene.home.account_no)
    assert manager.tags[0].contact_phone == "13999990000"


async def test_a_medical_device_is_shown_to_those_who_act_on_it_only() -> None:
    scene = await make_scene()
    await tagged(scene.home, _T.MEDICAL)
    crew = await actor_of(await make_crew(scene.grid.station_id))
    number = scene.home.account_no
    for actor in (scene.manager, scene.head, scene.office):
        assert [one.tag for one in (await care_card(actor, number)).tags] == [_T.MEDICAL]
    for actor in (scene.assistant, scene.supervisor, crew):
        assert (await care_card(actor, number)).tags == []
    view = await visited_without_plan(scene.manager, scene.home, _T.MEDICAL)
    await execute(
        "UPDATE work_order SET state = 'assigned', assignee = $2 WHERE id = $1",
        view.work_order_id,
        crew.staff_id,
    )
    assert [one.tag for one in (await care_card(crew, number)).tags] == [_T.MEDICAL]
    await execute("UPDATE customer_tag SET owner = $1", scene.grid.assistant)
    assert [one.tag for one in (await care_card(scene.assistant, number)).tags] == [_T.MEDICAL]


async def test_P1_a_card_is_read_by_those_whose_it_is_and_audited() -> None:
    scene = await make_scene()
    stranger = await actor_of((await make_grid()).manager)
    with pytest.raises(NotFound):
        await care_card(stranger, scene.home.account_no)
    with pytest.raises(NotFound):
        await care_card(scene.manager, "99999999")
    sql = "SELECT count(*) FROM audit_entry WHERE action = 'customers.care_card'"
    before = await fetch_value(sql)
    await care_card(scene.manager, scene.home.account_no)
    assert await fetch_value(sql) == before + 1


async def test_the_list_has_the_longest_overdue_first() -> None:
    scene = await make_scene()
    homes = [await make_account(scene.grid) for _ in range(4)]
    for home, tag in zip(
        homes, (_T.SPECIAL_GROUP, _T.LOW_INCOME, _T.GOVERNMENT, _T.SMALL_BUSINESS), strict=True
    ):
        await tagged(home, tag)
    await visited_without_plan(scene.manager, homes[0], _T.SPECIAL_GROUP)
    await tagged(homes[1], _T.IMPORTANT, owner=scene.grid.assistant)
    lines = (await care_list(scene.manager, CareFilter(grid=scene.grid.code))).items
    assert [one.account_no for one in lines] == [
        homes[1].account_no,
        homes[2].account_no,
        homes[0].account_no,
    ]
    assert (lines[0].is_overdue, lines[2].is_overdue) == (True, False)
    assert lines[2].due_on == add_months(await today(), 1)
    assert lines[0].tags == [_T.IMPORTANT, _T.LOW_INCOME]
    mine = await care_list(scene.assistant, CareFilter(mine=True))
    assert [one.account_no for one in mine.items] == [homes[1].account_no]
    first = await care_list(scene.manager, CareFilter(limit=2))
    rest = await care_list(scene.manager, CareFilter(limit=2, cursor=first.next))
    assert [one.account_no for one in [*first.items, *rest.items]] == [
        one.account_no for one in lines
    ]


async def test_the_list_tells_the_planned_day_and_hides_what_is_medical() -> None:
    scene = await make_scene()
    await tagged(scene.home, _T.MEDICAL)
    await make_plan(scene.manager, MakePlan(month=await next_month(), grid=scene.grid.code))
    (line,) = (await care_list(scene.manager, CareFilter())).items
    assert line.planned_on is not None
    assert line.planned_on > await today() - timedelta(days=1)
    assert (await care_list(scene.supervisor, CareFilter())).items == []
    crew = await actor_of(await make_crew(scene.grid.station_id))
    with pytest.raises(NotAllowed):
        await care_list(crew, CareFilter())

"""The draw, what looks wrong, and who checks: never one's own work (S5)."""

from datetime import timedelta
from uuid import UUID

import pytest

from grid.evidence.tables import NearDuplicate
from grid.evidence.types import NearDuplicateFound
from grid.geography.types import Place
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch, fetch_value, insert
from grid.kit.ids import new_id
from grid.kit.refusals import NotAllowed, NotFound
from grid.territory.types import GridRole, StaffRole
from grid.visits.check_types import CheckFilter, CheckView, VerifyVisit
from grid.visits.checking import close_month, look
from grid.visits.reactions import check_copied_photos
from grid.visits.reading import visit
from grid.visits.reporting import report_visit
from grid.visits.rules import drawn, month_of
from grid.visits.schedule import close_months, look_at_visits
from grid.visits.types import VisitView
from grid.visits.verifying import (
    OwnVisit,
    VisitNotFinished,
    checks,
    draws,
    verify,
    waiting_for,
)
from grid.visits.words import CheckMethod, CheckOutcome, CheckReason, CheckState
from tests.grid.visits.scene import (
    Scene,
    at,
    lasted,
    make_scene,
    photographed,
    result,
    today,
    visited_without_plan,
)
from tests.support.county import appoint, make_grid
from tests.support.homes import make_account
from tests.support.staff import actor_of, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")

_R = CheckReason
CONFIRMED = VerifyVisit(
    method=CheckMethod.CALL, outcome=CheckOutcome.CONFIRMED, words="老人说来过,坐了半小时"
)
NOT_SO = VerifyVisit(
    method=CheckMethod.ON_SITE, outcome=CheckOutcome.NOT_CONFIRMED, words="家里说没人来过"
)
AWAY = VerifyVisit(method=CheckMethod.CALL, outcome=CheckOutcome.UNREACHABLE, words="电话没人接")


async def percent_is(percent: int) -> None:
    await execute(
        "INSERT INTO dated_setting (id, name, scope, value, effective_from, source, state,"
        " proposed_by, proposed_at) VALUES (gen_random_uuid(), 'visit_check_percent', 'county',"
        " $1, '2001-01-01', 'test', 'released', 'staff:E1', '2001-01-01')",
        str(percent),
    )


async def spaced(view: VisitView, hours: int) -> VisitView:
    """Set a whole visit back in time, so that the next one is not on its heels."""
    await execute(
        "UPDATE work_order SET arrived_at = arrived_at - make_interval(hours => $2),"
        " completed_at = completed_at - make_interval(hours => $2) WHERE id = $1",
        view.work_order_id,
        hours,
    )
    return view


async def check_of(scene: Scene, view: VisitView) -> CheckView | None:
    found = await checks(scene.supervisor, CheckFilter())
    return next((one for one in found.items if one.visit_id == view.id), None)


async def suspected(scene: Scene, view: VisitView) -> list[CheckReason]:
    await execute("UPDATE visit_draw SET percent = 0")
    found = await check_of(scene, view)
    return [] if found is None else [one for one in found.reasons if one is not _R.RANDOM]


async def test_a_visit_in_order_is_not_suspected_and_is_looked_at_once() -> None:
    scene = await make_scene()
    view = await visited_without_plan(scene.manager, scene.home)
    assert await look() == 1
    assert await look() == 0
    assert await suspected(scene, view) == []
    assert await fetch_value("SELECT count(*) FROM visit_review") == 1


async def test_a_visit_is_looked_at_when_its_job_is_complete() -> None:
    scene = await make_scene()
    told = result(account_no=scene.home.account_no, position=at(scene.home.place))
    await report_visit(scene.manager, told)
    assert await look() == 0


async def test_too_fast_is_suspicious() -> None:
    scene = await make_scene()
    view = await visited_without_plan(scene.manager, scene.home, minutes=2)
    await look_at_visits()
    assert await suspected(scene, view) == [_R.TOO_FAST]


async def test_too_far_is_suspicious() -> None:
    scene = await make_scene()
    far = at(Place(lat=scene.home.place.lat + 0.02, lon=scene.home.place.lon))
    view = await visited_without_plan(scene.manager, scene.home, position=far, reason="定位漂移")
    await look()
    assert await suspected(scene, view) == [_R.TOO_FAR]


async def test_nobody_is_at_two_far_doors_within_minutes() -> None:
    scene = await make_scene()
    place = Place(lat=scene.home.place.lat + 0.3, lon=scene.home.place.lon)
    other = await make_account(scene.grid, place=place)
    await visited_without_plan(scene.manager, scene.home)
    position = at(other.place)
    view = await visited_without_plan(scene.manager, other, position=position, reason="在现场")
    await look()
    assert _R.IMPOSSIBLE_TRAVEL in await suspected(scene, view)


async def test_the_same_words_at_two_doors_are_suspicious() -> None:
    scene = await make_scene()
    words = "客户说冬天晚上电压低,电饭锅煮不熟饭"
    first = await visited_without_plan(scene.manager, scene.home, note=words)
    await spaced(first, 3)
    view = await visited_without_plan(scene.manager, await make_account(scene.grid), note=words)
    await look()
    assert await suspected(scene, view) == [_R.SAME_ANSWERS]
    assert await suspected(scene, first) == []


async def alike(one: VisitView, other: VisitView) -> NearDuplicateFound:
    """The photos of two jobs turn out to be (nearly) the same."""
    rows = await fetch(
        "SELECT id, subject_id FROM evidence_item WHERE subject_id = ANY($1::uuid[]) ORDER BY id",
        [one.work_order_id, other.work_order_id],
    )
    first, second = rows
    await insert(
        NearDuplicate,
        id=new_id(),
        first_item=first["id"],
        second_item=second["id"],
        distance=2,
        found_at=await business_now(),
    )
    return NearDuplicateFound(
        first_id=first["id"],
        first_subject_kind="work_order",
        first_subject_id=first["subject_id"],
        second_id=second["id"],
        second_subject_kind="work_order",
        second_subject_id=second["subject_id"],
        distance=2,
    )


async def test_a_copied_photo_is_suspicious_before_and_after_the_look() -> None:
    scene = await make_scene()
    first = await spaced(await visited_without_plan(scene.manager, scene.home), 3)
    other = await visited_without_plan(scene.manager, await make_account(scene.grid))
    event = await alike(first, other)
    await look()
    assert await suspected(scene, first) == [_R.COPIED_PHOTO]
    late = await visited_without_plan(scene.assistant, await make_account(scene.grid))
    await look()
    assert await suspected(scene, late) == []
    event = await alike(first, late)
    await check_copied_photos(event)
    await check_copied_photos(event)
    assert await suspected(scene, late) == [_R.COPIED_PHOTO]
    assert await fetch_value("SELECT count(*) FROM visit_check WHERE state = 'open'") == 3


async def test_K1_the_draw_of_a_month_can_be_repeated_with_its_seed() -> None:
    scene = await make_scene()
    await percent_is(20)
    views = [
        await visited_without_plan(scene.manager, await make_account(scene.grid)) for _ in range(9)
    ]
    await execute("UPDATE work_order SET arrived_at = completed_at - interval '20 minutes'")
    assert await look(limit=4) == 4
    assert await look() == 5
    month = month_of(await today())
    open_draw = (await draws(scene.supervisor))[0]
    assert (open_draw.seed, open_draw.percent, open_draw.reviewed) == (None, 20, 9)
    number = await close_month(month)
    assert await close_month(month) == 0
    draw = (await draws(scene.supervisor))[0]
    assert draw.seed is not None
    jobs = {scene.grid.id: {view.work_order_id for view in views}}
    again = drawn(draw.seed, draw.percent, jobs)
    assert len(again) == number == draw.drawn >= 2
    found = await checks(scene.supervisor, CheckFilter())
    assert {one.work_order_id for one in found.items if _R.RANDOM in one.reasons} == again


async def test_K3_a_closed_month_does_not_change_by_late_visits() -> None:
    scene = await make_scene()
    await visited_without_plan(scene.manager, scene.home)
    await look()
    month = month_of(await today())
    await close_month(month)
    before = (await draws(scene.supervisor))[0]
    await execute(
        "UPDATE business_clock SET offset_s = 40 * 86400",
    )
    await close_months()
    assert (await draws(scene.supervisor))[-1].drawn == before.drawn


async def test_checks_lie_with_supervisors_who_had_no_part_in_it() -> None:
    scene = await make_scene()
    second = await make_staff(scene.grid.station_id)
    await appoint(scene.grid.id, second, GridRole.SUPERVISOR)
    for _ in range(8):
        await visited_without_plan(scene.manager, await make_account(scene.grid), minutes=1)
    await look()
    found = await checks(scene.supervisor, CheckFilter(state="open"))
    holders = {one.staff.id for one in found.items if one.staff is not None}
    assert holders <= {scene.grid.supervisor, second}
    assert all(one.staff is not None for one in found.items)
    mine = await checks(scene.supervisor, CheckFilter(mine=True))
    assert len(mine.items) == await waiting_for(scene.supervisor)


async def test_S5_nobody_checks_their_own_visit() -> None:
    scene = await make_scene()
    auditor = await make_staff(roles=(StaffRole.AUDITOR,), everywhere=True)
    # Of each of the three who have a part in it, the right to check is not what is missing.
    for staff_id in (scene.grid.manager, scene.grid.assistant):
        await execute(
            "INSERT INTO staff_role_grant (id, staff, role, from_day, granted_by, approved_by)"
            " VALUES ($1, $2, 'auditor', '2020-01-01', 'staff:E1', 'staff:E2')",
            new_id(),
            staff_id,
        )
    view = await visited_without_plan(scene.assistant, scene.home)
    for staff_id, part in ((scene.grid.assistant, "author"), (scene.grid.manager, "manager")):
        with pytest.raises(OwnVisit) as refused:
            await verify(await actor_of(staff_id), view.id, CONFIRMED)
        assert refused.value.facts["part"] == part
    assert await fetch_value("SELECT count(*) FROM visit_verdict") == 0
    done = await verify(await actor_of(auditor), view.id, CONFIRMED)
    assert done.checks == [CheckState.CONFIRMED]


async def test_S5_who_once_had_the_job_checks_it_no_more_than_who_did_it() -> None:
    scene = await make_scene()
    view = await visited_without_plan(scene.manager, scene.home)
    await execute(
        "INSERT INTO assignment (id, work_order, staff, capacity, state, offered_at, ended_at,"
        " chosen_by) VALUES ($1, $2, $3, 'by_hand', 'released', $4, $4, 'staff:E1')",
        new_id(),
        view.work_order_id,
        scene.grid.supervisor,
        await business_now(),
    )
    with pytest.raises(OwnVisit) as refused:
        await verify(scene.supervisor, view.id, CONFIRMED)
    assert refused.value.facts["part"] == "assignee"
    await lasted(view.work_order_id, 1)
    await look()
    found = await checks(scene.head, CheckFilter())
    assert [one.staff for one in found.items] == [None]


async def test_a_verdict_closes_the_check_and_says_what_was_not_so() -> None:
    scene = await make_scene()
    view = await visited_without_plan(scene.manager, scene.home, minutes=1)
    await look()
    seen = await verify(scene.supervisor, view.id, NOT_SO)
    assert seen.checks == [CheckState.NOT_CONFIRMED]
    assert [one.words for one in seen.verdicts] == [NOT_SO.words]
    bodies = await fetch("SELECT body FROM outbox_event WHERE kind = 'visits.VisitNotConfirmed'")
    assert len(bodies) == 1
    assert str(scene.grid.manager) in bodies[0]["body"]


async def test_unreachable_by_phone_stays_open_until_somebody_goes() -> None:
    scene = await make_scene()
    view = await visited_without_plan(scene.manager, scene.home, minutes=1)
    await look()
    assert (await verify(scene.supervisor, view.id, AWAY)).checks == [CheckState.OPEN]
    assert (await verify(scene.supervisor, view.id, CONFIRMED)).checks == [CheckState.CONFIRMED]
    assert len((await visit(scene.supervisor, view.id)).verdicts) == 2


async def test_checking_has_its_rights_and_its_time() -> None:
    scene = await make_scene()
    view = await visited_without_plan(scene.manager, scene.home)
    for actor in (scene.head, scene.office):
        with pytest.raises(NotAllowed):
            await verify(actor, view.id, CONFIRMED)
    stranger = await actor_of((await make_grid()).supervisor)
    with pytest.raises(NotFound):
        await verify(stranger, view.id, CONFIRMED)
    with pytest.raises(NotFound):
        await verify(scene.supervisor, UUID(int=7), CONFIRMED)
    told = result(account_no=scene.home.account_no, position=at(scene.home.place))
    begun = await report_visit(scene.assistant, told)
    with pytest.raises(VisitNotFinished):
        await verify(scene.supervisor, begun.id, CONFIRMED)
    await photographed(scene.assistant, begun.work_order_id)


async def test_the_one_who_checks_sees_the_number_to_call() -> None:
    scene = await make_scene()
    await visited_without_plan(scene.manager, scene.home, minutes=1)
    await look()
    (by_supervisor,) = (await checks(scene.supervisor, CheckFilter())).items
    (by_assistant,) = (await checks(scene.assistant, CheckFilter())).items
    assert by_supervisor.phone == "13812345678"
    assert by_supervisor.may_verify
    assert by_assistant.phone == "138****5678"
    assert not by_assistant.may_verify
    yesterday = business_day(await business_now() - timedelta(days=40))
    other_month = await checks(scene.supervisor, CheckFilter(month=f"{yesterday:%Y-%m}"))
    assert other_month.items == []


async def test_checks_come_in_pages_the_open_ones_first() -> None:
    scene = await make_scene()
    views = [
        await visited_without_plan(scene.manager, await make_account(scene.grid), minutes=1)
        for _ in range(3)
    ]
    await look()
    await verify(scene.supervisor, views[0].id, CONFIRMED)
    first = await checks(scene.supervisor, CheckFilter(limit=2))
    rest = await checks(scene.supervisor, CheckFilter(limit=2, cursor=first.next))
    assert [one.state for one in [*first.items, *rest.items]] == [
        CheckState.OPEN,
        CheckState.OPEN,
        CheckState.CONFIRMED,
    ]

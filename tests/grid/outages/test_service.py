"""The verbs of an outage: who may announce what, how early, and what the field makes of it."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from grid.dispatch.service import offer
from grid.kit.clock import advance, business_now
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.refusals import Invalid, NotAllowed, NotFound, StaleVersion
from grid.outages.announcing import announce
from grid.outages.inside import affected, affected_counts
from grid.outages.reactions import begin_work, restore_with_the_last_job
from grid.outages.reading import districts_to_choose, outage, outages
from grid.outages.rules import OutageOverlaps, OutageStepNotPossible
from grid.outages.schedule import start_planned
from grid.outages.service import act
from grid.outages.telling import BATCH, tell_next_batch
from grid.outages.types import AnnounceOutage, DoOutageVerb, OutageFilter
from grid.outages.words import EtrSource, OutageEvent, OutageKind, OutageState
from grid.work_orders.events import WorkOrderArrived, WorkOrderChanged
from grid.work_orders.words import WorkOrderEvent, WorkOrderState
from tests.grid.outages.scene import Village, announced, dark, done, inside, make_village
from tests.support.counting import counted
from tests.support.county import make_district
from tests.support.homes import link, make_account, make_customer
from tests.support.staff import actor_of, make_dispatcher

pytestmark = pytest.mark.usefixtures("rolled_back")


@pytest.fixture
async def village() -> Village:
    return await make_village()


async def planned(village: Village, ahead: timedelta, **more: object) -> UUID:
    starts = await business_now() + ahead
    ends = starts + timedelta(hours=4)
    made = await announced(village, OutageKind.PLANNED, starts, expected_end_at=ends, **more)
    return made.id


async def test_late_notice_needs_a_reason_and_early_notice_none(village: Village) -> None:
    with pytest.raises(Invalid) as late:
        await planned(village, timedelta(days=6))
    assert (late.value.field, late.value.facts["hours"]) == ("late_reason", 168)
    await planned(village, timedelta(days=6), late_reason="设备有危险,要马上换")
    with pytest.raises(Invalid):
        await planned(village, timedelta(days=8), late_reason="没有必要")
    page = await outages(village.dispatcher, OutageFilter(status="open"))
    assert [line.short_notice for line in page.items] == [True]


async def test_only_who_reaches_every_station_of_it_announces(village: Village) -> None:
    other = await make_village(1)
    now = await business_now()
    both = AnnounceOutage(
        kind=OutageKind.FAULT,
        starts_at=now,
        districts=[village.district_no, other.district_no],
        feeder="10kV 燕子线",
    )
    with pytest.raises(NotAllowed):
        await announce(village.dispatcher, both)
    with pytest.raises(NotAllowed):
        await announce(village.manager, both)
    county = await make_dispatcher()
    view = await announce(county, both)
    assert (view.state, len(view.districts), view.accounts) == (OutageState.CONFIRMED, 2, 4)
    # Who reaches one place of it sees it, but does not manage it.
    assert (await outage(village.dispatcher, view.id)).allowed == []
    with pytest.raises(NotAllowed):
        await act(village.dispatcher, view.id, OutageEvent.RESTORE, DoOutageVerb(version=0))
    stranger = await make_dispatcher((await make_village(1)).grid.station_id)
    with pytest.raises(NotFound):
        await outage(stranger, view.id)


async def test_a_district_is_dark_once(village: Village) -> None:
    first = await dark(village)
    with pytest.raises(OutageOverlaps) as refused:
        await dark(village)
    assert refused.value.facts["number"] == first.number
    with pytest.raises(Invalid) as unknown:
        await dark(village, districts=["NO-SUCH"])
    assert unknown.value.field == "districts"


async def test_a_verb_on_an_old_page_changes_nothing(village: Village) -> None:
    made = await dark(village)
    await done(village, made.id, OutageEvent.COMMENT, reason="已派人巡线")
    with pytest.raises(StaleVersion) as late:
        await act(village.dispatcher, made.id, OutageEvent.RESTORE, DoOutageVerb(version=0))
    assert late.value.facts["won_by"] == village.dispatcher.employee_no
    assert late.value.facts["won_event"] == OutageEvent.COMMENT
    with pytest.raises(Invalid) as refused:
        await done(village, made.id, OutageEvent.ETR, reason="不知道")
    assert refused.value.field == "expected_end_at"
    with pytest.raises(OutageStepNotPossible):
        await done(village, made.id, OutageEvent.CONFIRM)
    assert await fetch_value("SELECT state FROM outage") == "confirmed"


async def test_the_history_keeps_every_time_with_its_source(village: Village) -> None:
    made = await dark(village)
    later = await business_now() + timedelta(hours=5)
    await done(
        village,
        made.id,
        OutageEvent.ETR,
        expected_end_at=later,
        reason="抢修班说还要五小时",
        source=EtrSource.CREW,
    )
    history = (await outage(village.dispatcher, made.id)).history
    assert [(one.event, one.etr_before, one.etr_after, one.etr_source) for one in history] == [
        (OutageEvent.ANNOUNCE, None, made.etr, EtrSource.DISPATCHER),
        (OutageEvent.ETR, made.etr, later, EtrSource.CREW),
    ]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute("UPDATE outage_transition SET reason = 'x'")


async def test_a_planned_outage_begins_at_its_time(village: Village) -> None:
    outage_id = await planned(village, timedelta(days=8))
    await start_planned()
    assert await fetch_value("SELECT state FROM outage") == "planned"
    await advance(8 * 86400 + 1)
    await start_planned()
    view = await outage(village.dispatcher, outage_id)
    assert (view.state, view.version) == (OutageState.CONFIRMED, 1)
    assert view.history[-1].actor == "system"


async def test_begun_before_its_time_the_start_is_corrected(village: Village) -> None:
    outage_id = await planned(village, timedelta(days=8))
    view = await done(village, outage_id, OutageEvent.CONFIRM)
    assert view.starts_at == view.confirmed_at


async def test_the_crew_on_site_and_the_last_restoration_move_the_outage(
    village: Village,
) -> None:
    made = await dark(village)
    for _ in range(2):
        await done(village, made.id, OutageEvent.DISPATCH, reason="处理断线")
    view = await outage(village.dispatcher, made.id)
    first, second = view.jobs
    row = await fetch_value("SELECT kind FROM work_order WHERE id = $1", first.id)
    assert row == "outage_work"
    assert await offer(first.id)
    staff = village.grid.manager
    await begin_work(WorkOrderArrived(work_order_id=first.id, ticket_id=None, staff_id=staff))
    assert (await outage(village.dispatcher, made.id)).state is OutageState.RESTORING
    await _restored(village, first.id)
    assert (await outage(village.dispatcher, made.id)).state is OutageState.RESTORING
    await _restored(village, second.id)
    assert (await outage(village.dispatcher, made.id)).state is OutageState.RESTORED
    await _restored(village, second.id)
    assert await fetch_value("SELECT count(*) FROM outage_transition WHERE event = 'restore'") == 1


async def _restored(village: Village, job_id: UUID) -> None:
    await execute(
        "UPDATE work_order SET restored_at = $2 WHERE id = $1", job_id, await business_now()
    )
    await restore_with_the_last_job(
        WorkOrderChanged(
            work_order_id=job_id,
            grid_id=village.grid.id,
            version=1,
            event=WorkOrderEvent.RESTORE,
            state=WorkOrderState.IN_PROGRESS,
            staff_id=None,
        )
    )


async def test_who_is_inside_important_and_medical_first_phones_by_role(
    village: Village,
) -> None:
    made = await dark(village)
    await inside(village)
    today = (await business_now()).date()
    await execute(
        "INSERT INTO customer_tag (id, account, tag, from_day, source)"
        " VALUES (gen_random_uuid(), $1, 'medical', $2, '走访')",
        village.homes[2].id,
        today - timedelta(days=10),
    )
    page = await affected(village.dispatcher, made.id, limit=2)
    assert [(one.account_no, one.first) for one in page.items] == [
        (village.homes[2].account_no, True),
        (village.homes[0].account_no, False),
    ]
    rest = await affected(village.dispatcher, made.id, cursor=page.next, limit=2)
    assert [one.account_no for one in rest.items] == [village.homes[1].account_no]
    assert rest.next is None
    assert page.items[0].phone == "13812345678"
    assistant = await actor_of(village.grid.assistant)
    assert (await affected(assistant, made.id)).items[0].phone == "138****5678"
    counts = await affected_counts(village.dispatcher, made.id)
    assert (counts.accounts, counts.first, counts.followers, counts.children) == (3, 1, 3, 1)
    assert len(await fetch("SELECT 1 FROM audit_entry WHERE action = 'outage.affected'")) == 3


async def test_the_districts_to_choose_from_are_those_of_my_stations(village: Village) -> None:
    await make_village(1)
    (mine,) = await districts_to_choose(village.dispatcher)
    assert (mine.district_no, mine.accounts) == (village.district_no, 3)


async def test_followers_are_told_at_the_pace_and_each_once(village: Village) -> None:
    for _ in range(BATCH + 30):
        home = await make_account(village.grid)
        customer = make_customer()
        await link(customer, home)
    both, second = make_customer(), await make_account(village.grid)
    await link(both, second)
    await link(both, village.homes[0], default=False)
    gone = village.customers[2].openid
    await execute(
        "INSERT INTO wechat_follower (openid, unfollowed_at, last_seen_at) VALUES ($1, $2, $2)",
        gone,
        await business_now(),
    )
    await execute(
        "INSERT INTO dated_setting (id, name, scope, value, effective_from, source, state,"
        " proposed_by, proposed_at) VALUES (gen_random_uuid(), 'outage_notices_per_minute',"
        " 'county', '210', $1, '测试', 'released', 'test', $1)",
        await business_now() - timedelta(days=1),
    )
    await planned(village, timedelta(days=8))
    async with counted() as few:
        assert await tell_next_batch() == BATCH
    assert len(few) <= 14
    assert await tell_next_batch() == 10
    assert await tell_next_batch() == 0, "the minute's budget is spent"
    await advance(61)
    assert await tell_next_batch() == 23
    assert await tell_next_batch() == 0
    rows = await fetch("SELECT openid, count(*) AS n FROM promise GROUP BY openid")
    assert len(rows) == BATCH + 30 + 3
    assert {row["n"] for row in rows} == {1}
    assert gone not in {row["openid"] for row in rows}


async def test_a_district_counted_in_later_is_told_and_the_others_not_again(
    village: Village,
) -> None:
    outage_id = await planned(village, timedelta(days=8))
    while await tell_next_batch():
        pass
    other = await make_district(village.grid.id, place=village.grid.place)
    number = await fetch_value("SELECT district_no FROM transformer_district WHERE id = $1", other)
    home, newcomer = await make_account(village.grid), make_customer()
    await link(newcomer, home)
    await execute("UPDATE service_account SET district = $2 WHERE id = $1", home.id, other)
    await done(village, outage_id, OutageEvent.DISTRICTS, add=[number], reason="同一条线")
    while await tell_next_batch():
        pass
    rows = await fetch("SELECT openid FROM promise")
    told = sorted(row["openid"] for row in rows)
    assert told == sorted([*(one.openid for one in village.customers), newcomer.openid])
    with pytest.raises(Invalid):
        await done(village, outage_id, OutageEvent.DISTRICTS, remove=[village.district_no, number])

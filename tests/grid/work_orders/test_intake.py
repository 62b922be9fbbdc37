"""Taking a fault: who may tell what, where it is, and what is told twice."""

from uuid import UUID

import pytest

from grid.geography.types import Place, PlaceClass
from grid.kit.database import execute, fetch_one, fetch_value
from grid.kit.refusals import Invalid, NotAllowed, NotFound, TooMany
from grid.territory.types import StaffRole
from grid.work_orders.intake import open_work_order, report_fault
from grid.work_orders.reading import work_orders
from grid.work_orders.rules import WorkOrderStepNotPossible
from grid.work_orders.tickets.followed import rate_ticket, ticket_view, tickets_of_openid
from grid.work_orders.tickets.types import RateTicket
from grid.work_orders.types import OpenWorkOrder, WorkOrderFilter
from tests.grid.work_orders.scene import (
    completed,
    fault,
    history_of,
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
from tests.support.county import make_grid, make_station
from tests.support.homes import link, make_account, make_customer
from tests.support.staff import actor_of, make_dispatcher, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")

#: Farther from any village than anybody serves.
FAR_AWAY = Place(lat=31.5, lon=112.0)


async def test_a_customer_may_name_only_an_account_they_are_linked_to() -> None:
    scene = await make_scene()
    before = await traces()
    with pytest.raises(NotFound):
        await report_fault(make_customer(), fault(scene.home))
    with pytest.raises(NotFound):
        await report_fault(scene.customer, fault(account_no="0000000000"))
    await execute("UPDATE wechat_link SET unbound_at = bound_at")
    with pytest.raises(NotFound):
        await report_fault(scene.customer, fault(scene.home))
    assert await traces() == before


async def test_an_unbound_customer_is_found_by_where_they_stand() -> None:
    scene = await make_scene()
    inside = Place(lat=scene.grid.place.lat + 0.009, lon=scene.grid.place.lon - 0.009)
    raw = {"lat": inside.lat + 0.002, "lon": inside.lon + 0.003, "datum": "gcj02"}
    ticket = await report_fault(make_customer(), fault(place=inside, raw_place=raw))
    row = await row_of(job_id(ticket))
    assert (row["grid"], row["station"], row["state"]) == (
        scene.grid.id,
        scene.grid.station_id,
        "triaged",
    )
    assert (row["lat"], row["lon"], row["account"]) == (inside.lat, inside.lon, None)
    kept = await fetch_one("SELECT raw_lat, raw_lon, datum FROM ticket WHERE id = $1", ticket.id)
    assert kept is not None
    assert tuple(kept.values()) == (raw["lat"], raw["lon"], "gcj02")


async def test_between_the_shapes_the_nearest_village_decides() -> None:
    scene = await make_scene()
    outside = Place(lat=scene.grid.place.lat + 0.05, lon=scene.grid.place.lon)
    ticket = await report_fault(make_customer(), fault(place=outside))
    assert (await row_of(job_id(ticket)))["grid"] == scene.grid.id


async def test_who_tells_it_from_far_away_means_the_home_of_the_account() -> None:
    scene = await make_scene()
    row = await row_of(job_id(await told(scene, place=FAR_AWAY)))
    assert row["grid"] == scene.grid.id
    assert (row["lat"], row["lon"]) == (scene.home.place.lat, scene.home.place.lon)


async def test_a_place_in_another_grid_goes_before_the_account() -> None:
    scene, there = await make_scene(), Place(lat=30.2, lon=110.4)
    other = await make_grid(place=there)
    row = await row_of(job_id(await told(scene, place=there)))
    assert (row["grid"], row["account"]) == (other.id, scene.home.id)
    assert (row["lat"], row["lon"]) == (there.lat, there.lon)


async def test_a_village_named_in_the_address_tells_the_grid() -> None:
    scene = await make_scene()
    address = f"{scene.grid.village_name}三组"
    ticket = await report_fault(make_customer(), fault(address=address))
    assert (await row_of(job_id(ticket)))["grid"] == scene.grid.id
    assert ticket.address == address


async def test_a_place_nobody_knows_waits_where_only_the_county_sees_it() -> None:
    scene = await make_scene()
    ticket = await report_fault(make_customer(), fault(place=FAR_AWAY))
    job = await row_of(job_id(ticket))
    assert (job["grid"], job["station"], job["state"]) == (None, None, "pending_dispatch")
    everything = WorkOrderFilter()
    county = await make_dispatcher()
    assert [one.id for one in (await work_orders(county, everything)).items] == [job["id"]]
    for actor in (scene.dispatcher, scene.manager):
        assert (await work_orders(actor, everything)).items == []
    shown = (await work_orders(county, everything)).items[0]
    assert "assign" in shown.allowed


async def _limit_s(subject_id: UUID, target: str) -> int:
    found: int = await fetch_value(
        "SELECT limit_s FROM sla_clock WHERE subject_id = $1 AND target = $2", subject_id, target
    )
    return found


async def test_limits_follow_the_place() -> None:
    grid = await make_grid()
    home, customer = await make_account(grid, place_class=PlaceClass.REMOTE), make_customer()
    await link(customer, home)
    ticket = await report_fault(customer, fault(home))
    row = await row_of(job_id(ticket))
    assert (row["place_class"], await _limit_s(row["id"], "arrive")) == ("remote", 120 * 60)
    danger = await report_fault(customer, fault(home, place=grid.place, danger=True))
    assert (await row_of(job_id(danger)))["place_class"] == "remote", "also when they say where"


async def test_told_twice_is_one_ticket_with_both_in_its_history() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "accept")
    assert job.ticket_id is not None
    version, before = job.version, await said()
    again = await told(scene, description="还没来电,老人在家")
    assert (again.id, again.work_order_id) == (job.ticket_id, job.id)
    last = (await history_of(job.id))[-1]
    assert (last["event"], last["from_state"], last["to_state"]) == (
        "comment",
        "accepted",
        "accepted",
    )
    assert last["reason"] == "再次报修:还没来电,老人在家"
    assert (await said()) - before == {"WorkOrderChanged:comment": 1}
    job = await step(scene.manager, job, "depart")
    assert job.version == version + 1, "a second call makes nobody's step stale"


async def test_a_fault_told_by_telephone_becomes_the_customers_own() -> None:
    scene = await make_scene()
    by_phone = await report_fault(scene.dispatcher, fault(scene.home, channel="phone"))
    assert await tickets_of_openid(scene.customer) == []
    assert (await told(scene)).id == by_phone.id
    assert [one.id for one in await tickets_of_openid(scene.customer)] == [by_phone.id]
    other = make_customer()
    await link(other, scene.home)
    await report_fault(other, fault(scene.home))
    assert await tickets_of_openid(other) == [], "whoever was first keeps it"


async def test_after_the_repair_a_new_fault_is_a_new_ticket() -> None:
    scene = await make_scene()
    job = await completed(scene)
    assert (await told(scene)).id != job.ticket_id


async def test_danger_always_makes_its_own_ticket_and_pages() -> None:
    scene = await make_scene()
    first = await told(scene)
    danger = await told(scene, danger=True, description="电线落地冒火")
    assert danger.id != first.id
    assert (await row_of(job_id(danger)))["priority"] == "danger"
    assert (await said())["DangerReported"] == 1


async def test_one_openid_may_keep_ten_tickets_open_but_danger_always_passes() -> None:
    scene = await make_scene()
    somebody = make_customer()
    place = scene.grid.place
    for _ in range(10):
        await report_fault(somebody, fault(place=place))
    before = await traces()
    with pytest.raises(TooMany) as refused:
        await report_fault(somebody, fault(place=place))
    assert refused.value.facts == {"limit": 10}
    assert await traces() == before
    assert (await report_fault(somebody, fault(place=place, danger=True))).danger
    assert await report_fault(make_customer(), fault(place=place)), "a flood harms nobody else"


async def test_staff_take_faults_only_where_their_post_reaches() -> None:
    scene, elsewhere = await make_scene(), await make_grid(place=Place(lat=30.2, lon=110.4))
    assert (await report_fault(scene.manager, fault(scene.home, channel="staff"))).id
    neighbour = await actor_of(elsewhere.manager)
    with pytest.raises(NotFound):
        await report_fault(neighbour, fault(scene.home, channel="staff", danger=True))
    clerk = await actor_of(await make_staff(scene.grid.station_id, roles=(StaffRole.FINANCE,)))
    with pytest.raises(NotAllowed):
        await report_fault(clerk, fault(scene.home, channel="counter", danger=True))


async def test_staff_must_say_for_whom_or_where() -> None:
    scene = await make_scene()
    county = await make_dispatcher()
    with pytest.raises(Invalid) as refused:
        await report_fault(county, fault(channel="phone"))
    assert refused.value.field == "phone"
    assert await report_fault(county, fault(channel="phone", phone="13800000000"))
    before = await traces()
    with pytest.raises(Invalid) as refused:
        await report_fault(scene.manager, fault(channel="phone", phone="13800000000"))
    assert refused.value.field == "address", "it would go where the teller cannot see it"
    assert await traces() == before


async def test_staff_open_a_job_by_hand_and_see_it() -> None:
    scene = await make_scene()
    command = OpenWorkOrder(
        description="路过听说停电", address=scene.grid.village_name, phone="13800000000"
    )
    job = await open_work_order(scene.manager, command)
    assert (job.state, job.description) == ("triaged", "路过听说停电")
    assert (await said()) == {"WorkOrderOpened": 1, "TicketOpened": 1}


async def test_what_cannot_be_completed_stays_on_its_ticket_and_gets_a_further_job() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "start")
    job = await step(scene.manager, job, "cannot-complete", reason="需要吊车")
    assert job.ticket_id is not None
    assert (await ticket_view(job.ticket_id)).state == "on_site"
    further = OpenWorkOrder(description="带吊车再去", ticket_id=job.ticket_id)
    with pytest.raises(NotAllowed):
        await open_work_order(scene.manager, further)
    next_job = await open_work_order(scene.dispatcher, further)
    assert next_job.id != job.id
    assert (next_job.ticket_id, next_job.state) == (job.ticket_id, "triaged")
    assert (await row_of(next_job.id))["lat"] == scene.home.place.lat
    with pytest.raises(Invalid) as refused:
        await open_work_order(scene.dispatcher, further)
    assert refused.value.field == "ticket_id"
    shown = (await tickets_of_openid(scene.customer))[0]
    assert shown.work_order_id == next_job.id, "the customer follows the newest job"


async def test_the_job_before_a_further_one_rests() -> None:
    scene = await make_scene()
    job = await walked(scene, await offered(scene), "start")
    job = await step(scene.manager, job, "cannot-complete", reason="需要吊车")
    job = await step(scene.dispatcher, job, "close")
    assert job.ticket_id is not None
    further = OpenWorkOrder(description="带吊车再去", ticket_id=job.ticket_id)
    await open_work_order(scene.dispatcher, further)
    with pytest.raises(WorkOrderStepNotPossible, match="已有新的工单"):
        await step(scene.dispatcher, job, "reopen", reason="再看看")
    open_jobs = await fetch_value(
        "SELECT count(*) FROM work_order WHERE ticket = $1 AND closed_at IS NULL", job.ticket_id
    )
    assert open_jobs == 1


async def test_a_closed_ticket_takes_no_further_job() -> None:
    scene = await make_scene()
    job = await completed(scene)
    assert job.ticket_id is not None
    await rate_ticket(scene.customer, RateTicket(ticket_id=job.ticket_id, stars=4))
    further = OpenWorkOrder(description="再去一次", ticket_id=job.ticket_id)
    with pytest.raises(Invalid):
        await open_work_order(scene.dispatcher, further)
    elsewhere = await make_dispatcher(await make_station())
    with pytest.raises(NotFound):
        await open_work_order(elsewhere, further)


async def test_P1_a_place_of_ones_own_does_not_show_who_a_strangers_account_is() -> None:
    scene, elsewhere = await make_scene(), await make_grid(place=Place(lat=30.2, lon=110.4))
    neighbour = await actor_of(elsewhere.manager)
    before = await traces()
    for account_no in (scene.home.account_no, "9999999999"):
        command = OpenWorkOrder(description="没电了", account_no=account_no, place=elsewhere.place)
        with pytest.raises(NotFound):
            await open_work_order(neighbour, command)
    assert await traces() == before

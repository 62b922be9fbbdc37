"""Before anybody is sent: which report joins a known outage, and which sends somebody."""

from datetime import timedelta

import pytest

from grid.geography.types import Place
from grid.kit.clock import advance, business_now
from grid.kit.database import fetch_value
from grid.kit.refusals import NotFound, TooMany
from grid.outages.triage import known_here, report
from grid.outages.words import OutageEvent, OutageKind
from grid.work_orders.intake import report_fault
from tests.grid.outages.scene import (
    Village,
    announced,
    by_phone,
    dark,
    done,
    inside,
    jobs_of,
    make_village,
    member,
    promises_told,
    steps_of,
)
from tests.grid.work_orders.scene import fault
from tests.support.county import make_grid
from tests.support.homes import link, make_account, make_customer

pytestmark = pytest.mark.usefixtures("rolled_back")


@pytest.fixture
async def village() -> Village:
    return await make_village()


async def test_a_report_inside_a_known_outage_sends_nobody(village: Village) -> None:
    outage = await dark(village)
    answer = await inside(village)
    assert answer.joined
    assert answer.known is not None
    assert (answer.known.cause, answer.known.etr) == (outage.cause, outage.etr)
    assert await jobs_of(answer.ticket.id) == []
    assert await steps_of(answer.ticket.id) == ["intake", "merge", "dispatch", "take"]
    facts = await fetch_value(
        "SELECT facts->>'outage' FROM ticket_transition WHERE ticket = $1 AND event = 'take'",
        answer.ticket.id,
    )
    assert facts == str(outage.id)
    (told,) = await promises_told(answer.ticket.id)
    assert (told["promised_at"], told["told_at"] is None) == (outage.etr, False)
    assert (told["source"], told["subject"]) == ("dispatcher", "outage")


@pytest.mark.parametrize(
    "told",
    [
        {"description": "电压不稳"},
        {"description": "没电了", "danger": True},
        {"description": "就我家没电,邻居都有电"},
    ],
)
async def test_danger_and_other_trouble_always_send_somebody(
    village: Village, told: dict[str, object]
) -> None:
    await dark(village)
    answer = await inside(village, **told)
    assert not answer.joined
    assert len(await jobs_of(answer.ticket.id)) == 1


async def test_outside_of_the_outage_somebody_is_sent(village: Village) -> None:
    await dark(village)
    grid = await make_grid(place=Place(lat=30.2, lon=110.4))
    home, customer = await make_account(grid), make_customer()
    await link(customer, home)
    answer = await report(customer, fault(home))
    assert (answer.joined, answer.known) == (False, None)


async def test_staff_see_the_outage_and_may_insist(village: Village) -> None:
    outage = await dark(village)
    shown = await known_here(village.dispatcher, village.homes[0].account_no, None)
    assert [one.id for one in shown.items] == [outage.id]
    insisted = await report(
        village.dispatcher, fault(village.homes[0], channel="phone"), insist=True
    )
    assert (insisted.joined, insisted.known is None) == (False, False)
    assert len(await jobs_of(insisted.ticket.id)) == 1
    joined = await by_phone(village, 1)
    assert joined.joined
    (told,) = await promises_told(joined.ticket.id)
    assert told["channel"] == "phone"
    with pytest.raises(NotFound):
        await known_here(village.dispatcher, "99990000", None)


async def test_W4_insisting_on_a_child_makes_it_a_matter_of_its_own_not_a_second_one(
    village: Village,
) -> None:
    await dark(village)
    child = await inside(village)
    told = fault(village.homes[0], channel="phone")
    insisted = await report(village.dispatcher, told, insist=True)
    assert (insisted.ticket.id, insisted.joined) == (child.ticket.id, False)
    assert (await member(child.ticket.id))["state"] == "split"
    assert len(await jobs_of(child.ticket.id)) == 1


@pytest.mark.parametrize(("metres", "joins"), [(100, True), (5000, False)])
async def test_without_an_account_the_nearest_transformer_decides(
    village: Village, metres: int, joins: bool
) -> None:
    await dark(village)
    place = Place(lat=village.grid.place.lat + metres / 111_000, lon=village.grid.place.lon)
    shown = await known_here(village.dispatcher, None, place)
    assert bool(shown.items) is joins
    answer = await report(make_customer(), fault(None, place=place, phone="13900000000"))
    assert answer.joined is joins


async def test_nobody_knows_where_somebody_is_sent(village: Village) -> None:
    await dark(village)
    answer = await report(make_customer(), fault(None, phone="13900000000"))
    assert not answer.joined


async def test_telling_it_again_gives_the_same_ticket(village: Village) -> None:
    await dark(village)
    first, again = await inside(village), await inside(village)
    assert first.ticket.id == again.ticket.id
    assert await steps_of(first.ticket.id) == ["intake", "merge", "dispatch", "take", "comment"]
    stranger, place = make_customer(), village.grid.place
    one = await report(stranger, fault(None, place=place, phone="13900000000"))
    two = await report(stranger, fault(None, place=place, phone="13900000000"))
    assert one.ticket.id == two.ticket.id != first.ticket.id


async def test_who_is_served_already_stays_served_and_hears_of_the_outage(
    village: Village,
) -> None:
    before = await report_fault(village.customers[0], fault(village.homes[0]))
    await dark(village)
    answer = await inside(village)
    assert (answer.ticket.id, answer.joined, answer.known is None) == (before.id, False, False)


async def test_a_planned_outage_counts_from_its_start_and_no_time_is_told_that_passed(
    village: Village,
) -> None:
    now = await business_now()
    outage = await announced(
        village,
        OutageKind.PLANNED,
        now + timedelta(days=8),
        expected_end_at=now + timedelta(days=8, hours=3),
    )
    early = await inside(village)
    assert (early.joined, early.known) == (False, None)
    await advance(8 * 86400 + 60)
    during = await inside(village, 1)
    assert (during.joined, during.known is not None and during.known.id) == (True, outage.id)
    await advance(3 * 3600)
    late = await inside(village, 2)
    assert late.joined
    assert late.known is not None
    assert late.known.etr is None
    assert await promises_told(late.ticket.id) == []


async def test_after_restoration_somebody_is_sent_again(village: Village) -> None:
    outage = await dark(village)
    await done(village, outage.id, OutageEvent.RESTORE)
    answer = await inside(village)
    assert (answer.joined, answer.known) == (False, None)


async def test_the_outage_of_the_account_is_found_also_from_the_neighbours_field(
    village: Village,
) -> None:
    outage = await dark(village)
    near = Place(lat=village.grid.place.lat + 0.002, lon=village.grid.place.lon)
    answer = await inside(village, place=near)
    assert answer.joined
    assert (await member(answer.ticket.id))["outage"] == outage.id


async def test_the_budget_of_open_reports_holds_inside_an_outage_too(village: Village) -> None:
    await dark(village)
    customer = village.customers[0]
    for _ in range(10):
        home = await make_account(village.grid)
        await link(customer, home, default=False)
        await report(customer, fault(home))
    with pytest.raises(TooMany):
        await inside(village)

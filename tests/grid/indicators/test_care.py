"""Visits of the cycle and times told to customers: what counts, what is left out, case by case."""

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from grid.indicators.comparing import comparison
from grid.indicators.periods import midnight
from grid.indicators.reading import value
from grid.indicators.records import records
from grid.indicators.types import Asked, By, Which
from grid.kit.clock import business_day, business_now
from grid.notices.tables import Promise
from grid.territory.types import StaffActor
from grid.visits.tables import CustomerVisit, VisitCheck, VisitPlan, VisitStop
from grid.work_orders.tables import Ticket, WorkOrder
from tests.grid.indicators.world import TICK, World, make_world, store
from tests.support.homes import make_account
from tests.support.staff import make_dispatcher

pytestmark = pytest.mark.usefixtures("rolled_back")

FEBRUARY = date(2024, 2, 1)


async def empty_world() -> World:
    return await make_world(1, tickets=0)


def plan(world: World, month: date, state: str = "released") -> UUID:
    grid = world.grids[0]
    row = world.add(
        VisitPlan, grid=grid.id, month=month, state=state, made_by="-", made_at=midnight(month)
    )
    return UUID(str(row["id"]))


async def stop(
    world: World,
    of_plan: UUID,
    day: date,
    visited_on: date | None = None,
    state: str = "released",
    check: str | None = None,
) -> UUID:
    """One planned household, with its visit and the check of it where there were any."""
    grid = world.grids[0]
    home = await make_account(grid)
    job = world.add(
        WorkOrder,
        number=f"V{len(world.of('work_order'))}-{world.chance.randrange(10**9)}",
        kind="visit",
        state="closed",
        priority="normal",
        place_class="rural",
        grid=grid.id,
        station=grid.station_id,
    )
    made = world.add(
        VisitStop,
        plan=of_plan,
        account=home.id,
        form="ordinary",
        stop_day=day,
        staff=grid.manager,
        state=state,
        reason="搬走了" if state == "removed" else None,
        work_order=job["id"],
    )
    if visited_on is not None:
        visit = world.add(
            CustomerVisit,
            work_order=job["id"],
            revision=1,
            account=home.id,
            grid=grid.id,
            station=grid.station_id,
            author=grid.assistant,
            form="ordinary",
            answers="{}",
            leaflets="[]",
            visited_on=visited_on,
            grade="strong",
        )
        if check is not None:
            world.add(
                VisitCheck,
                work_order=job["id"],
                visit=visit["id"],
                grid=grid.id,
                month=FEBRUARY,
                reasons="[]",
                state=check,
                closed_at=None if check == "open" else midnight(date(2024, 2, 20)),
            )
    return UUID(str(made["id"]))


async def kept(world: World) -> None:
    await store(world, (WorkOrder, VisitPlan, VisitStop, CustomerVisit, VisitCheck))


async def ids(actor: StaffActor, name: str, which: Which) -> set[UUID | None]:
    page = await records(actor, name, Asked(period="2024-02"), which, limit=200)
    return {one.record_id for one in page.items}


async def test_K1_a_planned_visit_counts_once_in_its_month() -> None:
    world = await empty_world()
    february, january = plan(world, FEBRUARY), plan(world, date(2024, 1, 1))
    draft = plan(world, date(2024, 3, 1), "draft")
    last = date(2024, 2, 29)
    made = {
        await stop(world, february, FEBRUARY, visited_on=FEBRUARY),
        await stop(world, february, date(2024, 2, 5), visited_on=last, check="confirmed"),
        await stop(world, february, last, visited_on=date(2024, 2, 2), check="open"),
    }
    missed = {
        await stop(world, february, date(2024, 2, 6)),
        await stop(world, february, date(2024, 2, 7), visited_on=date(2024, 3, 1)),
        await stop(world, february, date(2024, 2, 8), visited_on=last, check="not_confirmed"),
    }
    removed = {await stop(world, february, date(2024, 2, 9), state="removed")}
    await stop(world, january, date(2024, 1, 31), visited_on=date(2024, 1, 31))
    await stop(world, draft, date(2024, 2, 3))
    await kept(world)
    actor = await make_dispatcher()
    assert await ids(actor, "visits_made", Which.HIT) == made
    assert await ids(actor, "visits_made", Which.MISSED) == missed
    assert await ids(actor, "visits_made", Which.EXCLUDED) == removed
    figure = await value(actor, "visits_made", Asked(period="2024-02"))
    assert (figure.numerator, figure.denominator, figure.excluded) == (3, 6, 1)
    checks = await value(actor, "visits_not_confirmed", Asked(period="2024-02"))
    assert (checks.numerator, checks.denominator) == (1, 2)
    people = await comparison(actor, "visits_not_confirmed", Asked(period="2024-02"), By.STAFF)
    assert [line.code for line in people.items] == [world.numbers[world.grids[0].assistant]]


async def test_who_can_still_be_visited_this_month_is_not_yet_missed() -> None:
    world = await empty_world()
    today = business_day(await business_now())
    of_month = plan(world, today.replace(day=1))
    await stop(world, of_month, today)
    await kept(world)
    asked = Asked(period=f"{today:%Y-%m}")
    figure = await value(await make_dispatcher(), "visits_made", asked)
    assert (figure.denominator, figure.excluded) == (0, 1)


def told(world: World, promised_at: datetime, **more: object) -> UUID:
    row = world.add(
        Promise,
        **{
            "whom": f"ticket:{len(world.of('promise'))}",
            "what": "arrive",
            "subject": "ticket",
            "subject_id": world.of("ticket")[0]["id"],
            "source": "dispatcher",
            "channel": "phone",
            "ticket_id": world.of("ticket")[0]["id"],
            "promised_at": promised_at,
            "told_at": promised_at,
            "is_estimate": False,
            **more,
        },
    )
    return UUID(str(row["id"]))


async def test_K1_a_promise_counts_at_the_time_that_was_told() -> None:
    world = await empty_world()
    grid = world.grids[0]
    world.add(
        Ticket,
        number="P-1",
        kind="fault",
        channel="phone",
        state="closed",
        description="-",
        grid=grid.id,
        station=grid.station_id,
        reported_by="-",
    )
    begin, end = midnight(FEBRUARY), midnight(date(2024, 3, 1))
    noon = begin + timedelta(hours=12)
    later = told(world, noon, made_at=noon - timedelta(hours=2), kept=True)
    too_late = told(world, noon, made_at=noon + TICK, kept=True)
    hit = {told(world, begin, kept=True), told(world, end - TICK, kept=True), later, too_late}
    missed = {
        told(world, noon, kept=False),
        told(world, noon, kept=None),
        told(world, noon, kept=False, replaced_by=too_late),
        told(world, noon, kept=False, withdrawn_at=noon + TICK),
    }
    left_out = {
        told(world, noon, kept=None, replaced_by=later),
        told(world, noon, kept=None, withdrawn_at=noon),
    }
    told(world, end, kept=True)
    told(world, begin - TICK, kept=True)
    told(world, noon, is_estimate=True, told_at=None)
    await store(world, (Ticket, Promise))
    actor = await make_dispatcher()
    assert await ids(actor, "promises_kept", Which.HIT) == hit
    assert await ids(actor, "promises_kept", Which.MISSED) == missed
    assert await ids(actor, "promises_kept", Which.EXCLUDED) == left_out
    by_grid = (await comparison(actor, "promises_kept", Asked(period="2024-02"), By.GRID)).items
    assert [(line.code, line.denominator) for line in by_grid] == [(grid.code, 8)]

"""Closed months never change silently; recalculation is a further version by two people (K3)."""

from datetime import date, datetime, timedelta

import asyncpg
import pytest

from grid.indicators.catalogue import CATALOGUE
from grid.indicators.comparing import comparison
from grid.indicators.periods import PeriodKind, midnight, period_named, period_of
from grid.indicators.reading import trend, value, values
from grid.indicators.records import records
from grid.indicators.schedule import close_month, oldest_open
from grid.indicators.service import (
    OtherRequestWaits,
    PeriodClosedAlready,
    PeriodNotClosed,
    PeriodNotOver,
    change_period,
    close_by_schedule,
    period,
)
from grid.indicators.types import Asked, By, ChangePeriod, Figure, PeriodVerb, Theme, Which
from grid.kit import context
from grid.kit.clock import advance, business_day, business_now
from grid.kit.database import execute, fetch, fetch_value, transaction
from grid.kit.dated_settings import SamePerson
from grid.kit.refusals import Invalid, NotAllowed, NotFound
from grid.territory.types import Audience, StaffActor, StaffRole
from tests.grid.indicators.world import make_world
from tests.support.county import make_station
from tests.support.staff import actor_of, make_dispatcher, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")

WHY = ChangePeriod(reason="月度会议决定")
CLOSE, AGAIN, BACK = PeriodVerb.CLOSE, PeriodVerb.RECALCULATE, PeriodVerb.WITHDRAW


async def make_auditor(station: bool = False) -> StaffActor:
    place = await make_station() if station else None
    staff_id = await make_staff(
        place, skilled=False, roles=(StaffRole.AUDITOR,), everywhere=not station
    )
    return await actor_of(staff_id, audience=Audience.CONSOLE)


async def closed_by_two(name: str, verb: PeriodVerb = CLOSE) -> None:
    for _ in range(2):
        await change_period(await make_auditor(), name, verb, WHY)


async def everything(actor: StaffActor, asked: Asked) -> list[tuple[object, ...]]:
    """Every figure of a period without the moment it was read at."""
    found: list[Figure] = []
    for theme in Theme:
        found += await values(actor, theme, asked)
    return [(f.indicator, f.numerator, f.denominator, f.excluded, f.amount) for f in found]


async def spoil() -> None:
    """Change whatever the figures are made of."""
    await execute("UPDATE sla_clock SET due_at = due_at - interval '100 days'")
    await execute(
        "UPDATE ticket SET kind = 'opinion', grid = NULL, reported_at = reported_at + interval '40 days'"
    )
    await execute("UPDATE sla_pause SET box_until = box_until + interval '1 day', ended_at = NULL")


async def test_K3_a_closed_month_stays_when_its_records_change() -> None:
    await make_world(1)
    actor = await make_dispatcher()
    asked = Asked(period="2024-02")
    open_figures = await everything(actor, asked)
    await closed_by_two("2024-02")
    assert await everything(actor, asked) == open_figures
    before = {
        name: [one.record_id for one in (await records(actor, name, asked, limit=200)).items]
        for name in CATALOGUE
    }
    await spoil()
    assert await everything(actor, asked) == open_figures
    for name, ids in before.items():
        shown = (await records(actor, name, asked, limit=200)).items
        assert [one.record_id for one in shown] == ids
    figure = await value(actor, "arrive_met", asked)
    assert [(mark.month, mark.version) for mark in figure.closed] == [("2024-02", 1)]
    assert await everything(actor, Asked(period="2024-01")) != open_figures


async def test_K3_recalculation_is_a_new_version_and_the_old_one_stays_readable() -> None:
    await make_world(2)
    actor = await make_dispatcher()
    await closed_by_two("2024-02")
    first = await everything(actor, Asked(period="2024-02"))
    await spoil()
    await closed_by_two("2024-02", AGAIN)
    second = await everything(actor, Asked(period="2024-02"))
    assert second != first
    assert await everything(actor, Asked(period="2024-02", version=1)) == first
    assert await everything(actor, Asked(period="2024-02", version=2)) == second
    view = await period(actor, "2024-02")
    assert [one.version for one in view.closings] == [2, 1]
    assert view.closings[0].reason == WHY.reason
    assert view.closings[0].asked_by != view.closings[0].confirmed_by
    assert view.closings[0].changed > 0
    assert view.closings[0].digest != view.closings[1].digest
    with pytest.raises(NotFound):
        await everything(actor, Asked(period="2024-02", version=3))
    with pytest.raises(Invalid, match="版本"):
        await everything(actor, Asked(period="2024-Q1", version=1))


async def test_K3_recalculating_what_did_not_change_gives_the_same_digest() -> None:
    await make_world(3)
    await closed_by_two("2024-02")
    await closed_by_two("2024-02", AGAIN)
    view = await period(await make_dispatcher(), "2024-02")
    assert view.closings[0].digest == view.closings[1].digest
    assert view.closings[0].changed == 0


async def test_K3_a_new_version_of_a_definition_leaves_closed_months_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only what is still open is counted the new way; a span over both names both versions."""
    await make_world(4)
    actor = await make_dispatcher()
    await closed_by_two("2024-01")
    old = CATALOGUE["disputed_arrivals"]
    january = await value(actor, old.name, Asked(period="2024-01"))
    everybody = old.rows._replace(hit="true")
    monkeypatch.setitem(CATALOGUE, old.name, old._replace(version=2, rows=everybody))
    again = await value(actor, old.name, Asked(period="2024-01"))
    assert (again.numerator, again.denominator) == (january.numerator, january.denominator)
    assert again.definition_versions == [1]
    february = await value(actor, old.name, Asked(period="2024-02"))
    assert february.numerator == february.denominator > 0
    quarter = await value(actor, old.name, Asked(period="2024-Q1"))
    assert quarter.definition_versions == [1, 2]


async def test_K3_longer_spans_are_sums_of_closed_and_open_months() -> None:
    await make_world(5)
    actor = await make_dispatcher()
    names = ("2024-01", "2024-02", "2024-03")
    whole = await everything(actor, Asked(period="2024-Q1"))
    points = (await trend(actor, "arrive_met", Asked(period="2024-03"), 4)).items
    for closed in ("2024-02", "2024-01"):
        await closed_by_two(closed)
        assert await everything(actor, Asked(period="2024-Q1")) == whole
        assert (await trend(actor, "arrive_met", Asked(period="2024-03"), 4)).items == points
        months = [await everything(actor, Asked(period=name)) for name in names]
        added = [
            (parts[0][0], *(sum(column) for column in list(zip(*parts, strict=True))[1:]))
            for parts in zip(*months, strict=True)
        ]
        assert added == whole
    await spoil()
    days = [
        await value(actor, "arrive_met", Asked(period=f"2024-02-{day:02}")) for day in range(1, 30)
    ]
    month = await value(actor, "arrive_met", Asked(period="2024-02"))
    assert sum(day.denominator for day in days) == month.denominator
    lines = (await comparison(actor, "arrive_met", Asked(period="2024-02"), By.STATION)).items
    assert sum(line.numerator for line in lines) == month.numerator


@pytest.mark.parametrize("table", ["indicator_period", "indicator_record", "indicator_sum"])
async def test_K3_the_database_refuses_to_change_what_is_closed(table: str) -> None:
    await make_world(6, tickets=8)
    await closed_by_two("2024-02")
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET closing = closing"):
        sql = statement.replace("closing = closing", "id = id")
        with pytest.raises(asyncpg.PostgresError):
            async with transaction() as inner, inner.connection.transaction():
                await execute(sql)


async def test_nobody_closes_or_recalculates_alone() -> None:
    one, other = await make_auditor(), await make_auditor()
    asked = await change_period(one, "2024-02", CLOSE, WHY)
    assert asked.asked is not None
    assert asked.closings == []
    with pytest.raises(SamePerson):
        await change_period(one, "2024-02", CLOSE, WHY)
    with pytest.raises(PeriodNotClosed):
        await change_period(other, "2024-02", AGAIN, WHY)
    done = await change_period(other, "2024-02", CLOSE, WHY)
    assert done.asked is None
    assert [one.version for one in done.closings] == [1]
    with pytest.raises(PeriodClosedAlready):
        await change_period(one, "2024-02", CLOSE, WHY)


async def test_what_was_asked_for_can_be_taken_back() -> None:
    one = await make_auditor()
    await change_period(one, "2024-02", CLOSE, WHY)
    assert (await change_period(one, "2024-02", BACK, WHY)).asked is None
    with pytest.raises(NotFound):
        await change_period(one, "2024-02", BACK, WHY)


async def test_another_verb_waits_for_the_first() -> None:
    one = await make_auditor()
    await closed_by_two("2024-02")
    await change_period(one, "2024-02", AGAIN, WHY)
    await execute("UPDATE indicator_request SET verb = 'close' WHERE state = 'asked'")
    with pytest.raises(OtherRequestWaits):
        await change_period(await make_auditor(), "2024-02", AGAIN, WHY)


async def test_only_months_that_are_over_are_closed_and_only_by_the_county() -> None:
    now = await business_now()
    auditor = await make_auditor()
    with pytest.raises(PeriodNotOver):
        await change_period(auditor, f"{business_day(now):%Y-%m}", CLOSE, WHY)
    for name in ("2024-Q1", "2024", "2024-02-29", "nonsense"):
        with pytest.raises(Invalid):
            await change_period(auditor, name, CLOSE, WHY)
    for somebody in (await make_dispatcher(), await make_auditor(station=True)):
        with pytest.raises(NotAllowed):
            await change_period(somebody, "2024-02", CLOSE, WHY)


async def move_to(moment: datetime) -> None:
    seconds = int((moment - await business_now()).total_seconds()) + 1
    assert seconds > 0
    await advance(seconds)


async def test_the_schedule_closes_a_month_once_some_days_after_its_end() -> None:
    month = period_named(f"{business_day(await business_now()):%Y-%m}")
    count = "SELECT count(*) FROM indicator_period WHERE period = $1"
    await move_to(midnight(month.after) + timedelta(days=5) - timedelta(minutes=1))
    await close_month()
    assert await fetch_value(count, month.name) == 0
    await move_to(midnight(month.after) + timedelta(days=5))
    for _ in range(2):
        await close_month()
    assert await fetch_value(count, month.name) == 1
    assert not await close_by_schedule(month)


async def test_K3_after_a_long_sleep_the_schedule_closes_every_month_it_missed() -> None:
    first = period_named(f"{business_day(await business_now()):%Y-%m}")
    second = period_of(PeriodKind.MONTH, first.after)
    third = period_of(PeriodKind.MONTH, second.after)
    await move_to(midnight(first.after) + timedelta(days=6))
    await close_month()
    await move_to(midnight(third.after) + timedelta(days=6))
    found = []
    for _ in range(3):
        await close_month()
        rows = await fetch("SELECT period FROM indicator_period ORDER BY period")
        found.append([row["period"] for row in rows])
    assert found == [
        [first.name, second.name],
        [first.name, second.name, third.name],
        [first.name, second.name, third.name],
    ]


@pytest.mark.parametrize(
    ("closed", "wanted"),
    [
        (set(), "2026-10"),
        ({"2026-10"}, None),
        ({"2026-09"}, "2026-10"),
        ({"2026-08", "2026-10"}, "2026-09"),
        ({"2026-11"}, "2026-10"),
    ],
)
def test_K3_a_month_closed_out_of_turn_leaves_no_gap(closed: set[str], wanted: str | None) -> None:
    found = oldest_open(date(2026, 11, 22), closed)
    assert (None if found is None else found.name) == wanted


async def test_a_request_that_the_schedule_overtook_is_withdrawn() -> None:
    with context.acting("staff:E1"):
        await change_period(await make_auditor(), "2024-02", CLOSE, WHY)
    assert await close_by_schedule(period_named("2024-02"))
    assert (await period(await make_dispatcher(), "2024-02")).asked is None


async def test_every_record_of_a_closed_month_is_kept_with_its_reason() -> None:
    await make_world(7)
    actor = await make_dispatcher()
    asked = Asked(period="2024-02")
    before = await records(actor, "arrive_met", asked, Which.EXCLUDED, limit=200)
    await closed_by_two("2024-02")
    after = await records(actor, "arrive_met", asked, Which.EXCLUDED, limit=200)
    assert before.items == after.items
    assert before.items
    assert {one.excluded for one in after.items if not one.hidden} == {"到期以前不再需要"}

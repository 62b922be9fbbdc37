"""A figure is exactly its records: counted a second time over random worlds (K1)."""

import pytest

from grid.indicators.catalogue import CATALOGUE
from grid.indicators.comparing import comparison
from grid.indicators.periods import period_named
from grid.indicators.reading import trend, value, values
from grid.indicators.records import records
from grid.indicators.rules import Counts, value_of
from grid.indicators.types import Asked, By, Figure, Measure, Theme, Which
from grid.kit.database import fetch
from grid.territory.types import StaffActor
from tests.grid.indicators.oracle import ORACLES, Truth, within
from tests.grid.indicators.world import PERIODS, World, make_world
from tests.support.staff import make_dispatcher

pytestmark = pytest.mark.usefixtures("rolled_back")

SEEDS = (1, 2, 3)


def counted(found: list[Truth]) -> Counts:
    """The figure as the oracle adds it up."""
    inside = [one for one in found if one.why is None]
    return Counts(
        numerator=sum(one.hit for one in inside),
        denominator=len(inside),
        excluded=len(found) - len(inside),
        amount=sum(one.amount or 0 for one in inside),
    )


def counts_of(figure: Figure) -> Counts:
    return Counts(figure.numerator, figure.denominator, figure.excluded, figure.amount)


async def codes(table: str) -> dict[str, str]:
    """Codes of stations or grids by id."""
    rows = await fetch(f"SELECT id, code FROM {table}")
    return {str(row["id"]): row["code"] for row in rows}


async def all_records(actor: StaffActor, name: str, asked: Asked, which: Which) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = await records(actor, name, asked, which, cursor, limit=7)
        found += ["hidden" if one.hidden else str(one.record_id) for one in page.items]
        cursor = page.next
        if cursor is None:
            return found


def test_every_indicator_of_tickets_and_jobs_is_counted_twice() -> None:
    elsewhere = {"visits_made", "visits_not_confirmed", "promises_kept"}
    assert set(CATALOGUE) == set(ORACLES) | elsewhere


@pytest.mark.parametrize("seed", SEEDS)
async def test_K1_a_figure_is_what_plain_python_counts(seed: int) -> None:
    world, actor = await make_world(seed), await make_dispatcher()
    some = 0
    for name, oracle in ORACLES.items():
        found = list(oracle(world))
        for period in PERIODS:
            span = period_named(period)
            wanted = counted(within(found, span.from_at, span.until_at))
            figure = await value(actor, name, Asked(period=period))
            assert counts_of(figure) == wanted, (name, period)
            assert figure.value == value_of(wanted, CATALOGUE[name].manner)
            assert 0 <= figure.numerator <= figure.denominator
            if CATALOGUE[name].manner.measure is Measure.RATE and figure.value is not None:
                assert 0 <= figure.value <= 1
            some += figure.denominator
    assert some > 500


@pytest.mark.parametrize("seed", SEEDS)
async def test_K1_the_records_are_the_figure(seed: int) -> None:
    world, actor = await make_world(seed), await make_dispatcher()
    span = period_named("2024-Q1")
    for name, oracle in ORACLES.items():
        found = within(list(oracle(world)), span.from_at, span.until_at)
        asked = Asked(period="2024-Q1")
        ids = {which: await all_records(actor, name, asked, which) for which in Which}
        inside = [one for one in found if one.why is None]
        hidden = {str(row["record"]) for row in await hidden_rows(world, found)}
        wanted = {
            Which.COUNTED: inside,
            Which.HIT: [one for one in inside if one.hit],
            Which.MISSED: [one for one in inside if not one.hit],
            Which.EXCLUDED: [one for one in found if one.why is not None],
        }
        for which, ones in wanted.items():
            shown = ["hidden" if str(o.record) in hidden else str(o.record) for o in ones]
            assert sorted(ids[which]) == sorted(shown), (name, which)


async def hidden_rows(world: World, found: list[Truth]) -> list[dict[str, object]]:
    """Records of sealed tickets: a dispatcher counts them but does not see them."""
    sealed = {row["id"] for row in world.of("ticket") if row["sealed"]}
    jobs = {row["id"] for row in world.of("work_order") if row["ticket"] in sealed}
    behind = sealed | jobs
    owners = {row["id"]: row for name in world.rows for row in world.of(name)}

    def is_hidden(one: Truth) -> bool:
        row = owners[one.record]
        return any(row.get(key) in behind for key in ("id", "ticket", "work_order", "subject_id"))

    return [{"record": one.record} for one in found if is_hidden(one)]


@pytest.mark.parametrize("seed", SEEDS)
async def test_K1_grids_add_up_to_stations_and_stations_to_the_county(seed: int) -> None:
    world, actor = await make_world(seed), await make_dispatcher()
    stations, grids = await codes("supply_station"), await codes("service_grid")
    span = period_named("2024-02")
    for name, oracle in ORACLES.items():
        found = within(list(oracle(world)), span.from_at, span.until_at)
        whole = await value(actor, name, Asked(period="2024-02"))
        for by, known, part in ((By.STATION, stations, "station"), (By.GRID, grids, "grid")):
            lines = (await comparison(actor, name, Asked(period="2024-02"), by)).items
            assert sum(line.numerator for line in lines) == whole.numerator
            assert sum(line.denominator for line in lines) == whole.denominator
            for line in lines:
                own = [one for one in found if known.get(str(getattr(one, part))) == line.code]
                assert (line.numerator, line.denominator) == counted(own)[:2], (name, line.code)
                if line.code is not None:
                    asked = Asked(period="2024-02", scope=f"{part}:{line.code}")
                    assert counts_of(await value(actor, name, asked)) == counted(own)
        for station_id, code in stations.items():
            asked = Asked(period="2024-02", scope=f"station:{code}")
            inside = (await comparison(actor, name, asked, By.GRID)).items
            of_station = await value(actor, name, asked)
            assert sum(line.denominator for line in inside) == of_station.denominator
            assert station_id


async def test_K1_people_and_kinds_are_parts_of_the_whole() -> None:
    world, actor = await make_world(9), await make_dispatcher()
    for name, oracle in ORACLES.items():
        span = period_named("2024")
        found = within(list(oracle(world)), span.from_at, span.until_at)
        kinds = (await comparison(actor, name, Asked(period="2024"), By.KIND)).items
        for line in kinds:
            own = [one for one in found if one.matter == line.code]
            assert (line.numerator, line.denominator) == counted(own)[:2]
            narrowed = await value(actor, name, Asked(period="2024", kind=line.code))
            assert counts_of(narrowed) == counted(own)
        if CATALOGUE[name].by_staff:
            staff = world.staff[0]
            scope = f"staff:{world.numbers[staff]}"
            own = [one for one in found if one.staff == staff]
            figure = await value(actor, name, Asked(period="2024", scope=scope))
            assert counts_of(figure) == counted(own), name


async def test_a_trend_is_the_figures_one_after_the_other() -> None:
    await make_world(4)
    actor = await make_dispatcher()
    for last, count in (("2024-03", 5), ("2024-03-01", 4), ("2024-W01", 3), ("2024", 2)):
        for name in ("arrive_met", "rating_average", "pause_minutes_asked", "complaints"):
            points = (await trend(actor, name, Asked(period=last), count)).items
            assert len(points) == count
            for point in points:
                figure = await value(actor, name, Asked(period=point.period))
                assert (point.numerator, point.denominator, point.value) == (
                    figure.numerator,
                    figure.denominator,
                    figure.value,
                )


async def test_a_theme_is_its_figures() -> None:
    await make_world(5)
    actor = await make_dispatcher()
    for theme in Theme:
        together = await values(actor, theme, Asked(period="2024-Q1"))
        assert [one.indicator for one in together] == [
            name for name, known in CATALOGUE.items() if known.theme is theme
        ]
        for one in together:
            alone = await value(actor, one.indicator, Asked(period="2024-Q1"))
            assert counts_of(one) == counts_of(alone)

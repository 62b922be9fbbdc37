"""Indicators in the browser: all at a glance, one with its records, months closed by two people."""

import io
import re
import zipfile

import pytest

from backend.console import indicator_words as said
from backend.demo import DemoFacts
from backend.demo.ready import DemoStaffFact
from grid.indicators.catalogue import CATALOGUE
from grid.indicators.types import Standing, TrendPoint, Unit
from grid.kit.database import fetch_value
from tests.grid.indicators.world import World, make_world
from tests.support.console import NewBrowser, person_with

FEBRUARY = "scope=county&period=2024-02"


@pytest.fixture(scope="module")
async def world(console_demo: DemoFacts) -> World:
    """A made-up winter beside the demo county."""
    return await make_world(11)


def county_people(demo: DemoFacts, role: str) -> list[DemoStaffFact]:
    return [person for person in demo.staff if role in person.roles]


async def test_all_figures_stand_with_target_and_word(
    browser_of: NewBrowser, console_demo: DemoFacts, world: World
) -> None:
    browser = await browser_of().sign_in(person_with(console_demo, "auditor"))
    page = await browser.see(f"/console/indicators?{FEBRUARY}")
    for one in CATALOGUE.values():
        assert one.title in page
    assert "未达标" in page
    assert "数据截至" in page
    assert "未封账" in page


async def test_every_indicator_has_a_page_that_says_how_it_is_counted(
    browser_of: NewBrowser, console_demo: DemoFacts, world: World
) -> None:
    browser = await browser_of().sign_in(person_with(console_demo, "auditor"))
    for name, one in CATALOGUE.items():
        for by in ("station", "grid", "staff", "kind"):
            page = await browser.see(f"/console/indicators/{name}?{FEBRUARY}&by={by}")
        assert one.said.cut_off in page
        assert one.said.source in page
        assert "怎么算的" in page
    page = await browser.see(f"/console/indicators/arrive_met?{FEBRUARY}&which=missed")
    assert "/console/work-orders/" in page
    following = re.search(r'rel="next" href="([^"#]+)', page)
    assert following is None or await browser.see(following[1].replace("&amp;", "&"))


async def test_what_is_asked_wrongly_is_named(
    browser_of: NewBrowser, console_demo: DemoFacts, world: World
) -> None:
    browser = await browser_of().sign_in(person_with(console_demo, "auditor"))
    assert "时段" in await browser.see("/console/indicators?period=2024-13", status=400)
    assert "范围" in await browser.see("/console/indicators?scope=village:1", status=400)
    await browser.see("/console/indicators?scope=grid:nowhere", status=404)
    await browser.see("/console/indicators/nothing", status=404)
    await browser.see(f"/console/indicators/arrive_met?{FEBRUARY}&by=moon", status=400)


async def test_a_sheet_holds_what_the_page_holds_and_is_logged(
    browser_of: NewBrowser, console_demo: DemoFacts, world: World
) -> None:
    browser = await browser_of().sign_in(person_with(console_demo, "auditor"))
    count = "SELECT count(*) FROM audit_entry WHERE action = 'indicator.exported'"
    before = await fetch_value(count)
    for path, word in (
        ("/console/indicators.xlsx", "小事不出格率"),
        ("/console/indicators/arrive_met/records.xlsx", "计入分子"),
    ):
        answer = await browser.http.get(f"{path}?{FEBRUARY}")
        assert answer.status_code == 200
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            assert word in book.read("xl/sharedStrings.xml").decode()
    assert await fetch_value(count) == before + 2


async def test_K3_a_month_is_closed_by_two_people(
    browser_of: NewBrowser, console_demo: DemoFacts, world: World
) -> None:
    people = county_people(console_demo, "auditor") + county_people(console_demo, "station_head")
    page = f"/console/indicators?{FEBRUARY}"
    address = "/console/indicators/periods/2024-02"
    one = await browser_of().sign_in(people[0])
    assert "提出封账" in await one.see(page)
    sent = await one.submit(f"{address}/close", page, reason="二月例会")
    assert sent.status_code == 303
    again = await one.submit(f"{address}/close", page, reason="二月例会")
    assert again.status_code == 403
    assert "请另一位同事" in again.text
    assert "撤回申请" in await one.see(page)
    back = await one.submit(f"{address}/withdraw", page, reason="撤回")
    assert back.status_code == 303
    assert "提出封账" in await one.see(page)
    assert (await one.submit(f"{address}/close", page)).status_code == 400


async def test_a_station_head_sees_the_station_and_not_the_county(
    browser_of: NewBrowser, console_demo: DemoFacts, world: World
) -> None:
    browser = await browser_of().sign_in(person_with(console_demo, "station_head"))
    page = await browser.see("/console/indicators?period=2024-02")
    if "全县" not in page:
        await browser.see("/console/indicators?scope=county", status=404)
        assert "提出封账" not in page


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (None, Unit.SHARE, "—"),
        (1.0, Unit.SHARE, "100.00 %"),
        (0.999999, Unit.SHARE, "99.99 %"),
        (0.000001, Unit.SHARE, "0.01 %"),
        (2 / 3, Unit.SHARE, "66.67 %"),
        (45.04, Unit.MINUTES, "45.0 分钟"),
        (4.5, Unit.STARS, "4.50 星"),
        (7.0, Unit.PIECES, "7 件"),
    ],
)
def test_figures_are_said_in_their_unit(value: float | None, unit: Unit, words: str) -> None:
    assert said.figure(value, unit) == words


def point(value: float | None, target: float | None) -> TrendPoint:
    return TrendPoint(
        period="2024-02",
        numerator=1,
        denominator=2,
        value=value,
        target=target,
        standing=Standing.MET,
    )


def test_bars_begin_at_zero_and_share_one_scale() -> None:
    shares = said.bars([point(0.5, 0.9), point(None, 0.9)], Unit.SHARE)
    assert [(bar.reach, bar.target) for bar in shares] == [(50.0, 90.0), (None, 90.0)]
    minutes = said.bars([point(30.0, 45.0), point(60.0, 45.0)], Unit.MINUTES)
    assert [(bar.reach, bar.target) for bar in minutes] == [(50.0, 75.0), (100.0, 75.0)]
    assert said.bars([point(0.0, None)], Unit.PIECES)[0].reach is None

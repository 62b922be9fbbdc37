"""Numbers that law or company sets: dated, sourced, released by two people."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from grid.kit import context, dated_settings
from grid.kit.database import execute, fetch, fetch_value
from grid.kit.dated_settings import (
    EVERYWHERE,
    SamePerson,
    SettingNotReleased,
    define,
    definitions,
    history,
    propose,
    release,
    value_at,
    values_at,
)
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotFound
from tests.support.statements import recorded

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ARRIVE = define("tests.arrive_minutes", low=1, high=600, seed=90, source="a promise made for tests")
PAGE = define("tests.page_rows", low=1, high=200, seed=50, source="a habit", two_people=False)


@pytest.fixture(scope="module", autouse=True)
def defined_here_only() -> Iterator[None]:
    """These two are for this module."""
    yield
    dated_settings._DEFINITIONS.pop(ARRIVE)
    dated_settings._DEFINITIONS.pop(PAGE)


async def put_in_force(
    value: int, effective_from: datetime, scope: str = EVERYWHERE, name: str = ARRIVE
) -> UUID:
    with context.acting("staff:E0001"):
        setting_id = await propose(name, value, effective_from, "a document", scope)
    with context.acting("staff:E0002"):
        await release(setting_id, NOW)
    return setting_id


async def test_before_anybody_sets_it_the_seed_holds(rolled_back: None) -> None:
    assert await value_at(ARRIVE, NOW) == 90
    assert await value_at(ARRIVE, datetime(2001, 1, 1, tzinfo=UTC)) == 90


async def test_a_value_holds_from_its_moment_on(rolled_back: None) -> None:
    await put_in_force(60, NOW)
    assert await value_at(ARRIVE, NOW - timedelta(microseconds=1)) == 90
    assert await value_at(ARRIVE, NOW) == 60
    assert await value_at(ARRIVE, NOW + timedelta(days=400)) == 60


async def test_a_later_release_for_the_same_moment_supersedes(rolled_back: None) -> None:
    await put_in_force(60, NOW)
    await put_in_force(45, NOW)
    assert await value_at(ARRIVE, NOW) == 45


async def test_a_value_set_for_later_does_not_disturb_now(rolled_back: None) -> None:
    await put_in_force(60, NOW)
    await put_in_force(30, NOW + timedelta(days=30))
    assert await value_at(ARRIVE, NOW + timedelta(days=29)) == 60
    assert await value_at(ARRIVE, NOW + timedelta(days=30)) == 30


async def test_a_station_goes_before_the_county(rolled_back: None) -> None:
    await put_in_force(60, NOW)
    await put_in_force(120, NOW - timedelta(days=5), scope="station:S01")
    assert await value_at(ARRIVE, NOW, "station:S01") == 120
    assert await value_at(ARRIVE, NOW, "station:S02") == 60
    assert await value_at(ARRIVE, NOW) == 60


async def test_a_draft_is_not_in_force_and_its_author_may_not_release_it(rolled_back: None) -> None:
    with context.acting("staff:E0001"):
        setting_id = await propose(ARRIVE, 45, NOW, "a document")
        assert await value_at(ARRIVE, NOW) == 90
        with pytest.raises(SamePerson) as caught:
            await release(setting_id, NOW)
    assert caught.value.status == 403
    assert await value_at(ARRIVE, NOW) == 90
    with context.acting("staff:E0002"):
        await release(setting_id, NOW)
    assert await value_at(ARRIVE, NOW) == 45


async def test_the_table_itself_refuses_one_person_twice(rolled_back: None) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="two_people"):
        await execute(
            "INSERT INTO dated_setting (id, name, scope, value, effective_from, source, state,"
            " proposed_by, proposed_at, released_by, released_at)"
            " VALUES ($1, 'x', 'county', '1', $2, 's', 'released', 'staff:E0001', $2,"
            " 'staff:E0001', $2)",
            new_id(),
            NOW,
        )


async def test_a_harmless_setting_needs_one_person(rolled_back: None) -> None:
    with context.acting("staff:E0001"):
        await release(await propose(PAGE, 20, NOW, "a wish"), NOW)
    assert await value_at(PAGE, NOW) == 20


async def test_nothing_is_released_twice(rolled_back: None) -> None:
    setting_id = await put_in_force(60, NOW)
    with context.acting("staff:E0003"), pytest.raises(SettingNotReleased):
        await release(setting_id, NOW)
    with pytest.raises(NotFound):
        await release(new_id(), NOW)


@pytest.mark.parametrize("value", [0, 601, -5])
async def test_a_value_outside_its_bounds_is_refused_by_name(rolled_back: None, value: int) -> None:
    with pytest.raises(Invalid) as caught:
        await propose(ARRIVE, value, NOW, "a document")
    assert caught.value.facts == {"field": "value", "low": 1, "high": 600}


async def test_an_unknown_setting_is_refused_by_name(rolled_back: None) -> None:
    with pytest.raises(Invalid) as caught:
        await propose("tests.unknown", 1, NOW, "a document")
    assert caught.value.field == "name"
    with pytest.raises(KeyError):
        await value_at("tests.unknown", NOW)


async def test_proposing_and_releasing_are_audited(rolled_back: None) -> None:
    before = await fetch_value("SELECT count(*) FROM audit_entry WHERE subject = $1", ARRIVE)
    await put_in_force(60, NOW)
    rows = await fetch(
        "SELECT actor, action FROM audit_entry WHERE subject = $1 ORDER BY id", ARRIVE
    )
    assert [(row["actor"], row["action"]) for row in rows[before:]] == [
        ("staff:E0001", "setting.propose"),
        ("staff:E0002", "setting.release"),
    ]


async def test_history_shows_every_value_newest_first(rolled_back: None) -> None:
    await put_in_force(60, NOW)
    await put_in_force(45, NOW + timedelta(days=1))
    views = await history(ARRIVE)
    assert [view.value for view in views][:2] == [45, 60]
    assert views[0].released_by == "staff:E0002"


async def test_several_values_cost_one_statement(rolled_back: None) -> None:
    async with recorded() as statements:
        assert await values_at([ARRIVE, PAGE], NOW) == {ARRIVE: 90, PAGE: 50}
    assert len(statements) == 1


def test_every_definition_has_a_source_and_a_seed_inside_its_bounds() -> None:
    for known in definitions():
        assert known.source, known.name
        assert known.low <= known.seed <= known.high, known.name

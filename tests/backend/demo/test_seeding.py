"""The demo county in real tables: whole, once, and as ready.json tells it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from backend.demo import DemoFacts, seed
from backend.demo.batches import Batch, Secrets, keys_for
from backend.demo.customer_rows import customer_batches
from backend.demo.ready import CUSTOMERS_SHOWN_MAX
from backend.demo.seeding import write_all
from backend.demo.territory_rows import territory_batches
from backend.embedded import EmbeddedPostgres
from grid.kit.database import fetch, fetch_one, fetch_value, transaction
from grid.territory.authority import needs_second_factor
from grid.territory.passwords import HASHER
from grid.territory.types import StaffRole
from tests.backend.demo.counties import built, station
from tests.conftest import empty_tables

HOME_SECRET = b"a secret of a home of the tests!"

Told = list[tuple[str, float]]


@pytest.fixture(scope="module")
async def told() -> Told:
    """What the first seeding said of its progress."""
    return []


@pytest.fixture(scope="module")
async def facts(pool: None, postgres: EmbeddedPostgres, told: Told) -> AsyncIterator[DemoFacts]:
    """The default demo, committed; the tables are emptied when the module is done."""
    await empty_tables(postgres.owner_url)
    yield await seed(
        customers=1_500,
        home_secret=HOME_SECRET,
        progress=lambda words, share: told.append((words, share)),
    )
    await empty_tables(postgres.owner_url)


async def test_every_row_arrived(facts: DemoFacts) -> None:
    expected = station()
    assert facts.seeded
    assert facts.customer_count == 1_500
    counts = {
        "supply_station": 1,
        "service_grid": len(expected.grids),
        "village": len(expected.villages),
        "transformer_district": len(expected.districts),
        "staff": len(expected.staff),
        "grid_appointment": len(expected.appointments),
        "service_account": 1_500,
        "metering_point": 1_500,
        "meter": 1_500,
        "wechat_link": sum(customer.is_bound for customer in expected.customers),
        "customer_tag": sum(len(customer.tags) for customer in expected.customers),
    }
    for table, count in counts.items():
        assert await fetch_value(f"SELECT count(*) FROM {table}") == count, table


async def test_W6_S5_the_tables_hold_one_manager_and_another_supervisor(facts: DemoFacts) -> None:
    rows = await fetch(
        "SELECT g.id, count(*) FILTER (WHERE role = 'manager') AS managers,"
        " count(*) FILTER (WHERE role = 'supervisor') AS supervisors,"
        " count(*) FILTER (WHERE role = 'supervisor' AND staff IN (SELECT staff"
        "   FROM grid_appointment m WHERE m.grid = g.id AND m.role = 'manager')) AS both_at_once"
        " FROM service_grid g LEFT JOIN grid_appointment a ON a.grid = g.id GROUP BY g.id"
    )
    assert len(rows) == len(station().grids)
    for row in rows:
        assert (row["managers"], row["both_at_once"]) == (1, 0)
        assert row["supervisors"] >= 1


async def test_someone_of_the_crew_is_on_shift_at_every_hour_of_a_year(facts: DemoFacts) -> None:
    uncovered = await fetch_value(
        "SELECT count(*) FROM generate_series(date_trunc('hour', $1::timestamptz),"
        "   $1::timestamptz + interval '400 days', interval '1 hour') AS hour"
        " WHERE NOT EXISTS (SELECT 1 FROM shift s JOIN staff_role_grant g ON g.staff = s.staff"
        "   WHERE g.role = 'crew' AND s.starts_at <= hour AND s.ends_at > hour)",
        datetime.now(UTC),
    )
    assert uncovered == 0


async def test_the_facts_are_those_of_the_tables(facts: DemoFacts) -> None:
    assert len(facts.customers) == 1_500
    assert {customer.account_no for customer in facts.customers} == {
        customer.account_no for customer in station().customers
    }
    by_number = {customer.account_no: customer for customer in station().customers}
    for shown in facts.customers:
        made = by_number[shown.account_no]
        assert (shown.openid, shown.bound) == (made.openid, made.is_bound)
        assert (shown.grid, shown.district_no) == (made.grid_code, made.district_no)
        assert (shown.lat, shown.lon) == (made.place.lat, made.place.lon)
        assert shown.meter_no == made.meter_no


async def test_staff_can_sign_in_with_what_is_shown(facts: DemoFacts) -> None:
    assert [person.employee_no for person in facts.staff] == sorted(
        person.employee_no for person in station().staff
    )
    for person in facts.staff:
        row = await fetch_one(
            "SELECT password_hash, totp_secret FROM staff WHERE employee_no = $1",
            person.employee_no,
        )
        assert row is not None
        assert row["totp_secret"] == person.totp_secret
        posts = frozenset(StaffRole(role) for role in person.roles if role in set(StaffRole))
        assert (person.totp_secret is not None) == needs_second_factor(posts)
    manager = next(person for person in facts.staff if "manager" in person.roles)
    assert manager.grids == [manager.employee_no.removesuffix("-M")]
    hashed = await fetch_value(
        "SELECT password_hash FROM staff WHERE employee_no = $1", manager.employee_no
    )
    assert HASHER.verify(hashed, manager.password)
    assert any(person.on_shift for person in facts.staff if "crew" in person.roles)


async def test_a_second_start_changes_nothing_and_shows_the_same(facts: DemoFacts) -> None:
    before = await fetch_value("SELECT sum(hashtext(s::text)::bigint) FROM staff s")
    again = await seed(customers=9, home_secret=HOME_SECRET, progress=lambda words, share: None)
    assert not again.seeded
    assert again.customers == facts.customers
    assert [(p.employee_no, p.password) for p in again.staff] == [
        (p.employee_no, p.password) for p in facts.staff
    ]
    assert await fetch_value("SELECT sum(hashtext(s::text)::bigint) FROM staff s") == before


async def test_progress_only_grows_and_ends_at_one(facts: DemoFacts, told: Told) -> None:
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(set(shares)) > 20


async def test_people_who_are_not_of_the_demo_are_not_shown(facts: DemoFacts) -> None:
    async with transaction() as running:
        await fetch_value(
            "UPDATE staff SET phone = '13800000000' WHERE employee_no = 'SC-D1' RETURNING id"
        )
        again = await seed(customers=9, home_secret=HOME_SECRET, progress=lambda words, share: None)
        await running.rollback()
    assert "SC-D1" not in {person.employee_no for person in again.staff}


def batches(seed_number: int, customers: int) -> list[Batch]:
    """A county ready to be written, with hashes that nobody will check."""
    found = built(customers, seed_number)
    secrets = Secrets(
        password_hashes=dict.fromkeys((p.employee_no for p in found.staff), "-"), totp_secrets={}
    )
    keys = keys_for(found, datetime.now(UTC))
    return [*territory_batches(found, keys, secrets), *customer_batches(found, keys)]


async def test_of_two_seeders_at_once_one_wins(committed: None, postgres: EmbeddedPostgres) -> None:
    await empty_tables(postgres.owner_url)
    outcomes = await asyncio.gather(
        write_all(batches(1, 40), lambda words, share: None),
        write_all(batches(2, 50), lambda words, share: None),
    )
    assert sorted(outcomes) == [False, True]
    assert await fetch_value("SELECT count(*) FROM service_account") in (40, 50)


async def test_the_list_of_customers_has_an_end_and_knows_every_grid(
    committed: None, postgres: EmbeddedPostgres
) -> None:
    await empty_tables(postgres.owner_url)
    await write_all(batches(422828, 3_000), lambda words, share: None)
    shown = await seed(customers=1, home_secret=HOME_SECRET, progress=lambda words, share: None)
    assert shown.customer_count == 3_000
    assert 1_000 < len(shown.customers) <= CUSTOMERS_SHOWN_MAX
    assert {customer.grid for customer in shown.customers} == {g.code for g in station().grids}


async def test_half_a_county_is_never_stored(committed: None, postgres: EmbeddedPostgres) -> None:
    await empty_tables(postgres.owner_url)
    broken = batches(3, 30)
    *whole, last = broken
    torn = Batch(table=last.table, columns=("no_such_column",), rows=[(1,)])
    with pytest.raises(Exception, match="no_such_column"):
        await write_all([*whole, torn], lambda words, share: None)
    assert await fetch_value("SELECT count(*) FROM supply_station") == 0

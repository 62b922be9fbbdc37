"""The demo county hangs together, whatever the seed."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.demo.county import CUSTOMERS_MAX, SEED, county, towns_for
from backend.demo.facts import towns
from backend.demo.types import DemoCounty
from grid.geography.areas import AreaIndex
from grid.territory.types import GridRole
from tests.backend.demo.counties import TODAY, built, station, whole

seeds = st.integers(min_value=0, max_value=2**31)


def check_whole(found: DemoCounty, customers: int) -> None:
    """What must hold for every seed and size."""
    assert len(found.customers) == customers
    check_villages(found)
    check_codes(found)
    check_places(found)


def check_villages(found: DemoCounty) -> None:
    """Each village lies in exactly one grid, of its own town."""
    listed = [code for grid in found.grids for code in grid.village_codes]
    assert sorted(listed) == sorted(village.code for village in found.villages)
    town_of = {station.code: station.town_code for station in found.stations}
    village_towns = {village.code: village.town_code for village in found.villages}
    for grid in found.grids:
        assert {village_towns[code] for code in grid.village_codes} == {town_of[grid.station_code]}


def check_codes(found: DemoCounty) -> None:
    """Nothing that names a thing is given twice."""
    openids = [customer.openid for customer in found.customers if customer.openid is not None]
    for codes in (
        [grid.code for grid in found.grids],
        [district.district_no for district in found.districts],
        [person.employee_no for person in found.staff],
        [person.phone for person in found.staff],
        [customer.account_no for customer in found.customers],
        [customer.meter_no for customer in found.customers],
        [customer.phone for customer in found.customers],
        [customer.address for customer in found.customers],
        openids,
    ):
        assert len(set(codes)) == len(codes)


def check_places(found: DemoCounty) -> None:
    """W6: every customer and district lies in the one grid it is booked under."""
    index = AreaIndex({grid.code: grid.shape for grid in found.grids})
    for rows in (found.customers, found.districts, found.villages):
        held = index.holding_many([r.place.lat for r in rows], [r.place.lon for r in rows])
        if rows is not found.villages:
            assert held == [row.grid_code for row in rows]
        assert None not in held
    districts = {district.district_no: district for district in found.districts}
    for customer in found.customers:
        district = districts[customer.district_no]
        assert (district.village_code, district.grid_code) == (
            customer.village_code,
            customer.grid_code,
        )


@settings(max_examples=15, deadline=None)
@given(seeds, st.integers(min_value=1, max_value=2_000))
def test_W6_a_station_of_any_seed_and_size_hangs_together(seed: int, customers: int) -> None:
    check_whole(county(seed, customers, towns_for(customers), TODAY), customers)


def test_W6_the_whole_county_hangs_together() -> None:
    found = whole()
    check_whole(found, 72_175)
    assert len(found.stations) == 9
    assert len(found.villages) == 164
    assert 50 <= len(found.grids) <= 60
    assert len(found.districts) == 1_189
    assert sum(customer.is_fee_controlled for customer in found.customers) == 66_664


def test_the_default_is_one_station_with_all_its_grids() -> None:
    found = station()
    assert [station.town_name for station in found.stations] == ["容美镇"]
    assert len(found.villages) == 26
    assert [grid.code for grid in found.grids] == [
        grid.code for grid in whole().grids if grid.station_code == "RM"
    ]
    per_grid = Counter(customer.grid_code for customer in found.customers)
    assert set(per_grid) == {grid.code for grid in found.grids}
    assert min(per_grid.values()) > 50


def test_one_station_looks_alike_alone_and_in_the_county() -> None:
    alone = {grid.code: grid for grid in station().grids}
    assert alone == {grid.code: grid for grid in whole().grids if grid.code in alone}


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_W6_S5_each_grid_has_one_manager_and_a_supervisor_who_is_somebody_else(seed: int) -> None:
    found = county(seed, 100, towns(), TODAY)
    for grid in found.grids:
        held = {role: people_of(found, grid.code, role) for role in GridRole}
        assert len(held[GridRole.MANAGER]) == 1
        assert len(held[GridRole.ASSISTANT]) == 1
        assert len(held[GridRole.SUPERVISOR]) >= 1
        assert not set(held[GridRole.MANAGER]) & set(held[GridRole.SUPERVISOR])
    managers = [a.employee_no for a in found.appointments if a.role == GridRole.MANAGER]
    assert len(set(managers)) == len(found.grids)


def people_of(found: DemoCounty, grid_code: str, role: GridRole) -> list[str]:
    """Who holds a role in a grid."""
    return [
        appointment.employee_no
        for appointment in found.appointments
        if appointment.grid_code == grid_code and appointment.role == role
    ]


def test_the_same_seed_gives_the_same_county_and_another_seed_another() -> None:
    again = county(SEED, 300, towns_for(300), TODAY)
    assert again == county(SEED, 300, towns_for(300), TODAY)
    other = built(300, seed=7)
    assert other.customers != again.customers
    assert other.grids != again.grids


def test_tomorrow_changes_certificates_only() -> None:
    tomorrow = county(SEED, 300, towns_for(300), date(2026, 11, 23))
    today = built(300)
    assert tomorrow.customers == today.customers
    assert tomorrow.grids == today.grids
    assert tomorrow.staff != today.staff


@pytest.mark.parametrize("customers", [0, -1, CUSTOMERS_MAX + 1])
def test_an_impossible_size_is_refused(customers: int) -> None:
    with pytest.raises(ValueError, match="1 to"):
        county(SEED, customers, towns_for(customers), TODAY)


def test_everything_drawn_says_that_it_is_invented() -> None:
    found = station()
    assert all("演示" in station.name for station in found.stations)
    assert all(customer.phone.startswith("199000") for customer in found.customers)
    assert all(person.phone.startswith("1990000") for person in found.staff)
    assert all((c.openid or "oDEMO").startswith("oDEMO") for c in found.customers)

"""Somebody is on duty at every hour, with a certificate that holds."""

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from backend.demo.rota import Rota, is_on_shift, shifts_between
from backend.demo.types import DemoShift, DemoStaff
from grid.kit.clock import SHANGHAI
from tests.backend.demo.counties import TODAY, station, whole

YEAR_DAYS = 365


def hours_covered(people: list[DemoStaff], first: date, days: int) -> Counter[datetime]:
    """How many of the people are on shift at each hour of the days."""
    covered: Counter[datetime] = Counter()
    for shift in shifts_between(people, first, days):
        hour = shift.starts_at
        while hour < shift.ends_at:
            covered[hour] += 1
            hour += timedelta(hours=1)
    return covered


def hours_of(first: date, days: int) -> list[datetime]:
    start = datetime(first.year, first.month, first.day, tzinfo=SHANGHAI)
    return [start + timedelta(hours=number) for number in range(24 * days)]


def with_role(people: tuple[DemoStaff, ...], role: str) -> list[DemoStaff]:
    return [person for person in people if role in person.roles]


def test_crew_is_on_shift_at_every_hour_of_a_year() -> None:
    covered = hours_covered(with_role(station().staff, "crew"), TODAY, YEAR_DAYS)
    assert {covered[hour] for hour in hours_of(TODAY, YEAR_DAYS)} == {2}


def test_a_dispatcher_is_on_shift_at_every_hour_of_a_year() -> None:
    covered = hours_covered(with_role(station().staff, "dispatcher"), TODAY, YEAR_DAYS)
    assert {covered[hour] for hour in hours_of(TODAY, YEAR_DAYS)} == {1}


def test_every_station_of_the_county_has_crew_at_every_hour_of_a_fortnight() -> None:
    for supply_station in whole().stations:
        crew = [
            person
            for person in with_role(whole().staff, "crew")
            if person.station_code == supply_station.code
        ]
        covered = hours_covered(crew, TODAY, 14)
        assert min(covered[hour] for hour in hours_of(TODAY, 14)) >= 1


def test_everybody_rests_and_nobody_is_on_two_shifts_at_once() -> None:
    for person in station().staff:
        own = sorted(shifts_between([person], TODAY, 56), key=lambda shift: shift.starts_at)
        worked_h = sum((shift.ends_at - shift.starts_at) / timedelta(hours=1) for shift in own)
        assert 0 < worked_h <= 61 * 8
        for earlier, later in pairwise(own):
            assert later.starts_at - earlier.ends_at >= timedelta(hours=14)


def test_on_shift_agrees_with_the_list_of_shifts() -> None:
    people = station().staff
    shifts: dict[str, list[DemoShift]] = {}
    for shift in shifts_between(people, TODAY, 9):
        shifts.setdefault(shift.employee_no, []).append(shift)
    for hour in hours_of(TODAY, 9):
        for person in people:
            listed = any(s.starts_at <= hour < s.ends_at for s in shifts[person.employee_no])
            assert is_on_shift(person, hour) == listed


@pytest.mark.parametrize("rota", list(Rota))
def test_a_shift_ends_exactly_at_its_end(rota: Rota) -> None:
    person = next(person for person in station().staff if person.rota == rota)
    shift = next(iter(shifts_between([person], TODAY + timedelta(days=3), 7)))
    assert is_on_shift(person, shift.starts_at)
    assert is_on_shift(person, shift.ends_at - timedelta(seconds=1))
    assert not is_on_shift(person, shift.starts_at - timedelta(seconds=1))
    assert not is_on_shift(person, shift.ends_at)


def test_crew_and_managers_may_repair_for_a_year() -> None:
    managers = {
        appointment.employee_no
        for appointment in station().appointments
        if appointment.role == "manager"
    }
    for person in station().staff:
        if "crew" in person.roles or person.employee_no in managers:
            held = {s.skill for s in person.skills if s.valid_until > TODAY + timedelta(days=400)}
            assert {"low_voltage", "climbing", "fault_repair"} <= held


def test_the_centre_has_every_post() -> None:
    held = Counter(role for person in station().staff for role in person.roles)
    assert held == {
        "dispatcher": 4,
        "back_office": 2,
        "finance": 2,
        "auditor": 2,
        "operator": 2,
        "station_head": 1,
        "crew": 8,
    }

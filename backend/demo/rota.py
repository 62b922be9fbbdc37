"""Who is on duty when: three shift patterns, worked out for any stretch of days."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from backend.demo.types import DemoShift, DemoStaff
from grid.kit.clock import SHANGHAI

DAY = (time(8), timedelta(hours=8))
EVENING = (time(16), timedelta(hours=8))
# The night belongs to the day it follows: 24:00 of the day to 08:00 of the next.
NIGHT = (time(0), timedelta(hours=8))
LONG_DAY = (time(8), timedelta(hours=10))

TEAMS = 4
# Two days, two evenings, two nights, two days off. Teams start two days apart, so on every day
# exactly one team has the day, one the evening, one the night, and one is off.
ROUND = ("day", "day", "evening", "evening", "night", "night", "off", "off")


class Rota(StrEnum):
    """The patterns people work by."""

    ROUND_THE_CLOCK = "round_the_clock"
    VILLAGE = "village"
    OFFICE = "office"


def shifts_between(staff: Sequence[DemoStaff], first: date, days: int) -> Iterator[DemoShift]:
    """Give the shifts that begin on `days` days from `first`, person by person.

    The night before `first` is included, so that its early morning has somebody.
    """
    for person in staff:
        for offset in range(-1, days):
            found = _shift(person, first + timedelta(days=offset))
            if found is not None and (offset >= 0 or found.ends_at > _at(first, time(0))):
                yield found


def is_on_shift(person: DemoStaff, at: datetime) -> bool:
    """Say whether the person is on duty at an aware moment."""
    today = at.astimezone(SHANGHAI).date()
    around = (today - timedelta(days=1), today)
    found = [_shift(person, day) for day in around]
    return any(shift is not None and shift.starts_at <= at < shift.ends_at for shift in found)


def _shift(person: DemoStaff, day: date) -> DemoShift | None:
    """Give the person's shift that belongs to a day, or None on a day off."""
    match Rota(person.rota):
        case Rota.ROUND_THE_CLOCK:
            return _round_the_clock(person, day)
        case Rota.VILLAGE:
            # Somebody is in the villages every day; everybody has one fixed day of rest.
            return None if day.weekday() == person.team % 7 else _made(person, day, LONG_DAY)
        case Rota.OFFICE:
            return None if day.weekday() >= 5 else _made(person, day, LONG_DAY)


def _round_the_clock(person: DemoStaff, day: date) -> DemoShift | None:
    """Give the turn of a team of four, counted from a fixed day so that it never jumps."""
    match ROUND[(day.toordinal() + 2 * person.team) % len(ROUND)]:
        case "day":
            return _made(person, day, DAY)
        case "evening":
            return _made(person, day, EVENING)
        case "night":
            return _made(person, day + timedelta(days=1), NIGHT)
        case _:
            return None


def _made(person: DemoStaff, day: date, turn: tuple[time, timedelta]) -> DemoShift:
    """Put a turn on a day."""
    starts_at = _at(day, turn[0])
    return DemoShift(
        employee_no=person.employee_no, starts_at=starts_at, ends_at=starts_at + turn[1]
    )


def _at(day: date, hour: time) -> datetime:
    """Give the aware moment of a Shanghai hour."""
    return datetime.combine(day, hour, tzinfo=SHANGHAI)

"""Which limits hold for a matter: by place, priority, tag, station and date."""

from datetime import UTC, datetime, timedelta

import pytest

from grid.clocks import policies
from grid.clocks.policies import SEEDS, Facts, Policy, chosen, limits_at
from grid.clocks.types import Hours, PauseReason, Target
from grid.kit import context, dated_settings

pytestmark = pytest.mark.usefixtures("rolled_back")

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ARRIVE = Target.ARRIVE


def minutes(facts: Facts, *more: Policy) -> dict[str, float]:
    return {one.target.value: one.limit_s / 60 for one in chosen([*SEEDS, *more], facts)}


def fault(place: str = "rural", **more: object) -> Facts:
    return Facts("fault_repair", place, "urgent")._replace(**more)  # type: ignore[arg-type]


def company(limit_min: int, **more: object) -> Policy:
    made = Policy("fault_repair", ARRIVE, limit_min * 60, Hours.ALWAYS, 80, "县公司文件")
    return made._replace(is_company=True, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place_class", "accept_arrive_restore"),
    [("city", (3, 45, 180)), ("rural", (3, 90, 240)), ("remote", (3, 120, 240))],
)
async def test_the_limits_of_the_reference(
    place_class: str, accept_arrive_restore: tuple[int, ...]
) -> None:
    found = {one.target: one.limit_s for one in await limits_at(NOW, fault(place_class))}
    assert (
        tuple(found[target] // 60 for target in (Target.ACCEPT, Target.ARRIVE, Target.RESTORE))
        == accept_arrive_restore
    )


def test_a_complaint_is_contacted_in_a_day_and_answered_in_five_working_days() -> None:
    found = {one.target: one for one in chosen(SEEDS, Facts("complaint", "rural", "normal"))}
    contact, answer = found[Target.FIRST_CONTACT], found[Target.ANSWER]
    assert (contact.limit_s, contact.hours) == (24 * 3600, Hours.ALWAYS)
    assert (answer.limit_s, answer.hours) == (5 * 86400, Hours.WORKDAYS)


def test_what_names_more_goes_before_what_names_less() -> None:
    by_place = company(60, place_class="rural")
    by_priority = company(50, priority="urgent")
    by_tag = company(40, tag="medical")
    by_station = company(70, station_code="S1")
    assert minutes(fault(), by_place)["arrive"] == 60
    assert minutes(fault(), by_place, by_priority)["arrive"] == 50
    assert minutes(fault(tags=("medical",)), by_priority, by_tag)["arrive"] == 40
    assert minutes(fault(), by_priority, by_tag)["arrive"] == 50, "no such tag"
    everything = (by_place, by_priority, by_tag, by_station)
    assert minutes(fault(tags=("medical",), station_code="S1"), *everything)["arrive"] == 70
    assert minutes(fault("city"), by_place)["arrive"] == 45, "of another place"


def test_of_equals_the_newer_holds_and_of_several_tags_the_shorter_limit() -> None:
    older = company(60, place_class="rural", effective_from=NOW - timedelta(days=2))
    newer = company(75, place_class="rural", effective_from=NOW - timedelta(days=1))
    assert minutes(fault(), newer, older)["arrive"] == 75
    tags = (company(50, tag="medical"), company(35, tag="important"))
    assert minutes(fault(tags=("important", "medical")), *tags)["arrive"] == 35


async def put_in_force(name: str, value: int, at: datetime) -> None:
    with context.acting("staff:E1"):
        setting = await dated_settings.propose(name, value, at, "县公司文件")
    with context.acting("staff:E2"):
        await dated_settings.release(setting, NOW)


async def test_the_time_box_of_a_pause_is_a_dated_setting_of_its_reason() -> None:
    later = NOW + timedelta(days=1)
    await put_in_force("pause_hours.weather", 12, later)
    assert await policies.longest_pause(PauseReason.WEATHER, NOW) == timedelta(hours=48)
    assert await policies.longest_pause(PauseReason.WEATHER, later) == timedelta(hours=12)
    assert set(policies.PAUSE_HOURS) == set(PauseReason)


async def test_office_hours_change_from_their_day_on() -> None:
    await put_in_force("office_opens_minute", 9 * 60, NOW + timedelta(days=1))
    ticking = await policies.ticking_now()
    opens = [ticking.office_of(NOW + timedelta(days=by)).stretches[0][0] for by in (0, 1)]
    assert [f"{one:%H:%M}" for one in opens] == ["08:30", "09:00"]


@pytest.mark.parametrize(
    ("minutes_of_day", "stretches"),
    [
        ((510, 720, 840, 1050), ["08:30-12:00", "14:00-17:30"]),
        ((510, 1100, 1200, 1050), ["08:30-17:30"]),  # a lunch outside the day is none
        ((900, 720, 840, 600), ["00:00-23:59"]),  # closing before opening: a slip
    ],
)
def test_office_hours_of_any_four_settings_leave_time_to_count(
    minutes_of_day: tuple[int, int, int, int], stretches: list[str]
) -> None:
    names = policies._OFFICE_MINUTES.values()
    office = policies.office_of(dict(zip(names, minutes_of_day, strict=True)))
    assert [f"{a:%H:%M}-{b:%H:%M}" for a, b in office.stretches] == stretches


def test_every_kind_has_its_limits_with_a_source() -> None:
    from grid.work_orders.words import TicketKind, WorkOrderKind

    kinds = {one.kind for one in SEEDS}
    assert {kind.value for kind in TicketKind} <= kinds
    refused = {WorkOrderKind.ONSITE_STOP.value}
    assert {kind.value for kind in WorkOrderKind} - refused <= kinds
    assert all(one.source for one in SEEDS)

"""Fixes from phones: on shift only, each once, the newest sharp one on top."""

import random
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.refusals import NotAllowed
from grid.positions.service import report_positions
from grid.positions.types import Fix, PositionsTaken, ReportPositions
from grid.territory.types import StaffActor, StaffRole
from tests.support.counting import counted
from tests.support.county import make_station
from tests.support.staff import actor_of, give_shift, make_crew, make_staff

pytestmark = pytest.mark.usefixtures("rolled_back")


async def walker(*, on_shift: bool = True) -> StaffActor:
    """Somebody of a crew, on shift since an hour."""
    return await actor_of(await make_crew(await make_station(), on_shift=on_shift))


def fix(at: datetime, *, accuracy_m: float = 10.0, lat: float = 29.89) -> Fix:
    return Fix(lat=lat, lon=110.03, accuracy_m=accuracy_m, recorded_at=at, speed_mps=1.5)


async def send(actor: StaffActor, *fixes: Fix) -> PositionsTaken:
    return await report_positions(actor, ReportPositions(fixes=list(fixes)))


async def trail(staff_id: UUID) -> list[Record]:
    return await fetch(
        "SELECT * FROM position_report WHERE staff = $1 ORDER BY recorded_at", staff_id
    )


async def last(staff_id: UUID) -> Record | None:
    return await fetch_one("SELECT * FROM last_position WHERE staff = $1", staff_id)


async def test_a_fix_on_shift_is_stored_with_both_times() -> None:
    actor, now = await walker(), await business_now()
    at = now - timedelta(minutes=2)
    assert await send(actor, fix(at)) == PositionsTaken(stored=1, duplicate=0, refused=0)
    (row,) = await trail(actor.staff_id)
    assert (row["recorded_at"], row["accuracy_m"], row["speed_mps"], row["doubtful"]) == (
        at, 10.0, 1.5, False,
    )  # fmt: skip
    assert row["received_at"] >= now
    newest = await last(actor.staff_id)
    assert newest is not None
    assert (newest["recorded_at"], newest["lat"]) == (at, 29.89)


async def test_off_shift_nothing_is_stored_and_that_is_said() -> None:
    actor = await walker(on_shift=False)
    taken = await send(actor, fix(await business_now()))
    assert taken == PositionsTaken(stored=0, duplicate=0, refused=1, reason="不在班,不记录位置")
    assert await trail(actor.staff_id) == []
    assert await last(actor.staff_id) is None


async def test_only_the_way_on_shift_is_stored_also_when_it_is_sent_afterwards() -> None:
    actor, now = await walker(on_shift=False), await business_now()
    await give_shift(actor.staff_id, now - timedelta(hours=9), now - timedelta(hours=1))
    at_home, at_work = now - timedelta(minutes=30), now - timedelta(hours=2)
    end = now - timedelta(hours=1)
    taken = await send(actor, fix(at_work), fix(at_home), fix(end), fix(now - timedelta(hours=9)))
    assert taken == PositionsTaken(stored=2, duplicate=0, refused=2, reason="不在班,不记录位置")
    assert [row["recorded_at"] for row in await trail(actor.staff_id)] == [
        now - timedelta(hours=9),
        at_work,
    ]


async def test_a_fix_sent_twice_is_stored_once() -> None:
    actor, now = await walker(), await business_now()
    both = [fix(now - timedelta(minutes=2)), fix(now - timedelta(minutes=1))]
    assert (await send(actor, *both, both[0])).duplicate == 1
    assert await send(actor, *both) == PositionsTaken(stored=0, duplicate=2, refused=0)
    assert len(await trail(actor.staff_id)) == 2


@pytest.mark.parametrize(
    ("off", "stored"),
    [
        (timedelta(minutes=4), 1),
        (timedelta(minutes=6), 0),
        (timedelta(days=-1, minutes=1), 1),
        (timedelta(days=-1, minutes=-1), 0),
        (timedelta(days=365 * 100), 0),
    ],
)
async def test_P2_a_fix_of_tomorrow_or_long_ago_is_refused(off: timedelta, stored: int) -> None:
    actor, now = await walker(on_shift=False), await business_now()
    await give_shift(actor.staff_id, now - timedelta(days=3), now + timedelta(days=3))
    taken = await send(actor, fix(now + off))
    assert taken.stored == stored
    assert taken.reason == (None if stored else "手机时间不对或定位过旧")


async def test_a_fix_outside_of_china_is_refused_and_the_others_are_kept() -> None:
    actor, now = await walker(), await business_now()
    taken = await send(actor, fix(now, lat=-33.9), fix(now - timedelta(minutes=1)))
    assert (taken.stored, taken.refused, taken.reason) == (1, 1, "定位不在中国境内")
    assert [row["lat"] for row in await trail(actor.staff_id)] == [29.89]


async def test_a_coarse_fix_stays_in_the_trail_and_never_on_top() -> None:
    actor, now = await walker(), await business_now()
    await send(actor, fix(now - timedelta(minutes=3)))
    await send(actor, fix(now - timedelta(minutes=1), accuracy_m=1000.1))
    newest = await last(actor.staff_id)
    assert newest is not None
    assert newest["recorded_at"] == now - timedelta(minutes=3)
    assert [row["doubtful"] for row in await trail(actor.staff_id)] == [False, True]
    await send(actor, fix(now - timedelta(minutes=2), accuracy_m=1000))
    newest = await last(actor.staff_id)
    assert newest is not None
    assert newest["recorded_at"] == now - timedelta(minutes=2)


@pytest.mark.parametrize("seed", range(5))
async def test_in_whatever_order_they_come_the_newest_wins(seed: int) -> None:
    dice, actor, now = random.Random(seed), await walker(), await business_now()
    fixes = [
        fix(now - timedelta(seconds=30 * number), lat=29.8 + number / 1000) for number in range(20)
    ]
    mixed = dice.sample(fixes, len(fixes))
    for start in range(0, 20, 4):
        await send(actor, *mixed[start : start + 4])
    newest = await last(actor.staff_id)
    assert newest is not None
    assert (newest["recorded_at"], newest["lat"]) == (now, 29.8)
    assert len(await trail(actor.staff_id)) == 20


async def test_five_hundred_fixes_cost_three_statements() -> None:
    actor, now = await walker(), await business_now()
    fixes = [fix(now - timedelta(seconds=number)) for number in range(500)]
    await send(actor, fixes[0])
    async with counted() as statements:
        assert (await send(actor, *fixes)).stored == 499
    assert len([sql for sql in statements if "business_clock" not in sql]) == 3


async def test_who_does_not_work_in_the_field_reports_no_position() -> None:
    station = await make_station()
    clerk = await actor_of(await make_staff(station, roles=(StaffRole.FINANCE,)))
    with pytest.raises(NotAllowed):
        await send(clerk, fix(await business_now()))


async def test_one_persons_fixes_are_not_anothers() -> None:
    first, second, now = await walker(), await walker(), await business_now()
    await send(first, fix(now))
    assert (await send(second, fix(now))).stored == 1


@pytest.mark.parametrize(
    "body",
    [
        {"fixes": []},
        {"fixes": [{}] * 501},
        {
            "fixes": [
                {"lat": 90.1, "lon": 0, "accuracy_m": 1, "recorded_at": "2026-11-22T00:00:00Z"}
            ]
        },
        {"fixes": [{"lat": 0, "lon": 0, "accuracy_m": -1, "recorded_at": "2026-11-22T00:00:00Z"}]},
        {"fixes": [{"lat": 0, "lon": 0, "accuracy_m": 1, "recorded_at": "2026-11-22T00:00:00"}]},
        {"fixes": [{"lat": "0", "lon": 0, "accuracy_m": 1, "recorded_at": "2026-11-22T00:00:00Z"}]},
    ],
)
def test_a_batch_that_is_not_well_formed_is_refused_at_the_door(body: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(body), type=ReportPositions)


async def test_P2_a_fix_that_reaches_beyond_the_calendar_is_only_old() -> None:
    actor = await walker()
    raw = b'{"lat":0,"lon":0,"accuracy_m":1,"recorded_at":"0001-01-01T00:00:00+14:00"}'
    taken = await send(actor, msgspec.json.decode(raw, type=Fix))
    assert (taken.stored, taken.refused) == (0, 1)

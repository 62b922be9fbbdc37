"""Taking positions from phones: only on shift, each fix once, the newest good one on top."""

from datetime import datetime, timedelta

from grid.geography.datum import is_shifted
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, transaction
from grid.kit.ids import new_id
from grid.positions.types import Fix, PositionsTaken, ReportPositions
from grid.territory.authority import Action, require
from grid.territory.types import StaffActor

#: A phone's clock may run ahead this far; what is older than a day is no position any more.
_AHEAD = timedelta(minutes=5)
_OLD = timedelta(days=1)
#: Coarser fixes are kept in the trail but never become the last position.
_COARSE_M = 1000.0


async def report_positions(actor: StaffActor, command: ReportPositions) -> PositionsTaken:
    """Store the actor's fixes that were taken during a shift; says how many were not, and why.

    A phone without signal may send the fixes of a shift after its end: each is judged by when it
    was taken. Raises NotAllowed for posts that are not in the field.
    """
    require(actor, Action.REPORT_POSITION)
    async with transaction():
        now = await business_now()
        here = [fix for fix in command.fixes if is_shifted(fix.lat, fix.lon)]
        timely = [fix for fix in here if now - _OLD <= fix.recorded_at <= now + _AHEAD]
        shifts = await _shifts(actor, now)
        good = [fix for fix in timely if _on_shift(fix.recorded_at, shifts)]
        stored = await _store(actor, good, now) if good else 0
        await _raise_last(actor, good, now)
    return PositionsTaken(
        stored=stored,
        duplicate=len(good) - stored,
        refused=len(command.fixes) - len(good),
        reason=_why_refused(len(command.fixes), len(here), len(timely), len(good)),
    )


def _why_refused(told: int, here: int, timely: int, good: int) -> str | None:
    if good == told:
        return None
    if here < told:
        return "定位不在中国境内"
    return "不在班,不记录位置" if timely == told else "手机时间不对或定位过旧"


async def _shifts(actor: StaffActor, now: datetime) -> list[tuple[datetime, datetime]]:
    """The actor's shifts that a timely fix may lie in."""
    rows = await fetch(
        "SELECT starts_at, ends_at FROM shift"
        " WHERE staff = $1 AND starts_at <= $2 AND ends_at > $3",
        actor.staff_id,
        now,
        now - _OLD,
    )
    return [(row["starts_at"], row["ends_at"]) for row in rows]


def _on_shift(at: datetime, shifts: list[tuple[datetime, datetime]]) -> bool:
    return any(starts_at <= at < ends_at for starts_at, ends_at in shifts)


async def _store(actor: StaffActor, fixes: list[Fix], now: datetime) -> int:
    return await execute(
        "INSERT INTO position_report (id, staff, lat, lon, accuracy_m, speed_mps, recorded_at,"
        " received_at, doubtful) SELECT f.id, $1, f.lat, f.lon, f.accuracy, f.speed, f.at, $2,"
        " f.accuracy > $3 FROM unnest($4::uuid[], $5::float8[], $6::float8[], $7::float8[],"
        " $8::float8[], $9::timestamptz[]) AS f(id, lat, lon, accuracy, speed, at)"
        " ON CONFLICT (staff, recorded_at) DO NOTHING",
        actor.staff_id,
        now,
        _COARSE_M,
        [new_id() for _ in fixes],
        [fix.lat for fix in fixes],
        [fix.lon for fix in fixes],
        [fix.accuracy_m for fix in fixes],
        [fix.speed_mps for fix in fixes],
        [fix.recorded_at for fix in fixes],
    )


async def _raise_last(actor: StaffActor, fixes: list[Fix], now: datetime) -> None:
    sharp = [fix for fix in fixes if fix.accuracy_m <= _COARSE_M]
    if not sharp:
        return
    newest = max(sharp, key=lambda fix: fix.recorded_at)
    await execute(
        "INSERT INTO last_position (staff, lat, lon, accuracy_m, recorded_at, received_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (staff) DO UPDATE SET lat = EXCLUDED.lat,"
        " lon = EXCLUDED.lon, accuracy_m = EXCLUDED.accuracy_m,"
        " recorded_at = EXCLUDED.recorded_at, received_at = EXCLUDED.received_at"
        " WHERE last_position.recorded_at < EXCLUDED.recorded_at",
        actor.staff_id,
        newest.lat,
        newest.lon,
        newest.accuracy_m,
        newest.recorded_at,
        now,
    )

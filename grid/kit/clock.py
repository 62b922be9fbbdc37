"""Two clocks: machine time for signatures, leases and tokens; business time for promises.

Business time = machine time + one offset row. The offset is 0 outside the demo and the tests, where
`allow_moving()` has not been called; then the row is not even read. Business SQL takes the time as
a parameter.
"""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from grid.kit.database import execute, fetch_value
from grid.kit.refusals import Refusal

#: The company's day is the day in Shanghai, everywhere.
SHANGHAI = ZoneInfo("Asia/Shanghai")

#: How long a process may use an offset it has read; `wangge clock advance` waits as long.
OFFSET_FRESH_S = 0.5


class ClockIsFixed(Refusal):
    """Business time moves by itself; only a demo or a test may push it."""

    status = 403
    title = "业务时间只能在演示环境中调整"


class _Offset:
    """What this process knows of the offset row."""

    moving_allowed: bool = False
    seconds: float = 0.0
    read_at: float = float("-inf")


def allow_moving(allowed: bool) -> None:
    """Called once at start: True only in a demo or a test."""
    _Offset.moving_allowed = allowed
    _Offset.seconds = 0.0
    _Offset.read_at = float("-inf")


def machine_now() -> datetime:
    """The machine's time, aware UTC."""
    return datetime.now(UTC)


async def business_now() -> datetime:
    """The time that deadlines, windows and days are counted in, aware UTC."""
    if not _Offset.moving_allowed:
        return machine_now()
    if time.monotonic() - _Offset.read_at > OFFSET_FRESH_S:
        seconds = await fetch_value("SELECT offset_s FROM business_clock WHERE id = 1")
        _Offset.seconds = float(seconds or 0)
        _Offset.read_at = time.monotonic()
    return machine_now() + timedelta(seconds=_Offset.seconds)


def business_day(moment: datetime) -> date:
    """The Shanghai date of an aware moment."""
    return moment.astimezone(SHANGHAI).date()


async def advance(seconds: int) -> float:
    """Push business time forward by `seconds` (1 s to 400 days); returns the whole offset.

    Raises ClockIsFixed outside a demo or a test, and when asked to go backwards.
    """
    if not _Offset.moving_allowed:
        raise ClockIsFixed()
    if not 0 < seconds <= 400 * 86400:
        raise ClockIsFixed("一次只能向前调整 1 秒到 400 天", seconds=seconds)
    await execute(
        "INSERT INTO business_clock (id, offset_s) VALUES (1, $1)"
        " ON CONFLICT (id) DO UPDATE SET offset_s = business_clock.offset_s + EXCLUDED.offset_s",
        seconds,
    )
    _Offset.read_at = float("-inf")
    return float(await fetch_value("SELECT offset_s FROM business_clock WHERE id = 1") or 0)

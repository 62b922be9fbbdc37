"""The simulator's time: machine time plus an offset that only ever grows."""

import time
from datetime import UTC, datetime

BEIJING_OFFSET_S = 8 * 3600
DAY_S = 86_400
LARGEST_ADVANCE_S = 400 * DAY_S


class VirtualClock:
    """Seconds since 1970 that a test can move forward, so that 48 hours pass in a moment."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def now(self) -> float:
        """Virtual seconds since 1970 (windows, tokens, quotas, media, CreateTime)."""
        return time.time() + self.offset_s

    def machine_now(self) -> float:
        """Real seconds since 1970: the stamp in a push's query string.

        The receiver judges freshness by its own machine clock, which does not follow ours.
        """
        return time.time()

    def advance(self, seconds: float) -> float:
        """Move forward by `seconds` (0 to 400 days) and return the new offset in seconds."""
        if not 0 <= seconds <= LARGEST_ADVANCE_S:
            raise ValueError(f"advance_s must be between 0 and {LARGEST_ADVANCE_S}")
        self.offset_s += seconds
        return self.offset_s


def beijing_day(now_s: float) -> int:
    """Number of the Beijing day: daily quotas start anew at midnight there."""
    return int((now_s + BEIJING_OFFSET_S) // DAY_S)


def beijing_month(now_s: float) -> str:
    """Beijing month as YYYY-MM: `clear_quota` is counted by month."""
    return datetime.fromtimestamp(now_s + BEIJING_OFFSET_S, UTC).strftime("%Y-%m")


def iso(now_s: float) -> str:
    """UTC time with milliseconds, as people and programs read it in `/control`."""
    return datetime.fromtimestamp(now_s, UTC).isoformat(timespec="milliseconds")

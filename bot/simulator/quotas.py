"""How often an account may call what: by Beijing day, by minute, and `clear_quota` by month."""

from collections import Counter

from bot.simulator.clock import VirtualClock, beijing_day, beijing_month
from bot.simulator.errors import PlatformError

# Official daily limits of a verified account (reference: WeChat quota page).
DAILY_LIMITS = {
    "token": 2_000,
    "stable_token": 500_000,
    "stable_token_forced": 20,
    "menu_create": 1_000,
    "menu_get": 10_000,
    "menu_delete": 1_000,
    "media_upload": 100_000,
    "media_get": 200_000,
    "custom": 500_000,
    "template": 100_000,
    "subscribe": 100_000,
    "qrcode": 100_000,
    "user_info": 5_000_000,
}
MINUTE_LIMITS = {"stable_token": 10_000}
CLEARS_PER_MONTH = 10


class QuotaBook:
    """Counts calls; a day's numbers are dropped when the next Beijing day begins."""

    def __init__(self, clock: VirtualClock, overrides: dict[str, int]) -> None:
        self._clock = clock
        self.limits = DAILY_LIMITS | overrides
        self._day = beijing_day(clock.now())
        self._month = beijing_month(clock.now())
        self._minute = int(clock.now() // 60)
        self.used: Counter[str] = Counter()
        self._used_this_minute: Counter[str] = Counter()
        self._clears = 0

    def spend(self, name: str) -> None:
        """Count one call of `name`; PlatformError 45009 (day) or 45011 (minute) when used up."""
        self._turn()
        if self._used_this_minute[name] >= MINUTE_LIMITS.get(name, 1 << 62):
            raise PlatformError(45011)
        if self.used[name] >= self.limits.get(name, 1 << 62):
            raise PlatformError(45009)
        self.used[name] += 1
        self._used_this_minute[name] += 1

    def clear(self) -> None:
        """Start the day's counts anew; PlatformError 48006 after ten times in one month."""
        self._turn()
        if self._clears >= CLEARS_PER_MONTH:
            raise PlatformError(48006)
        self._clears += 1
        self.used.clear()

    def _turn(self) -> None:
        now = self._clock.now()
        if beijing_day(now) != self._day:
            self._day = beijing_day(now)
            self.used.clear()
        if int(now // 60) != self._minute:
            self._minute = int(now // 60)
            self._used_this_minute.clear()
        if beijing_month(now) != self._month:
            self._month = beijing_month(now)
            self._clears = 0

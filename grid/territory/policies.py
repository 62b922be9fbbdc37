"""The limits of signing in, as dated settings, and how long a sign-in lasts."""

from datetime import datetime, timedelta
from typing import NamedTuple

from grid.kit.dated_settings import define, values_at

_HOUSE = "公司信息安全规定,待核实"

TRIES = define("sign_in_tries", low=3, high=20, seed=5, source=_HOUSE)
LOCK_MIN = define("sign_in_lock_minutes", low=1, high=1440, seed=15, source=_HOUSE)

#: A phone stays signed in while it renews its token at least this often.
PHONE_SESSION = timedelta(days=30)
#: A spent token that comes back within this time ends its session; later it is only refused.
TOKEN_KEPT = timedelta(days=31)
#: A console session ends after a working day, whatever happens.
CONSOLE_SESSION = timedelta(hours=12)
#: A console that nobody touches for this long is closed.
CONSOLE_IDLE = timedelta(minutes=60)
#: `last_used_at` is written at most this often, so that reading stays reading.
USE_NOTED_EVERY = timedelta(minutes=1)
#: Open sessions of one person; a further sign-in ends the one that was used longest ago.
SESSIONS_MAX = 10


class SignInLimits(NamedTuple):
    """Wrong tries in a row that lock a name, and for how long."""

    tries: int
    lock: timedelta


async def sign_in_limits(at: datetime) -> SignInLimits:
    """The limits in force at a moment."""
    values = await values_at([TRIES, LOCK_MIN], at)
    return SignInLimits(values[TRIES], timedelta(minutes=values[LOCK_MIN]))

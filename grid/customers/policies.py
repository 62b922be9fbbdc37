"""The limits of binding an account in WeChat, as dated settings."""

from datetime import datetime, timedelta
from typing import NamedTuple

from grid.kit.dated_settings import define, values_at

_HOUSE = "公司信息安全规定,待核实"

TRIES_PER_OPENID_HOUR = define(
    "binding_tries_per_openid_hour", low=1, high=100, seed=5, source=_HOUSE
)
TRIES_PER_ACCOUNT_DAY = define(
    "binding_tries_per_account_day", low=1, high=100, seed=5, source=_HOUSE
)
ACCOUNTS_PER_OPENID = define("binding_accounts_per_openid", low=1, high=50, seed=10, source=_HOUSE)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class BindingLimits(NamedTuple):
    """Failed tries of one WeChat user in an hour, on one account in a day; accounts of a user."""

    per_openid: int
    per_account: int
    accounts: int


async def binding_limits(at: datetime) -> BindingLimits:
    """The limits in force at a moment."""
    names = (TRIES_PER_OPENID_HOUR, TRIES_PER_ACCOUNT_DAY, ACCOUNTS_PER_OPENID)
    values = await values_at(names, at)
    return BindingLimits(*(values[name] for name in names))

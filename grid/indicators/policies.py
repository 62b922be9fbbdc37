"""Targets of the indicators, and when a month's figures are fixed.

A target of a share is in basis points: 10000 is every one. Where no target is declared the figure
is shown without one. A target in force at the end of a period judges that period.
"""

from grid.kit.dated_settings import define

_PROMISES = "国家电网供电服务十项承诺"
_BOARD = "县公司指标看板"
_COMPANY = "公司规定,待县公司确认"

#: Late enough that a matter archived on the last day has had its 72 hours to be reopened.
CLOSE_AFTER_DAYS = define("indicator_close_after_days", low=4, high=25, seed=5, source=_COMPANY)


def _share(name: str, seed: int, source: str) -> str:
    return define(f"indicator_basis_points.{name}", low=0, high=10_000, seed=seed, source=source)


def _minutes(name: str, seed: int, source: str) -> str:
    return define(f"indicator_minutes.{name}", low=1, high=100_000, seed=seed, source=source)


TARGETS: dict[str, str] = {
    "solved_in_grid": _share("solved_in_grid", 9000, _COMPANY),
    "arrive_met": _share("arrive_met", 10_000, _BOARD),
    "restore_met": _share("restore_met", 9500, _COMPANY),
    "onsite_restore_met": _share("onsite_restore_met", 10_000, _BOARD),
    "answer_met": _share("answer_met", 10_000, _COMPANY),
    "first_contact_met": _share("first_contact_met", 10_000, _COMPANY),
    "callback_met": _share("callback_met", 9500, _COMPANY),
    "rating_satisfied": _share("rating_satisfied", 9500, _COMPANY),
    "callback_satisfied": _share("callback_satisfied", 9500, _COMPANY),
    "callback_made": _share("callback_made", 9000, _COMPANY),
    "promises_kept": _share("promises_kept", 9500, _COMPANY),
    "visits_made": _share("visits_made", 10_000, _COMPANY),
    "arrive_average_city": _minutes("arrive_average_city", 45, _PROMISES),
    "arrive_average_rural": _minutes("arrive_average_rural", 90, _PROMISES),
    "arrive_average_remote": _minutes("arrive_average_remote", 120, _PROMISES),
    "restore_average_city": _minutes("restore_average_city", 180, _PROMISES),
    "restore_average_rural": _minutes("restore_average_rural", 240, _PROMISES),
    "reopened_soon": _share("reopened_soon", 300, _COMPANY),
    "disputed_arrivals": _share("disputed_arrivals", 300, _COMPANY),
}

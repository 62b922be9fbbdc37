"""How a clock is shown: which limit is next, how long, and a word beside every colour. Pure."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from grid.clocks.types import ClockState, ClockView, Target
from grid.dispatch.types import Terms
from grid.work_orders.rules import OVER
from grid.work_orders.words import TicketState, WorkOrderState

#: Minutes before a limit from which on it is shown as near.
SOON_MIN = 15


#: States in which clocks stand still.
_STANDING = (*OVER, TicketState.CLOSED, TicketState.CANCELLED)


class Limit(NamedTuple):
    """One clock in words; `look`: late, soon, fine, paused, kept, missed, ended."""

    target: Target
    due_at: datetime
    look: str
    words: str


def limit_of(clock: ClockView, state: WorkOrderState | TicketState, as_of: datetime) -> Limit:
    """A clock of a job or ticket as it stands at `as_of`; the clocks of what is over stand."""
    if clock.state is ClockState.MET:
        return Limit(clock.target, clock.due_at, "kept", "按时")
    if clock.state is ClockState.CANCELLED:
        return Limit(clock.target, clock.due_at, "ended", "已终止")
    if clock.stopped_at is not None:
        over = _minutes(clock.due_at, clock.stopped_at)
        return Limit(clock.target, clock.due_at, "missed", f"完成时已超时 {duration(over)}")
    if clock.state is ClockState.BREACHED and state in _STANDING:
        return Limit(clock.target, clock.due_at, "missed", "结束时已超时")
    if clock.state is ClockState.BREACHED:
        over = _minutes(clock.due_at, as_of)
        return Limit(clock.target, clock.due_at, "late", f"已超时 {duration(over)}")
    if clock.state is ClockState.PAUSED:
        return Limit(clock.target, clock.due_at, "paused", "已暂停计时")
    left = _minutes(as_of, clock.due_at)
    if clock.warn_at is not None and as_of >= clock.warn_at:
        return Limit(clock.target, clock.due_at, "soon", f"将到期，剩 {duration(left)}")
    if left <= SOON_MIN:
        return Limit(clock.target, clock.due_at, "soon", f"将到期，剩 {duration(left)}")
    return Limit(clock.target, clock.due_at, "fine", f"剩 {duration(left)}")


def running_limits(
    clocks: Sequence[ClockView], state: WorkOrderState | TicketState, as_of: datetime
) -> list[Limit]:
    """The clocks that nobody has stopped, the earliest first; what is over has none."""
    running = [clock for clock in clocks if _runs(clock) and state not in _STANDING]
    running.sort(key=lambda clock: clock.due_at)
    return [limit_of(clock, state, as_of) for clock in running]


def _runs(clock: ClockView) -> bool:
    return clock.stopped_at is None and clock.state is not ClockState.CANCELLED


def next_limit(
    clocks: Sequence[ClockView], state: WorkOrderState | TicketState, as_of: datetime
) -> Limit | None:
    """The earliest clock that nobody has stopped, or None."""
    running = running_limits(clocks, state, as_of)
    return running[0] if running else None


def duration(minutes: int) -> str:
    """`95` as `1 小时 35 分`."""
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} 天 {hours % 24} 小时"
    return f"{hours} 小时 {rest} 分" if hours else f"{rest} 分"


def cost_words(terms: Terms, is_place_known: bool) -> str:
    """The cost of one person as a sum in minutes: `路程 12 分 + 手上工单 15 分 = 27 分`."""
    parts = [
        ("路程" if is_place_known else "路程（位置未知，按惯例）", terms.travel_s),
        ("手上工单", terms.load_s),
        ("非本网格", terms.not_own_grid_s),
        ("定位陈旧", terms.position_age_s),
    ]
    shown = " + ".join(f"{name} {round(cost_s / 60)} 分" for name, cost_s in parts if cost_s >= 30)
    return f"{shown or '就在附近'} = 共 {round(terms.total_s / 60)} 分"


def _minutes(start: datetime, end: datetime) -> int:
    return max(0, math.ceil((end - start).total_seconds() / 60))

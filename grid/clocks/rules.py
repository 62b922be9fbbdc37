"""How a clock stands: a pure function of its due time, its stop and the time asked."""

from datetime import datetime

from grid.clocks.types import ClockState, ClockView, Target


def clock(
    target: Target,
    due_at: datetime,
    stopped_at: datetime | None,
    now: datetime,
    cancelled: bool = False,
) -> ClockView:
    """A clock stopped exactly at its limit is met; limits are `<=` everywhere."""
    if stopped_at is not None:
        state = ClockState.MET if stopped_at <= due_at else ClockState.BREACHED
    elif cancelled:
        state = ClockState.CANCELLED
    else:
        state = ClockState.RUNNING if now <= due_at else ClockState.BREACHED
    return ClockView(target=target, due_at=due_at, stopped_at=stopped_at, state=state)

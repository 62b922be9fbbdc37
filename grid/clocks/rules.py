"""How a clock stands: a pure function of its due time, its stop and the time asked."""

from datetime import datetime

from grid.clocks.types import ClockState, ClockView, Target


def clock(
    target: Target,
    due_at: datetime,
    stopped_at: datetime | None,
    now: datetime,
    given_up_at: datetime | None = None,
) -> ClockView:
    """A clock stopped exactly at its limit is met; limits are `<=` everywhere.

    When the matter was given up (`given_up_at`) the clock stands still: cancelled if there was time
    left, breached if there was none. Giving up late does not undo a breach.
    """
    judged_at = stopped_at or given_up_at or now
    if judged_at > due_at:
        state = ClockState.BREACHED
    elif stopped_at is not None:
        state = ClockState.MET
    else:
        state = ClockState.RUNNING if given_up_at is None else ClockState.CANCELLED
    return ClockView(target=target, due_at=due_at, stopped_at=stopped_at, state=state)

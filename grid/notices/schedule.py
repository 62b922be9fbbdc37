"""What time does to promises: one that passed unfulfilled is broken."""

from grid.kit.schedule import schedule
from grid.notices.promises import break_overdue

#: Promises judged in one statement, and statements in one run.
_BATCH, _BATCHES = 1000, 10


@schedule("notices.break_overdue", every_s=15)
async def break_overdue_promises() -> None:
    """A told time that passed is known to be broken, whatever happens later."""
    for _ in range(_BATCHES):
        if await break_overdue(_BATCH) < _BATCH:
            return

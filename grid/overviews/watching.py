"""What is written down of people who keep a screen open: that they watch, not every refresh of it.

A board is read again at each hint, several times a minute. The audit trail gets one entry for a
reader, a screen and what was searched for, and another one after WATCH_S.
"""

import time

from grid.kit import audit
from grid.territory.types import StaffActor

#: Seconds after which somebody who still watches is written down again.
WATCH_S = 600.0
_KEPT_MAX = 20_000


class _Noted:
    """What this process has written down lately."""

    at: dict[tuple[str, ...], float] = {}  # noqa: RUF012 - one per process, on purpose


async def note_watching(actor: StaffActor, action: str, subject: str, sought: str = "") -> None:
    """Write down that the actor watches a screen; what was typed is never stored."""
    now = time.monotonic()
    key = (str(actor.session_id), action, sought)
    if now - _Noted.at.get(key, float("-inf")) < WATCH_S:
        return
    if len(_Noted.at) >= _KEPT_MAX:
        _Noted.at.clear()
    await audit.record(action, subject, by_text=bool(sought))
    _Noted.at[key] = now

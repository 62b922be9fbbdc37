"""What time does to tickets: what was answered and asked is archived, look-ups are found."""

from datetime import datetime

from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import fetch, transaction
from grid.kit.schedule import schedule
from grid.territory.types import SystemActor
from grid.work_orders import policies
from grid.work_orders.rules import OVER
from grid.work_orders.tickets.callbacks import archive
from grid.work_orders.tickets.followed import lock_with_job
from grid.work_orders.tickets.recording import TicketStep
from grid.work_orders.tickets.rules import DRIVEN_BY_JOB, TICKET_TRANSITIONS
from grid.work_orders.tickets.sealed import find_lookups
from grid.work_orders.words import CallbackOutcome, TicketEvent, TicketState

#: Tickets handled in one run; the rest is due at once in the next.
_BATCH = 100
ARCHIVING = SystemActor(name="archiving")

#: Kinds that nobody calls back about: their answer is the last word.
_NOT_CALLED = [
    kind.value
    for kind, table in TICKET_TRANSITIONS.items()
    if (TicketEvent.CALLBACK, TicketState.REPLIED) not in table
]
#: Called back; or answered and asked in WeChat without a word since; or of a kind that is not
#: called. Somebody without WeChat waits until they are called: the callback's clock says how long.
_DUE = """
SELECT t.id FROM ticket t WHERE t.kind <> ALL($3::varchar[])
    AND ((t.state = 'called_back' AND t.called_back_at < $1)
        OR (t.state = 'replied' AND t.replied_at < $1
            AND (t.openid IS NOT NULL OR t.kind = ANY($2::varchar[]))))
ORDER BY t.id LIMIT $4
"""


@schedule("work_orders.archive_answered", every_s=60)
async def archive_answered() -> None:
    """Archive tickets whose last step is over for longer than the limit; faults close by job."""
    now = await business_now()
    before = now - (await policies.ticket_limits(now)).close_after
    by_job = [kind.value for kind in DRIVEN_BY_JOB]
    for row in await fetch(_DUE, before, _NOT_CALLED, by_job, _BATCH):
        async with transaction():
            job, ticket = await lock_with_job(row["id"])
            if _is_still_due(ticket, before) and (job is None or job["state"] in OVER):
                step = TicketStep(TicketEvent.ARCHIVE, now, "超过评价时限,自动归档")
                await archive(ARCHIVING, row["id"], CallbackOutcome.NO_ANSWER, step)


def _is_still_due(ticket: Record, before: datetime) -> bool:
    """Asked again under the lock: somebody may have opened it anew meanwhile."""
    state, since = ticket["state"], ticket["called_back_at"] or ticket["replied_at"]
    return state in (TicketState.REPLIED, TicketState.CALLED_BACK) and since < before


@schedule("work_orders.sealed_lookups", every_s=300)
async def note_lookups() -> None:
    """Who looked up the author of a tip-off since it was sealed."""
    await find_lookups()

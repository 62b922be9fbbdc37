"""Due times that moved with the calendar: jobs and tickets keep a copy of their next limit."""

from grid.clocks.types import DueTimesMoved, Subject
from grid.kit.database import execute
from grid.kit.outbox import reaction

_TABLES = {Subject.WORK_ORDER: "work_order", Subject.TICKET: "ticket"}


@reaction(DueTimesMoved)
async def copy_due_times(event: DueTimesMoved) -> None:
    """One statement for the whole batch, from the clocks as they are now; again is the same.

    The rows are locked in the order of their ids before their clocks are read, so a step that is
    being taken goes first, and its clocks are seen.
    """
    table = _TABLES.get(event.subject)
    if table is None:
        return
    await execute(
        f"SELECT id FROM {table} WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE",  # noqa: S608 - two names of ours
        event.subject_ids,
    )
    await execute(
        f"UPDATE {table} m SET due_at = (SELECT min(c.due_at) FROM sla_clock c"  # noqa: S608 - two names of ours
        " WHERE c.subject_id = m.id AND c.started_at IS NOT NULL AND c.stopped_at IS NULL"
        " AND c.given_up_at IS NULL) WHERE m.id = ANY($1::uuid[])",
        event.subject_ids,
    )

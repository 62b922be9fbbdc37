"""Who was asked to do a job, in the order of asking."""

from uuid import UUID

from grid.kit.database import fetch
from grid.overviews.types import AssignmentLine
from grid.territory.types import StaffActor
from grid.work_orders.reading import REACHED, scope_args
from grid.work_orders.words import AssignmentState, Capacity

#: The newest lines that are shown; a job that was offered more often needs a person anyway.
LINES_MAX = 100

_LINES = f"""
SELECT x.*, p.name, p.employee_no, c.name AS chooser FROM assignment x
JOIN work_order w ON w.id = x.work_order
JOIN staff p ON p.id = x.staff
LEFT JOIN staff c ON 'staff:' || c.employee_no = x.chosen_by
WHERE x.work_order = $5 AND {REACHED}
ORDER BY x.offered_at DESC, x.id DESC LIMIT $6
"""  # noqa: S608 - put together from constants


async def assignments_of(actor: StaffActor, work_order_id: UUID) -> list[AssignmentLine]:
    """The newest first; empty when the job is not the actor's to see. No `chosen_by`: dispatch."""
    rows = await fetch(_LINES, *scope_args(actor), work_order_id, LINES_MAX)
    return [
        AssignmentLine(
            name=row["name"],
            employee_no=row["employee_no"],
            capacity=Capacity(row["capacity"]),
            state=AssignmentState(row["state"]),
            offered_at=row["offered_at"],
            accept_due_at=row["accept_due_at"],
            ended_at=row["ended_at"],
            reason=row["reason"],
            chosen_by=row["chooser"],
        )
        for row in rows
    ]

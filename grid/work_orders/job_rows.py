"""The statements that write a step: the job, its line of history and its assignment as one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from grid.kit.database import execute
from grid.work_orders.rules import OPEN_ASSIGNMENT
from grid.work_orders.words import AssignmentState

_LINE = (
    "INSERT INTO work_order_transition (id, work_order, version, event, from_state, to_state,"
    " actor, staff, at, device_at, reason, lat, lon, accuracy_m, distance_m, grade, facts)"
    " VALUES ({marks})"
)
_LINE_WIDTH = 17
#: The open assignment moves on: state, end, reason, states it may be in.
MOVED = (
    ", moved AS (UPDATE assignment SET state = ${}, ended_at = ${}, reason = coalesce(${}, reason)"
    " WHERE work_order = $1 AND state = ANY(${}::varchar[]))"
)


#: A new assignment: id, staff, capacity, moment, whether silence ends it, reason, by whom.
GIVEN = (
    ", given AS (INSERT INTO assignment (id, work_order, staff, capacity, state, offered_at,"
    " accept_due_at, reason, chosen_by) VALUES (${}, $1, ${}, ${}, 'offered', ${},"
    " (SELECT max(due_at) FROM sla_clock WHERE subject_id = $1 AND target = 'accept'"
    " AND stopped_at IS NULL AND given_up_at IS NULL AND ${}), ${}, ${}))"
)


def of_first(template: str, sets: Mapping[str, object], count: int) -> str:
    """The numbers of a template's arguments, which come after the line and what the job sets."""
    first = _LINE_WIDTH + 2 + len(sets)
    return template.format(*range(first, first + count))


def _marks(first: int, count: int) -> str:
    return ", ".join(f"${number}" for number in range(first, first + count))


async def append_line(line: Sequence[object]) -> None:
    """A line of history alone."""
    await execute(_LINE.format(marks=_marks(1, _LINE_WIDTH)), *line)


async def write_job_rows(
    work_order_id: UUID,
    forget: str,
    sets: Mapping[str, object],
    line: Sequence[object],
    also: str,
    more: Sequence[object],
) -> None:
    """A job's columns (`sets`, and `forget` as SQL), its line of history, and `also` with `more`.

    Runs inside the verb's transaction with the job's row locked.
    """
    named = ", ".join(f"{name} = ${number}" for number, name in enumerate(sets, _LINE_WIDTH + 2))
    sql = (
        f"WITH line AS ({_LINE.format(marks=_marks(2, _LINE_WIDTH))}){also}"  # noqa: S608 - ours
        f" UPDATE work_order SET {forget}{named} WHERE id = $1"
    )
    await execute(sql, work_order_id, *line, *sets.values(), *more)


async def end_assignment(work_order_id: UUID, at: datetime, reason: str | None) -> None:
    """Release the open assignment of a job that is given to somebody else."""
    await execute(
        "UPDATE assignment SET state = $2, ended_at = $3, reason = coalesce($4, reason)"
        " WHERE work_order = $1 AND state = ANY($5::varchar[])",
        work_order_id,
        AssignmentState.RELEASED.value,
        at,
        reason,
        [state.value for state in OPEN_ASSIGNMENT],
    )

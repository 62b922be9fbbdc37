"""Writing an order's steps: its history, who is asked from then on, and until when."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit.database import execute, fetch_one, insert
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.refusals import NotFound
from grid.supervision import tables
from grid.supervision.policies import answer_limit
from grid.supervision.types import (
    Cause,
    Level,
    OrderState,
    SupervisionEscalated,
    SupervisionEvent,
)

People = Mapping[Level, Mapping[UUID, str]]


class Line(NamedTuple):
    """One line of the history that is about to be written; `asked` null: nobody new is asked."""

    event: SupervisionEvent
    from_state: OrderState | None
    to_state: OrderState
    from_level: Level | None
    to_level: Level
    words: str | None = None
    asked: Sequence[UUID] | None = None


async def lock_order(order_id: UUID) -> Record:
    """The order's row, locked for this transaction. Raises NotFound."""
    row = await fetch_one("SELECT * FROM supervision_order WHERE id = $1 FOR UPDATE", order_id)
    if row is None:
        raise NotFound("没有这个督办单")
    return row


def lines_of(first: Line, passed: Sequence[Level], people: People, state: OrderState) -> list[Line]:
    """The first step to `passed[0]`, then a line for every level that had nobody else."""
    lines = [first._replace(to_level=passed[0], asked=sorted(people[passed[0]]))]
    for before, level in pairwise(passed):
        lines.append(
            Line(
                SupervisionEvent.ESCALATE,
                state,
                state,
                before,
                level,
                "这一级没有其他人可以回复",
                sorted(people[level]),
            )
        )
    return lines


async def write_lines(
    actor: str, order_id: UUID, lines: Sequence[Line], first_version: int, at: datetime
) -> None:
    """Append lines to the history, numbered from `first_version` on."""
    for version, line in enumerate(lines, first_version):
        facts = {} if line.asked is None else {"asked": [str(one) for one in line.asked]}
        await insert(
            tables.SupervisionTransition,
            id=new_id(),
            supervision_order=order_id,
            version=version,
            event=line.event.value,
            from_state=None if line.from_state is None else line.from_state.value,
            to_state=line.to_state.value,
            from_level=None if line.from_level is None else line.from_level.value,
            to_level=line.to_level.value,
            actor=actor,
            at=at,
            words=line.words,
            facts=msgspec.json.encode(facts).decode(),
        )


async def move_to(
    actor: str, row: Record, lines: Sequence[Line], at: datetime, cause: Cause | None = None
) -> None:
    """Ask the level of the last line from now on: an order that was open or is open again."""
    level = lines[-1].to_level
    cause = cause or Cause(row["cause"])
    await write_lines(actor, row["id"], lines, int(row["version"]) + 1, at)
    await execute(
        "UPDATE supervision_order SET state = 'open', level = $2, cause = $3, level_since = $4,"
        " answer_due_at = $5, version = $6 WHERE id = $1",
        row["id"],
        level.value,
        cause.value,
        at,
        at + await answer_limit(cause, level, at),
        int(row["version"]) + len(lines),
    )
    if level.value != row["level"]:
        await say(
            SupervisionEscalated(
                order_id=row["id"], grid_id=row["grid"], level=level, sealed=row["sealed"]
            )
        )

"""Writing a step of an outage: its row, its history, its event; and who may take it.

Lock order everywhere: the outage, then a membership, then a job, its ticket. Verbs of the outage
lock its row; whoever only joins or answers shares it, so that many can at once, but none beside a
verb.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit.database import execute, fetch_one
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.refusals import NotAllowed, NotFound, StaleVersion
from grid.outages.types import OutageChanged
from grid.outages.words import OutageEvent, OutageState
from grid.territory.authority import Action, visible
from grid.territory.types import Actor

_PLACES = (
    "ARRAY(SELECT DISTINCT g.{what} FROM outage_district d"
    " JOIN transformer_district t ON t.id = d.district JOIN service_grid g ON g.id = t.grid"
    " WHERE d.outage = o.id AND d.removed_at IS NULL)"
)
_ROW = (
    f"SELECT o.*, {_PLACES.format(what='station')} AS stations,"  # noqa: S608 - our words
    f" {_PLACES.format(what='id')} AS grids FROM outage o WHERE o.id = $1"
)


class OutageStep(NamedTuple):
    """A step that was judged and is about to be written; `sets` are columns and their values."""

    event: OutageEvent
    to_state: OutageState
    at: datetime
    reason: str | None = None
    facts: Mapping[str, object] = MappingProxyType({})
    sets: Mapping[str, object] = MappingProxyType({})


async def lock(outage_id: UUID) -> Record:
    """The outage's row with the stations and grids it reaches, locked. Raises NotFound."""
    return await _row(outage_id, "FOR UPDATE OF o")


async def share(outage_id: UUID) -> Record:
    """The same row, held so that no verb of the outage runs meanwhile. Raises NotFound."""
    return await _row(outage_id, "FOR SHARE OF o")


async def _row(outage_id: UUID, how: str) -> Record:
    row = await fetch_one(f"{_ROW} {how}", outage_id)
    if row is None:
        raise NotFound("没有这个停电事件")
    return row


def check_manages(actor: Actor, row: Record) -> None:
    """Raises NotFound when the outage is not the actor's to see, NotAllowed when not to manage.

    Who manages an outage reaches every station of it; to see it, one place in it is enough.
    """
    check_sees(actor, row)
    if not manages(actor, row["stations"]):
        raise NotAllowed(action=Action.MANAGE_OUTAGES.value)


def check_sees(actor: Actor, row: Record) -> None:
    """Raises NotFound when no place of the outage is the actor's."""
    reach = visible(actor, Action.READ_OUTAGES)
    here = set(row["stations"]) & set(reach.station_ids) or set(row["grids"]) & set(reach.grid_ids)
    if not reach.everything and not here:
        raise NotFound("没有这个停电事件")


def manages(actor: Actor, stations: list[UUID]) -> bool:
    """Whether the actor may manage an outage that reaches these stations."""
    reach = visible(actor, Action.MANAGE_OUTAGES)
    return reach.everything or (bool(stations) and set(stations) <= set(reach.station_ids))


async def write_step(actor: Actor, row: Record, step: OutageStep) -> int:
    """Write a judged step of a locked outage; returns the new version."""
    version = int(row["version"]) + 1
    names = list(step.sets)
    sets = "".join(f", {name} = ${place}" for place, name in enumerate(names, start=4))
    await execute(
        f"UPDATE outage SET state = $2, version = $3{sets} WHERE id = $1",  # noqa: S608 - ours
        row["id"],
        step.to_state.value,
        version,
        *step.sets.values(),
    )
    await write_history(actor, row["id"], version, row["state"], step)
    return version


async def stale(row: Record) -> StaleVersion:
    """The refusal for a step on an old version: who was faster, with what. One statement."""
    last = await fetch_one(
        "SELECT h.event, s.name, s.employee_no FROM outage_transition h"
        " LEFT JOIN staff s ON 'staff:' || s.employee_no = h.actor"
        " WHERE h.outage = $1 AND h.version = $2 ORDER BY h.id LIMIT 1",
        row["id"],
        row["version"],
    )
    if last is None:
        return StaleVersion(version=row["version"])
    return StaleVersion(
        f"{last['name'] or '系统'}刚刚更新过这个停电事件,请刷新后再操作",
        version=row["version"],
        won_by=last["employee_no"],
        won_event=last["event"],
    )


async def write_history(
    actor: Actor, outage_id: UUID, version: int, from_state: str | None, step: OutageStep
) -> None:
    """One line of the append-only history, and the event."""
    await execute(
        "INSERT INTO outage_transition (id, outage, version, event, from_state, to_state, actor,"
        " at, reason, facts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new_id(),
        outage_id,
        version,
        step.event.value,
        from_state,
        step.to_state.value,
        actor.subject,
        step.at,
        step.reason,
        msgspec.json.encode(dict(step.facts)).decode(),
    )
    await say(
        OutageChanged(outage_id=outage_id, version=version, event=step.event, state=step.to_state)
    )

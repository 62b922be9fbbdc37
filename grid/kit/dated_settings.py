"""Numbers that the law or the company sets: dated, with their source, released by two people.

A room declares what may be set (`define`); a value is proposed by one person and released by
another, takes effect at a moment, and is never edited: a later row supersedes it. The value asked
for is the one in force at a moment, so a clock frozen at intake keeps the number it began with.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit import audit, context
from grid.kit.clock import machine_now
from grid.kit.database import execute, fetch, fetch_one, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotFound, Refusal

#: What was declared holds from before the company existed, until somebody sets another value.
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
#: Scope of a value that holds everywhere.
EVERYWHERE = "county"


class Definition(NamedTuple):
    """What may be set: a whole number between two bounds, in the unit that its name ends with."""

    name: str
    low: int
    high: int
    seed: int
    source: str
    two_people: bool


class SettingNotReleased(Refusal):
    """The proposal is withdrawn or released already, or has another state than asked for."""

    title = "这项设置已处理过"


class SamePerson(Refusal):
    """Who proposes may not release (S1)."""

    status = 403
    title = "提出人不能自己批准,请另一位同事批准"


_DEFINITIONS: dict[str, Definition] = {}


def define(
    name: str, *, low: int, high: int, seed: int, source: str, two_people: bool = True
) -> str:
    """Declare a setting and the value it starts with; returns its name."""
    _DEFINITIONS[name] = Definition(name, low, high, seed, source, two_people)
    return name


def definitions() -> Sequence[Definition]:
    return tuple(_DEFINITIONS.values())


async def value_at(name: str, at: datetime, scope: str = EVERYWHERE) -> int:
    """The value in force at a moment; a scope's own value goes before the county's."""
    return (await values_at([name], at, scope))[name]


async def values_at(names: Sequence[str], at: datetime, scope: str = EVERYWHERE) -> dict[str, int]:
    """Several values in force at one moment. Raises KeyError for names nobody defined."""
    rows = await fetch(
        "SELECT DISTINCT ON (name) name, value FROM dated_setting"
        " WHERE name = ANY($1::varchar[]) AND state = 'released' AND effective_from <= $2"
        " AND scope IN ($3, $4)"
        " ORDER BY name, (scope = $3) DESC, effective_from DESC, released_at DESC NULLS LAST",
        list(names),
        at,
        scope,
        EVERYWHERE,
    )
    found = {row["name"]: cast(int, msgspec.json.decode(row["value"])) for row in rows}
    return {name: found[name] if name in found else _DEFINITIONS[name].seed for name in names}


class SettingView(msgspec.Struct, frozen=True, kw_only=True):
    """One dated value as people see it."""

    id: UUID
    name: str
    scope: str
    value: int
    effective_from: datetime
    source: str
    state: str
    proposed_by: str
    released_by: str | None


async def propose(
    name: str, value: int, effective_from: datetime, source: str, scope: str = EVERYWHERE
) -> UUID:
    """Draft a new value, not yet in force. Raises Invalid naming `name` or `value`."""
    known = _DEFINITIONS.get(name)
    if known is None:
        raise Invalid("name", "没有这项设置")
    if not known.low <= value <= known.high:
        raise Invalid(
            "value", f"应在 {known.low} 到 {known.high} 之间", low=known.low, high=known.high
        )
    setting_id = new_id()
    async with transaction():
        await execute(
            "INSERT INTO dated_setting (id, name, scope, value, effective_from, source, state,"
            " proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, 'draft', $7, $8)",
            setting_id,
            name,
            scope,
            msgspec.json.encode(value).decode(),
            effective_from,
            source,
            context.actor_name(),
            machine_now(),
        )
        await audit.record("setting.propose", name, value=value)
    return setting_id


async def release(setting_id: UUID, now: datetime) -> None:
    """Put a draft in force, from its moment on but never before `now`: the past keeps its numbers.

    Raises SamePerson for the proposer, SettingNotReleased, NotFound.
    """
    async with transaction():
        row = await _draft(setting_id)
        person = context.actor_name()
        if _DEFINITIONS[row["name"]].two_people and row["proposed_by"] == person:
            raise SamePerson()
        await execute(
            "UPDATE dated_setting SET state = 'released', released_by = $2, released_at = $3,"
            " effective_from = greatest(effective_from, $4) WHERE id = $1",
            setting_id,
            None if row["proposed_by"] == person else person,
            machine_now(),
            now,
        )
        await audit.record("setting.release", row["name"], setting_id=str(setting_id))


async def withdraw(setting_id: UUID) -> None:
    """Take a draft back; anybody who may propose may. Raises SettingNotReleased, NotFound."""
    async with transaction():
        row = await _draft(setting_id)
        await execute("UPDATE dated_setting SET state = 'withdrawn' WHERE id = $1", setting_id)
        await audit.record("setting.withdraw", row["name"], setting_id=str(setting_id))


async def _draft(setting_id: UUID) -> Record:
    row = await fetch_one("SELECT * FROM dated_setting WHERE id = $1 FOR UPDATE", setting_id)
    if row is None:
        raise NotFound("没有这项设置")
    if row["state"] != "draft":
        raise SettingNotReleased()
    return row


async def history(name: str) -> list[SettingView]:
    """Every value a setting ever had or was proposed to have, newest first; at most 200."""
    rows = await fetch(
        "SELECT * FROM dated_setting WHERE name = $1"
        " ORDER BY effective_from DESC, id DESC LIMIT 200",
        name,
    )
    return [_view(dict(row)) for row in rows]


def _view(row: dict[str, Any]) -> SettingView:
    fields = {field: row[field] for field in SettingView.__struct_fields__}
    return SettingView(**{**fields, "value": msgspec.json.decode(row["value"])})

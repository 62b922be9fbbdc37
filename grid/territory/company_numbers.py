"""Numbers that law or company set, as people work with them: see, propose, release, take back.

A change touches clocks, money or rights, so one person proposes it and another releases it; both
need the second factor. The past keeps the numbers it had.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Meta

from grid.kit import dated_settings
from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.dated_settings import BEGINNING, EVERYWHERE, Definition, SettingView
from grid.kit.refusals import Invalid, NotFound
from grid.territory.authority import Action, require
from grid.territory.types import StaffActor


class NumberView(msgspec.Struct, frozen=True, kw_only=True):
    """One number: its bounds, what is in force in the county now, and what waits for release."""

    name: str
    low: int
    high: int
    value: int
    source: str
    effective_from: datetime
    drafts: int


class ProposeNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new value from a moment on, for the county or one station (`scope` = its code)."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    value: Annotated[int, Meta(ge=-1_000_000_000, le=1_000_000_000)]
    source: Annotated[str, Meta(min_length=4, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]
    effective_from: Annotated[datetime, Meta(tz=True)] | None = None
    scope: Annotated[str, Meta(min_length=1, max_length=20)] = EVERYWHERE


async def numbers(actor: StaffActor) -> list[NumberView]:
    """Every number with the county's value of this moment. Raises NotAllowed."""
    require(actor, Action.PROPOSE_SETTINGS)
    now = await business_now()
    rows = await fetch(
        "SELECT DISTINCT ON (name) name, value, source, effective_from FROM dated_setting"
        " WHERE state = 'released' AND scope = $1 AND effective_from <= $2"
        " ORDER BY name, effective_from DESC, released_at DESC NULLS LAST",
        EVERYWHERE,
        now,
    )
    waiting = await fetch(
        "SELECT name, count(*) AS drafts FROM dated_setting WHERE state = 'draft' GROUP BY name"
    )
    in_force = {row["name"]: row for row in rows}
    drafts = {row["name"]: int(row["drafts"]) for row in waiting}
    return [
        _view(known, in_force.get(known.name), drafts.get(known.name, 0))
        for known in sorted(dated_settings.definitions())
    ]


def _view(known: Definition, row: Record | None, drafts: int) -> NumberView:
    """What is in force; a number that nobody ever set has the value it is declared with."""
    return NumberView(
        name=known.name,
        low=known.low,
        high=known.high,
        value=known.seed if row is None else int(msgspec.json.decode(row["value"])),
        source=known.source if row is None else row["source"],
        effective_from=BEGINNING if row is None else row["effective_from"],
        drafts=drafts,
    )


async def number_history(actor: StaffActor, name: str) -> list[SettingView]:
    """Every value a number had, has or may get. Raises NotAllowed, NotFound."""
    require(actor, Action.PROPOSE_SETTINGS)
    _known(name)
    return await dated_settings.history(name)


async def propose_number(actor: StaffActor, command: ProposeNumber) -> UUID:
    """Draft a change. Raises NotAllowed, Invalid naming `name`, `value`, `scope` or the moment."""
    require(actor, Action.PROPOSE_SETTINGS)
    now = await business_now()
    if command.scope != EVERYWHERE and not await fetch_one(
        "SELECT 1 FROM supply_station WHERE code = $1", command.scope
    ):
        raise Invalid("scope", "没有这个供电所")
    begins = command.effective_from or now
    if begins < now and command.effective_from is not None:
        raise Invalid("effective_from", "生效时间不能早于现在")
    return await dated_settings.propose(
        command.name, command.value, begins, command.source, command.scope
    )


async def release_number(actor: StaffActor, setting_id: UUID) -> None:
    """Put a colleague's draft in force. Raises NotAllowed, SamePerson, SettingNotReleased."""
    require(actor, Action.RELEASE_SETTINGS)
    await dated_settings.release(setting_id, await business_now())


async def withdraw_number(actor: StaffActor, setting_id: UUID) -> None:
    """Take a draft back. Raises NotAllowed, SettingNotReleased, NotFound."""
    require(actor, Action.PROPOSE_SETTINGS)
    await dated_settings.withdraw(setting_id)


def _known(name: str) -> Definition:
    for known in dated_settings.definitions():
        if known.name == name:
            return known
    raise NotFound("没有这项设置")

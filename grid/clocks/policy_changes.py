"""Policies are proposed by one person and released by another, for a moment that is not past.

A row is never edited; a later one supersedes it, and matters keep the limit of their intake. Who
has the right in one station acts for that station only.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from grid.clocks.policies import SEEDS, Policy
from grid.clocks.policy_types import PoliciesView, PolicyState, PolicyView, ProposePolicy
from grid.clocks.tables import SlaPolicy
from grid.clocks.types import Hours, Target
from grid.customers.types import CustomerTagWord
from grid.kit import audit
from grid.kit.clock import business_now, machine_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, insert, transaction
from grid.kit.dated_settings import SamePerson
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.territory.authority import Action, may, require, visible
from grid.territory.types import StaffActor

_OF_JOBS = frozenset({Target.ACCEPT, Target.ARRIVE, Target.RESTORE, Target.COMPLETE})
#: Kinds of matters that have limits, each with the targets that a policy may set for it.
TARGETS_OF: dict[str, frozenset[Target]] = {
    kind: _OF_JOBS
    if Target.COMPLETE in targets or Target.RESTORE in targets
    else frozenset(Target) - _OF_JOBS | targets
    for kind, targets in (
        (kind, frozenset(one.target for one in SEEDS if one.kind == kind))
        for kind in dict.fromkeys(one.kind for one in SEEDS)
    )
}
PRIORITIES = ("danger", "urgent", "normal")


class PolicyDecided(Refusal):
    """The proposal was released or taken back already."""

    title = "这项时限规则已处理过"


async def policies(actor: StaffActor) -> PoliciesView:
    """What is in force now, and what waits for release. Raises NotAllowed."""
    require(actor, Action.PROPOSE_POLICIES)
    now = await business_now()
    rows = await fetch(
        "SELECT DISTINCT ON (kind, target, station_code, place_class, priority, tag) *"
        " FROM sla_policy WHERE state = 'released' AND effective_from <= $1"
        " ORDER BY kind, target, station_code, place_class, priority, tag,"
        " effective_from DESC, released_at DESC",
        now,
    )
    waiting = await fetch(
        "SELECT * FROM sla_policy WHERE state = 'proposed'"
        " OR (state = 'released' AND effective_from > $1) ORDER BY effective_from, id LIMIT 200",
        now,
    )
    company = [policy_view(row) for row in rows]
    replaced = {_narrowed(one) for one in company}
    seeds = [_seed_view(one) for one in SEEDS]
    in_force = [one for one in seeds if _narrowed(one) not in replaced] + company
    order = {kind: number for number, kind in enumerate(TARGETS_OF)}
    in_force.sort(key=lambda one: (order.get(one.kind, len(order)), list(Target).index(one.target)))
    return PoliciesView(in_force=in_force, proposed=[policy_view(row) for row in waiting])


def _narrowed(one: PolicyView) -> tuple[object, ...]:
    return (one.kind, one.target, one.station_code, one.place_class, one.priority, one.tag)


async def policy_history(actor: StaffActor, kind: str, target: Target) -> Sequence[PolicyView]:
    """Every policy of a kind and target, the newest first, at most 200; the seeds last.

    Raises NotAllowed, NotFound for a kind without limits.
    """
    require(actor, Action.PROPOSE_POLICIES)
    if kind not in TARGETS_OF:
        raise NotFound("没有这类事项")
    rows = await fetch(
        "SELECT * FROM sla_policy WHERE kind = $1 AND target = $2"
        " ORDER BY effective_from DESC, id DESC LIMIT 200",
        kind,
        target.value,
    )
    seeds = [_seed_view(one) for one in SEEDS if (one.kind, one.target) == (kind, target)]
    return [policy_view(row) for row in rows] + seeds


async def propose_policy(actor: StaffActor, command: ProposePolicy) -> PolicyView:
    """Draft a policy, to be released by somebody else.

    Raises NotAllowed, Invalid naming `kind`, `target`, `priority`, `tag`, `station_code` or
    `effective_from`.
    """
    now = await business_now()
    check_policy(command)
    await _require_there(actor, Action.PROPOSE_POLICIES, command.station_code)
    if command.effective_from is not None and command.effective_from < now:
        raise Invalid("effective_from", "生效时间不能早于现在")
    policy_id = new_id()
    async with transaction():
        await insert(
            SlaPolicy,
            id=policy_id,
            kind=command.kind,
            target=command.target.value,
            station_code=command.station_code,
            place_class=None if command.place_class is None else command.place_class.value,
            priority=command.priority,
            tag=command.tag,
            limit_s=command.limit_s,
            hours=command.hours.value,
            warn_percent=command.warn_percent,
            source=command.source,
            effective_from=command.effective_from or now,
            state=PolicyState.PROPOSED.value,
            proposed_by=actor.subject,
            proposed_at=now,
        )
        await audit.record("policy.propose", str(policy_id), kind=command.kind)
        return await _view(policy_id)


def check_policy(command: ProposePolicy) -> None:
    """Raises Invalid naming the field that no matter has, or not with the others."""
    targets = TARGETS_OF.get(command.kind)
    if targets is None:
        raise Invalid("kind", "没有这类事项")
    if command.target not in targets:
        raise Invalid("target", "这类事项没有这个时限")
    if command.priority is not None and command.priority not in PRIORITIES:
        raise Invalid("priority", "没有这个优先级")
    if command.tag is not None and command.tag not in list(CustomerTagWord):
        raise Invalid("tag", "没有这个客户标签")


async def release_policy(actor: StaffActor, policy_id: UUID) -> PolicyView:
    """Put a colleague's proposal in force, from its moment on but never before now.

    Raises NotFound, NotAllowed, SamePerson (S1), PolicyDecided.
    """
    async with transaction():
        row = await _proposed(actor, policy_id, Action.RELEASE_POLICIES)
        if row["proposed_by"] == actor.subject:
            raise SamePerson()
        await execute(
            "UPDATE sla_policy SET state = 'released', released_by = $2, released_at = $3,"
            " effective_from = greatest(effective_from, $4) WHERE id = $1",
            policy_id,
            actor.subject,
            machine_now(),
            await business_now(),
        )
        await audit.record("policy.release", str(policy_id), kind=row["kind"])
        return await _view(policy_id)


async def withdraw_policy(actor: StaffActor, policy_id: UUID) -> PolicyView:
    """Take a proposal back. Raises NotFound, NotAllowed, PolicyDecided."""
    async with transaction():
        row = await _proposed(actor, policy_id, Action.PROPOSE_POLICIES)
        await execute("UPDATE sla_policy SET state = 'withdrawn' WHERE id = $1", policy_id)
        await audit.record("policy.withdraw", str(policy_id), kind=row["kind"])
        return await _view(policy_id)


async def _require_there(actor: StaffActor, action: Action, station_code: str | None) -> None:
    """For one station with a post in it, for the county with a post of the county."""
    require(actor, action)
    if station_code is None:
        if not visible(actor, action).everything:
            raise NotAllowed("全县的时限规则须由县公司的岗位办理", action=action.value)
        return
    station_id = await fetch_value("SELECT id FROM supply_station WHERE code = $1", station_code)
    if station_id is None:
        raise Invalid("station_code", "没有这个供电所")
    if not may(actor, action, station_id=station_id):
        raise NotAllowed(action=action.value)


async def _proposed(actor: StaffActor, policy_id: UUID, action: Action) -> Record:
    require(actor, action)
    row = await fetch_one("SELECT * FROM sla_policy WHERE id = $1 FOR UPDATE", policy_id)
    if row is None:
        raise NotFound("没有这项时限规则")
    await _require_there(actor, action, row["station_code"])
    if row["state"] != PolicyState.PROPOSED:
        raise PolicyDecided()
    return row


async def _view(policy_id: UUID) -> PolicyView:
    row = await fetch_one("SELECT * FROM sla_policy WHERE id = $1", policy_id)
    assert row is not None, "just written"
    return policy_view(row)


def policy_view(row: Record) -> PolicyView:
    """A row of the table."""
    fields: dict[str, Any] = {name: row[name] for name in PolicyView.__struct_fields__}
    fields["target"], fields["hours"] = Target(row["target"]), Hours(row["hours"])
    return PolicyView(**{**fields, "state": PolicyState(row["state"])})


def _seed_view(one: Policy) -> PolicyView:
    return PolicyView(
        id=None,
        kind=one.kind,
        target=one.target,
        limit_s=one.limit_s,
        hours=one.hours,
        warn_percent=one.warn_percent,
        source=one.source,
        station_code=one.station_code,
        place_class=one.place_class,
        priority=one.priority,
        tag=one.tag,
        effective_from=one.effective_from,
        state=PolicyState.RELEASED,
        proposed_by=None,
        released_by=None,
    )


def as_policy(command: ProposePolicy, at: datetime) -> Policy:
    """A proposal as if it were in force."""
    return Policy(
        kind=command.kind,
        target=command.target,
        limit_s=command.limit_s,
        hours=command.hours,
        warn_percent=command.warn_percent,
        source=command.source,
        station_code=command.station_code,
        place_class=None if command.place_class is None else command.place_class.value,
        priority=command.priority,
        tag=command.tag,
        effective_from=command.effective_from or at,
        is_company=True,
    )

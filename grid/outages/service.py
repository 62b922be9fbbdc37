"""The verbs of an outage that is there: each checks right, version, state and fields."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.geography.types import Place
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, insert, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid
from grid.notices.promises import happened_to_all, withdraw_from_all
from grid.notices.types import PromiseWhat
from grid.outages import tables
from grid.outages.announcing import (
    add_districts,
    check_overlap,
    districts_named,
    remove_districts,
)
from grid.outages.reading import outage_view
from grid.outages.recording import OutageStep, check_manages, lock, stale, write_step
from grid.outages.rules import (
    DARK,
    NEEDED,
    VERBS,
    ChildrenNotAnswered,
    OutageStepNotPossible,
    check_end,
    next_state,
    source_of,
)
from grid.outages.telling import begin_telling, tell_children
from grid.outages.types import DoOutageVerb, OutageView
from grid.outages.words import OutageEvent, OutageKind, OutageState, Topic
from grid.territory.places import GridOfPlace
from grid.territory.types import Actor, StaffActor, SystemActor
from grid.work_orders.locating import Located
from grid.work_orders.opening import NewJob, one_at_a_time, write_job
from grid.work_orders.words import WorkOrderKind

_E, _S = OutageEvent, OutageState
OUTAGES = SystemActor(name="outages")

_FIRST_DISTRICT = (
    "SELECT t.lat, t.lon, t.place_class, g.id AS grid, g.station, s.code FROM outage_district d"
    " JOIN transformer_district t ON t.id = d.district JOIN service_grid g ON g.id = t.grid"
    " JOIN supply_station s ON s.id = g.station WHERE d.outage = $1 AND d.removed_at IS NULL"
    " ORDER BY (SELECT count(*) FROM service_account a WHERE a.district = t.id) DESC, t.id LIMIT 1"
)


async def act(
    actor: StaffActor, outage_id: UUID, event: OutageEvent, command: DoOutageVerb
) -> OutageView:
    """Take one step of an outage and give it as it is then.

    Raises NotFound, NotAllowed, StaleVersion, OutageStepNotPossible, Invalid naming a field,
    ChildrenNotAnswered when closing too early, OutageOverlaps.
    """
    if event not in VERBS:
        raise OutageStepNotPossible(event=event.value)
    async with transaction():
        row = await lock(outage_id)
        check_manages(actor, row)
        if row["version"] != command.version:
            raise await stale(row)
        await take(actor, row, event, command)
        return await outage_view(actor, outage_id)


async def take(actor: Actor, row: Record, event: OutageEvent, command: DoOutageVerb) -> None:
    """Judge and write one step of a locked outage, with everything that follows from it."""
    to_state = next_state(event, OutageState(row["state"]))
    for field, words in NEEDED.get(event, ()):
        if getattr(command, field) is None:
            raise Invalid(field, words)
    now = await business_now()
    sets: dict[str, object] = {
        name: getattr(command, name)
        for name in ("cause", "public_words")
        if getattr(command, name) is not None
    }
    step = OutageStep(event, to_state, now, command.reason, sets=sets)
    await _TAKES[event](actor, row, command, step)


async def _simple(actor: Actor, row: Record, command: DoOutageVerb, step: OutageStep) -> None:
    await write_step(actor, row, step)


async def _confirm(actor: Actor, row: Record, command: DoOutageVerb, step: OutageStep) -> None:
    if step.at < row["starts_at"] and row["kind"] != OutageKind.FAULT:
        # It began before its time: what people were told of the start was not so.
        step = step._replace(facts={"early": True}, sets={**step.sets, "starts_at": step.at})
    await write_step(actor, row, step._replace(sets={**step.sets, "confirmed_at": step.at}))


async def _etr(actor: Actor, row: Record, command: DoOutageVerb, step: OutageStep) -> None:
    assert command.expected_end_at is not None, "NEEDED asks for it"
    check_end(row["starts_at"], command.expected_end_at, step.at)
    source = source_of(OutageKind(row["kind"]), _E.ETR, command.source)
    facts = {
        "etr_before": row["etr"],
        "etr_after": command.expected_end_at,
        "source": source.value,
    }
    sets = {**step.sets, "etr": command.expected_end_at, "etr_source": source.value}
    await write_step(actor, row, step._replace(facts=facts, sets=sets))
    await tell_children(row["id"])
    if row["kind"] != OutageKind.FAULT:
        await begin_telling(row["id"], Topic.CHANGED, step.at)


async def _districts(actor: Actor, row: Record, command: DoOutageVerb, step: OutageStep) -> None:
    """Count districts in and out; children of those counted out become matters of their own."""
    if not command.add and not command.remove:
        raise Invalid("add", "请选择要增加或去掉的台区")
    assert isinstance(actor, StaffActor), "people change the scope"
    await one_at_a_time("outages")
    added = await districts_named(actor, command.add, "add") if command.add else []
    removed = await districts_named(actor, command.remove, "remove") if command.remove else []
    added_ids = [one["id"] for one in added]
    if OutageState(row["state"]) in DARK:
        await check_overlap(added_ids, row["id"])
    await add_districts(row["id"], added_ids, step.at)
    removed_ids = [one["id"] for one in removed]
    if await remove_districts(row["id"], removed_ids, step.at) == 0:
        raise Invalid("remove", "至少要留一个台区;整个停电不存在时请取消")
    await _let_go(
        row["id"],
        step.reason or "台区不在停电范围内",
        " AND account IN (SELECT id FROM service_account WHERE district = ANY($3::uuid[]))",
        removed_ids,
    )
    facts = {"added": sorted(set(command.add)), "removed": sorted(set(command.remove))}
    await write_step(actor, row, step._replace(facts=facts))
    if added and row["kind"] != OutageKind.FAULT:
        await begin_telling(row["id"], Topic.ANNOUNCED, step.at)


async def _dispatch(actor: Actor, row: Record, command: DoOutageVerb, step: OutageStep) -> None:
    """Open a job for the outage at its largest district."""
    place = await fetch_one(_FIRST_DISTRICT, row["id"])
    assert place is not None, "an outage keeps a district"
    grid = GridOfPlace(place["grid"], place["station"], place["code"], place["place_class"])
    there = Place(lat=place["lat"], lon=place["lon"])
    new = NewJob(
        kind=WorkOrderKind.OUTAGE_WORK,
        located=Located(None, there, grid, place["place_class"]),
        description=step.reason,
        live_work=command.live_work,
    )
    job_id = await write_job(actor, new, step.at)
    await insert(tables.OutageJob, id=new_id(), outage=row["id"], work_order=job_id)
    await write_step(actor, row, step._replace(facts={"work_order": str(job_id)}))


async def _work(actor: Actor, row: Record, command: DoOutageVerb, step: OutageStep) -> None:
    await write_step(actor, row, step._replace(sets={**step.sets, "work_at": step.at}))


async def _restore(actor: Actor, row: Record, command: DoOutageVerb, step: OutageStep) -> None:
    """Supply is back, says the grid. The children are asked one by one, by the schedule."""
    await write_step(actor, row, step._replace(sets={**step.sets, "restored_at": step.at}))
    await happened_to_all(row["id"], PromiseWhat.RESTORE, step.at)


async def _close(actor: Actor, row: Record, command: DoOutageVerb, step: OutageStep) -> None:
    waiting = await fetch_value(
        "SELECT count(*) FROM outage_membership WHERE outage = $1 AND ended_at IS NULL", row["id"]
    )
    if waiting:
        raise ChildrenNotAnswered(f"还有 {waiting} 个报修没有确认来电,不能结束", waiting=waiting)
    await write_step(actor, row, step._replace(sets={**step.sets, "ended_at": step.at}))


async def _cancel(actor: Actor, row: Record, command: DoOutageVerb, step: OutageStep) -> None:
    """It does not take place, or was a mistake: followers are told, children become own matters."""
    await write_step(actor, row, step._replace(sets={**step.sets, "ended_at": step.at}))
    await withdraw_from_all(row["id"])
    await _let_go(row["id"], f"停电事件已取消:{command.reason}"[:500])


async def _let_go(outage_id: UUID, reason: str, where: str = "", *args: object) -> None:
    """Mark children that leave; the schedule makes each a matter of its own."""
    await execute(
        "UPDATE outage_membership SET state = 'leaving', reason = $2"  # noqa: S608 - our own words
        f" WHERE outage = $1 AND ended_at IS NULL{where}",
        outage_id,
        reason,
        *args,
    )


_TAKES: dict[OutageEvent, Callable[[Actor, Record, DoOutageVerb, OutageStep], Awaitable[None]]] = {
    _E.CONFIRM: _confirm,
    _E.ETR: _etr,
    _E.DISTRICTS: _districts,
    _E.DISPATCH: _dispatch,
    _E.WORK: _work,
    _E.RESTORE: _restore,
    _E.CLOSE: _close,
    _E.CANCEL: _cancel,
    _E.COMMENT: _simple,
}


async def take_by_itself(outage_id: UUID, event: OutageEvent, reason: str) -> bool:
    """A step that time or the field causes; False when the outage is past it. Own transaction."""
    async with transaction():
        row = await lock(outage_id)
        state = OutageState(row["state"])
        try:
            next_state(event, state)
            await take(OUTAGES, row, event, DoOutageVerb(version=row["version"], reason=reason))
        except (OutageStepNotPossible, ChildrenNotAnswered):
            # Somebody was faster, or somebody still waits; nothing was written.
            return False
        return True


async def start_due(limit: int) -> int:
    """Planned outages whose time has come are on; gives how many were looked at."""
    now = await business_now()
    return await _take_each(
        "SELECT id FROM outage WHERE state = 'planned' AND starts_at <= $1"
        " ORDER BY starts_at LIMIT $2",
        now,
        limit,
        _E.CONFIRM,
        "到了计划停电时间",
    )


async def close_due(before: datetime, limit: int) -> int:
    """Outages restored before a moment whose children have all ended are over."""
    return await _take_each(
        "SELECT o.id FROM outage o WHERE o.state = 'restored' AND o.restored_at <= $1"
        " AND NOT EXISTS (SELECT 1 FROM outage_membership m WHERE m.outage = o.id"
        " AND m.ended_at IS NULL) ORDER BY o.restored_at LIMIT $2",
        before,
        limit,
        _E.CLOSE,
        "报修都已确认,自动结束",
    )


async def _take_each(sql: str, at: datetime, limit: int, event: OutageEvent, reason: str) -> int:
    rows = await fetch(sql, at, limit)
    for row in rows:
        await take_by_itself(row["id"], event, reason)
    return len(rows)

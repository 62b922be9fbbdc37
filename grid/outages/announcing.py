"""An outage begins: its scope, its times, and whether people are told early enough."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_value, insert, insert_many, transaction
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed
from grid.outages import tables
from grid.outages.policies import notice_limits
from grid.outages.reading import outage_view
from grid.outages.recording import OutageStep, manages, write_history
from grid.outages.rules import OutageOverlaps, check_span, is_short_notice, source_of
from grid.outages.telling import begin_telling
from grid.outages.types import AnnounceOutage, OutageView
from grid.outages.words import OutageEvent, OutageKind, OutageState, Topic
from grid.territory.authority import Action
from grid.territory.types import StaffActor
from grid.work_orders.opening import number_of, one_at_a_time


async def announce(actor: StaffActor, command: AnnounceOutage) -> OutageView:
    """Write down an outage; of a planned one the followers inside are told.

    A fault has begun and is confirmed by being announced. Raises Invalid naming `starts_at`,
    `expected_end_at`, `districts` or `late_reason`; NotAllowed when a district is out of reach;
    OutageOverlaps when one is dark already.
    """
    async with transaction():
        now = await business_now()
        check_span(command.kind, command.starts_at, command.expected_end_at, now)
        districts = await districts_named(actor, command.districts, "districts")
        await _check_notice(command, now)
        await one_at_a_time("outages")
        district_ids = [row["id"] for row in districts]
        if command.kind is OutageKind.FAULT:
            await check_overlap(district_ids, None)
        outage_id = await _write(actor, command, now)
        await add_districts(outage_id, district_ids, now)
        if command.kind is not OutageKind.FAULT:
            await begin_telling(outage_id, Topic.ANNOUNCED, now)
        return await outage_view(actor, outage_id)


async def _check_notice(command: AnnounceOutage, now: datetime) -> None:
    limits = await notice_limits(now)
    late = is_short_notice(command.kind, command.starts_at, now, limits)
    if late and command.late_reason is None:
        ahead = limits.planned if command.kind is OutageKind.PLANNED else limits.temporary
        hours = round(ahead.total_seconds() / 3600)
        raise Invalid("late_reason", f"通知不足提前 {hours} 小时,请填写原因", hours=hours)
    if not late and command.late_reason is not None:
        raise Invalid("late_reason", "通知时间足够提前,不需要填写原因")


async def _write(actor: StaffActor, command: AnnounceOutage, now: datetime) -> UUID:
    outage_id = new_id()
    is_fault = command.kind is OutageKind.FAULT
    state = OutageState.CONFIRMED if is_fault else OutageState.PLANNED
    source = None
    if command.expected_end_at is not None:
        source = source_of(command.kind, OutageEvent.ANNOUNCE, None).value
    await insert(
        tables.Outage,
        id=outage_id,
        number=await number_of("TD", "outage_number", now),
        kind=command.kind.value,
        state=state.value,
        feeder=command.feeder,
        cause=command.cause,
        public_words=command.public_words,
        starts_at=command.starts_at,
        etr=command.expected_end_at,
        etr_source=source,
        late_reason=command.late_reason,
        announced_by=actor.subject,
        announced_at=now,
        confirmed_at=now if is_fault else None,
        version=0,
    )
    step = OutageStep(
        OutageEvent.ANNOUNCE,
        state,
        now,
        command.late_reason,
        facts={"etr_before": None, "etr_after": command.expected_end_at, "source": source},
    )
    await write_history(actor, outage_id, 0, None, step)
    return outage_id


async def districts_named(actor: StaffActor, numbers: Sequence[str], field: str) -> list[Record]:
    """The districts of these numbers, all within the actor's reach.

    Raises Invalid naming the field for numbers nobody knows, NotAllowed for what is out of reach.
    """
    wanted = sorted(set(numbers))
    rows = await fetch(
        "SELECT t.id, t.district_no, g.station FROM transformer_district t"
        " JOIN service_grid g ON g.id = t.grid WHERE t.district_no = ANY($1::text[])"
        " ORDER BY t.id",
        wanted,
    )
    if len(rows) < len(wanted):
        known = {row["district_no"] for row in rows}
        missing = next(number for number in wanted if number not in known)
        raise Invalid(field, f"没有这个台区:{missing}", missing=missing)
    if rows and not manages(actor, sorted({row["station"] for row in rows})):
        raise NotAllowed("有台区不在您管的范围内", action=Action.MANAGE_OUTAGES.value)
    return rows


async def check_overlap(district_ids: Sequence[UUID], besides: UUID | None) -> None:
    """Raises OutageOverlaps when one of the districts is dark already for another outage."""
    number = await fetch_value(
        "SELECT o.number FROM outage_district d JOIN outage o ON o.id = d.outage"
        " WHERE d.district = ANY($1::uuid[]) AND d.removed_at IS NULL"
        " AND o.state IN ('confirmed', 'restoring') AND ($2::uuid IS NULL OR o.id <> $2) LIMIT 1",
        list(district_ids),
        besides,
    )
    if number is not None:
        raise OutageOverlaps(f"有台区已经在停电事件 {number} 里", number=number)


async def add_districts(outage_id: UUID, district_ids: Sequence[UUID], now: datetime) -> None:
    """Count districts in; those that are in already stay as they are."""
    known = await fetch(
        "SELECT district FROM outage_district WHERE outage = $1 AND removed_at IS NULL", outage_id
    )
    inside = {row["district"] for row in known}
    await insert_many(
        tables.OutageDistrict,
        ("id", "outage", "district", "added_at"),
        [(new_id(), outage_id, one, now) for one in district_ids if one not in inside],
    )


async def remove_districts(outage_id: UUID, district_ids: Sequence[UUID], now: datetime) -> int:
    """Count districts out; gives how many stay."""
    await execute(
        "UPDATE outage_district SET removed_at = $3"
        " WHERE outage = $1 AND district = ANY($2::uuid[]) AND removed_at IS NULL",
        outage_id,
        list(district_ids),
        now,
    )
    left: int = await fetch_value(
        "SELECT count(*) FROM outage_district WHERE outage = $1 AND removed_at IS NULL", outage_id
    )
    return left

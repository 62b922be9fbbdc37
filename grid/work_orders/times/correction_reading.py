"""Reading pauses and corrections: of one matter, and the inbox of what waits for somebody."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks.ledger import ClockRow
from grid.clocks.pauses import pause_view, pauses_views
from grid.clocks.rules import Standing, view
from grid.clocks.types import PauseView, Subject
from grid.kit.clock import machine_now
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.kit.refusals import Invalid, NotFound
from grid.territory.authority import Action, visible
from grid.territory.types import ChangeState, StaffActor
from grid.work_orders.tickets.accused import HIDDEN_FROM
from grid.work_orders.times.pausing import Matter, check_seen
from grid.work_orders.times.types import (
    ClockLine,
    CorrectedField,
    CorrectionView,
    OpenPauseView,
)

_LINES = msgspec.json.Decoder(list[ClockLine])
_CORRECTIONS = (
    "SELECT c.*, w.number FROM time_correction c JOIN work_order w ON w.id = c.work_order"
)
_NOT_ABOUT_ME = "NOT " + HIDDEN_FROM


async def pauses_of_matter(
    actor: StaffActor, subject: Subject, subject_id: UUID
) -> list[PauseView]:
    """The pauses of a job or ticket, the newest first. Raises NotFound."""
    table = "work_order" if subject is Subject.WORK_ORDER else "ticket"
    row = await fetch_one(f"SELECT * FROM {table} WHERE id = $1", subject_id)  # noqa: S608 - two names of ours
    if row is None:
        raise NotFound("没有这件事")
    await check_seen(actor, Matter(subject, row))
    return await pauses_views(subject, subject_id)


async def open_pauses(actor: StaffActor, limit: int = LIMIT_MAX) -> list[OpenPauseView]:
    """Pauses that wait for a decision, the longest waiting first; row scope is in the query.

    Those of sealed tickets are for those who read sealed ones.
    """
    reach = visible(actor, Action.CORRECT_TIMES)
    rows = await fetch(
        "SELECT p.*, coalesce(w.number, t.number) AS number, coalesce(w.kind, t.kind) AS kind,"  # noqa: S608 - our names
        " s.name AS station_name, g.name AS grid_name, q.name AS asked_by"
        " FROM sla_pause p"
        " LEFT JOIN work_order w ON p.subject = 'work_order' AND w.id = p.subject_id"
        " LEFT JOIN ticket t ON p.subject = 'ticket' AND t.id = p.subject_id"
        " LEFT JOIN supply_station s ON s.id = coalesce(w.station, t.station)"
        " LEFT JOIN service_grid g ON g.id = coalesce(w.grid, t.grid)"
        " LEFT JOIN staff q ON 'staff:' || q.employee_no = p.requested_by"
        " WHERE p.state = 'requested' AND coalesce(w.id, t.id) IS NOT NULL"
        " AND ($1::bool OR coalesce(w.station, t.station) = ANY($2::uuid[])"
        " OR coalesce(w.grid, t.grid) = ANY($3::uuid[]))"
        " AND (NOT coalesce(t.sealed, false) OR $4::bool)"
        " AND (t.level IS DISTINCT FROM 'county' OR $1::bool) AND "
        + _NOT_ABOUT_ME.format(ticket="coalesce(w.ticket, t.id)", staff="$5")
        + " ORDER BY p.requested_at, p.id LIMIT $6",
        reach.everything,
        reach.station_ids,
        reach.grid_ids,
        visible(actor, Action.READ_SEALED).everything,
        actor.staff_id,
        min(limit, LIMIT_MAX),
    )
    return [
        OpenPauseView(
            pause=pause_view(row),
            number=row["number"],
            kind=row["kind"],
            station=row["station_name"],
            grid=row["grid_name"],
            asked_by=row["asked_by"],
        )
        for row in rows
    ]


async def corrections(
    actor: StaffActor,
    state: ChangeState | None = None,
    work_order_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[CorrectionView]:
    """Corrections in the actor's reach, the newest first. Raises Invalid naming `cursor`."""
    before = None
    if cursor is not None:
        at, identity = decode_cursor(cursor, tuple[datetime, UUID])
        if at.tzinfo is None or at > machine_now().replace(year=9000):
            raise Invalid("cursor", "翻页位置无效,请从第一页重新开始")
        before = (at, identity)
    reach, size = visible(actor, Action.CORRECT_TIMES), min(limit, LIMIT_MAX)
    rows = await fetch(
        f"{_CORRECTIONS} WHERE ($1::bool OR w.station = ANY($2::uuid[])"
        " OR w.grid = ANY($3::uuid[])) AND ($4::varchar IS NULL OR c.state = $4)"
        " AND ($5::uuid IS NULL OR c.work_order = $5)"
        " AND ($6::timestamptz IS NULL OR (c.proposed_at, c.id) < ($6, $7::uuid)) AND "
        + _NOT_ABOUT_ME.format(ticket="w.ticket", staff="$8")
        + " ORDER BY c.proposed_at DESC, c.id DESC LIMIT $9",
        reach.everything,
        reach.station_ids,
        reach.grid_ids,
        None if state is None else state.value,
        work_order_id,
        None if before is None else before[0],
        None if before is None else before[1],
        actor.staff_id,
        size + 1,
    )
    views = [correction_view(row) for row in rows[:size]]
    more = len(rows) > size
    last = views[-1] if more else None
    return Page(
        items=views,
        next=None if last is None else encode_cursor(last.proposed_at.isoformat(), str(last.id)),
    )


async def one_correction(correction_id: UUID) -> CorrectionView:
    """One correction as it stands; whoever asks was checked."""
    row = await fetch_one(f"{_CORRECTIONS} WHERE c.id = $1", correction_id)
    if row is None:
        raise NotFound("没有这次更正")
    return correction_view(row)


def correction_view(row: Record) -> CorrectionView:
    """A row of `_CORRECTIONS`."""
    fields: dict[str, Any] = {
        name: row[name]
        for name in CorrectionView.__struct_fields__
        if name not in ("work_order_id", "pause_id", "field", "state", "before", "after")
    }
    return CorrectionView(
        **fields,
        work_order_id=row["work_order"],
        pause_id=row["pause"],
        field=CorrectedField(row["field"]),
        state=ChangeState(row["state"]),
        before=_LINES.decode(row["before"]),
        after=_LINES.decode(row["after"]),
    )


def line_of(row: ClockRow, now: datetime) -> ClockLine:
    """One begun clock as it stands at a moment."""
    assert row.due_at is not None, "a clock that began has a due time"
    standing = Standing(
        row.target,
        row.due_at,
        row.warn_at,
        row.stopped_at,
        row.given_up_at,
        None,
        row.limit_s,
        row.hours,
        row.source,
    )
    return ClockLine(
        clock=view(standing, now),
        started_at=row.started_at,
        given_up_at=row.given_up_at,
        breached_at=row.breached_at,
        round=row.round,
    )

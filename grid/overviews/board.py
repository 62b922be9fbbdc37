"""The board: every open job in the reader's reach, danger first, then by the limit that is next."""

from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit.clock import business_day, business_now
from grid.kit.database import fetch, fetch_one
from grid.kit.pages import decode_cursor, encode_cursor
from grid.kit.refusals import Invalid
from grid.overviews.types import Board, BoardCounts, BoardFilter, StationChoice
from grid.overviews.watching import note_watching
from grid.territory.authority import Action, visible
from grid.territory.types import StaffActor
from grid.work_orders.reading import JOB_ROWS, REACHED, STILL_OPEN, scope_args, view_of
from grid.work_orders.types import WorkOrderView

#: Rows of one page of the board.
BOARD_ROWS = 50
#: Open danger jobs that the alert names; more are counted.
DANGERS_SHOWN = 20

_WAITING = "w.state IN ('draft', 'triaged', 'pending_dispatch', 'scheduled')"
_DONE = "w.state IN ('completed', 'cannot_complete')"

#: The earliest limit that is still running.
DUE = "w.due_at"
#: Open jobs: danger first, then by their limit (none is last), as the index `work_order_board` has
#: them. What is over: the newest first.
_OPEN_ORDER = (
    "CASE WHEN w.priority = 'danger' THEN 0 ELSE 1 END",
    "coalesce(w.due_at, '9999-01-01T00:00:00Z'::timestamptz)",
)
_OVER_ORDER = ("2", "'epoch'::timestamptz + ('epoch'::timestamptz - w.reported_at)")
_OVER = frozenset({"done", "completed", "cannot_complete", "cancelled", "closed"})
_WANTED = (
    " AND ($6::varchar IS NULL OR s.code = $6)"  # noqa: S608 - put together from constants
    " AND ($7::varchar IS NULL OR g.code = $7) AND ($8::varchar IS NULL OR w.priority = $8)"
    " AND (NOT $9::bool OR w.assignee = $4 OR EXISTS (SELECT 1 FROM work_order_transition h"
    " WHERE h.work_order = w.id AND h.actor = $10))"
    f" AND (NOT $11::bool OR {DUE} < $12::timestamptz)"
    " AND ($13::varchar IS NULL OR concat_ws(' ', w.number, t.number, a.account_no, a.name,"
    " a.address, t.address, t.description, p.name) ILIKE $13)"
)


async def board(actor: StaffActor, wanted: BoardFilter) -> Board:
    """A page of the board with the counts of the whole reach.

    Raises Invalid naming `cursor`. Reading many customers' faults at once is audited.
    """
    now = await business_now()
    after: tuple[int, datetime, UUID] | tuple[None, None, None] = (None, None, None)
    if wanted.cursor is not None:
        after = decode_cursor(wanted.cursor, tuple[int, datetime, UUID])
        if after[1].tzinfo is None:
            raise Invalid("cursor", "翻页位置无效,请从第一页重新开始")
    rank, key = _OVER_ORDER if wanted.state in _OVER else _OPEN_ORDER
    rows_of_board = JOB_ROWS.replace(
        "SELECT w.*", f"SELECT w.*, {rank} AS board_rank, {key} AS board_key", 1
    )
    rows = await fetch(
        f"{rows_of_board} WHERE {_state_condition(wanted.state)} AND {REACHED}{_WANTED}"
        f" AND ($14::int IS NULL OR ({rank}, {key}, w.id) > ($14, $15::timestamptz, $16::uuid))"
        f" ORDER BY {rank}, {key}, w.id LIMIT $17",
        *scope_args(actor),
        wanted.state,
        wanted.station,
        wanted.grid,
        None if wanted.priority is None else wanted.priority.value,
        wanted.mine,
        actor.subject,
        wanted.late,
        now,
        _pattern(wanted.q),
        *after,
        BOARD_ROWS + 1,
    )
    shown = rows[:BOARD_ROWS]
    await note_watching(actor, "board.read", "work_orders", wanted.q or "")
    return Board(
        as_of=now,
        items=[view_of(row, actor, now) for row in shown],
        next=_cursor(shown[-1]) if len(rows) > BOARD_ROWS else None,
        counts=await counts(actor),
    )


def _state_condition(state: str | None) -> str:
    """Written out, so that the index of open jobs serves the usual question. `$5` is the state."""
    asked = "$5::varchar IS NOT DISTINCT FROM $5"
    if state is None:
        return f"{STILL_OPEN} AND {asked}"
    named = {"waiting": _WAITING, "done": _DONE}.get(state)
    return "w.state = $5::varchar" if named is None else f"{named} AND {asked}"


def _cursor(row: Record) -> str:
    return encode_cursor(row["board_rank"], row["board_key"].isoformat(), str(row["id"]))


def _pattern(q: str | None) -> str | None:
    if q is None or not q.strip():
        return None
    literal = q.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal}%"


async def counts(actor: StaffActor) -> BoardCounts:
    """How many jobs stand where, within the reader's reach."""
    row = await fetch_one(
        f"SELECT count(*) FILTER (WHERE {STILL_OPEN}) AS open,"  # noqa: S608 - constants above
        f" count(*) FILTER (WHERE {STILL_OPEN} AND w.priority = 'danger') AS danger,"
        f" count(*) FILTER (WHERE {STILL_OPEN} AND {DUE} < $5) AS late,"
        f" count(*) FILTER (WHERE {_WAITING}) AS waiting,"
        f" count(*) FILTER (WHERE {_DONE}) AS done"
        f" FROM work_order w WHERE w.state NOT IN ('cancelled', 'closed') AND {REACHED}",
        *scope_args(actor),
        await business_now(),
    )
    assert row is not None
    return BoardCounts(**dict(row))


async def dangers(actor: StaffActor) -> list[WorkOrderView]:
    """Open danger jobs in the reader's reach, the oldest first, at most DANGERS_SHOWN."""
    rows = await fetch(
        f"{JOB_ROWS} WHERE {REACHED} AND w.priority = 'danger' AND {STILL_OPEN}"
        " ORDER BY w.reported_at, w.id LIMIT $5",
        *scope_args(actor),
        DANGERS_SHOWN,
    )
    now = await business_now()
    return [view_of(row, actor, now) for row in rows]


_STATIONS = """
SELECT s.code, s.name, coalesce(json_agg(json_build_array(g.code, g.name) ORDER BY g.code)
    FILTER (WHERE g.id IS NOT NULL), '[]') AS grids
FROM supply_station s LEFT JOIN service_grid g ON g.station = s.id AND g.active_from <= $4
    AND (g.active_until IS NULL OR g.active_until > $4)
WHERE $1::bool OR s.id = ANY($2::uuid[]) OR g.id = ANY($3::uuid[])
GROUP BY s.id ORDER BY s.code LIMIT 100
"""
_GRIDS = msgspec.json.Decoder(list[tuple[str, str]])


async def stations(actor: StaffActor) -> list[StationChoice]:
    """The stations and grids that the reader's board can show."""
    reach = visible(actor, Action.READ_WORK_ORDERS)
    rows = await fetch(_STATIONS, *reach, business_day(await business_now()))
    return [
        StationChoice(code=row["code"], name=row["name"], grids=_GRIDS.decode(row["grids"]))
        for row in rows
    ]

"""Reading ratings: by the same scope as tickets; who gave one is told to nobody."""

from datetime import datetime
from uuid import UUID

from grid.kit import audit
from grid.kit.database import fetch
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor, page_of
from grid.territory.authority import Action, require
from grid.territory.types import StaffActor
from grid.work_orders.tickets.reading import REACHED, scope_args
from grid.work_orders.tickets.types import RatingView
from grid.work_orders.words import TicketKind

_LIST = f"""
SELECT r.id, r.stars, r.comment, r.rated_at, c.words, t.id AS ticket_id, t.number, t.kind,
    g.name AS grid_name, s.name AS station_name, coalesce(p.name, wp.name) AS handled_by
FROM rating r JOIN ticket t ON t.id = r.ticket LEFT JOIN rating_comment c ON c.rating = r.id
LEFT JOIN service_grid g ON g.id = t.grid LEFT JOIN supply_station s ON s.id = t.station
LEFT JOIN staff p ON p.id = t.handler
LEFT JOIN work_order w ON w.id = r.work_order LEFT JOIN staff wp ON wp.id = w.assignee
WHERE {REACHED} AND ($6::int IS NULL OR r.stars <= $6)
    AND ($7::timestamptz IS NULL OR (r.rated_at, r.id) < ($7, $8::uuid))
ORDER BY r.rated_at DESC, r.id DESC LIMIT $9
"""  # noqa: S608 - put together from constants above


async def ratings(
    actor: StaffActor, stars_max: int | None = None, cursor: str | None = None, limit: int = 50
) -> Page[RatingView]:
    """Ratings of the tickets that the actor may see, newest first. Audited.

    Raises NotAllowed, Invalid naming `cursor`.
    """
    require(actor, Action.READ_WORK_ORDERS)
    limit = min(limit, LIMIT_MAX)
    before = (None, None) if cursor is None else decode_cursor(cursor, tuple[datetime, UUID])
    rows = await fetch(_LIST, *scope_args(actor), stars_max, *before, limit + 1)
    await audit.record("ratings.list", "ratings", shown=min(len(rows), limit))
    views = [
        RatingView(
            id=row["id"],
            ticket_id=row["ticket_id"],
            ticket_number=row["number"],
            kind=TicketKind(row["kind"]),
            stars=row["stars"],
            comment=row["comment"],
            words=row["words"],
            grid=row["grid_name"],
            station=row["station_name"],
            handled_by=row["handled_by"],
            rated_at=row["rated_at"],
        )
        for row in rows
    ]
    last = views[min(len(views), limit) - 1] if views else None
    following = None if last is None else encode_cursor(last.rated_at.isoformat(), str(last.id))
    return page_of(views, limit, following)

"""Who is due for a visit: last visit plus cycle, those never visited at once. By sets, in SQL."""

from datetime import date
from uuid import UUID

from asyncpg import Record

from grid.kit.database import fetch
from grid.visits.rules import CARE_TAGS, FORM_OF, Cycles

_CARE = ", ".join(f"'{tag.value}'" for tag in sorted(CARE_TAGS))
_FORM = " ".join(f"WHEN '{tag.value}' = ANY(k.tags) THEN '{form.value}'" for tag, form in FORM_OF)

#: The tags of accounts on the day $2, by account.
TAGS_HELD = (
    "SELECT t.account, array_agg(DISTINCT t.tag) AS tags FROM customer_tag t"
    " WHERE t.from_day <= {day} AND (t.until_day IS NULL OR t.until_day > {day})"
    " AND {scope} GROUP BY t.account"
)
#: A visit counts when its job was completed: with arrival, evidence and result (one row a job).
VISITS_MADE = (
    "SELECT v.account, max(v.visited_on) AS last_on FROM customer_visit v"
    " JOIN work_order w ON w.id = v.work_order AND w.state IN ('completed', 'closed')"
    " WHERE {scope} GROUP BY v.account"
)

#: Every household looks up its own tags, visits and stops by index: whatever the server believes of
#: tables that were filled a moment ago, a county takes the same time.
_DUE = f"""
WITH reckoned AS (
    SELECT a.id, a.grid, a.village, a.district, a.account_no, k.is_care, k.form,
        (greatest(m.last_on, c.planned_on) + make_interval(months => k.months))::date AS due_day
    FROM service_account a
    CROSS JOIN LATERAL (SELECT coalesce(array_agg(h.tag), '{{}}') AS tags FROM customer_tag h
        WHERE h.account = a.id AND h.from_day <= $2::date
        AND (h.until_day IS NULL OR h.until_day > $2::date)) t
    CROSS JOIN LATERAL (SELECT max(v.visited_on) AS last_on FROM customer_visit v
        JOIN work_order w ON w.id = v.work_order AND w.state IN ('completed', 'closed')
        WHERE v.account = a.id) m
    CROSS JOIN LATERAL (SELECT max(s.stop_day) FILTER (WHERE s.stop_day < $2::date
            AND CASE WHEN w.id IS NULL THEN s.stop_day >= $4::date ELSE w.state
                NOT IN ('completed', 'closed', 'cancelled', 'cannot_complete') END) AS planned_on
        FROM visit_stop s LEFT JOIN work_order w ON w.id = s.work_order
        WHERE s.account = a.id AND s.state <> 'removed') c
    CROSS JOIN LATERAL (SELECT t.tags && ARRAY[{_CARE}]::varchar[] AS is_care,
        CASE {_FORM.replace("k.tags", "t.tags")} ELSE 'ordinary' END AS form,
        least($9::int,
            CASE WHEN t.tags && ARRAY[{_CARE}]::varchar[] THEN $6::int END,
            CASE WHEN 'small_business' = ANY(t.tags) THEN $7::int END,
            CASE WHEN t.tags && ARRAY['important', 'government']::varchar[]
                THEN $8::int END) AS months) k
    WHERE a.grid = ANY($1::uuid[]) AND a.state = 'active'
        AND (SELECT count(*) FROM visit_stop s JOIN visit_plan p ON p.id = s.plan
            AND p.month = $2::date WHERE s.account = a.id) = 0
), ranked AS (
    SELECT r.*, count(*) OVER (PARTITION BY r.grid) AS due_in_grid,
        count(*) FILTER (WHERE r.is_care) OVER (PARTITION BY r.grid) AS care_in_grid,
        row_number() OVER (PARTITION BY r.grid ORDER BY r.is_care DESC, r.form = 'ordinary',
            r.due_day NULLS FIRST, r.village, r.district, r.account_no) AS place
    FROM reckoned r WHERE r.due_day IS NULL OR r.due_day <= $3::date
)
SELECT r.id, r.grid, r.village, r.district, r.is_care, r.form, r.due_day, r.due_in_grid,
    r.care_in_grid, (SELECT array_agg(x.staff) FROM relative_account x
        WHERE x.account_no = r.account_no) AS relatives
FROM ranked r JOIN unnest($1::uuid[], $5::int[]) AS room(grid, stops) ON room.grid = r.grid
WHERE r.place <= greatest(room.stops, 1)
"""  # noqa: S608 - put together from constants above


async def due_in(
    grid_ids: list[UUID], rooms: list[int], month: date, last: date, today: date, cycles: Cycles
) -> list[Record]:
    """The households due in a month, the most pressing of each grid up to its room (but one at
    least, for the counts that each row carries); one statement.

    Special care first, then those with a cycle of their own; of equals those never visited, then
    those due longest. Who has a stop in the month already is left out.
    """
    return await fetch(
        _DUE,
        grid_ids,
        month,
        last,
        today,
        rooms,
        cycles.care,
        cycles.business,
        cycles.important,
        cycles.ordinary,
    )

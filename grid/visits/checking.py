"""Looking at finished visits: the random draw, and what looks wrong; each opens at most one check.

A visit counts from the moment it is looked at: its job is complete and has a result. What is looked
at is never looked at again, so the numbers of a closed month stay, and the draw can be repeated.
"""

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.geography.distance import distance_m
from grid.geography.types import Place
from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch, fetch_one, insert, insert_many, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say_all
from grid.visits import policies
from grid.visits.rules import Suspicion, drawn, is_impossible, month_of, share_of
from grid.visits.tables import VisitCheck, VisitDraw, VisitReview
from grid.visits.types import VisitCheckOpened
from grid.visits.words import CheckReason, CheckState

_R = CheckReason

#: Visits looked at in one run; the rest waits for the next.
BATCH = 500

_REVIEW = (
    *("id", "work_order", "visit", "grid", "month", "share", "is_drawn", "reasons"),
    "reviewed_at",
)
_NEW = """
SELECT v.id, v.work_order, v.account, v.grid, v.author, v.answers_digest, v.distance_m,
    v.received_at, w.arrived_at, w.completed_at, w.arrival_grade, w.assignee, w.lat, w.lon,
    p.completed_at AS before_at, p.lat AS before_lat, p.lon AS before_lon,
    EXISTS (SELECT FROM evidence_item i WHERE i.subject_id = v.work_order
        AND (EXISTS (SELECT FROM near_duplicate n WHERE n.first_item = i.id)
            OR EXISTS (SELECT FROM near_duplicate n WHERE n.second_item = i.id))) AS copied,
    EXISTS (SELECT FROM customer_visit o WHERE o.answers_digest = v.answers_digest
        AND o.account <> v.account AND o.received_at > v.received_at - make_interval(days => $2)
        AND o.received_at <= v.received_at) AS same_words
FROM customer_visit v
JOIN work_order w ON w.id = v.work_order AND w.state IN ('completed', 'closed')
LEFT JOIN LATERAL (SELECT o.completed_at, o.lat, o.lon FROM customer_visit c
    JOIN work_order o ON o.id = c.work_order WHERE c.author = v.author
    AND c.work_order <> v.work_order AND o.completed_at <= w.completed_at
    AND c.received_at > v.received_at - interval '1 day'
    ORDER BY o.completed_at DESC LIMIT 1) p ON true
WHERE NOT EXISTS (SELECT FROM visit_review r WHERE r.work_order = v.work_order)
    AND NOT EXISTS (SELECT FROM customer_visit n WHERE n.supersedes = v.id)
    AND v.received_at > $3
ORDER BY v.received_at, v.id LIMIT $1
"""
#: A result older than this whose job is still not complete is no visit.
_LOOKED_BACK = timedelta(days=100)


async def look(limit: int = BATCH) -> int:
    """Look at finished visits that nobody looked at; gives how many. Bounded statements."""
    async with transaction():
        now = await business_now()
        # Two workers that look at once would review the same visits.
        await execute("SELECT pg_advisory_xact_lock(hashtextextended('visits.look', 8))")
        limits = await policies.suspicion(now)
        rows = await fetch(_NEW, limit, limits.copy_days, now - _LOOKED_BACK)
        if not rows:
            return 0
        month = month_of(business_day(now))
        draw = await draw_of(month, now)
        reviews = [_review(row, limits, draw) for row in rows]
        await insert_many(
            VisitReview,
            _REVIEW,
            [(*one, now) for one in reviews],
        )
        wanted = {
            row["work_order"]: _reasons(one)
            for row, one in zip(rows, reviews, strict=True)
            if _reasons(one)
        }
        await open_checks([row for row in rows if row["work_order"] in wanted], wanted, month, now)
        return len(rows)


def _review(row: Record, limits: Suspicion, draw: Record) -> tuple[object, ...]:
    share = share_of(draw["seed"], row["work_order"])
    reasons = suspicions(row, limits)
    is_drawn = share * 100 < draw["percent"]
    words = msgspec.json.encode(reasons).decode()
    return (
        new_id(),
        row["work_order"],
        row["id"],
        row["grid"],
        draw["month"],
        share,
        is_drawn,
        words,
    )


def _reasons(review: Sequence[object]) -> list[CheckReason]:
    found = msgspec.json.decode(str(review[7]), type=list[CheckReason])
    return [_R.RANDOM, *found] if review[6] else found


def suspicions(row: Mapping[str, object] | Record, limits: Suspicion) -> list[CheckReason]:
    """What looks wrong with a visit, of the facts that were read of it."""
    found = []
    arrived, completed = row["arrived_at"], row["completed_at"]
    assert isinstance(arrived, datetime)
    assert isinstance(completed, datetime)
    if completed - arrived < timedelta(minutes=limits.fast_minutes):
        found.append(_R.TOO_FAST)
    before_at, before_lat = row["before_at"], row["before_lat"]
    if isinstance(before_at, datetime) and before_lat is not None and row["lat"] is not None:
        there = Place(lat=float(str(before_lat)), lon=float(str(row["before_lon"])))
        here = Place(lat=float(str(row["lat"])), lon=float(str(row["lon"])))
        between_s = (arrived - before_at).total_seconds()
        if is_impossible(distance_m(here, there), between_s, limits.travel_kmh_max):
            found.append(_R.IMPOSSIBLE_TRAVEL)
    far = row["distance_m"]
    if row["arrival_grade"] == "disputed" or (isinstance(far, float) and far > limits.far_m):
        found.append(_R.TOO_FAR)
    if row["copied"]:
        found.append(_R.COPIED_PHOTO)
    if row["same_words"]:
        found.append(_R.SAME_ANSWERS)
    return found


async def draw_of(month: date, now: datetime) -> Record:
    """The draw of a month with its seed, made when the month's first visit is looked at."""
    row = await fetch_one("SELECT * FROM visit_draw WHERE month = $1", month)
    if row is None:
        await insert(
            VisitDraw,
            month=month,
            id=new_id(),
            seed=secrets.token_hex(16),
            percent=await policies.check_percent(now),
            made_at=now,
        )
        row = await fetch_one("SELECT * FROM visit_draw WHERE month = $1", month)
    assert row is not None
    return row


async def open_checks(
    rows: Sequence[Record],
    reasons: Mapping[UUID, Sequence[CheckReason]],
    month: date,
    now: datetime,
) -> None:
    """A check for each visit of `rows` (id, work_order, grid), with one of its grid's supervisors.

    Nobody gets what they did themselves (S5); of several supervisors each gets their part. A visit
    that has an open check is left alone.
    """
    if not rows:
        return
    own, supervisors = await _own_and_supervisors(rows, business_day(now))
    checks: list[tuple[object, ...]] = []
    events: list[VisitCheckOpened] = []
    open_now = await fetch(
        "SELECT work_order FROM visit_check WHERE work_order = ANY($1::uuid[]) AND state = 'open'",
        [row["work_order"] for row in rows],
    )
    has_one = {row["work_order"] for row in open_now}
    for row in rows:
        if row["work_order"] in has_one:
            continue
        fit = [one for one in supervisors[row["grid"]] if one not in own[row["work_order"]]]
        staff = fit[row["work_order"].int % len(fit)] if fit else None
        check_id = new_id()
        words = msgspec.json.encode(list(reasons[row["work_order"]])).decode()
        checks.append((check_id, row["work_order"], row["id"], row["grid"], month, staff, words))
        events.append(
            VisitCheckOpened(
                check_id=check_id, visit_id=row["id"], grid_id=row["grid"], staff_id=staff
            )
        )
    await insert_many(
        VisitCheck,
        ("id", "work_order", "visit", "grid", "month", "staff", "reasons", "state", "opened_at"),
        [(*one, CheckState.OPEN.value, now) for one in checks],
    )
    await say_all(events)


async def _own_and_supervisors(
    rows: Sequence[Record], today: date
) -> tuple[dict[UUID, set[UUID]], dict[UUID, list[UUID]]]:
    """Whose work each job was, and the supervisors of each grid today."""
    own: dict[UUID, set[UUID]] = defaultdict(set)
    jobs = [row["work_order"] for row in rows]
    for row in await fetch(
        "SELECT work_order, author AS staff FROM customer_visit WHERE work_order = ANY($1::uuid[])"
        " UNION SELECT work_order, staff FROM assignment WHERE work_order = ANY($1::uuid[])",
        jobs,
    ):
        own[row["work_order"]].add(row["staff"])
    supervisors: dict[UUID, list[UUID]] = defaultdict(list)
    for row in await fetch(
        "SELECT p.grid, p.staff FROM grid_appointment p JOIN staff s ON s.id = p.staff"
        " AND s.state = 'active' WHERE p.grid = ANY($1::uuid[]) AND p.role = 'supervisor'"
        " AND p.from_day <= $2 AND (p.until_day IS NULL OR p.until_day > $2) ORDER BY p.staff",
        [row["grid"] for row in rows],
        today,
    ):
        supervisors[row["grid"]].append(row["staff"])
    return own, supervisors


async def close_month(month: date) -> int:
    """End a month's draw: every grid gets at least its share checked; gives how many were drawn.

    Done twice, nothing changes.
    """
    async with transaction():
        now = await business_now()
        draw = await fetch_one("SELECT * FROM visit_draw WHERE month = $1 FOR UPDATE", month)
        if draw is None or draw["closed_at"] is not None:
            return 0
        rows = await fetch(
            "SELECT r.work_order, r.visit AS id, r.grid, r.is_drawn FROM visit_review r"
            " WHERE r.month = $1 ORDER BY r.work_order",
            month,
        )
        by_grid: dict[UUID, list[UUID]] = defaultdict(list)
        for row in rows:
            by_grid[row["grid"]].append(row["work_order"])
        chosen = drawn(draw["seed"], draw["percent"], by_grid)
        more = [row for row in rows if row["work_order"] in chosen and not row["is_drawn"]]
        await open_checks(more, {row["work_order"]: [_R.RANDOM] for row in more}, month, now)
        await execute(
            "UPDATE visit_draw SET closed_at = $2, reviewed = $3, drawn = $4 WHERE month = $1",
            month,
            now,
            len(rows),
            len(chosen),
        )
        await audit.record("visit_draw.close", f"{month:%Y-%m}", drawn=len(chosen))
        return len(chosen)


async def flag_copied(job_ids: Sequence[UUID]) -> None:
    """A photo turned out to be a copy after its visit was looked at: the visit is checked again."""
    async with transaction():
        now = await business_now()
        rows = await fetch(
            "SELECT r.work_order, r.visit AS id, r.grid FROM visit_review r"
            " WHERE r.work_order = ANY($1::uuid[]) AND NOT EXISTS (SELECT FROM visit_check c"
            " WHERE c.work_order = r.work_order AND c.reasons ? $2) ORDER BY r.work_order",
            list(job_ids),
            _R.COPIED_PHOTO.value,
        )
        await execute(
            "UPDATE visit_check SET reasons = reasons || to_jsonb(ARRAY[$2::text])"
            " WHERE work_order = ANY($1::uuid[]) AND state = 'open'",
            [row["work_order"] for row in rows],
            _R.COPIED_PHOTO.value,
        )
        reasons = {row["work_order"]: [_R.COPIED_PHOTO] for row in rows}
        await open_checks(rows, reasons, month_of(business_day(now)), now)

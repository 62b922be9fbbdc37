"""Checking a visit by a call or at the place: by nobody who had a hand in it (S5)."""

from uuid import UUID

import msgspec
from asyncpg import Record

from grid.kit import audit
from grid.kit.clock import business_day, business_now
from grid.kit.database import execute, fetch, fetch_one, fetch_value, insert, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor
from grid.kit.refusals import NotAllowed, NotFound, Refusal
from grid.territory.authority import Action, may, visible
from grid.territory.types import Actor, StaffActor
from grid.visits.check_types import CheckFilter, CheckView, DrawView, VerifyVisit
from grid.visits.checking import open_checks
from grid.visits.reading import phone_for, visit_view
from grid.visits.rules import month_day, month_of, own_part, state_after
from grid.visits.tables import VisitVerdict
from grid.visits.types import VisitNotConfirmed, VisitView
from grid.visits.words import CheckOutcome, CheckReason, CheckState
from grid.work_orders.types import PersonView

_REASONS = msgspec.json.Decoder(list[CheckReason])

_PEOPLE = """
SELECT ARRAY(SELECT author FROM customer_visit WHERE work_order = $1) AS authors,
    ARRAY(SELECT staff FROM assignment WHERE work_order = $1) AS assignees,
    ARRAY(SELECT staff FROM grid_appointment WHERE grid = $2 AND role = 'manager'
        AND from_day <= $4 AND (until_day IS NULL OR until_day > $3)) AS managers
"""
_CHECKS = """
SELECT c.*, v.received_at AS visited_at, v.author, v.station, a.account_no, a.name, a.phone,
    a.address, g.code AS grid_code, g.name AS grid_name, w.number AS job_number,
    b.name AS author_name, t.employee_no, t.name AS staff_name, t.phone AS staff_phone
FROM visit_check c JOIN customer_visit v ON v.id = c.visit
JOIN service_account a ON a.id = v.account JOIN service_grid g ON g.id = c.grid
JOIN work_order w ON w.id = c.work_order JOIN staff b ON b.id = v.author
LEFT JOIN staff t ON t.id = c.staff
"""
_REACHED = "($1::bool OR v.station = ANY($2::uuid[]) OR v.grid = ANY($3::uuid[]))"


class OwnVisit(Refusal):
    """Nobody confirms a visit that they made, had, or whose grid they manage (S5)."""

    status = 403
    title = "不能核查自己走访的、派给自己的或自己网格的走访"


class VisitNotFinished(Refusal):
    """The visit's job is still open: there is nothing to confirm yet."""

    title = "这次走访还没有完成,完成后才能核查"


async def verify(actor: StaffActor, visit_id: UUID, command: VerifyVisit) -> VisitView:
    """Say how a visit was. Without an open check one is opened by this very look.

    Raises NotFound, NotAllowed, OwnVisit, VisitNotFinished.
    """
    async with transaction():
        visit = await _locked(actor, visit_id)
        check = await _open_check(visit)
        now = await business_now()
        await insert(
            VisitVerdict,
            id=new_id(),
            visit_check=check["id"],
            method=command.method.value,
            outcome=command.outcome.value,
            words=command.words,
            staff=actor.staff_id,
            at=now,
        )
        state = state_after(command.method, command.outcome)
        if state is not CheckState.OPEN:
            await execute(
                "UPDATE visit_check SET state = $2, closed_at = $3, closed_by = $4 WHERE id = $1",
                check["id"],
                state.value,
                now,
                actor.subject,
            )
        if command.outcome is CheckOutcome.NOT_CONFIRMED:
            await say(
                VisitNotConfirmed(
                    check_id=check["id"],
                    visit_id=visit_id,
                    work_order_id=visit["work_order"],
                    grid_id=visit["grid"],
                    author_id=visit["author"],
                )
            )
        await audit.record("visit.verify", str(visit_id), outcome=command.outcome.value)
        return await visit_view(actor, visit_id)


async def _locked(actor: StaffActor, visit_id: UUID) -> Record:
    """The visit with its job locked, for somebody who may check it."""
    row = await fetch_one(
        "SELECT v.*, w.state AS job_state FROM customer_visit v"
        " JOIN work_order w ON w.id = v.work_order WHERE v.id = $1 FOR UPDATE OF w",
        visit_id,
    )
    place = {} if row is None else {"grid_id": row["grid"], "station_id": row["station"]}
    if row is None or not may(actor, Action.READ_VISITS, **place):
        raise NotFound("没有这次走访")
    if not may(actor, Action.VERIFY_VISITS, **place):
        raise NotAllowed(action=Action.VERIFY_VISITS.value)
    today = business_day(await business_now())
    people = await fetch_one(_PEOPLE, row["work_order"], row["grid"], row["visited_on"], today)
    assert people is not None
    part = own_part(actor.staff_id, people["authors"], people["assignees"], people["managers"])
    if part is not None:
        raise OwnVisit(part=part)
    if row["job_state"] not in ("completed", "closed"):
        raise VisitNotFinished()
    return row


async def _open_check(visit: Record) -> Record:
    sql = "SELECT * FROM visit_check WHERE work_order = $1 AND state = 'open' FOR UPDATE"
    found = await fetch_one(sql, visit["work_order"])
    if found is None:
        now = await business_now()
        month = month_of(business_day(now))
        await open_checks([visit], {visit["work_order"]: [CheckReason.BY_HAND]}, month, now)
        found = await fetch_one(sql, visit["work_order"])
    assert found is not None
    return found


async def checks(actor: Actor, wanted: CheckFilter) -> Page[CheckView]:
    """A page of checks, the oldest open ones first, then the newest. One statement and its audit.

    Raises Invalid naming `cursor`.
    """
    after: tuple[bool | None, str | None] = (None, None)
    if wanted.cursor is not None:
        after = decode_cursor(wanted.cursor, tuple[bool, str])
    limit = min(wanted.limit, LIMIT_MAX)
    own = actor.staff_id if wanted.mine and isinstance(actor, StaffActor) else None
    month = None if wanted.month is None else month_day(wanted.month)
    rows = await fetch(
        f"{_CHECKS} WHERE {_REACHED} AND ($4::varchar IS NULL OR c.state = $4)"
        " AND ($5::varchar IS NULL OR g.code = $5) AND ($6::date IS NULL OR c.month = $6)"
        " AND ($7::uuid IS NULL OR c.staff = $7)"
        " AND ($8::bool IS NULL OR (c.state <> 'open', c.id::text) > ($8, $9))"
        " ORDER BY c.state <> 'open', c.id LIMIT $10",
        *visible(actor, Action.READ_VISITS),
        wanted.state,
        wanted.grid,
        month,
        own,
        *after,
        limit + 1,
    )
    shown = rows[:limit]
    await audit.record("visit_check.list", "visit_checks", shown=len(shown))
    last = shown[-1] if len(rows) > limit else None
    cursor = None if last is None else encode_cursor(last["state"] != "open", str(last["id"]))
    return Page(items=[_view(row, actor) for row in shown], next=cursor)


async def draws(actor: Actor) -> list[DrawView]:
    """The draws of the last months; a seed is told to those who check, once its month is closed."""
    checks_somewhere = may(actor, Action.VERIFY_VISITS)
    rows = await fetch(
        "SELECT d.*, (SELECT count(*) FROM visit_review r WHERE r.month = d.month) AS reviews,"
        " (SELECT count(*) FROM visit_review r WHERE r.month = d.month AND r.is_drawn) AS marked"
        " FROM visit_draw d ORDER BY d.month DESC LIMIT 24"
    )
    return [
        DrawView(
            month=f"{row['month']:%Y-%m}",
            percent=row["percent"],
            seed=row["seed"] if row["closed_at"] is not None and checks_somewhere else None,
            reviewed=row["reviews"] if row["reviewed"] is None else row["reviewed"],
            drawn=row["marked"] if row["drawn"] is None else row["drawn"],
            closed_at=row["closed_at"],
        )
        for row in rows
    ]


async def waiting_for(actor: StaffActor) -> int:
    """How many open checks lie with somebody."""
    found: int = await fetch_value(
        "SELECT count(*) FROM visit_check WHERE staff = $1 AND state = 'open'", actor.staff_id
    )
    return found


def _view(row: Record, actor: Actor) -> CheckView:
    place = {"grid_id": row["grid"], "station_id": row["station"]}
    staff = None
    if row["staff"] is not None:
        staff = PersonView(
            id=row["staff"],
            employee_no=row["employee_no"],
            name=row["staff_name"],
            phone=row["staff_phone"],
        )
    checks_here = may(actor, Action.VERIFY_VISITS, **place)
    is_own = isinstance(actor, StaffActor) and row["author"] == actor.staff_id
    # Who is to call has to see the number, whatever else their post shows.
    phone = row["phone"] if checks_here and not is_own else None
    return CheckView(
        id=row["id"],
        visit_id=row["visit"],
        work_order_id=row["work_order"],
        work_order_number=row["job_number"],
        account_no=row["account_no"],
        name=row["name"],
        phone=phone or phone_for(actor, row["phone"], row["grid"], row["station"]),
        address=row["address"],
        grid=row["grid_code"],
        grid_name=row["grid_name"],
        month=f"{row['month']:%Y-%m}",
        visited_at=row["visited_at"],
        author=row["author_name"],
        reasons=_REASONS.decode(row["reasons"]),
        state=CheckState(row["state"]),
        staff=staff,
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        may_verify=checks_here and not is_own and row["state"] == CheckState.OPEN,
    )

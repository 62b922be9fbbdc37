"""Calling the customer back (回访): the list of whom to call, what they said, what follows from it.

Who had the matter in hand does not call. Not solved opens it again; not content opens a follow-up.
"""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.kit import audit
from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one, fetch_value, insert
from grid.kit.ids import new_id
from grid.kit.pages import LIMIT_MAX, Page, decode_cursor, encode_cursor, page_of
from grid.kit.refusals import Invalid
from grid.territory.authority import Action
from grid.territory.types import Actor, StaffActor
from grid.work_orders import policies, tables
from grid.work_orders.events import TicketRated
from grid.work_orders.reading import mask_phone
from grid.work_orders.recording import Step, write_step
from grid.work_orders.rules import next_state
from grid.work_orders.tickets.accused import reaches_ticket
from grid.work_orders.tickets.follow_ups import BAD_STARS, open_follow_up
from grid.work_orders.tickets.reading import REACHED, scope_args
from grid.work_orders.tickets.recording import (
    TicketStep,
    lock_ticket,
    say_of,
    write_ticket_step,
)
from grid.work_orders.tickets.rules import TICKET_TRANSITIONS
from grid.work_orders.tickets.types import CallbackView, DoTicketVerb
from grid.work_orders.types import DoVerb
from grid.work_orders.words import (
    CallbackOutcome,
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderEvent,
    WorkOrderState,
)

_E, _O = TicketEvent, CallbackOutcome


async def record_callback(
    actor: StaffActor, job: Record | None, row: Record, command: DoTicketVerb, now: datetime
) -> None:
    """Write what the customer said on the telephone; job and ticket are locked, rights checked.

    Nobody answered: the try is written down, and only the last one ends the calling.
    """
    outcome = command.outcome
    if outcome is None:
        raise Invalid("outcome", "请选择回访结果")
    if command.stars is not None and outcome is _O.NO_ANSWER:
        raise Invalid("stars", "没有接通,不能打分")
    facts: dict[str, object] = {"outcome": outcome.value, "stars": command.stars}
    step = TicketStep(_E.CALLBACK, now, command.words, command.occurred_at, facts=facts)
    if outcome is _O.NO_ANSWER and await _tries(row) + 1 < await _tries_max(now):
        tried = step._replace(event=_E.COMMENT, reason=command.words or "回访未接通")
        await write_ticket_step(actor, row, tried)
        return
    if command.stars is not None:
        await keep_rating(row, job, command.stars, command.words, None, now)
    await write_ticket_step(actor, row, step._replace(outcome=outcome))
    if outcome is _O.NOT_SOLVED:
        await _open_again(actor, job, row["id"], command, now)
        return
    if job is not None and job["state"] == WorkOrderState.COMPLETED:
        await close_job(actor, job, "回访后归档")
    unhappy = outcome is _O.UNSATISFIED or (command.stars or 5) <= BAD_STARS
    if unhappy:
        await open_follow_up(actor, row, command.words, now)


async def keep_rating(
    row: Record,
    job: Record | None,
    stars: int,
    comment: str | None,
    openid: str | None,
    now: datetime,
) -> None:
    """Write the one rating of a ticket, unless it has one; of a sealed one without its author."""
    if await fetch_value("SELECT 1 FROM rating WHERE ticket = $1", row["id"]):
        return
    await insert(
        tables.Rating,
        id=new_id(),
        ticket=row["id"],
        work_order=None if job is None else job["id"],
        stars=stars,
        comment=comment,
        openid=None if row["sealed"] else openid,
        rated_at=now,
    )
    await say_of(row, TicketRated(ticket_id=row["id"], stars=stars))


async def archive(
    actor: Actor, ticket_id: UUID, outcome: CallbackOutcome, step: TicketStep
) -> None:
    """Close an answered ticket without a job: with what the customer said, where its kind asks."""
    for event in (_E.CALLBACK, _E.ARCHIVE):
        row = await lock_ticket(ticket_id)
        if (event, TicketState(row["state"])) in TICKET_TRANSITIONS[TicketKind(row["kind"])]:
            said = outcome if event is _E.CALLBACK else None
            await write_ticket_step(actor, row, step._replace(event=event, outcome=said))


async def _tries(row: Record) -> int:
    """Calls in vain since the last answer."""
    return int(
        await fetch_value(
            "SELECT count(*) FROM ticket_transition WHERE ticket = $1 AND event = 'comment'"
            " AND facts->>'outcome' = 'no_answer' AND at >= $2",
            row["id"],
            row["replied_at"],
        )
    )


async def _tries_max(now: datetime) -> int:
    return (await policies.ticket_limits(now)).callback_tries


async def _open_again(
    actor: StaffActor, job: Record | None, ticket_id: UUID, command: DoTicketVerb, now: datetime
) -> None:
    reason = f"回访:没有解决 {command.words or ''}".strip()[:500]
    if job is not None and job["state"] in (WorkOrderState.COMPLETED, WorkOrderState.CLOSED):
        row = await fetch_one("SELECT kind FROM ticket WHERE id = $1", ticket_id)
        if row is not None and row["kind"] == TicketKind.FAULT:
            told = DoVerb(version=job["version"], reason=reason)
            to_state = next_state(WorkOrderEvent.REOPEN, WorkOrderState(job["state"]))
            await write_step(actor, job, Step(WorkOrderEvent.REOPEN, to_state, now, told))
            return
    ticket = await lock_ticket(ticket_id)
    await write_ticket_step(actor, ticket, TicketStep(_E.REOPEN, now, reason))


async def close_job(
    actor: Actor, job: Record, reason: str, outcome: CallbackOutcome | None = None
) -> None:
    """Close a completed job whose row is locked, and its ticket with it."""
    told = DoVerb(version=job["version"], reason=reason)
    to_state = next_state(WorkOrderEvent.CLOSE, WorkOrderState(job["state"]))
    step = Step(WorkOrderEvent.CLOSE, to_state, await business_now(), told)
    await write_step(actor, job, step, outcome)


_LIST = f"""
SELECT t.id, t.number, t.kind, t.answer, t.replied_at, t.due_at, t.version, t.handler, t.sealed,
    t.grid, t.station, t.level, t.openid IS NOT NULL AS in_wechat,
    coalesce(t.reporter_name, a.name) AS customer_name, coalesce(t.phone, a.phone) AS phone,
    coalesce(p.name, wp.name) AS handled_by,
    (SELECT count(*) FROM ticket_transition h WHERE h.ticket = t.id AND h.event = 'comment'
        AND h.facts->>'outcome' = 'no_answer' AND h.at >= t.replied_at) AS tries,
    (t.handler IS NOT DISTINCT FROM $4 OR EXISTS (SELECT 1 FROM work_order w
        WHERE w.ticket = t.id AND w.assignee = $4)
        OR EXISTS (SELECT 1 FROM ticket_transition h JOIN staff s
            ON 'staff:' || s.employee_no = h.actor AND s.id = $4
            WHERE h.ticket = t.id AND h.event IN ('take', 'contact', 'handle', 'reply'))) AS own
FROM ticket t LEFT JOIN service_account a ON a.id = t.account
LEFT JOIN staff p ON p.id = t.handler
LEFT JOIN LATERAL (SELECT w.assignee FROM work_order w WHERE w.ticket = t.id
    ORDER BY w.id DESC LIMIT 1) w ON true
LEFT JOIN staff wp ON wp.id = w.assignee
WHERE {REACHED} AND t.state = 'replied' AND t.kind = ANY($6::varchar[])
    AND ($7::timestamptz IS NULL OR (t.replied_at, t.id) > ($7, $8::uuid))
ORDER BY t.replied_at, t.id LIMIT $9
"""  # noqa: S608 - put together from constants above
_CALLED = [
    kind.value
    for kind in TicketKind
    if (_E.CALLBACK, TicketState.REPLIED) in TICKET_TRANSITIONS[kind]
]


async def callbacks(
    actor: StaffActor, cursor: str | None = None, limit: int = 50
) -> Page[CallbackView]:
    """Answered tickets whose customers wait for a call, the longest waiting first. Audited."""
    limit = min(limit, LIMIT_MAX)
    after = (None, None) if cursor is None else decode_cursor(cursor, tuple[datetime, UUID])
    rows = await fetch(_LIST, *scope_args(actor), _CALLED, *after, limit + 1)
    now = await business_now()
    views = [_view(actor, row, now) for row in rows]
    await audit.record("tickets.callbacks", "tickets", shown=min(len(views), limit))
    last = views[min(len(views), limit) - 1] if views else None
    following = (
        None if last is None else encode_cursor(last.replied_at.isoformat(), str(last.ticket_id))
    )
    return page_of(views, limit, following)


def _view(actor: StaffActor, row: Record, now: datetime) -> CallbackView:
    shown = reaches_ticket(actor, Action.READ_PHONES, row)
    may_call = reaches_ticket(actor, Action.CALL_BACK, row)
    return CallbackView(
        ticket_id=row["id"],
        ticket_number=row["number"],
        kind=TicketKind(row["kind"]),
        customer_name=row["customer_name"],
        phone=row["phone"] if shown or may_call else mask_phone(row["phone"]),
        answer=row["answer"],
        handled_by=row["handled_by"],
        replied_at=row["replied_at"],
        due_at=row["due_at"],
        late=row["due_at"] is not None and row["due_at"] < now,
        tries=row["tries"],
        asked_in_wechat=row["in_wechat"],
        mine_to_call=may_call and not row["own"],
        version=row["version"],
    )

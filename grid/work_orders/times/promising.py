"""Times that field work promises: who comes by when, and by when a matter is answered."""

from datetime import datetime
from uuid import UUID

from grid.kit.clock import business_now
from grid.kit.database import fetch_one
from grid.kit.pages import LIMIT_MAX, Page
from grid.kit.refusals import NotFound
from grid.notices.promises import promise, promises_of
from grid.notices.types import (
    NewPromise,
    PromiseSource,
    PromiseSubject,
    PromiseView,
    PromiseWhat,
    ToldBy,
)
from grid.territory.authority import Action
from grid.territory.types import StaffActor
from grid.work_orders.tickets.accused import reaches_ticket

_RUNNING = (
    "SELECT max(c.due_at) AS due_at FROM sla_clock c WHERE c.subject_id = {id}"
    " AND c.target = '{target}' AND c.started_at IS NOT NULL AND c.stopped_at IS NULL"
    " AND c.given_up_at IS NULL"
)
_ARRIVAL = (
    f"SELECT t.id, t.openid, t.account, ({_RUNNING.format(id='w.id', target='arrive')}) AS due_at"  # noqa: S608
    " FROM work_order w JOIN ticket t ON t.id = w.ticket WHERE w.id = $1"
)
_ANSWER = (
    f"SELECT t.id, t.openid, t.account, ({_RUNNING.format(id='t.id', target='answer')}) AS due_at"  # noqa: S608
    " FROM ticket t WHERE t.id = $1 AND NOT t.sealed"
)


async def promise_arrival(work_order_id: UUID) -> datetime | None:
    """By when somebody is there, as the customer in WeChat is being told; None: no such limit.

    The time is the limit of the job's clock. Somebody else who takes the job promises the same,
    unless the limit changed materially; then the old promise is replaced.
    """
    row = await fetch_one(_ARRIVAL, work_order_id)
    if row is None or row["openid"] is None or row["due_at"] is None:
        return None
    if row["due_at"] <= await business_now():
        return None
    given = await promise(
        NewPromise(
            what=PromiseWhat.ARRIVE,
            subject=PromiseSubject.WORK_ORDER,
            subject_id=work_order_id,
            source=PromiseSource.CLOCK_LIMIT,
            promised_at=row["due_at"],
            channel=ToldBy.WECHAT,
            ticket_id=row["id"],
            account_id=row["account"],
            openid=row["openid"],
            is_told=True,
        )
    )
    return given.promised_at


async def promise_answer(ticket_id: UUID) -> None:
    """By when a matter told in WeChat is answered, where its kind has such a limit."""
    row = await fetch_one(_ANSWER, ticket_id)
    if row is None or row["openid"] is None or row["due_at"] is None:
        return
    await promise(
        NewPromise(
            what=PromiseWhat.ANSWER,
            subject=PromiseSubject.TICKET,
            subject_id=ticket_id,
            source=PromiseSource.CLOCK_LIMIT,
            promised_at=row["due_at"],
            channel=ToldBy.WECHAT,
            ticket_id=ticket_id,
            account_id=row["account"],
            openid=row["openid"],
        )
    )


async def ticket_promises(actor: StaffActor, ticket_id: UUID) -> Page[PromiseView]:
    """Every time told about a ticket, the newest first. Raises NotFound.

    Of a sealed matter, and for somebody whom a matter is about, there is nothing to see (W5).
    """
    row = await fetch_one(
        "SELECT t.* FROM ticket t WHERE t.id = $1 AND NOT t.sealed AND NOT EXISTS"
        " (SELECT 1 FROM ticket_accused x WHERE x.ticket = t.id AND x.staff = $2)",
        ticket_id,
        actor.staff_id,
    )
    if row is None or not reaches_ticket(actor, Action.READ_WORK_ORDERS, row):
        raise NotFound("没有这个工单")
    return Page(items=await promises_of(ticket_id, LIMIT_MAX), next=None)

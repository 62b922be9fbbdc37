"""Promises are judged by what happens: arrived, restored, answered, or not needed any more."""

from uuid import UUID

from grid.kit.database import fetch_one
from grid.kit.outbox import reaction
from grid.notices.promises import happened, withdraw
from grid.notices.types import PromiseWhat
from grid.work_orders.events import (
    TicketChanged,
    TicketOpened,
    TicketReplied,
    WorkOrderArrived,
    WorkOrderChanged,
)
from grid.work_orders.times.promising import promise_answer
from grid.work_orders.words import ArrivalGrade, TicketEvent, WorkOrderEvent


@reaction(TicketOpened)
async def promise_an_answer(event: TicketOpened) -> None:
    """A matter with a limit for its answer: the customer hears the date."""
    if not event.sealed:
        await promise_answer(event.ticket_id)


@reaction(WorkOrderArrived)
async def judge_arrival_promise(event: WorkOrderArrived) -> None:
    """Somebody is there; an arrival that is disputed proves nothing and judges nothing."""
    row = await fetch_one(
        "SELECT arrived_at, arrival_grade FROM work_order WHERE id = $1", event.work_order_id
    )
    if event.ticket_id is None or row is None or row["arrived_at"] is None:
        return
    if row["arrival_grade"] != ArrivalGrade.DISPUTED:
        await happened(event.ticket_id, PromiseWhat.ARRIVE, row["arrived_at"])


@reaction(WorkOrderChanged)
async def judge_restore_promise(event: WorkOrderChanged) -> None:
    """Supply is back, or the job ended before anybody came."""
    if event.event not in (WorkOrderEvent.RESTORE, WorkOrderEvent.CANCEL):
        return
    row = await fetch_one(
        "SELECT ticket, restored_at FROM work_order WHERE id = $1", event.work_order_id
    )
    if row is None or row["ticket"] is None:
        return
    ticket_id: UUID = row["ticket"]
    if event.event is WorkOrderEvent.CANCEL:
        await withdraw(ticket_id, event.work_order_id)
    elif row["restored_at"] is not None:
        await happened(ticket_id, PromiseWhat.RESTORE, row["restored_at"])


@reaction(TicketReplied)
async def judge_answer_promise(event: TicketReplied) -> None:
    """The matter was answered."""
    row = await fetch_one("SELECT replied_at FROM ticket WHERE id = $1", event.ticket_id)
    if row is not None and row["replied_at"] is not None:
        await happened(event.ticket_id, PromiseWhat.ANSWER, row["replied_at"])


@reaction(TicketChanged)
async def withdraw_from_cancelled(event: TicketChanged) -> None:
    """A cancelled matter promises nothing any more."""
    if event.event is TicketEvent.CANCEL:
        await withdraw(event.ticket_id)

"""Pauses of jobs and tickets: asked for with a coded reason, decided outside the station, boxed.

What only the customer can say holds at once; the rest stops nothing until somebody of the county
who did not ask for it approves, and then holds from when it was asked for. Lock order: the matter,
then its clocks and pauses.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from grid.clocks import pauses
from grid.clocks.policies import longest_pause
from grid.clocks.service import recompute
from grid.clocks.types import DecidePause, PauseState, PauseView, RequestPause, Subject
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_one, transaction
from grid.kit.dated_settings import SamePerson
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.territory.authority import Action, visible
from grid.territory.types import Actor, StaffActor
from grid.work_orders.recording import Step, lock, write_step
from grid.work_orders.rules import OVER, reaches
from grid.work_orders.tickets.accused import is_accused, reaches_ticket
from grid.work_orders.tickets.recording import TicketStep, lock_ticket, write_ticket_step
from grid.work_orders.types import DoVerb
from grid.work_orders.words import TicketEvent, TicketState, WorkOrderEvent, WorkOrderState

_TICKET_OVER = (TicketState.CLOSED, TicketState.CANCELLED)
#: Steps of a job after which its pauses are over.
ENDS_PAUSES = frozenset(
    {
        WorkOrderEvent.RESUME,
        WorkOrderEvent.COMPLETE,
        WorkOrderEvent.CANNOT_COMPLETE,
        WorkOrderEvent.CANCEL,
    }
)


class PauseAlreadyOpen(Refusal):
    """A pause for this reason is asked for or runs already."""

    title = "同一原因的暂停已在申请或进行中"


class NothingToPause(Refusal):
    """The matter is over, or none of its running limits may stand still for this reason."""

    title = "这件事没有可以因此暂停的时限"


class PauseNotOpen(Refusal):
    """The pause was decided or ended already."""

    title = "这次暂停已处理过"


class Matter(NamedTuple):
    """A job or a ticket whose row is locked."""

    subject: Subject
    row: Record

    @property
    def id(self) -> UUID:
        found: UUID = self.row["id"]
        return found

    @property
    def is_over(self) -> bool:
        if self.subject is Subject.WORK_ORDER:
            return WorkOrderState(self.row["state"]) in OVER
        return TicketState(self.row["state"]) in _TICKET_OVER


async def request_pause(
    actor: StaffActor, subject: Subject, subject_id: UUID, command: RequestPause
) -> PauseView:
    """Ask for a pause; one that only the customer can vouch for holds at once.

    Raises NotFound, NotAllowed, Invalid naming `until`, NothingToPause, PauseAlreadyOpen.
    """
    async with transaction():
        matter = await locked(actor, subject, subject_id)
        _check_may_ask(actor, matter)
        now = await business_now()
        if matter.is_over or not await pauses.stops_something(matter.id, command.reason):
            raise NothingToPause(reason=command.reason.value)
        if await pauses.open_one(matter.id, command.reason) is not None:
            raise PauseAlreadyOpen(reason=command.reason.value)
        pause_id = await pauses.write_pause(actor, subject, subject_id, command, now)
        view = await pauses.view_pause(pause_id)
        await _note(actor, matter, command.words, _facts(view), now)
        await _reckon(matter, now)
        return view


async def approve_pause(actor: StaffActor, pause_id: UUID, command: DecidePause) -> PauseView:
    """Let a pause hold, from when it was asked for until it ended or its time box ends.

    Raises NotFound, NotAllowed (nobody of the station), SamePerson (W2), PauseNotOpen.
    """
    async with transaction():
        matter, pause = await _decidable(actor, pause_id)
        now = await business_now()
        over = pause["ended_at"] is not None or pause["box_until"] <= now
        state = PauseState.ENDED if over else PauseState.RUNNING
        return await _decide(actor, matter, pause, state, command.words, now)


async def refuse_pause(actor: StaffActor, pause_id: UUID, command: DecidePause) -> PauseView:
    """Say no, with the reason; the clocks never stood still.

    Raises as `approve_pause` does, and Invalid naming `words`.
    """
    if command.words is None:
        raise Invalid("words", "请填写不同意的原因")
    async with transaction():
        matter, pause = await _decidable(actor, pause_id)
        now = await business_now()
        return await _decide(actor, matter, pause, PauseState.REFUSED, command.words, now)


async def end_pause(actor: StaffActor, pause_id: UUID, command: DecidePause) -> PauseView:
    """End a pause before its box does: who may ask for one, or decide on one.

    Raises NotFound, NotAllowed, PauseNotOpen.
    """
    async with transaction():
        matter, pause = await _of_pause(actor, pause_id)
        if not visible(actor, Action.APPROVE_PAUSE).everything:
            _check_may_ask(actor, matter)
        if pause["ended_at"] is not None or pause["state"] not in ("requested", "running"):
            raise PauseNotOpen()
        now = await business_now()
        await pauses.end_open(matter.id, now, pause_id)
        view = await pauses.view_pause(pause_id)
        await _note(actor, matter, command.words, _facts(view), now)
        await _reckon(matter, now)
        return view


async def on_hold(actor: Actor, row: Record, command: DoVerb, at: datetime) -> None:
    """A job is put on hold: with a coded reason its clocks stand still, or wait for an approval.

    Runs in the step's transaction, before the step is written, with the job's row locked. Raises
    Invalid naming `until`.
    """
    reason = command.pause_reason
    if reason is None or not await pauses.stops_something(row["id"], reason):
        return
    if await pauses.open_one(row["id"], reason) is not None:
        return
    until = command.until or at + await longest_pause(reason, at)
    asked = RequestPause(reason=reason, words=command.reason or "挂起", until=until)
    matter = Matter(Subject.WORK_ORDER, row)
    await pauses.write_pause(actor, matter.subject, matter.id, asked, at)
    await _reckon(matter, at)


async def on_resume(row: Record, at: datetime) -> None:
    """Work on a job goes on, or is over: its open pauses end. Same transaction, row locked."""
    if await pauses.end_open(row["id"], at):
        await _reckon(Matter(Subject.WORK_ORDER, row), at)


async def locked(actor: StaffActor, subject: Subject, subject_id: UUID) -> Matter:
    """The matter's row, locked. Raises NotFound when it is not the actor's to see (W5)."""
    if subject is Subject.WORK_ORDER:
        matter = Matter(subject, await lock(subject_id))
    elif subject is Subject.TICKET:
        matter = Matter(subject, await lock_ticket(subject_id))
    else:
        raise NotFound("没有这件事")
    await check_seen(actor, matter)
    return matter


async def check_seen(actor: StaffActor, matter: Matter) -> None:
    """Raises NotFound when the matter is not the actor's to see, or is about them (W5)."""
    row = matter.row
    if matter.subject is Subject.WORK_ORDER:
        mine, ticket_id = row["assignee"] == actor.staff_id, row["ticket"]
        seen = mine or reaches(actor, Action.READ_WORK_ORDERS, row["grid"], row["station"])
    else:
        mine, ticket_id = row["handler"] == actor.staff_id and not row["sealed"], row["id"]
        seen = mine or reaches_ticket(actor, Action.READ_WORK_ORDERS, row)
    if not seen or await is_accused(ticket_id, actor.staff_id):
        raise NotFound("没有这件事")


def _check_may_ask(actor: StaffActor, matter: Matter) -> None:
    """Who has the matter in hand, or who gives out such work. Raises NotAllowed."""
    row = matter.row
    if matter.subject is Subject.TICKET:
        if row["handler"] != actor.staff_id and not reaches_ticket(
            actor, Action.HANDLE_TICKETS, row
        ):
            raise NotAllowed(action=Action.HANDLE_TICKETS.value)
    elif row["assignee"] != actor.staff_id and not reaches(
        actor, Action.CLOSE_WORK, row["grid"], row["station"]
    ):
        raise NotAllowed(action=Action.CLOSE_WORK.value)


async def _of_pause(actor: StaffActor, pause_id: UUID) -> tuple[Matter, Record]:
    """A pause with its matter, both locked, the matter first. Raises NotFound."""
    found = await fetch_one("SELECT subject, subject_id FROM sla_pause WHERE id = $1", pause_id)
    if found is None:
        raise NotFound("没有这次暂停")
    matter = await locked(actor, Subject(found["subject"]), found["subject_id"])
    pause = await fetch_one("SELECT * FROM sla_pause WHERE id = $1 FOR UPDATE", pause_id)
    assert pause is not None, "pauses are never deleted"
    return matter, pause


async def _decidable(actor: StaffActor, pause_id: UUID) -> tuple[Matter, Record]:
    matter, pause = await _of_pause(actor, pause_id)
    if not visible(actor, Action.APPROVE_PAUSE).everything:
        raise NotAllowed("暂停须由县公司的同事批准", action=Action.APPROVE_PAUSE.value)
    hand = "assignee" if matter.subject is Subject.WORK_ORDER else "handler"
    if actor.subject == pause["requested_by"] or matter.row[hand] == actor.staff_id:
        raise SamePerson()
    if pause["state"] != PauseState.REQUESTED:
        raise PauseNotOpen()
    return matter, pause


async def _decide(
    actor: StaffActor,
    matter: Matter,
    pause: Record,
    state: PauseState,
    words: str | None,
    now: datetime,
) -> PauseView:
    await pauses.decide(actor, pause, state, words, now)
    view = await pauses.view_pause(pause["id"])
    await _note(actor, matter, words, _facts(view), now)
    await _reckon(matter, now)
    return view


async def _reckon(matter: Matter, now: datetime) -> None:
    """The clocks of the matter anew, and the copy of its next limit."""
    due_at = await recompute(matter.subject, matter.id, now)
    table = "work_order" if matter.subject is Subject.WORK_ORDER else "ticket"
    await execute(f"UPDATE {table} SET due_at = $2 WHERE id = $1", matter.id, due_at)  # noqa: S608 - two names of ours


async def _note(
    actor: Actor, matter: Matter, words: str | None, facts: Mapping[str, object], now: datetime
) -> None:
    """A line of the matter's history that says what became of a pause."""
    row = matter.row
    if matter.subject is Subject.TICKET:
        step = TicketStep(TicketEvent.COMMENT, now, reason=words, facts=facts)
        await write_ticket_step(actor, row, step)
        return
    command = DoVerb(version=row["version"], reason=words)
    state = WorkOrderState(row["state"])
    await write_step(actor, row, Step(WorkOrderEvent.COMMENT, state, now, command, facts=facts))


def _facts(view: PauseView) -> dict[str, object]:
    return {"pause": view.id, "pause_reason": view.reason, "pause_state": view.state}

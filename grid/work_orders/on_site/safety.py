"""People's safety on site: check-ins of somebody who is alone there, and calls for help."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, transaction
from grid.kit.ids import new_id
from grid.kit.outbox import say
from grid.kit.refusals import NotAllowed, NotFound, Refusal
from grid.territory.authority import Action, require
from grid.territory.types import Actor, StaffActor, SystemActor
from grid.work_orders import policies
from grid.work_orders.events import SosRaised
from grid.work_orders.kinds import KINDS
from grid.work_orders.reading import REACHED, scope_args, view_one
from grid.work_orders.recording import Step, lock, say_changed, write_history
from grid.work_orders.rules import WorkOrderStepNotPossible, check_position, check_times, reaches
from grid.work_orders.types import (
    AnswerAlarm,
    DoVerb,
    OnSite,
    PersonView,
    SafetyAlarmView,
    WorkOrderView,
)
from grid.work_orders.words import WorkOrderEvent, WorkOrderKind, WorkOrderState

CHECK_IN = SystemActor(name="check-in")
#: Open alarms that a screen shows; a county with more needs more than a screen.
ALARMS_SHOWN = 50

_S = WorkOrderState
#: States in which somebody is at the place.
_THERE = (_S.ON_SITE, _S.IN_PROGRESS)
#: States in which somebody has the job and may come to harm by it.
_OUT = (_S.ACCEPTED, _S.EN_ROUTE, *_THERE, _S.ON_HOLD)


class NoAlarmOpen(Refusal):
    """Somebody answered it already."""

    title = "没有待处理的求助"


async def check_in(actor: StaffActor, work_order_id: UUID, command: OnSite) -> WorkOrderView:
    """Somebody alone on site says that all is well; the next is due after the same while.

    An alarm that is open stays open: somebody has to answer it. Raises NotFound, NotAllowed,
    WorkOrderStepNotPossible where nobody waits for a check-in, Invalid.
    """
    async with transaction():
        row = await _lock_own(actor, work_order_id)
        state = WorkOrderState(row["state"])
        spec = KINDS[WorkOrderKind(row["kind"])]
        if state not in _THERE or not spec.check_in or row["second_person"] is not None:
            raise WorkOrderStepNotPossible("现在不需要报平安", state=state.value)
        now = await _checked(command)
        due_at = now + timedelta(minutes=await policies.check_in_minutes(now))
        await execute(
            "UPDATE work_order SET check_in_due_at = $2 WHERE id = $1", work_order_id, due_at
        )
        await _write_line(actor, row, command, now, "报平安", {"check_in": True})
        return await view_one(actor, work_order_id)


async def raise_sos(actor: StaffActor, work_order_id: UUID, command: OnSite) -> SafetyAlarmView:
    """A call for help by who has the job, or by the second person; people are paged at once.

    A second call while the first is open pages nobody again and gives the open one. Raises
    NotFound, NotAllowed, WorkOrderStepNotPossible when nobody is out, Invalid.
    """
    async with transaction():
        row = await _lock_own(actor, work_order_id)
        state = WorkOrderState(row["state"])
        if state not in _OUT:
            raise WorkOrderStepNotPossible("这个工单现在没有人在外作业", state=state.value)
        now = await _checked(command)
        alarm_id = await _raise(actor.staff_id, row, command, now, missed=False)
        if alarm_id is not None:
            await _write_line(actor, row, command, now, command.words or "紧急求助", {"sos": True})
        return (await _alarms_of(work_order_id, actor.staff_id))[0]


async def answer_alarms(
    actor: StaffActor, work_order_id: UUID, command: AnswerAlarm
) -> list[SafetyAlarmView]:
    """A dispatcher or station head says what was found; every open alarm of the job is answered.

    Who still works there alone has to check in again. Raises NotFound, NotAllowed (nobody answers
    their own call), NoAlarmOpen.
    """
    async with transaction():
        row = await lock(work_order_id)
        if not reaches(actor, Action.READ_WORK_ORDERS, row["grid"], row["station"]):
            raise NotFound("没有这个工单")
        if not reaches(actor, Action.ASSIGN_WORK, row["grid"], row["station"]):
            raise NotAllowed(action=Action.ASSIGN_WORK.value)
        now = await business_now()
        opened = await fetch(
            "SELECT id, staff FROM safety_alarm WHERE work_order = $1 AND answered_at IS NULL"
            " ORDER BY id FOR UPDATE",
            work_order_id,
        )
        if not opened:
            raise NoAlarmOpen()
        if any(alarm["staff"] == actor.staff_id for alarm in opened):
            raise NotAllowed("求助须由另一人处理", action=Action.ASSIGN_WORK.value)
        await execute(
            "UPDATE safety_alarm SET answered_by = $2, answered_at = $3, answer = $4"
            " WHERE work_order = $1 AND answered_at IS NULL",
            work_order_id,
            actor.staff_id,
            now,
            command.words,
        )
        await _watch_again(row, now)
        words = f"已处理求助:{command.words}"[:500]
        await _write_line(actor, row, OnSite(), now, words, {"alarms": len(opened)})
        return await _alarms_by_id([alarm["id"] for alarm in opened])


async def _watch_again(row: Record, now: datetime) -> None:
    spec = KINDS[WorkOrderKind(row["kind"])]
    if spec.check_in and row["second_person"] is None and row["state"] in _THERE:
        minutes = await policies.check_in_minutes(now)
        await execute(
            "UPDATE work_order SET check_in_due_at = $2 WHERE id = $1",
            row["id"],
            now + timedelta(minutes=minutes),
        )


async def miss_check_in(work_order_id: UUID) -> bool:
    """Raise the alarm for a check-in that did not come; False when it came in the meantime."""
    async with transaction():
        row, now = await lock(work_order_id), await business_now()
        due_at = row["check_in_due_at"]
        if due_at is None or due_at > now or row["assignee"] is None:
            return False
        await execute("UPDATE work_order SET check_in_due_at = NULL WHERE id = $1", work_order_id)
        raised = await _raise(row["assignee"], row, OnSite(), now, missed=True)
        if raised is not None:
            await _write_line(CHECK_IN, row, OnSite(), now, "现场人员未按时报平安", {"sos": True})
        return raised is not None


async def _raise(
    staff_id: UUID, row: Record, command: OnSite, now: datetime, *, missed: bool
) -> UUID | None:
    """Write an alarm and page people; None when the same one is open already."""
    found, alarm_id = command.position, new_id()
    written = await execute(
        "INSERT INTO safety_alarm (id, work_order, staff, missed_check_in, words, lat, lon,"
        " accuracy_m, device_at, raised_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT (work_order, staff, missed_check_in) WHERE answered_at IS NULL DO NOTHING",
        alarm_id,
        row["id"],
        staff_id,
        missed,
        command.words,
        None if found is None else found.lat,
        None if found is None else found.lon,
        None if found is None else found.accuracy_m,
        command.occurred_at,
        now,
    )
    if not written:
        return None
    await say(
        SosRaised(
            work_order_id=row["id"],
            staff_id=staff_id,
            grid_id=row["grid"],
            missed_check_in=missed,
        )
    )
    return alarm_id


async def _lock_own(actor: StaffActor, work_order_id: UUID) -> Record:
    row = await lock(work_order_id)
    if actor.staff_id not in (row["assignee"], row["second_person"]):
        await view_one(actor, work_order_id)
        raise NotAllowed("只有在现场的人才能操作", action=Action.DO_WORK.value)
    require(actor, Action.DO_WORK)
    return row


async def _checked(command: OnSite) -> datetime:
    now = await business_now()
    check_times(now, occurred_at=command.occurred_at)
    check_position(command.position)
    return now


async def _write_line(
    actor: Actor,
    row: Record,
    command: OnSite,
    now: datetime,
    words: str,
    facts: Mapping[str, object],
) -> None:
    """A line beside the steps: the version stays, so that nobody's next step becomes stale."""
    version, state = int(row["version"]), WorkOrderState(row["state"])
    verb = DoVerb(
        version=version,
        occurred_at=command.occurred_at,
        position=command.position,
        reason=words,
    )
    step = Step(WorkOrderEvent.COMMENT, state, now, verb, facts=facts)
    await write_history(actor, row, step, version)
    await say_changed(row, step, version)


_ALARMS = """
SELECT x.*, w.number, coalesce(a.address, t.address) AS address, p.employee_no, p.name, p.phone,
    b.name AS answered_name
FROM safety_alarm x JOIN work_order w ON w.id = x.work_order JOIN staff p ON p.id = x.staff
LEFT JOIN staff b ON b.id = x.answered_by LEFT JOIN service_account a ON a.id = w.account
LEFT JOIN ticket t ON t.id = w.ticket
"""


async def open_alarms(actor: StaffActor) -> list[SafetyAlarmView]:
    """Alarms that nobody answered, within the actor's reach, the oldest first."""
    rows = await fetch(
        f"{_ALARMS} WHERE x.answered_at IS NULL AND {REACHED} ORDER BY x.raised_at, x.id LIMIT $5",
        *scope_args(actor),
        ALARMS_SHOWN,
    )
    return [_alarm(row) for row in rows]


async def _alarms_of(work_order_id: UUID, staff_id: UUID) -> list[SafetyAlarmView]:
    rows = await fetch(
        f"{_ALARMS} WHERE x.work_order = $1 AND x.staff = $2 AND NOT x.missed_check_in"
        " AND x.answered_at IS NULL",
        work_order_id,
        staff_id,
    )
    return [_alarm(row) for row in rows]


async def _alarms_by_id(alarm_ids: Sequence[UUID]) -> list[SafetyAlarmView]:
    rows = await fetch(f"{_ALARMS} WHERE x.id = ANY($1::uuid[]) ORDER BY x.id", list(alarm_ids))
    return [_alarm(row) for row in rows]


def _alarm(row: Record) -> SafetyAlarmView:
    return SafetyAlarmView(
        id=row["id"],
        work_order_id=row["work_order"],
        number=row["number"],
        staff=PersonView(
            id=row["staff"], employee_no=row["employee_no"], name=row["name"], phone=row["phone"]
        ),
        missed_check_in=row["missed_check_in"],
        words=row["words"],
        lat=row["lat"],
        lon=row["lon"],
        address=row["address"],
        raised_at=row["raised_at"],
        answered_at=row["answered_at"],
        answered_by=row["answered_name"],
        answer=row["answer"],
    )

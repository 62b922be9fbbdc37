"""Recorded times put right: a reason, a second person, and every clock before and after (W2).

Whoever proposes sees what it would change; whoever decides is somebody else, and not the one whose
time it is. Nothing is lost: the old moment, the new one and both sets of clocks stay in the
proposal, and the job's history says that it was done.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record

from grid.clocks import pauses
from grid.clocks.changing import Moved
from grid.clocks.ledger import ClockRow
from grid.clocks.rules import PAUSE_RULES
from grid.clocks.service import PAUSE_COLUMNS, as_if_moved, pause_of, put_right, recompute
from grid.clocks.types import Pause, PauseReason, Subject
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch, fetch_one, insert, transaction
from grid.kit.dated_settings import SamePerson
from grid.kit.ids import new_id
from grid.kit.refusals import Invalid, NotAllowed, NotFound, Refusal
from grid.territory.authority import Action, visible
from grid.territory.types import ChangeState, StaffActor
from grid.work_orders.recording import Step, write_step
from grid.work_orders.rules import reaches
from grid.work_orders.tables import TimeCorrection
from grid.work_orders.times.correcting import (
    ORDER,
    NothingRecorded,
    NothingToCorrect,
    TimeBeforeReport,
    check_moment,
    check_pause_moment,
    moved_by,
)
from grid.work_orders.times.correction_reading import line_of, one_correction
from grid.work_orders.times.pausing import locked
from grid.work_orders.times.types import (
    OF_PAUSE,
    CorrectedField,
    CorrectionView,
    DecideCorrection,
    ProposeCorrection,
)
from grid.work_orders.types import DoVerb
from grid.work_orders.words import ArrivalGrade, WorkOrderEvent, WorkOrderState

_JOB = Subject.WORK_ORDER


class CorrectionAlreadyOpen(Refusal):
    """Somebody proposed to put the same moment right already."""

    title = "这个时间已有待审的更正"


class CorrectionDecided(Refusal):
    """The proposal was approved or refused already."""

    title = "这次更正已处理过"


class RecordedTimeChanged(Refusal):
    """The moment is not the one any more that the proposal was about."""

    title = "登记的时间已变化,请重新提出更正"


class _Change(NamedTuple):
    """A correction that was judged: the old moment, and what the clocks would be reckoned by."""

    old_at: datetime
    moment: Moved | None
    pauses: list[Pause] | None
    fresh: Pause | None


async def propose_correction(
    actor: StaffActor, work_order_id: UUID, command: ProposeCorrection
) -> CorrectionView:
    """Propose to put a recorded moment right; gives every clock before and after.

    Raises NotFound, NotAllowed, Invalid naming `pause_id`, NothingRecorded, NothingToCorrect,
    TimeInFuture, TimeBeforeReport, TimesOutOfOrder, CorrectionAlreadyOpen.
    """
    async with transaction():
        row = await _job(actor, work_order_id)
        now = await business_now()
        change = await _judge(row, command.field, command.new_at, command.pause_id, now)
        if await _is_open(row["id"], command):
            raise CorrectionAlreadyOpen()
        before, after = await as_if_moved(row["id"], change.moment, change.pauses, now)
        correction_id = new_id()
        await insert(
            TimeCorrection,
            id=correction_id,
            work_order=row["id"],
            field=command.field.value,
            pause=command.pause_id,
            old_at=change.old_at,
            new_at=command.new_at,
            reason=command.reason,
            before=_lines(before, now),
            after=_lines(after, now),
            state=ChangeState.PROPOSED.value,
            proposed_by=actor.subject,
            proposed_at=now,
        )
        return await one_correction(correction_id)


async def approve_correction(
    actor: StaffActor, correction_id: UUID, command: DecideCorrection
) -> CorrectionView:
    """Set the moment and its clocks; a disputed arrival is confirmed by it.

    Raises NotFound, NotAllowed, SamePerson, CorrectionDecided, RecordedTimeChanged, and the
    refusals of times when others moved since the proposal.
    """
    async with transaction():
        row, found = await _decidable(actor, correction_id)
        await _check_outside(actor, found["pause"])
        now = await business_now()
        field = CorrectedField(found["field"])
        change = await _judge(row, field, found["new_at"], found["pause"], now)
        if change.old_at != found["old_at"]:
            raise RecordedTimeChanged()
        before, _ = await as_if_moved(row["id"], None, None, now)
        await _apply(actor, row, found, change, now)
        after, _ = await as_if_moved(row["id"], None, None, now)
        await execute(
            "UPDATE time_correction SET before = $2, after = $3 WHERE id = $1",
            correction_id,
            _lines(before, now),
            _lines(after, now),
        )
        return await _decide(actor, correction_id, ChangeState.APPROVED, command.words, now)


async def refuse_correction(
    actor: StaffActor, correction_id: UUID, command: DecideCorrection
) -> CorrectionView:
    """Leave the moment as it was recorded, with the reason.

    Raises NotFound, NotAllowed, SamePerson, CorrectionDecided, Invalid naming `words`.
    """
    if command.words is None:
        raise Invalid("words", "请填写不同意的原因")
    async with transaction():
        await _decidable(actor, correction_id)
        now = await business_now()
        return await _decide(actor, correction_id, ChangeState.REFUSED, command.words, now)


async def _job(actor: StaffActor, work_order_id: UUID) -> Record:
    """The job, locked. Raises NotFound, NotAllowed."""
    row = (await locked(actor, _JOB, work_order_id)).row
    if not reaches(actor, Action.CORRECT_TIMES, row["grid"], row["station"]):
        raise NotAllowed(action=Action.CORRECT_TIMES.value)
    return row


async def _decidable(actor: StaffActor, correction_id: UUID) -> tuple[Record, Record]:
    """The job and the proposal, both locked, the job first."""
    job_id = await fetch_one("SELECT work_order FROM time_correction WHERE id = $1", correction_id)
    if job_id is None:
        raise NotFound("没有这次更正")
    row = await _job(actor, job_id["work_order"])
    found = await fetch_one("SELECT * FROM time_correction WHERE id = $1 FOR UPDATE", correction_id)
    assert found is not None, "proposals are never deleted"
    if found["state"] != ChangeState.PROPOSED:
        raise CorrectionDecided()
    if actor.subject == found["proposed_by"] or row["assignee"] == actor.staff_id:
        raise SamePerson()
    return row, found


async def _check_outside(actor: StaffActor, pause_id: UUID | None) -> None:
    """What only the county may grant, only the county may lengthen. Raises NotAllowed."""
    found = await fetch_one("SELECT reason FROM sla_pause WHERE id = $1", pause_id)
    if found is None or not PAUSE_RULES[PauseReason(found["reason"])].outside:
        return
    if not visible(actor, Action.APPROVE_PAUSE).everything:
        raise NotAllowed("暂停须由县公司的同事批准", action=Action.APPROVE_PAUSE.value)


async def _judge(
    row: Record, field: CorrectedField, new_at: datetime, pause_id: UUID | None, now: datetime
) -> _Change:
    """What the correction would do. Raises the refusals of `propose_correction`."""
    if field in OF_PAUSE:
        return await _judge_pause(row, field, new_at, pause_id, now)
    if pause_id is not None:
        raise Invalid("pause_id", "只有更正暂停时才填写")
    old_at = row[field.value]
    if old_at is None:
        raise NothingRecorded(field=field.value)
    if old_at == new_at and not _confirms(row, field):
        raise NothingToCorrect()
    check_moment({name: row[name] for name in ORDER}, field, new_at, now)
    return _Change(old_at, moved_by(field, old_at, new_at), None, None)


async def _judge_pause(
    row: Record, field: CorrectedField, new_at: datetime, pause_id: UUID | None, now: datetime
) -> _Change:
    rows = await fetch(
        f"SELECT id, box_until, {PAUSE_COLUMNS} FROM sla_pause"  # noqa: S608 - our names
        " WHERE subject_id = $1 AND state = 'ended' FOR UPDATE",
        row["id"],
    )
    held = {one["id"]: pause_of(one) for one in rows}
    found = next((one for one in rows if one["id"] == pause_id), None)
    if found is None:
        raise Invalid("pause_id", "请选择这个工单已结束的一次暂停")
    pause = held[found["id"]]
    old_at = pause.from_at if field is CorrectedField.PAUSE_FROM else pause.until_at
    if old_at == new_at:
        raise NothingToCorrect()
    fresh = check_pause_moment(pause, field, new_at, found["box_until"], now)
    if fresh.from_at < row["clock_from"]:
        raise TimeBeforeReport("new_at", TimeBeforeReport.title)
    return _Change(old_at, None, [*({**held, found["id"]: fresh}).values()], fresh)


def _confirms(row: Record, field: CorrectedField) -> bool:
    """Whether this confirms an arrival that the position did not prove."""
    return field is CorrectedField.ARRIVED_AT and row["arrival_grade"] == ArrivalGrade.DISPUTED


async def _is_open(work_order_id: UUID, command: ProposeCorrection) -> bool:
    found = await fetch_one(
        "SELECT 1 FROM time_correction WHERE work_order = $1 AND field = $2"
        " AND pause IS NOT DISTINCT FROM $3 AND state = 'proposed'",
        work_order_id,
        command.field.value,
        command.pause_id,
    )
    return found is not None


async def _apply(
    actor: StaffActor, row: Record, found: Record, change: _Change, now: datetime
) -> None:
    """The job's column or its pause, its clocks, and a line of history with both values."""
    field, also = CorrectedField(found["field"]), dict[str, object]()
    if change.moment is not None:
        also[field.value] = found["new_at"]
        also["due_at"] = await put_right(_JOB, row["id"], change.moment, now)
        if _confirms(row, field):
            # Two people vouch for it: more than a doubt, less than a position with a second proof.
            also["arrival_grade"] = ArrivalGrade.WEAK.value
    elif change.fresh is not None:
        await pauses.correct(found["pause"], change.fresh)
        also["due_at"] = await recompute(_JOB, row["id"], now)
    facts = {
        "correction": found["id"],
        "field": field,
        "old_at": found["old_at"],
        "new_at": found["new_at"],
        "proposed_by": found["proposed_by"],
    }
    command = DoVerb(version=row["version"], reason=found["reason"])
    state = WorkOrderState(row["state"])
    step = Step(WorkOrderEvent.COMMENT, state, now, command, also=also, facts=facts)
    await write_step(actor, row, step)


async def _decide(
    actor: StaffActor,
    correction_id: UUID,
    state: ChangeState,
    words: str | None,
    now: datetime,
) -> CorrectionView:
    await execute(
        "UPDATE time_correction SET state = $2, decided_by = $3, decided_at = $4, decision = $5"
        " WHERE id = $1",
        correction_id,
        state.value,
        actor.subject,
        now,
        words,
    )
    return await one_correction(correction_id)


def _lines(rows: Sequence[ClockRow], now: datetime) -> str:
    return msgspec.json.encode([line_of(row, now) for row in rows]).decode()

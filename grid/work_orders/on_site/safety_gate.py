"""The gate before work under voltage: permit, second person, voltage-absent photo.

Company rule for work on live equipment: a work permit (工作票), a second person, and a photo that
shows the absence of voltage, before the work starts. Which kinds ask for it is in `kinds.py`.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from grid.evidence.service import counted
from grid.evidence.types import EvidencePurpose
from grid.kit.clock import business_day
from grid.kit.database import execute, fetch_one
from grid.kit.refusals import Invalid, Refusal
from grid.territory.authority import ALLOWED, Action
from grid.territory.types import Actor
from grid.work_orders.kinds import KINDS, PURPOSE_WORDS, Gate
from grid.work_orders.types import DoVerb
from grid.work_orders.words import WorkOrderKind

_PERMIT, _SECOND = "permit_no", "second_person_id"
_PHOTO = EvidencePurpose.VOLTAGE_ABSENT_PHOTO
_MISSING = {_PERMIT: "工作票编号", _SECOND: "第二人", _PHOTO.value: PURPOSE_WORDS[_PHOTO]}


class SafetyGateClosed(Refusal):
    """Work under voltage does not start without permit, second person and voltage-absent photo."""

    title = "带电作业的安全措施不全,不能开工"


async def gate(actor: Actor, row: Record, command: DoVerb, now: datetime) -> Mapping[str, object]:
    """What `start` sets on the job once its gate is open.

    Raises SafetyGateClosed naming what is missing, Invalid naming `second_person_id` or
    `live_work`: who declared the work live does not take that back.
    """
    is_live = _is_live(actor, row, command)
    also: dict[str, object] = {}
    if command.live_work is not None and command.live_work != row["live_work"]:
        also = {"live_work": is_live, "live_by": actor.subject if is_live else None}
    second = command.second_person_id or row["second_person"]
    permit = command.permit_no or row["permit_no"]
    if command.second_person_id is not None:
        await _check_second(row, command.second_person_id, now)
    also |= {"permit_no": permit, "second_person": second}
    kind_gate = KINDS[WorkOrderKind(row["kind"])].gate
    if kind_gate is Gate.ALWAYS or (kind_gate is Gate.WHEN_LIVE and is_live):
        missing = [name for name, value in ((_PERMIT, permit), (_SECOND, second)) if value is None]
        if not (await counted(row["id"])).get(_PHOTO):
            missing.append(_PHOTO.value)
        if missing:
            words = "、".join(_MISSING[name] for name in missing)
            raise SafetyGateClosed(f"开工前还缺:{words}", missing=",".join(missing))
    return also


async def declare_live(actor: Actor, work_order_id: UUID) -> None:
    """Whoever opens a job knows that it will be done under voltage; nothing takes that back here.

    Runs inside the verb's transaction.
    """
    await execute(
        "UPDATE work_order SET live_work = true, live_by = $2 WHERE id = $1 AND NOT live_work",
        work_order_id,
        actor.subject,
    )


def _is_live(actor: Actor, row: Record, command: DoVerb) -> bool:
    if command.live_work is None or not row["live_work"]:
        return bool(row["live_work"] if command.live_work is None else command.live_work)
    if not command.live_work and row["live_by"] in (None, actor.subject):
        raise Invalid("live_work", "已申报带电作业,申报人不能自己取消")
    return command.live_work


async def _check_second(row: Record, second: UUID, now: datetime) -> None:
    """In service, on duty, in the field, somebody else, and no relative of the customer."""
    if second == row["assignee"]:
        raise Invalid(_SECOND, "第二人不能是本人")
    person = await fetch_one(
        "SELECT s.state = 'active' AS in_service, EXISTS (SELECT 1 FROM shift f"
        " WHERE f.staff = s.id AND f.starts_at <= $3 AND f.ends_at > $3) AS on_duty,"
        " EXISTS (SELECT 1 FROM relative_account r JOIN service_account a"
        " ON a.account_no = r.account_no WHERE r.staff = s.id AND a.id = $2) AS is_relative,"
        " EXISTS (SELECT 1 FROM grid_appointment p WHERE p.staff = s.id AND p.from_day <= $4"
        " AND (p.until_day IS NULL OR p.until_day > $4) AND p.role = ANY($5::text[]))"
        " OR EXISTS (SELECT 1 FROM staff_role_grant g WHERE g.staff = s.id AND g.from_day <= $4"
        " AND (g.until_day IS NULL OR g.until_day > $4) AND g.role = ANY($5::text[])) AS in_field"
        " FROM staff s WHERE s.id = $1",
        second,
        row["account"],
        now,
        business_day(now),
        [role.value for role in ALLOWED[Action.DO_WORK]],
    )
    if person is None or not person["in_service"]:
        raise Invalid(_SECOND, "没有这位同事,或账号已停用")
    if not person["on_duty"] or not person["in_field"]:
        raise Invalid(_SECOND, "第二人须是当班的现场人员")
    if person["is_relative"]:
        raise Invalid(_SECOND, "第二人不能是客户的亲属")

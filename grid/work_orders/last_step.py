"""Who was faster: the last step of a job, named to whoever comes with an old version."""

from asyncpg import Record

from grid.kit.clock import SHANGHAI
from grid.kit.database import fetch_one
from grid.kit.refusals import StaleVersion
from grid.work_orders.words import WorkOrderEvent

_E = WorkOrderEvent
_DID = {
    _E.INTAKE: "受理",
    _E.ASSIGN: "派单",
    _E.SCHEDULE: "预约",
    _E.ACCEPT: "接单",
    _E.DECLINE: "退单",
    _E.SILENCE: "收回超时未接的工单",
    _E.RELEASE: "收回工单",
    _E.DEPART: "出发",
    _E.ARRIVE: "到达现场",
    _E.START: "开始处理",
    _E.RESTORE: "恢复供电",
    _E.HOLD: "挂起",
    _E.RESUME: "继续处理",
    _E.COMPLETE: "完成",
    _E.CANNOT_COMPLETE: "登记无法完成",
    _E.CANCEL: "取消",
    _E.REASSIGN: "改派",
    _E.CLOSE: "归档",
    _E.REOPEN: "重新打开",
    _E.SUPERVISE: "督办",
    _E.COMMENT: "备注",
}


async def stale(row: Record) -> StaleVersion:
    """The refusal for a step on an old version: who took which step when. One statement.

    A customer is named as one, a schedule as the system; only colleagues are named.
    """
    last = await fetch_one(
        "SELECT h.event, h.at, h.actor, s.name FROM work_order_transition h"
        " LEFT JOIN staff s ON 'staff:' || s.employee_no = h.actor"
        " WHERE h.work_order = $1 AND h.version = $2 ORDER BY h.id LIMIT 1",
        row["id"],
        row["version"],
    )
    if last is None:
        return StaleVersion(version=row["version"])
    who = last["name"] or ("客户" if last["actor"].startswith("openid:") else "系统")
    at = last["at"].astimezone(SHANGHAI)
    return StaleVersion(
        f"{who}已在 {at:%H:%M:%S} {_DID[_E(last['event'])]},请刷新后再操作",
        version=row["version"],
        by=who,
        event=last["event"],
        at=last["at"].isoformat(),
    )

"""What the console calls things of outages."""

from datetime import datetime

from backend.console.limits import duration
from grid.outages.rules import DARK
from grid.outages.types import OutageLine, OutageView
from grid.outages.words import (
    ChildState,
    EtrSource,
    JoinedBy,
    OutageEvent,
    OutageKind,
    OutageState,
    Topic,
)

KINDS = {
    OutageKind.PLANNED: "计划停电",
    OutageKind.TEMPORARY: "临时停电",
    OutageKind.FAULT: "故障停电",
}
STATES = {
    OutageState.PLANNED: "已发布，未开始",
    OutageState.CONFIRMED: "停电中",
    OutageState.RESTORING: "抢修中",
    OutageState.RESTORED: "已恢复，确认来电中",
    OutageState.CLOSED: "已结束",
    OutageState.CANCELLED: "已取消",
}
EVENTS = {
    OutageEvent.ANNOUNCE: "发布",
    OutageEvent.CONFIRM: "确认停电开始",
    OutageEvent.ETR: "改预计来电时间",
    OutageEvent.DISTRICTS: "增减台区",
    OutageEvent.DISPATCH: "派抢修工单",
    OutageEvent.WORK: "抢修人员到场",
    OutageEvent.RESTORE: "恢复供电",
    OutageEvent.CLOSE: "结束",
    OutageEvent.CANCEL: "取消",
    OutageEvent.COMMENT: "备注",
}
CHILDREN = {
    ChildState.JOINED: "等待恢复",
    ChildState.ASKED: "待确认来电",
    ChildState.LEAVING: "正在转出",
    ChildState.BACK: "已确认来电",
    ChildState.NO_ANSWER: "到期未答复",
    ChildState.SPLIT: "已单独派单",
    ChildState.WITHDRAWN: "报修已取消",
}
SOURCES = {EtrSource.PLAN: "计划", EtrSource.DISPATCHER: "调度", EtrSource.CREW: "抢修班"}
JOINS = {JoinedBy.TRIAGE: "报修时自动并入", JoinedBy.DISPATCHER: "调度并入"}
TOPICS = {Topic.ANNOUNCED: "停电通知", Topic.CHANGED: "时间有变"}

#: Minutes before the expected end from which on it is shown as near.
_SOON_MIN = 30


def etr_look(outage: OutageView | OutageLine, as_of: datetime) -> tuple[str, str]:
    """How the expected end stands: a look for its colour, and words beside it."""
    if outage.restored_at is not None:
        late = outage.etr is not None and outage.restored_at > outage.etr
        return ("missed", "已恢复，比预计晚") if late else ("kept", "已恢复")
    if outage.state not in (*DARK, OutageState.PLANNED):
        return "ended", "已终止"
    if outage.etr is None:
        return "soon", "没有预计时间"
    left = int((outage.etr - as_of).total_seconds() // 60)
    if left < 0:
        return "late", f"已超过预计 {duration(-left)}"
    look = "soon" if outage.state in DARK and left <= _SOON_MIN else "fine"
    return look, f"还有 {duration(left)}"

"""What the console calls things: every word of a code, in Chinese."""

from grid.clocks.types import Target
from grid.customers.types import AccountState, CustomerTagWord
from grid.geography.types import PlaceClass
from grid.territory.types import GridRole, StaffRole
from grid.work_orders.words import (
    ArrivalGrade,
    AssignmentState,
    Capacity,
    Priority,
    TicketState,
    WorkOrderEvent,
    WorkOrderKind,
    WorkOrderState,
)

_S, _E = WorkOrderState, WorkOrderEvent

STATES = {
    _S.DRAFT: "草稿",
    _S.TRIAGED: "待派单",
    _S.PENDING_DISPATCH: "待派单（需人工）",
    _S.SCHEDULED: "已预约",
    _S.ASSIGNED: "已派单，待接单",
    _S.ACCEPTED: "已接单",
    _S.EN_ROUTE: "赶往现场",
    _S.ON_SITE: "已到现场",
    _S.IN_PROGRESS: "处理中",
    _S.ON_HOLD: "挂起",
    _S.COMPLETED: "已完成，待归档",
    _S.CANNOT_COMPLETE: "无法完成",
    _S.CANCELLED: "已取消",
    _S.CLOSED: "已归档",
}
EVENTS = {
    _E.INTAKE: "受理",
    _E.ASSIGN: "派单",
    _E.SCHEDULE: "预约",
    _E.ACCEPT: "接单",
    _E.DECLINE: "退单",
    _E.SILENCE: "超时未接，收回",
    _E.DEPART: "出发",
    _E.ARRIVE: "到达现场",
    _E.START: "开始处理",
    _E.RESTORE: "恢复供电",
    _E.HOLD: "挂起",
    _E.RESUME: "继续处理",
    _E.COMPLETE: "完成",
    _E.CANNOT_COMPLETE: "无法完成",
    _E.CANCEL: "取消",
    _E.REASSIGN: "改派",
    _E.CLOSE: "归档",
    _E.REOPEN: "重新打开",
    _E.SUPERVISE: "督办",
    _E.COMMENT: "备注",
}
TICKET_STATES = {
    TicketState.ACCEPTED: "已受理",
    TicketState.IN_HAND: "处理中",
    TicketState.REPLIED: "已答复，待客户评价",
    TicketState.CLOSED: "已结束",
    TicketState.CANCELLED: "已取消",
}
PRIORITIES = {Priority.DANGER: "危险", Priority.URGENT: "紧急", Priority.NORMAL: "一般"}
KINDS = {WorkOrderKind.FAULT_REPAIR: "故障抢修"}
TARGETS = {Target.ACCEPT: "接单", Target.ARRIVE: "到达", Target.RESTORE: "复电"}
CAPACITIES = {
    Capacity.MANAGER: "本网格管理员",
    Capacity.ASSISTANT: "本网格协管员",
    Capacity.NEIGHBOUR: "邻近网格",
    Capacity.CREW: "抢修班",
    Capacity.BY_HAND: "人工指定",
}
ASSIGNMENTS = {
    AssignmentState.OFFERED: "等待接单",
    AssignmentState.ACCEPTED: "已接单",
    AssignmentState.DECLINED: "退单",
    AssignmentState.EN_ROUTE: "赶往现场",
    AssignmentState.ON_SITE: "在现场",
    AssignmentState.WORKING: "处理中",
    AssignmentState.FINISHED: "完成",
    AssignmentState.RELEASED: "收回",
}
GRADES = {
    ArrivalGrade.STRONG: "定位确认",
    ArrivalGrade.WEAK: "定位较粗",
    ArrivalGrade.DISPUTED: "定位存疑",
}
ROLES = {
    GridRole.MANAGER: "网格管理员",
    GridRole.ASSISTANT: "协管员",
    GridRole.SUPERVISOR: "监督员",
    StaffRole.DISPATCHER: "调度员",
    StaffRole.BACK_OFFICE: "内勤",
    StaffRole.FINANCE: "财务",
    StaffRole.STATION_HEAD: "所长",
    StaffRole.AUDITOR: "稽查员",
    StaffRole.OPERATOR: "系统运维",
    StaffRole.CREW: "抢修员",
}
TAGS = {
    CustomerTagWord.SPECIAL_GROUP: "特殊群体",
    CustomerTagWord.IMPORTANT: "重要客户",
    CustomerTagWord.LOW_INCOME: "低收入",
    CustomerTagWord.MEDICAL: "医疗用电",
}
ACCOUNT_STATES = {AccountState.ACTIVE: "在用", AccountState.CLOSED: "已销户"}
PLACE_CLASSES = {PlaceClass.CITY: "城区", PlaceClass.RURAL: "农村", PlaceClass.REMOTE: "偏远"}
#: Who took a step when it was nobody of the staff.
OTHERS = {"openid": "客户（微信）", "system": "系统"}

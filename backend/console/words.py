"""What the console calls things: every word of a code, in Chinese."""

from grid.clocks.types import PauseReason, Target
from grid.customers.types import AccountState, CustomerTagWord
from grid.geography.types import PlaceClass
from grid.territory.types import GridRole, StaffRole
from grid.work_orders.kinds import KINDS as JOB_KINDS
from grid.work_orders.words import (
    ArrivalGrade,
    AssignmentState,
    CallbackOutcome,
    Capacity,
    Channel,
    ComplaintClass,
    Priority,
    TicketEvent,
    TicketKind,
    TicketState,
    WorkOrderEvent,
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
    _E.RELEASE: "收回",
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
    TicketState.DISPATCHED: "已派工",
    TicketState.IN_HAND: "已接单",
    TicketState.ON_SITE: "已到现场",
    TicketState.HANDLED: "已处理，待回复",
    TicketState.REPLIED: "已答复，待回访",
    TicketState.CALLED_BACK: "已回访，待归档",
    TicketState.CLOSED: "已归档",
    TicketState.CANCELLED: "已取消",
}
TICKET_EVENTS = {
    TicketEvent.INTAKE: "受理",
    TicketEvent.DISPATCH: "派工",
    TicketEvent.TAKE: "接单",
    TicketEvent.RETURN: "退回",
    TicketEvent.ARRIVE: "到达",
    TicketEvent.CONTACT: "首次联系",
    TicketEvent.HANDLE: "处理",
    TicketEvent.REPLY: "回复",
    TicketEvent.CALLBACK: "回访",
    TicketEvent.ARCHIVE: "归档",
    TicketEvent.CANCEL: "取消",
    TicketEvent.REOPEN: "重新打开",
    TicketEvent.RECLASSIFY: "改变类别",
    TicketEvent.URGE: "催办",
    TicketEvent.COMMENT: "备注",
    TicketEvent.MERGE: "并单",
    TicketEvent.SPLIT: "拆单",
}
TICKET_KINDS = {
    TicketKind.FAULT: "故障报修",
    TicketKind.COMPLAINT: "投诉",
    TicketKind.TIP_OFF: "举报",
    TicketKind.SUGGESTION: "建议",
    TicketKind.OPINION: "意见",
    TicketKind.PRAISE: "表扬",
    TicketKind.INQUIRY: "咨询",
    TicketKind.SERVICE_REQUEST: "业务申请",
}
COMPLAINT_CLASSES = {
    ComplaintClass.SERVICE: "服务",
    ComplaintClass.BILLING: "营业",
    ComplaintClass.SUPPLY_INTERRUPTION: "停送电",
    ComplaintClass.POWER_QUALITY: "供电质量",
    ComplaintClass.GRID_CONSTRUCTION: "电网建设",
}
OUTCOMES = {
    CallbackOutcome.SATISFIED: "满意",
    CallbackOutcome.UNSATISFIED: "不满意",
    CallbackOutcome.NOT_SOLVED: "没有解决",
    CallbackOutcome.NO_ANSWER: "未接通",
}
CHANNELS = {
    Channel.WECHAT: "微信",
    Channel.PHONE: "电话",
    Channel.COUNTER: "营业厅",
    Channel.STAFF: "工作人员",
    Channel.PROVINCE: "省 95598",
    Channel.GOVERNMENT: "政府网格",
}
PRIORITIES = {Priority.DANGER: "危险", Priority.URGENT: "紧急", Priority.NORMAL: "一般"}
KINDS = {kind: spec.title for kind, spec in JOB_KINDS.items()}
TARGETS = {
    Target.ACCEPT: "接单",
    Target.ARRIVE: "到达",
    Target.RESTORE: "复电",
    Target.COMPLETE: "完成",
    Target.FIRST_CONTACT: "首次联系",
    Target.ANSWER: "答复",
    Target.CALLBACK: "回访",
}
PAUSE_REASONS = {
    PauseReason.CUSTOMER_ABSENT: "客户不在",
    PauseReason.CUSTOMER_ASKED: "客户要求改期",
    PauseReason.SITE_BLOCKED: "现场不具备条件",
    PauseReason.WEATHER: "恶劣天气",
    PauseReason.WAITING_MATERIAL: "等待材料",
    PauseReason.UPSTREAM_OUTAGE: "上级电网故障",
    PauseReason.GOVERNMENT: "政府要求",
}
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
    CustomerTagWord.GOVERNMENT: "政府机关",
    CustomerTagWord.SMALL_BUSINESS: "小微企业",
}
ACCOUNT_STATES = {AccountState.ACTIVE: "在用", AccountState.CLOSED: "已销户"}
PLACE_CLASSES = {PlaceClass.CITY: "城区", PlaceClass.RURAL: "农村", PlaceClass.REMOTE: "偏远"}
#: Who took a step when it was nobody of the staff.
OTHERS = {"openid": "客户（微信）", "system": "系统"}

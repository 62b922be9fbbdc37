/* What the phone calls the things of tickets, supervision, visits and outages. */

export const TICKET_KINDS = {
  fault: "故障报修", service_request: "要办业务", inquiry: "咨询", opinion: "意见", suggestion: "建议",
  praise: "表扬", complaint: "投诉", tip_off: "举报",
};
export const TICKET_STATES = {
  accepted: "已受理", dispatched: "已派工", in_hand: "已接单", on_site: "已到现场", handled: "已处理，待回复",
  replied: "已答复，待回访", called_back: "已回访，待归档", closed: "已归档", cancelled: "已取消",
};
export const TICKET_EVENTS = {
  intake: "受理", dispatch: "派工", take: "接单", return: "退回", arrive: "到达", contact: "首次联系",
  handle: "处理", reply: "回复", callback: "回访", archive: "归档", cancel: "取消", reopen: "重新打开",
  reclassify: "改变类别", urge: "催办", comment: "备注", merge: "并单", split: "拆单",
};
export const COMPLAINTS = {
  service: "服务", billing: "营业（电费、业务）", supply_interruption: "停送电", power_quality: "供电质量（电压）",
  grid_construction: "电网建设",
};
export const CHANNELS = {
  wechat: "微信", phone: "电话", counter: "营业厅", staff: "工作人员", province: "省 95598", government: "政府网格",
};
export const OUTCOMES = { satisfied: "满意", unsatisfied: "不满意", not_solved: "没有解决", no_answer: "没接通" };

export const LEVELS = { grid: "网格", station: "供电所", county: "县公司" };
export const ORDER_STATES = { open: "等回复", answered: "已回复", closed: "已办结" };
export const CAUSES = {
  near_breach: "快超时", breach: "超时", by_hand: "人工督办", left_open: "久未办结", sos: "求助", unacknowledged: "求助没人管",
  visit_denied: "走访不属实",
};
export const SUPERVISION_EVENTS = {
  answer: "回复", close: "办结", reject: "退回重答", comment: "备注", open: "发起", raise: "提级", escalate: "升级",
  overdue: "超期",
};

export const OUTAGE_KINDS = { planned: "计划停电", temporary: "临时停电", fault: "故障停电" };
export const OUTAGE_STATES = {
  planned: "还没开始", confirmed: "正在停电", restoring: "正在抢修", restored: "已来电", closed: "已结束", cancelled: "已取消",
};

export const SATISFACTIONS = { satisfied: "满意", neutral: "一般", unsatisfied: "不满意" };
export const CHECK_STATES = { open: "待核实", confirmed: "属实", not_confirmed: "不属实", unreachable: "没联系上" };
export const CHECK_REASONS = {
  random: "随机抽查", too_fast: "停留太短", impossible_travel: "路上来不及", too_far: "离得太远",
  copied_photo: "照片重复", same_answers: "答案雷同", by_hand: "人工指定",
};
export const CHECK_METHODS = { call: "打电话", on_site: "上门" };
export const CHECK_OUTCOMES = { confirmed: "属实", not_confirmed: "不属实", unreachable: "没联系上" };
export const ROLES = {
  manager: "网格管理员", assistant: "协管员", supervisor: "监督员", dispatcher: "调度员", back_office: "后台",
  finance: "财务", station_head: "所长", auditor: "审计", operator: "运维", crew: "抢修班",
};

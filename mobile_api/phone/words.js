/* What the phone calls things. */

export const STATES = {
  draft: "草稿", triaged: "待派单", pending_dispatch: "待派单", scheduled: "已预约",
  assigned: "等您接单", accepted: "已接单", en_route: "赶往现场", on_site: "已到现场",
  in_progress: "处理中", on_hold: "挂起", completed: "已完成", cannot_complete: "无法完成",
  cancelled: "已取消", closed: "已归档",
};
export const EVENTS = {
  intake: "受理", assign: "派单", schedule: "预约", accept: "接单", decline: "退单",
  silence: "超时未接，收回", depart: "出发", arrive: "到达现场", start: "开始处理",
  restore: "恢复供电", hold: "挂起", resume: "继续处理", complete: "完成",
  "cannot-complete": "无法完成", cancel: "取消", reassign: "改派", close: "归档",
  reopen: "重新打开", supervise: "督办", comment: "备注", release: "收回",
};
export const PRIORITIES = { danger: "危险", urgent: "紧急", normal: "一般" };
export const TARGETS = { accept: "接单", arrive: "到达", restore: "复电", complete: "完成" };
export const GRADES = { strong: "定位确认", weak: "定位较粗", disputed: "定位存疑" };
export const PLACES = { city: "城区", rural: "农村", remote: "偏远" };
export const OTHERS = { openid: "客户（微信）", system: "系统", staff: "员工" };
export const TAGS = {
  special_group: "特殊群体", important: "重要客户", low_income: "低收入", medical: "医疗用电",
  government: "政府机关", small_business: "小微企业",
};
export const ACCOUNT_STATES = { active: "在用", closed: "已销户" };
export const SIDES = { lv: "低压", hv: "高压" };

/* The verbs of the phone in the order of a repair: the first that is allowed is the next step. */
export const NEXT = ["accept", "depart", "arrive", "start", "restore", "complete", "resume"];
/* The other things one may do, rarer ones last. */
export const FURTHER = ["hold", "comment", "cannot-complete", "decline"];

export const BUTTONS = {
  accept: "接单", depart: "出发", arrive: "到达现场", start: "开始处理", restore: "已恢复供电",
  complete: "完成工单…", resume: "继续处理", hold: "挂起…", comment: "写备注…",
  "cannot-complete": "无法完成…", decline: "退单…",
};
export const DONE = {
  accept: "已接单", depart: "已出发，路上注意安全", arrive: "已登记到达", start: "已开始处理",
  restore: "已登记恢复供电", complete: "工单已完成，辛苦了", resume: "已继续处理", hold: "已挂起",
  comment: "备注已写入", "cannot-complete": "已登记无法完成", decline: "已退单，会派给别的同事",
};

/* Words a step needs: which field, what to ask, and phrases for somebody with gloves on. */
export const FORMS = {
  decline: { field: "reason", ask: "为什么退单？",
    phrases: ["正在处理别的故障", "离得太远", "车辆故障", "身体不适"] },
  hold: { field: "reason", ask: "为什么挂起？",
    phrases: ["等材料", "等停电配合", "天气原因，不能登杆", "客户不在家"] },
  complete: { field: "resolution", ask: "处理结果是什么？",
    phrases: ["更换低压保险", "合上跳闸的开关", "重新接好松动的接线", "清理树障", "更换表箱开关"] },
  "cannot-complete": { field: "reason", ask: "为什么无法完成？",
    phrases: ["客户内部线路故障", "需要高压专业队伍", "缺少材料", "现场不安全"] },
  comment: { field: "reason", ask: "备注",
    phrases: ["已电话联系客户", "客户电话打不通", "道路不通，要绕行"] },
  arrive: { field: "reason", ask: "为什么定位不在现场？",
    phrases: ["山里没有卫星信号", "故障点不在客户家", "登记的位置不准"] },
};

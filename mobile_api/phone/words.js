/* What the phone calls things. */

export const STATES = {
  draft: "草稿", triaged: "待派单", pending_dispatch: "待派单", scheduled: "已预约",
  assigned: "等您接单", accepted: "已接单", en_route: "赶往现场", on_site: "已到现场",
  in_progress: "处理中", on_hold: "挂起", completed: "已完成", cannot_complete: "无法完成",
  cancelled: "已取消", closed: "已归档",
};
export const EVENTS = {
  intake: "受理", assign: "派单", schedule: "预约", accept: "接单", decline: "退单",
  silence: "超时未接，收回", release: "收回", depart: "出发", arrive: "到达现场", start: "开始处理",
  restore: "恢复供电", hold: "挂起", resume: "继续处理", complete: "完成",
  "cannot-complete": "无法完成", cancel: "取消", reassign: "改派", close: "归档",
  reopen: "重新打开", supervise: "督办", comment: "备注", release: "收回",
};
export const PRIORITIES = { danger: "危险", urgent: "紧急", normal: "一般" };
export const TARGETS = { accept: "接单", arrive: "到达", restore: "复电", complete: "完成",
  first_contact: "首次联系", answer: "答复", callback: "回访",
};
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

/* Words a step needs: the fields of its form, with phrases for somebody with gloves on. */
const reason = (label, phrases) => ({ name: "reason", id: "reason", label, required: true, phrases });
export const FORMS = {
  decline: [reason("为什么退单？", ["正在处理别的故障", "离得太远", "车辆故障", "身体不适"])],
  complete: [{ name: "resolution", id: "resolution", label: "处理结果是什么？", required: true,
    phrases: ["更换低压保险", "合上跳闸的开关", "重新接好松动的接线", "清理树障", "更换表箱开关"] }],
  "cannot-complete": [reason("为什么无法完成？",
    ["客户内部线路故障", "需要高压专业队伍", "缺少材料", "现场不安全"])],
  comment: [reason("备注", ["已电话联系客户", "客户电话打不通", "道路不通，要绕行"])],
  arrive: [reason("为什么定位不在现场？", ["山里没有卫星信号", "故障点不在客户家", "登记的位置不准"])],
};
export const PAUSES = {
  customer_absent: "客户不在", customer_asked: "客户要求改期", site_blocked: "现场不具备条件",
  weather: "恶劣天气", waiting_material: "等材料", upstream_outage: "上级电网故障", government: "政府要求",
};
export const PAUSE_STATES = { requested: "等批准，时限还在走", running: "时限暂停中", ended: "已结束", refused: "没有批准" };
export const KINDS = {
  fault_repair: "抢修", onsite_restore: "现场复电", onsite_stop: "现场停电", visit: "走访",
  dunning_visit: "上门催费", manual_reading: "补抄", supervised_reading: "监抄", meter_change: "换表",
  inspection: "用电检查", collection_ops: "采集运维", connection_survey: "现场勘查",
  connection_energise: "装表接电", outage_work: "停电检修", notice_delivery: "送达通知",
};
export const PURPOSES = {
  site_photo: "现场照片", before_photo: "作业前照片", after_photo: "作业后照片", meter_photo: "电表照片",
  voltage_absent_photo: "验电照片", work_permit: "工作票照片", signature: "客户签名",
  notice_photo: "通知书照片", seal_photo: "封印照片", leaflet_receipt: "资料签收", document: "书面材料",
  other: "其他资料",
};
export const EVIDENCE_STATES = {
  missing: "还没有传到", partial: "传了一部分", complete: "已传到", refused: "没有收下",
};
export const PROOFS = { customer_code: "客户验证码", meter_code: "电表编号", head_end: "电表有记录" };
export const CORRECTED = {
  accepted_at: "接单时间", departed_at: "出发时间", arrived_at: "到达时间", restored_at: "复电时间",
  completed_at: "完成时间", pause_from: "暂停开始", pause_until: "暂停结束",
};

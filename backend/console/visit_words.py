"""What the console calls things of visits."""

from grid.visits.words import (
    CheckMethod,
    CheckOutcome,
    CheckReason,
    CheckState,
    FormWord,
    PlanState,
    Satisfaction,
    StopState,
)

FORMS = {
    FormWord.ORDINARY: "普通客户",
    FormWord.SPECIAL_CARE: "特殊群体",
    FormWord.MEDICAL_DEVICE: "医疗用电",
    FormWord.SMALL_BUSINESS: "小微企业",
    FormWord.IMPORTANT: "重要客户",
    FormWord.GOVERNMENT: "机关单位",
}
PLAN_STATES = {PlanState.DRAFT: "草稿，待发布", PlanState.RELEASED: "已发布"}
STOP_STATES = {
    StopState.PLANNED: "待发布",
    StopState.RELEASED: "已派出",
    StopState.REMOVED: "已移出",
}
REASONS = {
    CheckReason.RANDOM: "随机抽查",
    CheckReason.TOO_FAST: "停留太短",
    CheckReason.IMPOSSIBLE_TRAVEL: "路上时间不可能",
    CheckReason.TOO_FAR: "定位离得太远",
    CheckReason.COPIED_PHOTO: "照片雷同",
    CheckReason.SAME_ANSWERS: "文字雷同",
    CheckReason.BY_HAND: "主动核查",
}
CHECK_STATES = {
    CheckState.OPEN: "待核查",
    CheckState.CONFIRMED: "属实",
    CheckState.NOT_CONFIRMED: "不属实",
    CheckState.UNREACHABLE: "联系不上",
}
METHODS = {CheckMethod.CALL: "电话", CheckMethod.ON_SITE: "上门"}
OUTCOMES = {
    CheckOutcome.CONFIRMED: "属实",
    CheckOutcome.NOT_CONFIRMED: "不属实",
    CheckOutcome.UNREACHABLE: "联系不上",
}
SATISFACTIONS = {
    Satisfaction.SATISFIED: "满意",
    Satisfaction.NEUTRAL: "一般",
    Satisfaction.UNSATISFIED: "不满意",
}
WEEKDAYS = "一二三四五六日"

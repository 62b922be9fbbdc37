"""What the console calls things of supervision, and how an answer limit is shown. Pure."""

import math
from datetime import datetime
from typing import NamedTuple

from backend.console.limits import SOON_MIN, duration
from grid.supervision.types import (
    Cause,
    Level,
    OrderState,
    SupervisionEvent,
    SupervisionView,
)

LEVELS = {Level.GRID: "网格", Level.STATION: "供电所", Level.COUNTY: "县公司"}
STATES = {
    OrderState.OPEN: "待回复",
    OrderState.ANSWERED: "已回复，待办结",
    OrderState.CLOSED: "已办结",
}
CAUSES = {
    Cause.NEAR_BREACH: "将超时",
    Cause.BREACH: "已超时",
    Cause.BY_HAND: "人工督办",
    Cause.LEFT_OPEN: "未解决",
    Cause.SOS: "现场求助",
    Cause.UNACKNOWLEDGED: "反馈未确认",
    Cause.VISIT_DENIED: "走访未属实",
}
EVENTS = {
    SupervisionEvent.ANSWER: "回复",
    SupervisionEvent.CLOSE: "办结",
    SupervisionEvent.REJECT: "退回重新回复",
    SupervisionEvent.COMMENT: "备注",
    SupervisionEvent.OPEN: "发起",
    SupervisionEvent.RAISE: "由将超时转为超时",
    SupervisionEvent.ESCALATE: "升级",
    SupervisionEvent.OVERDUE: "县公司逾期",
}
#: Who took a step when it was nobody of the staff.
OTHERS = {"system": "系统"}


class AnswerLimit(NamedTuple):
    """The limit of the present level in words; `look` as everywhere in the console."""

    look: str
    words: str


def answer_limit(order: SupervisionView, as_of: datetime) -> AnswerLimit:
    """How an order's answer limit stands at a moment."""
    if order.state is OrderState.CLOSED:
        return AnswerLimit("ended", "已办结")
    if order.state is OrderState.ANSWERED:
        return AnswerLimit("kept", "已回复")
    minutes = math.ceil(abs((order.answer_due_at - as_of).total_seconds()) / 60)
    if order.answer_due_at < as_of:
        return AnswerLimit("late", f"逾期 {duration(minutes)}")
    return AnswerLimit("soon" if minutes <= SOON_MIN else "fine", f"剩 {duration(minutes)}")

"""What the console calls things of other systems."""

from grid.clocks.types import Target
from grid.partners.types import (
    Direction,
    HandoverEvent,
    HandoverState,
    MessageState,
    OrderOutcome,
    Stage,
)

DIRECTIONS = {Direction.OUT: "我方移交政府", Direction.IN: "政府移交我方"}
#: What the two clocks of a handover wait for.
TARGETS = {Target.ACCEPT: "对方受理", Target.ANSWER: "对方办结"}
HANDOVER_STATES = {
    HandoverState.HANDED_OVER: "已移交，待对方受理",
    HandoverState.ACCEPTED: "已受理，办理中",
    HandoverState.RETURNED: "已退回或办结",
}
HANDOVER_EVENTS = {
    HandoverEvent.HAND_OVER: "移交",
    HandoverEvent.ACCEPT: "受理",
    HandoverEvent.REMIND: "催办",
    HandoverEvent.RETURN: "退回（办结）",
}
OUTCOMES = {
    OrderOutcome.TAKEN: "已受理",
    OrderOutcome.MERGED: "已并单",
    OrderOutcome.REPEATED: "重复",
    OrderOutcome.URGED: "已催办",
    OrderOutcome.URGE_WAITING: "催办，待原工单",
}
STAGES = {
    Stage.ACCEPTED: "受理",
    Stage.DISPATCHED: "派工",
    Stage.ARRIVED: "到达",
    Stage.RESTORED: "复电",
    Stage.REPLIED: "答复",
    Stage.ARCHIVED: "归档",
    Stage.CANCELLED: "取消",
}
#: Words and look of how a message stands.
MESSAGES = {
    MessageState.WAITING: ("待发送", "fine"),
    MessageState.SENT: ("已发送，待确认", "soon"),
    MessageState.ACKNOWLEDGED: ("已确认", "kept"),
    MessageState.REFUSED: ("被拒收", "missed"),
    MessageState.CHASING: ("追办中", "late"),
}
VIA = {"port": "接口", "file": "文件"}

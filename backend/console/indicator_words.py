"""How figures are said: units, standings, bars, the names of what is counted. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from backend.console import words
from grid.indicators.types import (
    By,
    PeriodVerb,
    RecordKind,
    Standing,
    Theme,
    TrendPoint,
    Unit,
    Which,
)
from grid.notices.types import PromiseWhat

THEMES = {
    Theme.GRID: "网格服务",
    Theme.CLOCKS: "办理时限",
    Theme.SATISFACTION: "客户满意",
    Theme.WATCH: "异常留意",
}
#: The word and the look of a standing; colour alone says nothing.
STANDINGS = {
    Standing.MET: ("达标", "fine"),
    Standing.MISSED: ("未达标", "late"),
    Standing.NO_TARGET: ("不设目标", "ended"),
    Standing.NOTHING: ("没有可算的", "ended"),
}
BY = {By.STATION: "供电所", By.GRID: "网格", By.STAFF: "人员", By.KIND: "类别"}
WHICH = {
    Which.COUNTED: "全部（分母）",
    Which.HIT: "做到的（分子）",
    Which.MISSED: "没有做到的",
    Which.EXCLUDED: "不计入的",
}
RECORDS = {
    RecordKind.TICKET: "客户事项",
    RecordKind.WORK_ORDER: "工单",
    RecordKind.CLOCK: "时限",
    RecordKind.STEP: "步骤",
    RecordKind.RATING: "评价",
    RecordKind.PAUSE: "停表",
    RecordKind.CORRECTION: "更正",
    RecordKind.VISIT: "走访",
    RecordKind.PROMISE: "承诺",
}
VERBS = {
    PeriodVerb.CLOSE: "封账",
    PeriodVerb.RECALCULATE: "重新计算",
    PeriodVerb.WITHDRAW: "撤回",
}
_MATTERS: dict[str, str] = {
    **{kind.value: name for kind, name in words.TICKET_KINDS.items()},
    **{kind.value: name for kind, name in words.KINDS.items()},
    **{reason.value: name for reason, name in words.PAUSE_REASONS.items()},
    PromiseWhat.ARRIVE.value: "到达",
    PromiseWhat.RESTORE.value: "复电",
    PromiseWhat.ANSWER.value: "答复",
    "accepted_at": "接单时间",
    "departed_at": "出发时间",
    "arrived_at": "到达时间",
    "restored_at": "复电时间",
    "completed_at": "完成时间",
    "pause_from": "停表开始",
    "pause_until": "停表结束",
    "ordinary": "普通客户",
    "special_care": "特殊群体",
    "medical_device": "医疗用电",
    "small_business": "小微企业",
    "important": "重要客户",
    "government": "政府机关",
}


def matter(code: str) -> str:
    """A kind of ticket, job, pause, promise or visit in words."""
    return _MATTERS.get(code, code)


def figure(value: float | None, unit: Unit) -> str:
    """`93.33 %`, `41.5 分钟`, `4.60 星`, `7 件`, or a dash where there is nothing."""
    if value is None:
        return "—"
    match unit:
        case Unit.SHARE:
            return f"{_percent(value):.2f} %"
        case Unit.MINUTES:
            return f"{value:.1f} 分钟"
        case Unit.STARS:
            return f"{value:.2f} 星"
        case Unit.PIECES:
            return f"{value:.0f} 件"


def _percent(share: float) -> float:
    """Two decimals; what is not all never reads as all, and what is something not as nothing."""
    if 0 < share < 1:
        return min(99.99, max(0.01, share * 100))
    return share * 100


class Bar(NamedTuple):
    """One line of a trend: its figure, and how far bar and target mark reach, in percent."""

    period: str
    said: str
    counted: str
    word: str
    look: str
    reach: float | None
    target: float | None


def bars(points: Sequence[TrendPoint], unit: Unit) -> list[Bar]:
    """The bars of a trend on one scale from zero; shares end at one, others at the largest."""
    known = [one for point in points for one in (point.value, point.target) if one is not None]
    top = 1.0 if unit is Unit.SHARE else max(known, default=0.0)

    def reach(value: float | None) -> float | None:
        return None if value is None or top == 0 else round(value / top * 100, 2)

    return [
        Bar(
            point.period,
            figure(point.value, unit),
            f"{point.numerator} / {point.denominator}",
            *STANDINGS[point.standing],
            reach(point.value),
            reach(point.target),
        )
        for point in points
    ]

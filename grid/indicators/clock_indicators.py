"""Indicators of clocks: each limit met, order by order, and the averages that were promised.

A clock is decided when it is stopped, when it is given up in time, or else when its limit passes;
that moment puts it into a period, so every clock is counted once and none drops out by standing
still over the end of a month. Stopped exactly at its limit it is met.
"""

from grid.clocks.types import Target
from grid.geography.types import PlaceClass
from grid.indicators.definition import (
    BOARD,
    MINUTES_MEAN,
    ORDERS,
    PROMISES,
    SHARE_UP,
    Indicator,
    Said,
)
from grid.indicators.shape import Rows
from grid.indicators.types import RecordKind, Theme
from grid.work_orders.words import WorkOrderKind

DECIDED = "least(c.due_at, c.stopped_at, c.given_up_at)"
_OF_JOBS = (
    "sla_clock c JOIN work_order w ON w.id = c.subject_id LEFT JOIN ticket t ON t.id = w.ticket"
)
_OF_TICKETS = "sla_clock c JOIN ticket t ON t.id = c.subject_id"
_CUT_OFF = "时限见分晓之时：做到之时；没有做到的，到期之时"
_GIVEN_UP = "到期以前因退单、改派、取消或无法完成而不再需要的（另见“工单未办成即结束率”）"


def _job_clocks(target: Target, where: str = "true") -> Rows:
    return Rows(
        record_kind=RecordKind.CLOCK,
        source=_OF_JOBS,
        where=f"c.subject = 'work_order' AND c.target = '{target.value}'"
        f" AND c.started_at IS NOT NULL AND ({where})",
        record="c.id",
        at=DECIDED,
        matter="w.kind",
        place="w",
        hit="c.stopped_at <= c.due_at",
        excluded="CASE WHEN c.given_up_at <= c.due_at THEN 'given_up' END",
        ticket="w.ticket",
        work_order="w.id",
        sealed="coalesce(t.sealed, false)",
    )


def _ticket_clocks(target: Target) -> Rows:
    return Rows(
        record_kind=RecordKind.CLOCK,
        source=_OF_TICKETS,
        where=f"c.subject = 'ticket' AND c.target = '{target.value}' AND c.started_at IS NOT NULL",
        record="c.id",
        at=DECIDED,
        matter="t.kind",
        place="t",
        hit="c.stopped_at <= c.due_at",
        excluded="CASE WHEN c.given_up_at <= c.due_at THEN 'given_up' END",
        ticket="t.id",
        sealed="t.sealed",
    )


def _met(target: Target, title: str, what: str, rows: Rows, source: str) -> Indicator:
    return Indicator(
        name=f"{target.value}_met",
        title=title,
        theme=Theme.CLOCKS,
        manner=SHARE_UP,
        said=Said(
            numerator=f"{what}没有超过时限的（正好到点也算做到）",
            denominator=f"这段时间里见分晓的{what}时限，一个时限算一次，停表的时间不算",
            exclusions=_GIVEN_UP,
            cut_off=_CUT_OFF,
            source=source,
        ),
        rows=rows,
    )


def _without_pauses(target: Target, title: str, what: str) -> Indicator:
    """The same clocks as if none had ever stood still: only round-the-clock ones can be."""
    rows = _job_clocks(target, "c.hours = 'always'")._replace(
        hit="c.stopped_at <= c.started_at + make_interval(secs => c.limit_s)"
    )
    return Indicator(
        name=f"{target.value}_met_without_pauses",
        title=title,
        theme=Theme.WATCH,
        manner=SHARE_UP,
        said=Said(
            numerator="从开始计时起，不扣停表时间，也没有超过时限的",
            denominator=f"这段时间里见分晓的{what}时限，只含全天计时的",
            exclusions=_GIVEN_UP,
            cut_off=_CUT_OFF,
            source="与扣除停表的达成率对照，看停表用得是否正当；公司规定，待县公司确认",
        ),
        rows=rows,
    )


def _average(target: Target, place: PlaceClass, title: str, what: str) -> Indicator:
    """The promise is an average over real minutes, so pauses are not taken off."""
    rows = _job_clocks(
        target,
        f"w.kind = 'fault_repair' AND w.place_class = '{place.value}' AND c.stopped_at IS NOT NULL",
    )._replace(
        at="c.stopped_at",
        hit="c.stopped_at <= c.due_at",
        excluded="NULL::varchar",
        amount="extract(epoch FROM c.stopped_at - c.started_at)",
    )
    return Indicator(
        name=f"{target.value}_average_{place.value}",
        title=title,
        theme=Theme.CLOCKS,
        manner=MINUTES_MEAN,
        said=Said(
            numerator=f"{what}所用分钟数之和，停表时间不扣",
            denominator="这段时间里做到的抢修单",
            exclusions="还没有做到的不在其中，它们算在按单达成率里",
            cut_off="做到之时",
            source=f"{PROMISES}（承诺的是平均时间）",
        ),
        rows=rows,
    )


_ONSITE = f"w.kind = '{WorkOrderKind.ONSITE_RESTORE.value}'"
CLOCKS = (
    _met(Target.ACCEPT, "接单及时率", "接单", _job_clocks(Target.ACCEPT), ORDERS),
    _met(Target.ARRIVE, "到达及时率（按单）", "到达现场", _job_clocks(Target.ARRIVE), BOARD),
    _average(Target.ARRIVE, PlaceClass.CITY, "城区平均到达时间", "到达现场"),
    _average(Target.ARRIVE, PlaceClass.RURAL, "农村平均到达时间", "到达现场"),
    _average(Target.ARRIVE, PlaceClass.REMOTE, "偏远地区平均到达时间", "到达现场"),
    _met(Target.RESTORE, "复电及时率（按单）", "恢复供电", _job_clocks(Target.RESTORE), BOARD),
    _average(Target.RESTORE, PlaceClass.CITY, "城区到达后平均复电时间", "到达后恢复供电"),
    _average(Target.RESTORE, PlaceClass.RURAL, "农村到达后平均复电时间", "到达后恢复供电"),
    _met(
        Target.RESTORE,
        "现场复电及时率",
        "现场复电",
        _job_clocks(Target.RESTORE, _ONSITE),
        f"{BOARD}，现场复电 45 分钟",
    )._replace(name="onsite_restore_met"),
    _met(Target.COMPLETE, "完成及时率", "完成工单", _job_clocks(Target.COMPLETE), ORDERS),
    _met(
        Target.FIRST_CONTACT,
        "首次联系及时率",
        "首次联系客户",
        _ticket_clocks(Target.FIRST_CONTACT),
        PROMISES,
    ),
    _met(Target.ANSWER, "答复及时率", "答复客户", _ticket_clocks(Target.ANSWER), PROMISES),
    _met(Target.CALLBACK, "回访及时率", "回访客户", _ticket_clocks(Target.CALLBACK), ORDERS),
    _without_pauses(Target.ARRIVE, "到达及时率（不扣停表）", "到达现场"),
    _without_pauses(Target.RESTORE, "复电及时率（不扣停表）", "恢复供电"),
)

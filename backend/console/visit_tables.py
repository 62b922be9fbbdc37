"""Tables of visits for Excel. Pure but for the answer that carries them."""

from collections.abc import Sequence
from datetime import datetime

from litestar import Response

from backend.console import visit_words as w
from backend.console.workbook import MEDIA_TYPE, moment_text, workbook
from grid.visits.check_types import CheckView
from grid.visits.plan_types import PlanView

_PLAN = (
    *("日期", "星期", "人员", "顺序", "户号", "客户", "地址", "村", "走访表"),
    *("应走访日", "状态", "工单号", "原因"),
)
_CHECKS = (
    *("月份", "状态", "原因", "户号", "客户", "地址", "网格", "走访人", "走访时间"),
    *("工单号", "核查人", "办结时间"),
)
Table = tuple[Sequence[str], list[tuple[str | None, ...]]]


def plan_rows(plan: PlanView) -> Table:
    """Every household of a plan, day by day."""
    return _PLAN, [
        (
            stop.day.isoformat(),
            f"星期{w.WEEKDAYS[stop.day.weekday()]}",
            stop.staff.name,
            str(stop.position),
            stop.account_no,
            stop.name,
            stop.address,
            stop.village,
            w.FORMS[stop.form],
            None if stop.due_day is None else stop.due_day.isoformat(),
            w.STOP_STATES[stop.state],
            stop.work_order_number,
            stop.reason,
        )
        for stop in plan.stops
    ]


def check_rows(checks: Sequence[CheckView]) -> Table:
    """Checks with their reasons and outcome; no telephone number leaves the house this way."""
    return _CHECKS, [
        (
            one.month,
            w.CHECK_STATES[one.state],
            "、".join(w.REASONS[reason] for reason in one.reasons),
            one.account_no,
            one.name,
            one.address,
            one.grid_name,
            one.author,
            moment_text(one.visited_at),
            one.work_order_number,
            None if one.staff is None else one.staff.name,
            moment_text(one.closed_at),
        )
        for one in checks
    ]


def file_of(
    name: str,
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    as_of: datetime,
    *,
    complete: bool = True,
) -> Response[bytes]:
    """A table as a file to be kept by the browser and by nobody between."""
    return Response(
        workbook(title, headings, rows, as_of, complete=complete),
        media_type=MEDIA_TYPE,
        headers={
            "Content-Disposition": f'attachment; filename="{name}.xlsx"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )

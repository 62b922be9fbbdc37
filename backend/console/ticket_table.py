"""The table of tickets for Excel. Pure."""

from collections.abc import Sequence
from datetime import datetime

from backend.console import words
from backend.console.limits import next_limit
from backend.console.workbook import moment_text, workbook
from grid.work_orders.tickets.types import StaffTicketView

_HEADINGS = (
    "单号",
    "类别",
    "投诉类别",
    "状态",
    "渠道",
    "供电所",
    "网格",
    "户号",
    "客户",
    "地址",
    "内容",
    "处理人",
    "受理时间",
    "下一时限",
    "到期时间",
    "时限情况",
    "催办次数",
    "评分",
    "回访结果",
    "答复",
)


def tickets_workbook(rows: Sequence[StaffTicketView], as_of: datetime, *, complete: bool) -> bytes:
    """One line a ticket; the first line says as of when."""
    table = [_row(row, as_of) for row in rows]
    return workbook("单据", _HEADINGS, table, as_of, complete=complete)


def _row(row: StaffTicketView, as_of: datetime) -> tuple[str | None, ...]:
    limit = next_limit(row.clocks, row.state, as_of)
    complaint_class = row.complaint_class
    return (
        row.number,
        words.TICKET_KINDS[row.kind],
        None if complaint_class is None else words.COMPLAINT_CLASSES[complaint_class],
        words.TICKET_STATES[row.state],
        words.CHANNELS[row.channel],
        row.station,
        row.grid,
        row.account_no,
        row.customer_name,
        row.address,
        row.description,
        None if row.handler is None else row.handler.name,
        moment_text(row.reported_at),
        None if limit is None else words.TARGETS[limit.target],
        None if limit is None else moment_text(limit.due_at),
        None if limit is None else limit.words,
        str(row.urges),
        None if row.stars is None else str(row.stars),
        None if row.callback is None else words.OUTCOMES[row.callback],
        row.answer,
    )

"""Tables for spreadsheets: UTF-8 with a mark, every cell text, no cell a formula. Pure."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime

from backend.console import words
from backend.console.limits import next_limit
from backend.console.workbook import workbook
from grid.kit.clock import SHANGHAI
from grid.work_orders.types import WorkOrderView

#: What a spreadsheet takes for the beginning of a formula, in both widths.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
#: Blanks and marks without width, which a spreadsheet may drop before it looks.
_UNSEEN = re.compile(r"^[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_MARK = "\ufeff"

_HEADINGS = (
    "工单号",
    "种类",
    "状态",
    "优先级",
    "供电所",
    "网格",
    "户号",
    "客户",
    "地址",
    "描述",
    "处理人",
    "受理时间",
    "下一时限",
    "到期时间",
    "时限情况",
    "督办",
)


def cell(value: str | None) -> str:
    """Text that a spreadsheet shows and never computes: a leading apostrophe where needed."""
    text = value or ""
    begins = (text.lstrip(" \u3000"), _UNSEEN.sub("", text))
    return f"'{text}" if any(start.startswith(_FORMULA) for start in begins) else text


def board_workbook(rows: Sequence[WorkOrderView], as_of: datetime, *, complete: bool) -> bytes:
    """The same table for Excel."""
    cells = [_row(row, as_of) for row in rows]
    return workbook("工单", _HEADINGS, cells, as_of, complete=complete)


def board_table(rows: Sequence[WorkOrderView], as_of: datetime, *, complete: bool) -> bytes:
    """The rows of the board with a first line that says as of when they stand."""
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    ending = "" if complete else "；只含前一部分，其余请缩小筛选范围后导出"
    out.writerow([f"数据截至 {_time(as_of)}（北京时间）{ending}"])
    out.writerow(_HEADINGS)
    out.writerows([cell(value) for value in _row(row, as_of)] for row in rows)
    return (_MARK + text.getvalue()).encode()


def _row(row: WorkOrderView, as_of: datetime) -> tuple[str | None, ...]:
    limit = next_limit(row.clocks, row.state, as_of)
    return (
        row.number,
        words.KINDS[row.kind],
        words.STATES[row.state],
        words.PRIORITIES[row.priority],
        row.station,
        row.grid,
        row.account_no,
        row.customer_name,
        row.address,
        row.description,
        None if row.assignee is None else row.assignee.name,
        _time(row.reported_at),
        None if limit is None else words.TARGETS[limit.target],
        None if limit is None else _time(limit.due_at),
        None if limit is None else limit.words,
        "是" if row.supervised else "否",
    )


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"

"""Who is inside an outage as a table for Excel. Pure."""

from collections.abc import Sequence
from datetime import datetime

from backend.console import words
from backend.console.workbook import workbook
from grid.outages.types import AffectedAccount

_HEADINGS = ("优先", "户号", "户名", "电话", "地址", "台区", "网格", "标签", "微信通知")


def affected_workbook(rows: Sequence[AffectedAccount], as_of: datetime, *, complete: bool) -> bytes:
    """One row for each account, those to look after first at the top."""
    cells = [
        (
            "优先" if row.first else None,
            row.account_no,
            row.name,
            row.phone,
            row.address,
            row.district_no,
            row.grid,
            "、".join(words.TAGS[tag] for tag in row.tags),
            "可以" if row.follows else "不能，须电话",
        )
        for row in rows
    ]
    return workbook("停电影响客户", _HEADINGS, cells, as_of, complete=complete)

"""Tables for Excel: one sheet, every cell text, rows bounded, the first line says as of when. Pure.

Text cells cannot become formulas; what a spreadsheet would read as one stays what was typed.
"""

import io
from collections.abc import Sequence
from datetime import datetime

import xlsxwriter

from grid.kit.clock import SHANGHAI

#: The type of the answer that carries such a table.
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Rows of one table; what is left out is said in its first line.
ROWS_MAX = 5000
#: Excel's own limit of one cell.
_CELL_MAX = 32_000


def workbook(
    name: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    as_of: datetime,
    *,
    complete: bool = True,
) -> bytes:
    """An .xlsx file of one sheet called `name` (at most 31 characters)."""
    held = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(held, {**options, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet(name)
        bold = book.add_format({"bold": True})
        all_rows = complete and len(rows) <= ROWS_MAX
        ending = "" if all_rows else "；只含前一部分，其余请缩小筛选范围后导出"
        told = f"数据截至 {as_of.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}（北京时间）{ending}"
        sheet.write_string(0, 0, told)
        for column, heading in enumerate(headings):
            sheet.write_string(1, column, heading, bold)
        for number, row in enumerate(rows[:ROWS_MAX], start=2):
            for column, value in enumerate(row):
                sheet.write_string(number, column, (value or "")[:_CELL_MAX])
        sheet.freeze_panes(2, 0)
        sheet.set_column(0, max(0, len(headings) - 1), 18)
    return held.getvalue()


def moment_text(moment: datetime | None) -> str | None:
    """A moment as Excel's readers expect it, in Beijing time; sorts as text."""
    return None if moment is None else f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"

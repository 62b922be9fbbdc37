"""Every indicator by its name, in the order in which pages show them."""

from grid.indicators.care_indicators import CARE
from grid.indicators.clock_indicators import CLOCKS
from grid.indicators.definition import Indicator
from grid.indicators.ticket_indicators import TICKETS
from grid.indicators.types import Theme
from grid.indicators.watch_indicators import WATCHED
from grid.kit.refusals import NotFound

CATALOGUE: dict[str, Indicator] = {
    one.name: one
    for theme in Theme
    for one in (*TICKETS, *CARE, *CLOCKS, *WATCHED)
    if one.theme is theme
}

#: Why a record is left out, in words.
REASONS = {
    "given_up": "到期以前不再需要",
    "other_kind": "不在统计的类别里",
    "merged": "已并入别的事项",
    "no_grid": "不知道属于哪个网格",
    "no_answer": "没有接通",
    "needs_nobody": "按规定不需要批准",
    "withdrawn": "到时间以前收回",
    "replaced": "改告诉了新的时间",
    "removed": "已从计划里拿掉",
    "still_time": "还来得及走访",
    "not_reached": "没有核实成",
    "not_approved": "没有批准",
}


def indicator_named(name: str) -> Indicator:
    """Raises NotFound."""
    found = CATALOGUE.get(name)
    if found is None:
        raise NotFound("没有这项指标")
    return found

"""What one indicator is: its words, its records, how they become a figure, who answers for it."""

from typing import NamedTuple

from grid.indicators.policies import TARGETS
from grid.indicators.rules import Manner
from grid.indicators.shape import NO_ID, Rows, live_rows
from grid.indicators.types import Direction, IndicatorView, Measure, Theme, Unit
from grid.territory.types import StaffRole

SHARE_UP = Manner(Measure.RATE, Unit.SHARE, Direction.UP)
SHARE_DOWN = Manner(Measure.RATE, Unit.SHARE, Direction.DOWN)
MINUTES_MEAN = Manner(Measure.AVERAGE, Unit.MINUTES, Direction.DOWN)
MINUTES_SUM = Manner(Measure.TOTAL, Unit.MINUTES, Direction.DOWN)
STARS_MEAN = Manner(Measure.AVERAGE, Unit.STARS, Direction.UP)
FEW = Manner(Measure.COUNT, Unit.PIECES, Direction.DOWN)

PROMISES = "国家电网供电服务十项承诺"
BOARD = "县公司指标看板"
COMPANY = "公司规定，待县公司确认"
ORDERS = "95598 工单处理时限惯例，待核实"
GRID_SERVICE = "网格化服务“小事不出格、大事不出网”，口径为公司规定，待县公司确认"


class Said(NamedTuple):
    """A definition in plain words, as it is shown beside the figure.

    `cut_off`: which moment puts a record into a period.
    """

    numerator: str
    denominator: str
    exclusions: str
    cut_off: str
    source: str


class Indicator(NamedTuple):
    """One definition. A change to what it counts is a new version; closed months keep theirs."""

    name: str
    title: str
    theme: Theme
    manner: Manner
    said: Said
    rows: Rows
    owner: StaffRole = StaffRole.STATION_HEAD
    version: int = 1

    @property
    def target(self) -> str | None:
        """The name of the dated setting that holds its target."""
        return TARGETS.get(self.name)

    @property
    def by_staff(self) -> bool:
        """Whether its records name the person whom they are about."""
        return self.rows.staff != NO_ID

    def live(self) -> str:
        """The statement that gives its records as they stand now."""
        return live_rows(self.name, self.version, self.rows)

    def view(self) -> IndicatorView:
        return IndicatorView(
            name=self.name,
            title=self.title,
            theme=self.theme,
            measure=self.manner.measure,
            unit=self.manner.unit,
            direction=self.manner.direction,
            numerator=self.said.numerator,
            denominator=self.said.denominator,
            exclusions=self.said.exclusions,
            cut_off=self.said.cut_off,
            source=self.said.source,
            owner=self.owner,
            version=self.version,
            target=self.target,
            by_staff=self.by_staff,
        )

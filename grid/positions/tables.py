"""What is stored of positions: the trail, and the last fix of each person."""

from piccolo.columns import ForeignKey
from piccolo.columns.base import OnDelete, OnUpdate
from piccolo.constraints import Unique
from piccolo.table import Table

from grid.kit.columns import key, moment, real, to, yes_no
from grid.kit.database import DB
from grid.territory.tables import Staff


class PositionReport(Table, db=DB):
    """One fix of one person; the same fix sent twice is stored once."""

    id = key()
    staff = to(Staff, index=False)
    lat = real()
    lon = real()
    accuracy_m = real()
    speed_mps = real(null=True)
    recorded_at = moment()
    received_at = moment()
    doubtful = yes_no()

    position_report_once = Unique([staff, recorded_at])


class LastPosition(Table, db=DB):
    """The newest trustworthy fix of each person."""

    staff = ForeignKey(
        Staff,
        primary_key=True,
        default=None,
        null=False,
        on_delete=OnDelete.restrict,
        on_update=OnUpdate.restrict,
    )
    lat = real()
    lon = real()
    accuracy_m = real()
    recorded_at = moment()
    received_at = moment()


TABLES = (PositionReport, LastPosition)

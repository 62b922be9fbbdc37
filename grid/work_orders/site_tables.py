"""What is stored of people on site beside their jobs: calls for help, arrivals in doubt."""

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grid.kit.columns import key, moment, one_of, real, text, to, yes_no
from grid.kit.database import DB
from grid.territory.tables import Staff
from grid.work_orders.tables import WorkOrder
from grid.work_orders.words import ArrivalDoubt


class SafetyAlarm(Table, db=DB):
    """Somebody on site called for help, or did not check in; open until somebody answered it."""

    id = key()
    work_order = to(WorkOrder)
    staff = to(Staff)
    missed_check_in = yes_no()
    words = text(500, null=True)
    lat = real(null=True)
    lon = real(null=True)
    accuracy_m = real(null=True)
    device_at = moment(null=True)
    raised_at = moment()
    answered_by = to(Staff, null=True, index=False)
    answered_at = moment(null=True)
    answer = text(500, null=True)

    safety_alarm_answer = Check(
        "(answered_at IS NULL) = (answered_by IS NULL) AND (answered_at IS NULL) = (answer IS NULL)"
    )
    safety_alarm_not_self = Check("answered_by IS NULL OR answered_by <> staff")


class ArrivalFlag(Table, db=DB):
    """Two arrivals of two people that cannot both be what they seem; found once for each pair."""

    id = key()
    kind = text(16)
    work_order = to(WorkOrder)
    staff = to(Staff, index=False)
    other_work_order = to(WorkOrder, index=False)
    other_staff = to(Staff, index=False)
    found_at = moment()

    arrival_flag_kind = one_of("kind", ArrivalDoubt)
    arrival_flag_once = Unique([kind, work_order, other_work_order])


TABLES = (SafetyAlarm, ArrivalFlag)

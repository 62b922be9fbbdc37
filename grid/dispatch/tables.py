"""What is stored of choices: who was suggested, with which terms, and who was chosen."""

from piccolo.table import Table

from grid.kit.columns import json, key, moment, text, to
from grid.kit.database import DB
from grid.territory.tables import Staff
from grid.work_orders.tables import WorkOrder


class DispatchSuggestion(Table, db=DB):
    """The candidates of one moment, ranked, each with its terms, and the one that was chosen."""

    id = key()
    work_order = to(WorkOrder)
    chosen = to(Staff, null=True)
    capacity = text(12, null=True)
    made_by = text(80)
    made_at = moment()
    reason = text(500, null=True)
    candidates = json()


TABLES = (DispatchSuggestion,)

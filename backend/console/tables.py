"""What the console itself stores: the filters that a person keeps for a list."""

from piccolo.constraints import Unique
from piccolo.table import Table

from grid.kit.columns import key, moment, text, uuid
from grid.kit.database import DB


class SavedFilter(Table, db=DB):
    """One person's filter of one list, under a name of their own; `query` is a query string."""

    id = key()
    staff = uuid()
    page = text(20)
    name = text(20)
    query = text(400)
    saved_at = moment()

    saved_filter_once = Unique([staff, page, name])


TABLES = (SavedFilter,)

"""What is stored of indicators: months whose figures are fixed, with every record behind them.

Closings, their records and their sums are append-only: a recalculation is a further version.
"""

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grid.indicators.types import PeriodVerb, RecordKind, RequestState
from grid.kit.columns import big, key, moment, one_of, small, text, uuid, whole, yes_no
from grid.kit.database import DB


class IndicatorPeriod(Table, db=DB):
    """One version of a closed month. `confirmed_by` null: the schedule closed it."""

    id = key()
    period = text(7)
    version = small()
    closed_at = moment()
    asked_by = text(80)
    confirmed_by = text(80, null=True)
    reason = text(500)
    digest = text(64)

    indicator_period_once = Unique([period, version])
    indicator_period_version = Check("version >= 1")
    indicator_period_two_people = Check("confirmed_by IS NULL OR confirmed_by <> asked_by")


class IndicatorRecord(Table, db=DB):
    """One record as it stood when its month was closed, in the shape of every indicator.

    `closing` is the id of its `indicator_period`, which is written after it, in one transaction.
    """

    id = key()
    closing = uuid()
    indicator = text(40)
    definition_version = small()
    record_kind = text(12)
    record = uuid()
    at = moment()
    matter = text(24)
    grid = uuid(null=True)
    station = uuid(null=True)
    staff = uuid(null=True)
    ticket = uuid(null=True)
    work_order = uuid(null=True)
    hit = yes_no()
    excluded = text(20, null=True)
    amount = whole(null=True)

    indicator_record_kind = one_of("record_kind", RecordKind)
    indicator_record_subset = Check("excluded IS NULL OR NOT hit")


class IndicatorSum(Table, db=DB):
    """What an indicator added up to when its month was closed, and the digest of its records."""

    id = key()
    closing = uuid()
    indicator = text(40)
    definition_version = small()
    numerator = whole()
    denominator = whole()
    excluded = whole()
    amount = big()
    digest = text(64)

    indicator_sum_once = Unique([closing, indicator])
    indicator_sum_subset = Check("numerator BETWEEN 0 AND denominator")


class IndicatorRequest(Table, db=DB):
    """A closing or recalculation that one person asked for and another confirms."""

    id = key()
    period = text(7)
    verb = text(12)
    reason = text(500)
    state = text(10)
    asked_by = text(80)
    asked_at = moment()
    decided_by = text(80, null=True)
    decided_at = moment(null=True)

    indicator_request_verb = one_of("verb", PeriodVerb)
    indicator_request_state = one_of("state", RequestState)
    indicator_request_two_people = Check("state <> 'done' OR decided_by <> asked_by")


TABLES = (IndicatorPeriod, IndicatorRecord, IndicatorSum, IndicatorRequest)

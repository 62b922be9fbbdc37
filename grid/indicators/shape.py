"""The one shape of every indicator's records, so that a figure and its drill-down cannot differ.

A definition says where its records come from; here they become rows of one form. What is counted
is what no reason leaves out, and only what is counted can hit: so a numerator is always a part of
its denominator. Live rows come from the county's own tables; those of a closed month come from the
rows that were kept when it was closed, whatever the definition says today.

Parameters of every statement built here: $1 and $2 the span asked for, $3 and $4 the part of it
that lies in open months and before now, $5 the closings read, $6 the months they close, $7 now.
"""

from typing import NamedTuple

from grid.indicators.types import RecordKind

#: A record that names no such thing.
NO_ID = "NULL::uuid"


class Rows(NamedTuple):
    """Where an indicator's records come from: SQL expressions over `source`.

    `place` is the alias that has `grid` and `station`. `excluded` gives the reason that leaves a
    record out, or NULL. `amount` is in whole seconds or stars. Rows whose `sealed` holds belong to
    the county alone: no station, grid or person shows them.
    """

    record_kind: RecordKind
    source: str
    record: str
    at: str
    matter: str
    place: str
    where: str = "true"
    hit: str = "true"
    excluded: str = "NULL::varchar"
    amount: str = "NULL::int"
    staff: str = NO_ID
    ticket: str = NO_ID
    work_order: str = NO_ID
    sealed: str = "false"


#: Columns of the shape, as kept rows store them too.
COLUMNS = (
    "indicator",
    "definition_version",
    "record_kind",
    "record",
    "at",
    "matter",
    "grid",
    "station",
    "staff",
    "ticket",
    "work_order",
    "hit",
    "excluded",
    "amount",
)
_SHANGHAI_MONTH = "to_char(x.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')"


def live_rows(name: str, version: int, rows: Rows) -> str:
    """The records of an indicator as the tables have them now, of months that are open."""
    inner = (
        f"SELECT {rows.record} AS record, {rows.at} AS at, {rows.matter} AS matter,"  # noqa: S608
        f" {rows.place}.grid, {rows.place}.station, {rows.staff} AS staff,"
        f" {rows.ticket} AS ticket, {rows.work_order} AS work_order, {rows.hit} AS hit,"
        f" {rows.excluded} AS excluded, {rows.amount} AS amount, {rows.sealed} AS sealed"
        f" FROM {rows.source} WHERE ({rows.where}) AND {rows.at} >= $3::timestamptz"
        f" AND {rows.at} < $4::timestamptz"
    )
    return (
        f"SELECT '{name}'::varchar AS indicator, {version}::int2 AS definition_version,"  # noqa: S608
        f" '{rows.record_kind.value}'::varchar AS record_kind, x.record, x.at, x.matter::varchar,"
        " CASE WHEN NOT x.sealed THEN x.grid END AS grid,"
        " CASE WHEN NOT x.sealed THEN x.station END AS station,"
        " CASE WHEN NOT x.sealed THEN x.staff END AS staff, x.ticket, x.work_order,"
        " (x.excluded IS NULL AND coalesce(x.hit, false)) AS hit, x.excluded::varchar,"
        f" x.amount::int AS amount FROM ({inner}) x"
        f" WHERE cardinality($6::varchar[]) = 0 OR {_SHANGHAI_MONTH} <> ALL($6::varchar[])"
    )


def kept_rows(condition: str) -> str:
    """The records of closed months as they were kept; `condition` names the indicators."""
    return (
        f"SELECT {', '.join(COLUMNS)} FROM indicator_record"  # noqa: S608 - names are ours
        f" WHERE closing = ANY($5::uuid[]) AND {condition}"
        " AND at >= $1::timestamptz AND at < $2::timestamptz"
        " AND $7::timestamptz IS NOT NULL"
    )


#: What every figure is made of.
COUNTS = (
    "count(*) FILTER (WHERE r.hit) AS numerator,"
    " count(*) FILTER (WHERE r.excluded IS NULL) AS denominator,"
    " count(*) FILTER (WHERE r.excluded IS NOT NULL) AS left_out,"
    " coalesce(sum(r.amount) FILTER (WHERE r.excluded IS NULL), 0)::int8 AS amount,"
    " min(r.definition_version) AS oldest, max(r.definition_version) AS newest"
)

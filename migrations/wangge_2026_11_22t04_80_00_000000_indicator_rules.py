"""What makes a closed month unchangeable, and the indexes that serve indicators and open work."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-22T04:80:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "closed months append-only, indexes of indicators and of lists of open work"

_APPEND_ONLY = ("indicator_period", "indicator_record", "indicator_sum")
_OPEN = "state NOT IN ('completed', 'cannot_complete', 'cancelled', 'closed')"
_FORWARDS = (
    "CREATE INDEX work_order_newest ON work_order (reported_at DESC, id DESC)",
    "CREATE INDEX work_order_newest_open ON work_order (reported_at DESC, id DESC)"
    f" WHERE {_OPEN}",
    "CREATE INDEX work_order_danger ON work_order (reported_at, id)"
    f" WHERE priority = 'danger' AND {_OPEN}",
    "CREATE INDEX work_order_board ON work_order"
    " ((CASE WHEN priority = 'danger' THEN 0 ELSE 1 END),"
    " (coalesce(due_at, '9999-01-01T00:00:00Z'::timestamptz)), id)"
    f" WHERE {_OPEN}",
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION wangge_refuse_change()"
        for table in _APPEND_ONLY
    ),
    "CREATE INDEX indicator_record_read ON indicator_record (closing, indicator, at)",
    "CREATE UNIQUE INDEX indicator_request_one ON indicator_request (period)"
    " WHERE state = 'asked'",
    "CREATE INDEX sla_clock_decided ON sla_clock"
    " (target, (least(due_at, stopped_at, given_up_at))) WHERE started_at IS NOT NULL",
    "CREATE INDEX sla_clock_stopped ON sla_clock (target, stopped_at)"
    " WHERE stopped_at IS NOT NULL",
    "CREATE INDEX sla_pause_from ON sla_pause (from_at)",
    "CREATE INDEX ticket_transition_judged ON ticket_transition (event, at)"
    " WHERE event IN ('archive', 'callback')",
    "CREATE INDEX promise_promised ON promise (promised_at)"
    " WHERE told_at IS NOT NULL AND NOT is_estimate",
    "CREATE INDEX visit_stop_began ON visit_stop"
    " ((stop_day::timestamp AT TIME ZONE 'Asia/Shanghai'))",
    "CREATE INDEX time_correction_proposed ON time_correction (proposed_at)",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        for statement in _FORWARDS:
            await DB.run_ddl(statement)

    manager.add_raw(run)
    return manager

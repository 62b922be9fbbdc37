"""Alarms once, arrivals to be compared, planned jobs with their start in the row."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-22T04:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "one open alarm of a kind, arrivals by time, starts of planned jobs"

_FORWARDS = (
    "CREATE UNIQUE INDEX safety_alarm_one_open ON safety_alarm (work_order, staff, missed_check_in)"
    " WHERE answered_at IS NULL",
    "CREATE INDEX work_order_transition_arrived ON work_order_transition (at)"
    " WHERE event = 'arrive'",
    "CREATE INDEX work_order_left_open ON work_order (completed_at)"
    " WHERE state = 'cannot_complete' AND left_open_at IS NULL",
    # Until now the start of a planned job stood only in its history.
    "UPDATE work_order w SET starts_at = (SELECT (h.facts->>'starts_at')::timestamptz"
    " FROM work_order_transition h WHERE h.work_order = w.id AND h.event = 'schedule'"
    " ORDER BY h.version DESC LIMIT 1) WHERE w.state = 'scheduled' AND w.starts_at IS NULL",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        for statement in _FORWARDS:
            await DB.run_ddl(statement)

    manager.add_raw(run)
    return manager

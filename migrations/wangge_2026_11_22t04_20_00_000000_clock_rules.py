"""One open pause of a reason, time boxes that end, clocks to be reckoned, one open correction."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-22T04:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "open pauses and corrections once each, clocks that wait to be reckoned"

_FORWARDS = (
    "CREATE UNIQUE INDEX sla_pause_one_open ON sla_pause (subject_id, reason)"
    " WHERE ended_at IS NULL AND state IN ('requested', 'running')",
    "CREATE INDEX sla_pause_boxed ON sla_pause (box_until)"
    " WHERE ended_at IS NULL AND state IN ('requested', 'running')",
    "CREATE INDEX sla_pause_requested ON sla_pause (requested_at) WHERE state = 'requested'",
    "CREATE INDEX sla_clock_stale ON sla_clock (id) WHERE stale",
    "CREATE UNIQUE INDEX time_correction_one_open ON time_correction"
    " (work_order, field, coalesce(pause, work_order)) WHERE state = 'proposed'",
    "CREATE INDEX sla_policy_proposed ON sla_policy (proposed_at) WHERE state = 'proposed'",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        for statement in _FORWARDS:
            await DB.run_ddl(statement)

    manager.add_raw(run)
    return manager

"""Supervision: one order per limit, numbers, history append-only, indexes of what waits."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-22T04:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "supervision: one order per limit, history append-only"

_FORWARDS = (
    "CREATE SEQUENCE supervision_number",
    "CREATE UNIQUE INDEX supervision_order_clock ON supervision_order (clock, cause)"
    " WHERE clock IS NOT NULL",
    "CREATE UNIQUE INDEX supervision_order_once_open"
    " ON supervision_order (cause, coalesce(work_order, ticket))"
    " WHERE state <> 'closed' AND cause IN ('sos', 'left_open', 'unacknowledged')",
    "CREATE INDEX supervision_order_waiting ON supervision_order (answer_due_at, id)"
    " WHERE state = 'open'",
    "CREATE TRIGGER supervision_transition_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
    " ON supervision_transition FOR EACH STATEMENT EXECUTE FUNCTION wangge_refuse_change()",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        for statement in _FORWARDS:
            await DB.run_ddl(statement)

    manager.add_raw(run)
    return manager

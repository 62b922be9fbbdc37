"""Supervision and partners: what exists once, histories append-only, indexes of what waits."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-22T04:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "supervision and partners: what exists once, append-only, what waits"

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
    "CREATE SEQUENCE handover_number",
    "CREATE UNIQUE INDEX handover_out_once ON handover (ticket)"
    " WHERE direction = 'out' AND state <> 'returned'",
    "CREATE UNIQUE INDEX handover_in_once ON handover (agency, their_number)"
    " WHERE direction = 'in'",
    "CREATE TRIGGER handover_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
    " ON handover_entry FOR EACH STATEMENT EXECUTE FUNCTION wangge_refuse_change()",
    "CREATE INDEX partner_message_to_send ON partner_message (next_try_at)"
    " WHERE state IN ('waiting', 'chasing')",
    "CREATE INDEX partner_message_unacknowledged ON partner_message (queued_at)"
    " WHERE state IN ('waiting', 'sent')",
    "CREATE TRIGGER partner_message_frozen BEFORE UPDATE OF body, partner_order, stage, round"
    " ON partner_message FOR EACH STATEMENT EXECUTE FUNCTION wangge_refuse_change()",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        for statement in _FORWARDS:
            await DB.run_ddl(statement)

    manager.add_raw(run)
    return manager

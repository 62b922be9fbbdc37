"""Tickets: what people said is not rewritten; indexes for worklists, callbacks and look-ups."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-22T04:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "tickets: ratings are append-only, indexes for worklists"

_FORWARDS = (
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION wangge_refuse_change()"
        for table in ("rating", "rating_comment", "sealed_lookup")
    ),
    "CREATE INDEX ticket_newest ON ticket (reported_at DESC, id DESC)",
    "CREATE INDEX ticket_newest_open ON ticket (reported_at DESC, id DESC) WHERE closed_at IS NULL",
    "CREATE INDEX ticket_newest_of_station ON ticket (station, reported_at DESC, id DESC)",
    "CREATE INDEX ticket_of_handler ON ticket (handler) WHERE closed_at IS NULL",
    "CREATE INDEX ticket_called_back ON ticket (called_back_at) WHERE state = 'called_back'",
    "CREATE INDEX rating_newest ON rating (rated_at DESC, id DESC)",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        for statement in _FORWARDS:
            await DB.run_ddl(statement)

    manager.add_raw(run)
    return manager

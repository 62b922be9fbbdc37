"""Evidence: items are append-only; indexes for readers, for the sweep and for the search by bands."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-22T04:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "evidence: append-only items, bands of difference hashes"

_FORWARDS = (
    "CREATE TRIGGER evidence_item_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
    " ON evidence_item FOR EACH STATEMENT EXECUTE FUNCTION wangge_refuse_change()",
    "CREATE INDEX blob_upload_open_of_staff ON blob_upload (staff) WHERE state = 'open'",
    "CREATE INDEX blob_upload_open_until ON blob_upload (expires_at) WHERE state = 'open'",
    *(
        f"CREATE INDEX blob_band_{band} ON blob (((difference_hash >> {band * 16}) & 65535))"
        " WHERE difference_hash IS NOT NULL"
        for band in range(4)
    ),
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        for statement in _FORWARDS:
            await DB.run_ddl(statement)

    manager.add_raw(run)
    return manager

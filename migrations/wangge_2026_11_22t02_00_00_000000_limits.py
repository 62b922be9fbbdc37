"""The limits frozen on jobs become clocks of their own: keep them before their columns go."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-22T02:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "keep the limits of jobs"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        await DB.run_ddl(
            "CREATE TABLE kept_limit AS SELECT id, state, clock_from, dispatched_at, accepted_at,"
            " arrived_at, arrival_grade, restored_at, completed_at, closed_at, accept_limit_s,"
            " arrive_limit_s, restore_limit_s FROM work_order"
        )

    manager.add_raw(run)
    return manager

"""Visits: results, reviews and verdicts are append-only; one open check a job; findings hold."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-22T04:60:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "visits: append-only results, reviews and verdicts, one open check for a job"

_APPEND_ONLY = ("customer_visit", "visit_review", "visit_verdict", "customer_tag_step")

_FORWARDS = (
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION wangge_refuse_change()"
        for table in _APPEND_ONLY
    ),
    "CREATE TRIGGER visit_finding_words BEFORE UPDATE OF id, visit, number, kind, words, danger"
    " OR DELETE ON visit_finding FOR EACH STATEMENT EXECUTE FUNCTION wangge_refuse_change()",
    "CREATE UNIQUE INDEX visit_check_one_open ON visit_check (work_order) WHERE state = 'open'",
    "CREATE INDEX visit_check_open_of_staff ON visit_check (staff) WHERE state = 'open'",
    "CREATE INDEX visit_stop_day ON visit_stop (stop_day) WHERE state <> 'removed'",
    "CREATE INDEX visit_review_month ON visit_review (month, grid)",
    "CREATE INDEX customer_visit_of_author ON customer_visit (author, received_at)",
    "CREATE INDEX customer_visit_digest ON customer_visit (answers_digest)"
    " WHERE answers_digest IS NOT NULL",
    "CREATE INDEX customer_visit_newest ON customer_visit (received_at)",
    "CREATE INDEX customer_tag_in_care ON customer_tag (tag, account)",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        for statement in _FORWARDS:
            await DB.run_ddl(statement)

    manager.add_raw(run)
    return manager

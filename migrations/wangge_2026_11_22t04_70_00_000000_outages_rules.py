"""Outages and promises: append-only history, one standing promise each, one outage per child."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-22T04:70:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "outages and promises: append-only history, what stands once, what waits"

_STANDS = "NOT is_estimate AND replaced_by IS NULL AND withdrawn_at IS NULL AND happened_at IS NULL"

_FORWARDS = (
    "CREATE SEQUENCE outage_number",
    "CREATE TRIGGER outage_transition_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
    " ON outage_transition FOR EACH STATEMENT EXECUTE FUNCTION wangge_refuse_change()",
    f"CREATE UNIQUE INDEX promise_stands_once ON promise (whom, what, subject_id) WHERE {_STANDS}",
    f"CREATE INDEX promise_due ON promise (promised_at) WHERE {_STANDS} AND kept IS NULL",
    "CREATE INDEX promise_told_to_many ON promise (made_at)"
    " WHERE subject = 'outage' AND ticket_id IS NULL AND NOT is_estimate",
    "CREATE UNIQUE INDEX outage_district_once ON outage_district (outage, district)"
    " WHERE removed_at IS NULL",
    "CREATE UNIQUE INDEX outage_membership_one_open ON outage_membership (ticket)"
    " WHERE ended_at IS NULL",
    "CREATE INDEX outage_membership_waiting ON outage_membership (outage) WHERE ended_at IS NULL",
    "CREATE INDEX outage_open ON outage (starts_at) WHERE state NOT IN ('closed', 'cancelled')",
    "CREATE INDEX outage_telling_waiting ON outage_telling (id) WHERE finished_at IS NULL",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        for statement in _FORWARDS:
            await DB.run_ddl(statement)

    manager.add_raw(run)
    return manager

"""Append-only histories, indexes of open work, and the clocks of jobs that are there already."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-22T04:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "ticket history append-only, open work by its limit, clocks of old jobs"

_OLD = "'国家电网供电服务十项承诺(受理时冻结)'"
_CLOCK = (
    "INSERT INTO sla_clock (id, subject, subject_id, target, round, limit_s, hours, source,"
    " started_at, due_at, stopped_at, given_up_at, breached_at)"
)


def _old_clock(target: str, limit: str, started: str, stopped: str) -> str:
    """The clock of a target for every kept job; started ones carry due time, end and breach."""
    due = f"{started} + make_interval(secs => {limit})"
    ended = (
        f"CASE WHEN {stopped} IS NULL AND state IN"
        " ('completed', 'cannot_complete', 'cancelled', 'closed')"
        " THEN coalesce(completed_at, closed_at) END"
    )
    return (
        f"{_CLOCK} SELECT gen_random_uuid(), 'work_order', id, '{target}', 0, {limit}, 'always',"
        f" {_OLD}, {started}, {due}, CASE WHEN {started} IS NOT NULL THEN {stopped} END, {ended},"
        f" CASE WHEN coalesce({stopped}, {ended}) > {due} THEN {due} END FROM kept_limit"
    )


_FORWARDS = (
    "CREATE TRIGGER ticket_transition_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
    " ON ticket_transition FOR EACH STATEMENT EXECUTE FUNCTION wangge_refuse_change()",
    "CREATE INDEX sla_clock_due ON sla_clock (due_at) WHERE started_at IS NOT NULL"
    " AND stopped_at IS NULL AND given_up_at IS NULL AND breached_at IS NULL",
    "CREATE INDEX sla_clock_warn ON sla_clock (warn_at) WHERE warn_at IS NOT NULL"
    " AND stopped_at IS NULL AND given_up_at IS NULL AND warned_at IS NULL",
    "CREATE INDEX sla_pause_open ON sla_pause (box_until) WHERE state = 'running'",
    "CREATE INDEX sla_policy_in_force ON sla_policy (kind, effective_from)"
    " WHERE state = 'released'",
    "CREATE INDEX work_order_open_due ON work_order (due_at)"
    " WHERE state NOT IN ('completed', 'cannot_complete', 'cancelled', 'closed')",
    "CREATE INDEX ticket_open_due ON ticket (due_at) WHERE closed_at IS NULL",
    "CREATE INDEX ticket_open_of_handler ON ticket (handler) WHERE closed_at IS NULL",
    "CREATE INDEX work_order_check_in ON work_order (check_in_due_at)"
    " WHERE check_in_due_at IS NOT NULL",
    _old_clock("accept", "accept_limit_s", "dispatched_at", "accepted_at"),
    _old_clock(
        "arrive",
        "arrive_limit_s",
        "clock_from",
        "CASE WHEN arrival_grade <> 'disputed' THEN arrived_at END",
    ),
    _old_clock("restore", "restore_limit_s", "arrived_at", "restored_at"),
    "UPDATE work_order w SET due_at = (SELECT min(c.due_at) FROM sla_clock c"
    " WHERE c.subject_id = w.id AND c.started_at IS NOT NULL AND c.stopped_at IS NULL"
    " AND c.given_up_at IS NULL)",
    "UPDATE ticket t SET state = CASE WHEN w.state = 'assigned' THEN 'dispatched'"
    " WHEN w.state IN ('accepted', 'en_route') THEN 'in_hand'"
    " WHEN w.state IN ('on_site', 'in_progress', 'on_hold') AND w.restored_at IS NOT NULL"
    " THEN 'handled' WHEN w.state IN ('on_site', 'in_progress', 'on_hold', 'cannot_complete')"
    " THEN 'on_site' ELSE 'accepted' END"
    " FROM (SELECT DISTINCT ON (ticket) * FROM work_order ORDER BY ticket, id DESC) w"
    " WHERE w.ticket = t.id AND t.state IN ('accepted', 'in_hand')",
    "INSERT INTO ticket_transition (id, ticket, version, event, to_state, actor, at, facts)"
    " SELECT gen_random_uuid(), id, 0, 'intake', 'accepted', reported_by, reported_at, '{}'"
    " FROM ticket",
    "DROP TABLE kept_limit",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        for statement in _FORWARDS:
            await DB.run_ddl(statement)

    manager.add_raw(run)
    return manager

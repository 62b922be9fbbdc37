"""What Piccolo cannot say: append-only tables, partial indexes, rules over rows and dates."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from grid.kit.database import DB

ID = "2026-11-21T23:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "append-only tables, partial indexes, exclusions, roles at every date"

_APPEND_ONLY = ("audit_entry", "audit_link", "work_order_transition")

_OPEN_ASSIGNMENT = "state IN ('offered', 'accepted', 'en_route', 'on_site', 'working')"

_FORWARDS = (
    "CREATE EXTENSION IF NOT EXISTS btree_gist",
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    """CREATE FUNCTION wangge_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
    END $$""",
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION wangge_refuse_change()"
        for table in _APPEND_ONLY
    ),
    "CREATE SEQUENCE ticket_number",
    "CREATE SEQUENCE work_order_number",
    "CREATE INDEX outbox_event_new ON outbox_event (id) WHERE relayed_at IS NULL",
    "CREATE INDEX event_delivery_due ON event_delivery (due_at, id) WHERE state = 'pending'",
    "CREATE INDEX event_delivery_dead ON event_delivery (id) WHERE state = 'dead'",
    "CREATE INDEX event_delivery_unfinished ON event_delivery (state) WHERE state <> 'handled'",
    "CREATE INDEX dated_setting_in_force ON dated_setting (name, scope, effective_from)",
    "CREATE UNIQUE INDEX wechat_link_open ON wechat_link (openid, account)"
    " WHERE unbound_at IS NULL",
    "CREATE UNIQUE INDEX wechat_link_one_default ON wechat_link (openid)"
    " WHERE unbound_at IS NULL AND is_default",
    "CREATE INDEX binding_try_openid ON binding_try (openid, tried_at)",
    "CREATE INDEX binding_try_account ON binding_try (account_no, tried_at)",
    f"CREATE UNIQUE INDEX assignment_one_open ON assignment (work_order) WHERE {_OPEN_ASSIGNMENT}",
    f"CREATE INDEX assignment_open_of_staff ON assignment (staff) WHERE {_OPEN_ASSIGNMENT}",
    "CREATE INDEX assignment_silent ON assignment (accept_due_at) WHERE state = 'offered'",
    "CREATE INDEX work_order_open ON work_order (grid, reported_at)"
    " WHERE state NOT IN ('closed', 'cancelled')",
    "CREATE INDEX work_order_of_assignee ON work_order (assignee)"
    " WHERE state NOT IN ('closed', 'cancelled', 'completed', 'cannot_complete')",
    "CREATE INDEX ticket_open_of_account ON ticket (account) WHERE closed_at IS NULL",
    "CREATE INDEX ticket_replied ON ticket (replied_at) WHERE state = 'replied'",
    "CREATE INDEX sign_in_session_open ON sign_in_session (staff) WHERE ended_at IS NULL",
    "CREATE INDEX service_account_search ON service_account USING gin"
    " ((account_no || ' ' || name || ' ' || coalesce(phone, '') || ' ' || address || ' '"
    " || name_initials) gin_trgm_ops)",
    "CREATE INDEX meter_search ON meter USING gin (meter_no gin_trgm_ops)",
    "ALTER TABLE grid_appointment ADD CONSTRAINT grid_appointment_one_manager EXCLUDE USING gist"
    " (grid WITH =, daterange(from_day, until_day) WITH &&) WHERE (role = 'manager')",
    "ALTER TABLE grid_appointment ADD CONSTRAINT grid_appointment_one_role_each EXCLUDE USING gist"
    " (grid WITH =, staff WITH =, daterange(from_day, until_day) WITH &&)",
    """CREATE FUNCTION wangge_check_grid_roles() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        one_grid uuid;
        span daterange;
        wanted text;
    BEGIN
        IF TG_TABLE_NAME = 'service_grid' THEN one_grid := NEW.id;
        ELSIF TG_OP = 'DELETE' THEN one_grid := OLD.grid;
        ELSE one_grid := NEW.grid;
        END IF;
        SELECT daterange(active_from, active_until) INTO span FROM service_grid
            WHERE id = one_grid AND active_from IS NOT NULL;
        IF span IS NULL THEN RETURN NULL; END IF;
        -- Two transactions that each end another supervisor must see each other.
        PERFORM FROM service_grid WHERE id = one_grid FOR NO KEY UPDATE;
        FOREACH wanted IN ARRAY ARRAY['manager', 'supervisor'] LOOP
            IF NOT coalesce((SELECT range_agg(daterange(from_day, until_day)) @> span
                             FROM grid_appointment WHERE grid = one_grid AND role = wanted), false)
            THEN
                RAISE EXCEPTION 'an active grid has a % at every date', wanted
                    USING ERRCODE = '23514', CONSTRAINT = 'grid_appointment_' || wanted || '_always';
            END IF;
        END LOOP;
        RETURN NULL;
    END $$""",
    "CREATE CONSTRAINT TRIGGER grid_appointment_roles AFTER INSERT OR UPDATE OR DELETE"
    " ON grid_appointment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    " EXECUTE FUNCTION wangge_check_grid_roles()",
    "CREATE CONSTRAINT TRIGGER service_grid_roles AFTER INSERT OR UPDATE ON service_grid"
    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wangge_check_grid_roles()",
    "INSERT INTO business_clock (id, offset_s) VALUES (1, 0)",
)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="wangge", description=DESCRIPTION)

    async def run():
        for statement in _FORWARDS:
            await DB.run_ddl(statement)

    manager.add_raw(run)
    return manager

"""A database of the first version goes on with its open work after an upgrade."""

import os
import tempfile
from pathlib import Path

import asyncpg
from piccolo.apps.migrations.commands.base import BaseMigrationManager

from backend.apart import apart
from backend.embedded import EmbeddedPostgres
from backend.keys import Secret
from backend.migrate import _modules, _run_step, migrate
from backend.settings import DatabaseSettings

#: The last migration of the first version.
FIRST_VERSION = "2026-11-21T23:30:00:000000"

_PLACE = (
    "INSERT INTO supply_station (id, code, name, lat, lon)"
    " VALUES (gen_random_uuid(), 'S', '所', 30, 110)",
    "INSERT INTO staff (id, employee_no, name, phone, state, password_hash, must_change_password,"
    " failed_tries, created_at) VALUES (gen_random_uuid(), 'A1', '张', '1', 'active', 'x', false, 0,"
    " '2026-11-01Z')",
)
_TICKET = (
    "INSERT INTO ticket (id, number, kind, channel, state, danger, description, reported_by,"
    " reported_at, version) VALUES (gen_random_uuid(), $1, 'fault', 'phone', 'in_hand', false,"
    " '没电', 'staff:A1', '2026-11-20 08:00Z', 3) RETURNING id"
)
_JOB = (
    "INSERT INTO work_order (id, number, ticket, kind, state, priority, place_class, assignee,"
    " supervised, accept_limit_s, arrive_limit_s, restore_limit_s, reported_at, clock_from,"
    " dispatched_at, accepted_at, arrived_at, arrival_grade, version)"
    " SELECT gen_random_uuid(), $1::varchar, $2::uuid, 'fault_repair', $3::varchar, 'urgent',"
    " 'rural', s.id, false, 180, 5400, 14400, '2026-11-20 08:00Z', '2026-11-20 08:00Z',"
    " '2026-11-20 08:01Z', '2026-11-20 08:02Z',"
    " CASE WHEN $3 = 'on_site' THEN timestamptz '2026-11-20 10:00Z' END,"
    " CASE WHEN $3 = 'on_site' THEN 'weak' END, 4 FROM staff s RETURNING id"
)


async def _as_the_first_version(server: EmbeddedPostgres) -> None:
    """The tables of the first version, made by the migrations that it shipped."""
    os.environ["PICCOLO_CONF"] = "backend.piccolo_conf"
    manager = BaseMigrationManager()
    with apart(server.owner_url, {"application_name": "test"}):
        await manager.create_migration_table()
        steps = _modules(manager)
        for identity in sorted(steps):
            if identity <= FIRST_VERSION:
                await _run_step(identity, steps[identity])


async def test_W1_open_work_of_the_first_version_keeps_its_limits_and_its_next_step() -> None:
    with tempfile.TemporaryDirectory(prefix="wangge-test-") as place:
        async with EmbeddedPostgres(Path(place) / "home", durable=False) as server:
            await _as_the_first_version(server)
            owner = await asyncpg.connect(server.owner_url)
            try:
                for statement in _PLACE:
                    await owner.execute(statement)
                for number, state in (("1", "accepted"), ("2", "on_site")):
                    ticket = await owner.fetchval(_TICKET, number)
                    await owner.fetchval(_JOB, number, ticket, state)
                await migrate(
                    DatabaseSettings(
                        database_url=Secret(server.app_url),
                        migration_database_url=Secret(server.owner_url),
                    )
                )
                states = await owner.fetch("SELECT number, state FROM ticket ORDER BY number")
                clocks = await owner.fetch(
                    "SELECT w.number, c.target, c.limit_s, c.stopped_at IS NOT NULL AS stopped,"
                    " c.breached_at IS NOT NULL AS breached, w.due_at = c.due_at AS next"
                    " FROM sla_clock c JOIN work_order w ON w.id = c.subject_id"
                    " WHERE c.started_at IS NOT NULL ORDER BY w.number, c.target"
                )
                begun = await owner.fetchval("SELECT count(*) FROM ticket_transition")
            finally:
                await owner.close()
    assert [tuple(row) for row in states] == [("1", "in_hand"), ("2", "on_site")]
    assert [tuple(row) for row in clocks] == [
        ("1", "accept", 180, True, False, False),
        ("1", "arrive", 5400, False, False, True),
        ("2", "accept", 180, True, False, False),
        ("2", "arrive", 5400, True, True, False),
        ("2", "restore", 14400, False, False, True),
    ]
    assert begun == 2

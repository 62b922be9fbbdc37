"""`wangge doctor`: names what is wrong, says how to mend it, shows no secret."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from backend.commands.doctor import lines_of
from backend.doctor import Finding, examine
from backend.embedded import EmbeddedPostgres, EmbeddedValkey
from backend.embedded.postgres import APP_ROLE
from backend.keys import Secret
from backend.migrate import migrate
from backend.settings import DatabaseSettings
from tests.backend.test_settings import ENVIRON, SECRET_WORDS


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    async with EmbeddedValkey(tmp_path / "home", durable=False) as server:
        yield server


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The name of a database without tables."""
    name = f"doctor_{uuid4().hex[:12]}"
    await postgres.create_database(name)
    yield name
    await postgres.drop_database(name)


def environ_for(postgres: EmbeddedPostgres, name: str, valkey: EmbeddedValkey) -> dict[str, str]:
    return ENVIRON | {
        "WANGGE_DATABASE_URL": postgres.url_of(name, APP_ROLE),
        "WANGGE_MIGRATION_DATABASE_URL": postgres.url_of(name),
        "WANGGE_REDIS_URL": valkey.url,
        "WANGGE_WECHAT_ENCODING_AES_KEY": "a" * 42 + "A",
    }


async def examined(environ: Mapping[str, str]) -> dict[str, Finding]:
    """The findings by check, after a look that none of them shows a secret."""
    findings = await examine(environ, online=False)
    shown = "\n".join(line for finding in findings for line in lines_of(finding))
    secrets = [value.split(":", 3)[-1] for name, value in environ.items() if "_URL" in name]
    passwords = [one.split("@")[0] for one in secrets if "@" in one]
    assert not [word for word in (*SECRET_WORDS, *passwords) if word in shown]
    return {finding.check: finding for finding in findings}


async def test_a_sound_installation_has_nothing_to_mend(
    postgres: EmbeddedPostgres, empty: str, valkey: EmbeddedValkey
) -> None:
    environ = environ_for(postgres, empty, valkey)
    await migrate(
        DatabaseSettings(
            database_url=Secret(environ["WANGGE_DATABASE_URL"]),
            migration_database_url=Secret(environ["WANGGE_MIGRATION_DATABASE_URL"]),
        )
    )
    findings = await examined(environ)
    assert [one.seen for one in findings.values() if not one.is_right] == []
    checks = {"settings", "database", "clock", "migrations", "rights", "messages", "transport"}
    assert set(findings) == checks | {"wechat"}


async def test_waiting_migrations_are_named(
    postgres: EmbeddedPostgres, empty: str, valkey: EmbeddedValkey
) -> None:
    findings = await examined(environ_for(postgres, empty, valkey))
    assert not findings["migrations"].is_right
    assert findings["migrations"].mend == "run `wangge migrate`"
    assert findings["database"].is_right


async def test_a_role_that_could_rewrite_the_proof_is_found(
    postgres: EmbeddedPostgres, empty: str, valkey: EmbeddedValkey
) -> None:
    environ = environ_for(postgres, empty, valkey)
    alone = environ | {"WANGGE_DATABASE_URL": environ["WANGGE_MIGRATION_DATABASE_URL"]}
    await migrate(DatabaseSettings(database_url=Secret(alone["WANGGE_DATABASE_URL"])))
    findings = await examined(alone)
    assert not findings["rights"].is_right
    assert "audit_entry" in findings["rights"].seen


async def test_an_unreachable_database_and_transport_are_two_findings(
    postgres: EmbeddedPostgres, empty: str, valkey: EmbeddedValkey
) -> None:
    nowhere = environ_for(postgres, empty, valkey) | {
        "WANGGE_DATABASE_URL": "postgresql://u:quiet-word@127.0.0.1:1/d",
        "WANGGE_REDIS_URL": "redis://:hidden-word@127.0.0.1:1/0",
    }
    findings = await examined(nowhere)
    assert {name for name, one in findings.items() if not one.is_right} == {"database", "transport"}


async def test_a_wrong_password_is_found_and_not_shown(
    postgres: EmbeddedPostgres, empty: str, valkey: EmbeddedValkey
) -> None:
    wrong = environ_for(postgres, empty, valkey)
    wrong["WANGGE_DATABASE_URL"] = wrong["WANGGE_DATABASE_URL"].replace(
        f"{APP_ROLE}:", f"{APP_ROLE}:quiet-word"
    )
    wrong["WANGGE_REDIS_URL"] = wrong["WANGGE_REDIS_URL"].replace("://:", "://:hidden-word")
    findings = await examined(wrong)
    assert {name for name, one in findings.items() if not one.is_right} == {"database", "transport"}


async def test_a_transport_that_forgets_is_found(
    postgres: EmbeddedPostgres, empty: str, valkey: EmbeddedValkey
) -> None:
    async with Redis.from_url(valkey.url) as client:
        await client.config_set("maxmemory-policy", "allkeys-lru")
    findings = await examined(environ_for(postgres, empty, valkey))
    assert "noeviction" in findings["transport"].mend


async def test_a_key_of_the_wrong_shape_and_a_silent_platform(
    postgres: EmbeddedPostgres, empty: str, valkey: EmbeddedValkey
) -> None:
    environ = environ_for(postgres, empty, valkey)
    bad = environ | {"WANGGE_WECHAT_ENCODING_AES_KEY": "!" * 43}
    assert "32 bytes" in (await examined(bad))["wechat"].seen
    silent = environ | {"WANGGE_WECHAT_API_BASE_URL": "http://127.0.0.1:1"}
    assert "no answer" in (await examined(silent))["wechat"].seen


async def test_wrong_settings_are_findings_of_their_own() -> None:
    findings = await examine({"WANGGE_NONSENSE": "1"}, online=False)
    names = [finding.seen.split(":")[0] for finding in findings]
    assert "WANGGE_NONSENSE" in names
    assert "WANGGE_DATABASE_URL" in names
    assert not [finding for finding in findings if finding.is_right or not finding.mend]

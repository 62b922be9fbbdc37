"""Checks an installation and says, for each thing that is wrong, how to mend it."""

import asyncio
import base64
import binascii
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import asyncpg
import httpx
import msgspec
from arq.connections import RedisSettings, create_pool
from arq.constants import default_queue_name, health_check_key_suffix
from redis.exceptions import RedisError

from backend.keys import Secret
from backend.migrate import pending
from backend.settings import DatabaseSettings, Settings, SettingsError, load, load_database
from grid.kit.database import APPEND_ONLY_TABLES

OLDEST_SERVER = 15
CLOCK_OFFSET_MAX_S = 1.0
CHECK_WITHIN_S = 15.0
ASK_WECHAT_WITHIN_S = 5.0

#: What WeChat's commonest refusals of credentials mean for the person who mends them.
WECHAT_REFUSALS = {
    40001: "the AppSecret is not the one of this AppID: set WANGGE_WECHAT_APP_SECRET",
    40013: "the platform does not know this AppID: set WANGGE_WECHAT_APP_ID",
    40125: "the AppSecret is wrong: set WANGGE_WECHAT_APP_SECRET",
    40164: "add this machine's address to the platform's list of allowed addresses",
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what was seen and, where it is not right, how to mend it."""

    check: str
    is_right: bool
    seen: str
    mend: str = ""


def right(check: str, seen: str) -> Finding:
    return Finding(check=check, is_right=True, seen=seen)


def wrong(check: str, seen: str, mend: str) -> Finding:
    return Finding(check=check, is_right=False, seen=seen, mend=mend)


async def examine(environ: Mapping[str, str], *, online: bool) -> list[Finding]:
    """Run every check that the settings allow; `online` also asks a platform that is not local."""
    findings: list[Finding] = []
    whole: Settings | None = None
    try:
        whole = load(environ)
        findings.append(right("settings", "all there"))
    except SettingsError as error:
        mend = "see the table of settings in backend/README.md"
        findings += [wrong("settings", line, mend) for line in str(error).splitlines()]
    try:
        database: DatabaseSettings = whole or load_database(environ)
    except SettingsError:
        return findings
    findings += await _guarded("database", lambda: _check_database(database))
    if whole is not None:
        known = whole
        findings += await _guarded("transport", lambda: _check_transport(known))
        findings += await _guarded("wechat", lambda: _check_wechat(known, online=online))
    return [_scrubbed(finding, database) for finding in findings]


async def _guarded(check: str, run: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    """A check that breaks is a finding, too."""
    try:
        async with asyncio.timeout(CHECK_WITHIN_S):
            return await run()
    except TimeoutError:
        return [wrong(check, f"no answer within {CHECK_WITHIN_S:.0f} s", "is it running?")]
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError) as error:
        mend = f"is it running, and is the address of the {check} right?"
        return [wrong(check, f"{type(error).__name__}: {error}", mend)]


async def _check_database(settings: DatabaseSettings) -> list[Finding]:
    connection = await asyncpg.connect(settings.database_url.reveal(), timeout=5)
    try:
        major = connection.get_server_version().major
        role = await connection.fetchval("SELECT current_user")
        seen = f"PostgreSQL {await connection.fetchval('SHOW server_version')} as {role}"
        if major < OLDEST_SERVER:
            mend = f"install PostgreSQL {OLDEST_SERVER} or newer"
            return [wrong("database", seen, mend)]
        waiting = await pending(connection)
        return [
            right("database", seen),
            await _check_clock(connection),
            wrong("migrations", f"{len(waiting)} have not run", "run `wangge migrate`")
            if waiting
            else right("migrations", "all have run"),
            *([] if waiting else [await _check_rights(connection), await _waiting(connection)]),
        ]
    finally:
        await connection.close()


async def _check_clock(connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    """Compare this machine's clock with the database's, in the middle of a round trip."""
    before = datetime.now(UTC)
    theirs = await connection.fetchval("SELECT clock_timestamp()")
    middle = before + (datetime.now(UTC) - before) / 2
    offset_s = abs((theirs - middle).total_seconds())
    seen = f"{offset_s:.3f} s between this machine and the database"
    if offset_s > CLOCK_OFFSET_MAX_S:
        return wrong("clock", seen, "let both follow one time server (NTP)")
    return right("clock", seen)


async def _check_rights(connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    """The role that serves may not rewrite what is kept as proof."""
    if await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        return wrong("rights", "the run-time role is a superuser", _TWO_ROLES)
    rewritable = [
        table
        for table in APPEND_ONLY_TABLES
        if await connection.fetchval(
            "SELECT has_table_privilege($1, 'UPDATE') OR has_table_privilege($1, 'DELETE')"
            " OR has_table_privilege($1, 'TRUNCATE')",
            table,
        )
    ]
    if rewritable:
        return wrong("rights", f"the run-time role can rewrite {', '.join(rewritable)}", _TWO_ROLES)
    return right("rights", "the run-time role cannot rewrite the audit tables")


_TWO_ROLES = (
    "give WANGGE_DATABASE_URL a plain role of its own, WANGGE_MIGRATION_DATABASE_URL the role "
    "that owns the tables, and run `wangge migrate`"
)


async def _waiting(connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    """Say what waits for people; that is no fault of the installation."""
    rows = await connection.fetch(
        "SELECT state, count(*) AS many FROM event_delivery"
        " WHERE state IN ('dead', 'frozen') GROUP BY state ORDER BY state"
    )
    if not rows:
        return right("messages", "none is dead or frozen")
    return right("messages", ", ".join(f"{row['many']} {row['state']}" for row in rows))


async def _check_transport(settings: Settings) -> list[Finding]:
    target = RedisSettings.from_dsn(settings.redis_url.reveal())
    target.conn_timeout, target.conn_retries = 3, 0
    pool = await create_pool(target)
    try:
        await pool.ping()
        told = await pool.info("server")
        policy = (await pool.info("memory")).get("maxmemory_policy", "noeviction")
        beating = await pool.exists(default_queue_name + health_check_key_suffix)
    finally:
        await pool.aclose()
    product = told.get("server_name", "redis")
    seen = f"{product} {told.get('valkey_version') or told.get('redis_version')} answers"
    worker = "a worker beats" if beating else "no worker has been seen"
    if policy != "noeviction":
        mend = "set its maxmemory-policy to noeviction"
        return [wrong("transport", f"{seen}, but it throws keys away ({policy})", mend)]
    return [right("transport", f"{seen}; {worker}")]


async def _check_wechat(settings: Settings, *, online: bool) -> list[Finding]:
    """Hold the credentials against their shape; ask the platform where that is allowed."""
    try:
        whole = base64.b64decode(settings.wechat_encoding_aes_key.reveal() + "=", validate=True)
    except binascii.Error:
        whole = b""
    if len(whole) != 32:
        mend = "copy WANGGE_WECHAT_ENCODING_AES_KEY again from the platform's page"
        return [wrong("wechat", "the EncodingAESKey is not base64 of 32 bytes", mend)]
    if not online and not _is_local(settings.wechat_api_base_url):
        return [right("wechat", "credentials have the right shape (--online asks the platform)")]
    return [await _ask_wechat(settings)]


async def _ask_wechat(settings: Settings) -> Finding:
    """Fetch an access token the way the service does; it does not end the one in use."""
    body = {
        "grant_type": "client_credential",
        "appid": settings.wechat_app_id,
        "secret": settings.wechat_app_secret.reveal(),
    }
    url = f"{settings.wechat_api_base_url}/cgi-bin/stable_token"
    try:
        async with httpx.AsyncClient(timeout=ASK_WECHAT_WITHIN_S) as client:
            answer = msgspec.json.decode((await client.post(url, json=body)).content, type=dict)
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        mend = "may this machine reach WANGGE_WECHAT_API_BASE_URL?"
        return wrong("wechat", f"no answer: {type(error).__name__}", mend)
    if answer.get("access_token"):
        return right("wechat", "the platform gives an access token")
    code = answer.get("errcode")
    mend = WECHAT_REFUSALS.get(code if isinstance(code, int) else 0, "look the code up")
    return wrong("wechat", f"the platform refuses with code {code}", mend)


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _scrubbed(finding: Finding, settings: DatabaseSettings) -> Finding:
    """The finding without any secret, whatever a library put into its message."""
    seen = finding.seen
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        if isinstance(value, Secret):
            password = urlsplit(value.reveal()).password if "://" in value.reveal() else None
            for secret in (value.reveal(), password):
                seen = seen.replace(secret, "***") if secret else seen
    return msgspec.structs.replace(finding, seen=seen)

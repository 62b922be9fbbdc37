"""Is this process alive, and can it serve? `ready` says what is missing."""

import asyncio
from typing import Any

import msgspec
from litestar import Response, get
from redis.asyncio import Redis

from backend.http.staff import PUBLIC
from backend.settings import settings
from grid.kit.database import fetch_value

_LIMIT_S = 2.0


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """`missing` names what does not answer; empty when all is well."""

    status: str
    missing: list[str]


@get("/health/live", opt={PUBLIC: True}, tags=["health"], sync_to_thread=False)
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@get("/health/ready", opt={PUBLIC: True}, tags=["health"])
async def ready() -> Response[Readiness]:
    """Database, its tables and the transport answer within two seconds each."""
    missing = [name for name, check in _CHECKS.items() if not await _passes(check)]
    body = Readiness(status="ready" if not missing else "not_ready", missing=missing)
    return Response(body, status_code=200 if not missing else 503)


async def _passes(check: Any) -> bool:
    try:
        async with asyncio.timeout(_LIMIT_S):
            return bool(await check())
    except Exception:
        return False


async def _database() -> bool:
    return bool(await fetch_value("SELECT 1"))


async def _tables() -> bool:
    return bool(await fetch_value("SELECT to_regclass('business_clock') IS NOT NULL"))


async def _transport() -> bool:
    client: Redis = Redis.from_url(settings().redis_url.reveal(), socket_connect_timeout=1)
    try:
        return bool(await client.ping())
    finally:
        await client.aclose()


_CHECKS = {"database": _database, "tables": _tables, "transport": _transport}

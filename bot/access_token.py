"""One access token for all processes: kept in Valkey, fetched by one of them at a time.

`stable_token` gives every caller the same token while it lives, so the worst a lost cache costs is
one more call. Sixteen cold processes make one request: the others wait for what the first one
stores. Without Valkey each process keeps its own copy of that same token.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

#: A token is not used in its last minutes: the platform renews it there by itself.
MARGIN_S = 300
#: How long one process may take to fetch; then another may try.
FETCH_LOCK_MS = 10_000
#: After a token was refused and renewed, the next renewal waits this long (no storms).
RENEW_EVERY_MS = 60_000
_WAIT_STEP_S = 0.05
_WAIT_LIMIT_S = 8.0


class Fetched(NamedTuple):
    """What the platform gave: the token and its seconds to live."""

    token: str
    expires_in_s: int


class Kept(msgspec.Struct, frozen=True):
    """A token as it is stored, with the end of its use in epoch seconds."""

    token: str
    use_until: float


Fetch = Callable[[bool], Awaitable[Fetched]]


class AccessTokens:
    """The token store of one official account. `fetch(force)` asks the platform."""

    def __init__(self, app_id: str, redis: Redis | None, fetch: Fetch) -> None:
        self._key = f"wangge:wechat:{app_id}:access_token"
        self._redis = redis
        self._fetch = fetch
        self._here: Kept | None = None
        self._one_here = asyncio.Lock()
        self._renewed_at = float("-inf")

    async def token(self) -> str:
        """A token that should be good. Raises what `fetch` raises."""
        kept = await self._read()
        if kept is not None:
            return kept.token
        async with self._one_here:
            kept = await self._read() or await self._single_flight()
            return kept.token

    async def renewed(self, refused: str) -> str | None:
        """Another token after the platform refused one; None when it is too early to ask again."""
        async with self._one_here:
            kept = await self._read()
            if kept is not None and kept.token != refused:
                return kept.token
            if not await self._may_renew():
                return None
            fetched = await self._fetch(False)
            if fetched.token == refused:
                fetched = await self._fetch(True)
            await self._store(fetched)
            return fetched.token

    async def _read(self) -> Kept | None:
        kept = self._here
        if self._redis is not None:
            try:
                raw = await self._redis.get(self._key)
                kept = None if raw is None else msgspec.json.decode(raw, type=Kept)
            except (RedisError, OSError, msgspec.MsgspecError):
                kept = self._here
        return kept if kept is not None and kept.use_until > time.time() else None

    async def _single_flight(self) -> Kept:
        """Fetch, or wait for the process that is fetching."""
        waited_until = time.monotonic() + _WAIT_LIMIT_S
        while not await self._claim("fetching", FETCH_LOCK_MS):
            await asyncio.sleep(_WAIT_STEP_S)
            kept = await self._read()
            if kept is not None:
                return kept
            if time.monotonic() > waited_until:
                break
        try:
            kept = await self._read()
            return kept or await self._store(await self._fetch(False))
        finally:
            await self._release("fetching")

    async def _store(self, fetched: Fetched) -> Kept:
        life_s = max(1, fetched.expires_in_s - MARGIN_S)
        kept = self._here = Kept(fetched.token, time.time() + life_s)
        if self._redis is not None:
            try:
                await self._redis.set(self._key, msgspec.json.encode(kept), ex=life_s)
            except (RedisError, OSError):
                return kept
        return kept

    async def _may_renew(self) -> bool:
        """Once a minute over all processes, and once a minute here when Valkey is away."""
        now = time.monotonic()
        if now - self._renewed_at < RENEW_EVERY_MS / 1000:
            return False
        if not await self._claim("renewed", RENEW_EVERY_MS):
            return False
        self._renewed_at = now
        return True

    async def _claim(self, what: str, for_ms: int) -> bool:
        if self._redis is None:
            return True
        try:
            return bool(await self._redis.set(f"{self._key}:{what}", 1, nx=True, px=for_ms))
        except (RedisError, OSError):
            return True

    async def _release(self, what: str) -> None:
        if self._redis is None:
            return
        try:
            await self._redis.delete(f"{self._key}:{what}")
        except (RedisError, OSError):
            return

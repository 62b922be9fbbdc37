"""Budgets: how often something may happen per key; counted in Valkey, here when that is down."""

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from grid.kit.refusals import TooMany

_WAIT_S = 0.5


class Budgets:
    """Counts takings per name and key in a sliding window."""

    def __init__(self, redis_url: str | None) -> None:
        self._here = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = None
        self._pool: ConnectionPool | None = None
        if redis_url is not None:
            # Short limits: a hanging Valkey must not hang whoever signs in.
            self._pool = ConnectionPool.from_url(
                redis_url, socket_connect_timeout=_WAIT_S, socket_timeout=_WAIT_S
            )
            address = redis_url.replace("unix://", "redis+unix://", 1)
            self._shared = SlidingWindowCounterRateLimiter(
                RedisStorage(
                    f"async+{address}", implementation="redispy", connection_pool=self._pool
                )
            )

    async def close(self) -> None:
        """Give the connections back."""
        if self._pool is not None:
            await self._pool.aclose()

    async def take(self, name: str, key: str, limit: int, window_s: int) -> bool:
        """Take one from the budget; False when nothing is left. Never fails without Valkey."""
        item = RateLimitItemPerSecond(limit, window_s, namespace=f"wangge:{name}")
        if self._shared is not None:
            try:
                return bool(await self._shared.hit(item, key))
            except (RedisError, OSError):
                pass
        return bool(await self._here.hit(item, key))

    async def need(self, name: str, key: str, limit: int, window_s: int) -> None:
        """Like `take`. Raises TooMany, naming the budget, when nothing is left."""
        if not await self.take(name, key, limit, window_s):
            raise TooMany(limit=limit, window_s=window_s, budget=name)


class _Kept:
    budgets: Budgets | None = None


def open_budgets(redis_url: str | None) -> None:
    """Called once at start, with the transport's address or None to count in this process."""
    _Kept.budgets = Budgets(redis_url)


async def close_budgets() -> None:
    """Called once at the end."""
    if _Kept.budgets is not None:
        await _Kept.budgets.close()
    _Kept.budgets = None


def budgets() -> Budgets:
    """This process's budgets."""
    if _Kept.budgets is None:
        open_budgets(None)
    assert _Kept.budgets is not None
    return _Kept.budgets

"""One server that may be away: said once when it goes, once when it comes back."""

import asyncpg
import structlog

BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 2.0

log = structlog.get_logger()


class Outage:
    """Whether a server is away, and how long to wait before asking it again."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._failures = 0

    def failed(self, error: BaseException) -> float:
        """Note a failure; logs the first of a row and returns the seconds to wait."""
        self._failures += 1
        if self._failures == 1:
            log.error("server_away", server=self._server, error=type(error).__name__)
        doublings = min(self._failures - 1, 10)
        return min(BACKOFF_MAX_S, BACKOFF_FIRST_S * float(2**doublings))

    def over(self) -> None:
        """Note an answer; logs it when the server had been away."""
        if self._failures:
            log.warning("server_back", server=self._server, failures=self._failures)
            self._failures = 0


def database_faults() -> tuple[type[Exception], ...]:
    """What a PostgreSQL that is away, full or slow raises through asyncpg."""
    return (
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        OSError,
        TimeoutError,
    )

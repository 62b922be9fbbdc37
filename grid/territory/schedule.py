"""What time does to sign-ins: spent refresh tokens are forgotten when they can harm nobody."""

from grid.kit.clock import machine_now
from grid.kit.database import execute
from grid.kit.schedule import schedule
from grid.territory.policies import TOKEN_KEPT

#: Tokens forgotten in one statement, and statements in one run.
_BATCH, _BATCHES = 5000, 10


@schedule("territory.prune_tokens", every_s=3600)
async def prune_tokens() -> None:
    """Forget tokens spent long ago, and all those of sessions that ended long ago."""
    before = machine_now() - TOKEN_KEPT
    for _ in range(_BATCHES):
        gone = await execute(
            "DELETE FROM refresh_token WHERE id IN (SELECT t.id FROM refresh_token t"
            " JOIN sign_in_session s ON s.id = t.session"
            " WHERE t.used_at < $1 OR s.ended_at < $1 OR s.expires_at < $1 LIMIT $2)",
            before,
            _BATCH,
        )
        if gone < _BATCH:
            return

"""Nonces of signed requests: each is believed once."""

from datetime import timedelta

from grid.kit.clock import machine_now
from grid.kit.database import execute

#: Longer than any signature stays fresh.
KEEP = timedelta(minutes=30)
_SWEEP_ROWS = 5000


async def use_nonce(nonce: str) -> bool:
    """Use up a nonce; False when it was used before."""
    used = await execute(
        "INSERT INTO partner_nonce (nonce, used_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        nonce,
        machine_now(),
    )
    return used == 1


async def forget_old() -> int:
    """Forget nonces whose signatures are too old to be believed anyway."""
    return await execute(
        "DELETE FROM partner_nonce WHERE nonce IN (SELECT nonce FROM partner_nonce"
        " WHERE used_at < $1 LIMIT $2)",
        machine_now() - KEEP,
        _SWEEP_ROWS,
    )

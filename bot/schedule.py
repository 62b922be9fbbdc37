"""When time passes: queued messages are sent, and what has served its purpose is swept."""

from datetime import timedelta
from functools import cache

from backend.settings import settings
from bot.outbound import send_waiting
from bot.platform import Platform
from grid.kit.clock import business_now, machine_now
from grid.kit.database import execute
from grid.kit.schedule import schedule

#: First replies are kept for a day; the platform re-sends within seconds.
KEEP_REPLIES = timedelta(hours=24)
#: An idle or lapsed talk is forgotten after this; what it held is personal.
KEEP_TALKS = timedelta(days=2)
#: Sent and given-up messages, for questions about what a customer was told.
KEEP_SENT = timedelta(days=30)
#: Rows swept by one statement.
_SWEEP_ROWS = 5000


@cache
def platform() -> Platform:
    """This process's client of the platform."""
    return Platform.of(settings())


@schedule("bot.send_waiting", every_s=0.5, limit_s=25)
async def send() -> None:
    """Send queued messages."""
    await send_waiting(platform())


@schedule("bot.sweep", every_s=600)
async def sweep() -> None:
    """Forget old first replies, old talks and old messages."""
    machine, business = machine_now(), await business_now()
    await execute(
        "DELETE FROM bot_inbound WHERE dedup_key IN (SELECT dedup_key FROM bot_inbound"
        " WHERE received_at < $1 LIMIT $2)",
        machine - KEEP_REPLIES,
        _SWEEP_ROWS,
    )
    await execute(
        "DELETE FROM bot_conversation WHERE openid IN (SELECT openid FROM bot_conversation"
        " WHERE updated_at < $1 LIMIT $2)",
        business - KEEP_TALKS,
        _SWEEP_ROWS,
    )
    await execute(
        "DELETE FROM bot_outbound WHERE id IN (SELECT id FROM bot_outbound"
        " WHERE created_at < $1 AND state <> 'waiting' LIMIT $2)",
        machine - KEEP_SENT,
        _SWEEP_ROWS,
    )

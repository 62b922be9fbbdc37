"""What the customers' door stores: which message got which first reply, and where each talk stands.

Neither table holds a sentence of the customer longer than the talk needs it: slots go when the
flow ends, and inbound rows are swept after a day.
"""

from enum import StrEnum

from piccolo.constraints import Unique
from piccolo.table import Table

from grid.kit.columns import blob, json, moment, one_of, small, text, text_key, whole
from grid.kit.database import DB


class InboundState(StrEnum):
    """`running` is seen by nobody but the writer: the row commits together with its reply."""

    RUNNING = "running"
    DONE = "done"


class BotInbound(Table, db=DB):
    """One message of the platform and the bytes it was answered with: the first reply wins.

    `dedup_key` is what makes two deliveries the same message (`bot/messages.py`), `body_hash` the
    SHA-256 of the decrypted XML. The pair (`signed_at`, `nonce`) of a signed request may carry one
    message only, so a replayed signature with another body is refused.
    """

    dedup_key = text_key(64)
    signed_at = text(12)
    nonce = text(64)
    body_hash = text(64)
    openid = text(64, index=True)
    received_at = moment(index=True)
    state = text(16)
    reply_body = blob(null=True)

    bot_inbound_one_message_per_nonce = Unique([signed_at, nonce])
    bot_inbound_state_known = one_of("state", InboundState)


class BotConversation(Table, db=DB):
    """Where one customer's talk stands; no row means idle.

    `slots` and `suspended` are JSON of the flow's own Struct; `flow_version` says which shape.
    `version` grows by one with every change.
    """

    openid = text_key(64)
    flow = text(32, null=True)
    flow_version = small(null=True)
    step = text(32, null=True)
    slots = json()
    misses = small()
    deadline = moment(null=True)
    suspended = json(null=True)
    version = whole()
    updated_at = moment(index=True)


TABLES = (BotInbound, BotConversation)


TABLES = (BotInbound, BotConversation)

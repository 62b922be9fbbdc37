"""What the customers' door stores: first replies, where each talk stands, and what is to be sent.

No table holds a sentence of the customer longer than the talk needs it: slots go when the flow
ends, inbound rows and what was sent are swept (`bot/schedule.py`).
"""

from enum import StrEnum

from piccolo.constraints import Unique
from piccolo.table import Table

from grid.kit.columns import blob, json, key, moment, one_of, small, text, text_key, whole
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


class OutboundState(StrEnum):
    """`given_up` says that nothing more is tried; `last_error` says why."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


class BotOutbound(Table, db=DB):
    """A message to send later, outside of any transaction: written by reactions, once per event.

    `cause` names what it is for and is unique, so an event that is handled again writes nothing.
    `body` is JSON of one of the structs of `bot/outbound.py`.
    """

    id = key()
    cause = text(100, unique=True)
    openid = text(64, index=True)
    body = json()
    state = text(10)
    attempts = small()
    due_at = moment(index=True)
    created_at = moment()
    sent_at = moment(null=True)
    last_error = text(100, null=True)

    bot_outbound_state_known = one_of("state", OutboundState)


TABLES = (BotInbound, BotConversation, BotOutbound)

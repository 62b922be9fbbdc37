"""One believed message, from its first sight to its stored answer.

A message is answered once. Deliveries of one customer wait for each other, first in this process
(so that a flood of one person holds one connection at most), then on an advisory lock; whoever
comes later finds the stored answer and gives the same bytes. State, effects and answer are written
by one transaction without any network in it
(`backend/decisions/0020-first-reply-wins.md`).
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from asyncpg import Record

from bot.conversation.engine import advance
from bot.conversation.types import Conversation, Followed, Input, Left, Suspended
from bot.effects import Effects
from bot.messages import Message
from bot.tables import InboundState
from bot.trust import SignedQuery
from grid.customers import service as customers
from grid.customers.binding import SEEN_NOTED_EVERY
from grid.kit import context
from grid.kit.clock import business_now, machine_now
from grid.kit.database import execute, fetch_one, transaction

#: Commands that one message may lead to; flows need two.
MAX_COMMANDS = 4

_LOCK = "SELECT pg_advisory_xact_lock(1937007990, hashtext($1))"
_READ = (
    "SELECT i.reply_body, c.openid AS talked, c.flow, c.flow_version, c.step, c.slots, c.misses,"
    " c.deadline, c.suspended, f.last_seen_at, f.unfollowed_at FROM (SELECT 1) AS one"
    " LEFT JOIN bot_inbound i ON i.dedup_key = $1"
    " LEFT JOIN bot_conversation c ON c.openid = $2"
    " LEFT JOIN wechat_follower f ON f.openid = $2"
)
_WRITE_REPLY = (
    "INSERT INTO bot_inbound (dedup_key, signed_at, nonce, body_hash, openid, received_at, state,"
    " reply_body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING"
)
_WRITE_TALK = (
    "INSERT INTO bot_conversation (openid, flow, flow_version, step, slots, misses, deadline,"
    " suspended, version, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)"
    " ON CONFLICT (openid) DO UPDATE SET flow = EXCLUDED.flow,"
    " flow_version = EXCLUDED.flow_version, step = EXCLUDED.step, slots = EXCLUDED.slots,"
    " misses = EXCLUDED.misses, deadline = EXCLUDED.deadline, suspended = EXCLUDED.suspended,"
    " version = bot_conversation.version + 1, updated_at = EXCLUDED.updated_at"
)


class Replayed(Exception):
    """The signature of an earlier request came with another message."""


class CommandsWithoutEnd(Exception):
    """A flow asked for one command after the other; a mistake of ours."""


class Inbound:
    """Answers believed messages. `seal` makes the body of a reply's text, or of silence (None)."""

    def __init__(self, *, convert: bool) -> None:
        self._convert = convert
        self._one_at_a_time: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def answer(
        self,
        query: SignedQuery,
        message: Message,
        event: Input,
        seal: Callable[[str | None], bytes],
    ) -> bytes:
        """The answer's bytes, the same for every delivery of the message. Raises Replayed."""
        lock = self._one_at_a_time.setdefault(message.openid, asyncio.Lock())
        async with lock, transaction():
            await execute(_LOCK, message.openid)
            row = await fetch_one(_READ, message.dedup_key, message.openid)
            assert row is not None, "the outer side of the joins is one row"
            if row["reply_body"] is not None:
                return bytes(row["reply_body"])
            with context.acting(f"openid:{message.openid}"):
                reply = await self._talk(message.openid, event, row)
            body = seal(reply)
            await self._keep(query, message, body)
            return body

    async def _talk(self, openid: str, event: Input, row: Record) -> str | None:
        """Run the turns of one message and store where the talk stands; returns the words."""
        now = await business_now()
        await _note_follower(openid, event, row, now)
        before = _conversation(row)
        effects = Effects(openid, convert=self._convert)
        turn = advance(before, event, now)
        said = list(turn.replies)
        for _ in range(MAX_COMMANDS):
            if turn.command is None:
                break
            turn = advance(turn.state, await effects.carry_out(turn.command), now)
            said += turn.replies
        if turn.command is not None:
            raise CommandsWithoutEnd
        if turn.state != before:
            await save(openid, turn.state, now)
        return "\n\n".join(said) or None

    async def _keep(self, query: SignedQuery, message: Message, body: bytes) -> None:
        kept = await execute(
            _WRITE_REPLY,
            message.dedup_key,
            query.timestamp,
            query.nonce,
            message.body_hash,
            message.openid,
            machine_now(),
            InboundState.DONE.value,
            body,
        )
        if not kept:
            raise Replayed


async def load(openid: str) -> Conversation:
    """Where a customer's talk stands; lock the customer first when it is to be changed."""
    row = await fetch_one(_READ, "", openid)
    assert row is not None, "the outer side of the joins is one row"
    return _conversation(row)


async def lock_customer(openid: str) -> None:
    """Until the end of the transaction nobody else changes this customer's talk."""
    await execute(_LOCK, openid)


async def save(openid: str, state: Conversation, now: datetime) -> None:
    """Store where a customer's talk stands."""
    await execute(
        _WRITE_TALK,
        openid,
        state.flow,
        state.flow_version,
        state.step,
        _json(state.slots),
        state.misses,
        state.deadline,
        None if state.suspended is None else _json(state.suspended),
        now,
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _conversation(row: Record) -> Conversation:
    """What is stored; a shape that this version cannot read at all is a talk begun anew."""
    if row["talked"] is None:
        return Conversation()
    try:
        suspended = row["suspended"]
        return Conversation(
            flow=row["flow"],
            flow_version=row["flow_version"] or 0,
            step=row["step"],
            slots=msgspec.json.decode(row["slots"], type=dict[str, Any]),
            misses=row["misses"],
            deadline=row["deadline"],
            suspended=None if suspended is None else msgspec.json.decode(suspended, type=Suspended),
        )
    except msgspec.MsgspecError:
        return Conversation()


async def _note_follower(openid: str, event: Input, row: Record, now: datetime) -> None:
    """Who follows, who left, who wrote: it decides what may be sent to whom later."""
    if isinstance(event, Followed):
        await customers.follow(openid)
    elif isinstance(event, Left):
        await customers.unfollow(openid)
    elif (
        row["last_seen_at"] is None
        or row["unfollowed_at"] is not None
        or row["last_seen_at"] < now - SEEN_NOTED_EVERY
    ):
        await customers.follower_seen(openid)

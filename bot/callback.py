"""WeChat's callback: the webhook that the platform calls for every message and event.

Order of the guards: size, signature and freshness, decryption, shape, addressee, budget, then the
talk. A request that is not the platform's changes nothing and learns nothing. A believed message
always gets an answer within ANSWER_LIMIT_S: the reply, `success` when there is nothing to say, or
honest words when the database does not serve.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import structlog
from litestar import MediaType, Request, Response, Router, get, post
from prometheus_client import Counter

from backend.http.metrics import REGISTRY
from backend.http.staff import PUBLIC
from backend.settings import Settings, settings
from bot import words
from bot.budget import SenderBudget
from bot.conversation.types import (
    Followed,
    Input,
    Left,
    Located,
    Picked,
    Said,
    SentMedia,
    Tapped,
)
from bot.danger import is_dangerous
from bot.inbound import Inbound, Replayed
from bot.messages import (
    LinkMessage,
    LocationMessage,
    MediaMessage,
    MenuClicked,
    Message,
    Scanned,
    Subscribed,
    TextMessage,
    Unsubscribed,
    read_message,
)
from bot.replies import ACKNOWLEDGED, text_reply
from bot.trust import CallbackKeys, Opened, SignedQuery, Trust, Untrusted, read_query
from bot.xml import Malformed
from grid.geography.datum import is_shifted
from grid.geography.types import Datum, RawPlace
from grid.kit.clock import machine_now
from grid.kit.faults import fault_place, fault_words
from grid.kit.refusals import Refusal

BODY_MAX_BYTES = 64 * 1024
ECHO_MAX_CHARS = 256
_QUERY_MAX_BYTES, _QUERY_MAX_PARTS = 2048, 20
#: The platform hangs up after five seconds.
ANSWER_LIMIT_S = 4.0

_MESSAGES = Counter(
    "wangge_bot_messages_total", "Messages of the platform by kind", ["kind"], registry=REGISTRY
)

log = structlog.get_logger()


class NotFromPlatform(Refusal):
    """Signature, freshness, cipher, addressee: one refusal for all, so that it tells nothing."""

    status = 403
    title = "请求无效"


class UnreadableMessage(Refusal):
    """The platform's signature holds, but the content is not a message."""

    status = 400
    title = "消息无效"


class Callback:
    """The callback of one official account, without HTTP."""

    def __init__(self, trust: Trust, inbound: Inbound) -> None:
        self._trust = trust
        self._inbound = inbound
        self._budget = SenderBudget()

    @classmethod
    def of(cls, known: Settings) -> "Callback":
        """From the settings. Raises WeakKeys when token or key cannot protect anything."""
        return cls(trust_of(known), Inbound(convert=known.location_convert))

    def echo(self, query_string: bytes) -> str:
        """The platform's test of the address: its echo, when the signature holds."""
        query = self._query(query_string)
        try:
            self._trust.check_query(query, machine_now().timestamp())
        except Untrusted:
            raise NotFromPlatform from None
        if query.echo is None or len(query.echo) > ECHO_MAX_CHARS:
            raise NotFromPlatform
        return query.echo

    async def answer(self, query_string: bytes, body: bytes) -> bytes:
        """The answer's body. Raises NotFromPlatform, UnreadableMessage; nothing else."""
        query = self._query(query_string)
        try:
            opened = self._trust.open(query, body, machine_now().timestamp())
            message = read_message(opened.xml)
            self._trust.check_addressee(message.to_user)
        except Untrusted:
            raise NotFromPlatform from None
        except Malformed as malformed:
            log.info("callback_malformed", rule=str(malformed))
            raise UnreadableMessage from None
        _MESSAGES.labels(type(message).__name__).inc()
        event = event_of(message)
        if event is None:
            return ACKNOWLEDGED
        return await self._answer_event(query, opened, message, event)

    async def _answer_event(
        self, query: SignedQuery, opened: Opened, message: Message, event: Input
    ) -> bytes:
        def seal(text: str | None) -> bytes:
            return self._sealed(opened, message, text)

        in_danger = isinstance(event, Said | Picked) and is_dangerous(event.text)
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                if not await self._budget.take(message.openid, in_danger):
                    return await self._too_many(message.openid, in_danger, seal)
                return await self._inbound.answer(query, message, event, seal)
        except Replayed:
            raise NotFromPlatform from None
        except Exception as error:
            log.error("callback_failed", error=fault_words(error), place=fault_place(error))
            return seal(_in_danger_words(words.DANGER_NOT_PAGED) if in_danger else words.UNSURE)

    async def _too_many(
        self, openid: str, in_danger: bool, seal: Callable[[str | None], bytes]
    ) -> bytes:
        """Danger is answered always; anything else is asked to slow down once a minute."""
        if in_danger:
            return seal(_in_danger_words(words.DANGER_ALREADY_PAGED))
        return seal(words.BUSY if await self._budget.may_say_busy(openid) else None)

    def _query(self, query_string: bytes) -> SignedQuery:
        try:
            if len(query_string) > _QUERY_MAX_BYTES:
                raise Untrusted
            pairs = parse_qsl(
                query_string.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_QUERY_MAX_PARTS,
            )
            return read_query(pairs)
        except (Untrusted, ValueError):
            raise NotFromPlatform from None

    def _sealed(self, opened: Opened, message: Message, text: str | None) -> bytes:
        if text is None:
            return ACKNOWLEDGED
        now_s = machine_now().timestamp()
        reply = text_reply(
            to_openid=message.openid,
            from_user=message.to_user,
            text=text,
            created_at_s=int(now_s),
        )
        return self._trust.seal(reply, opened.keys, now_s)


def event_of(message: Message) -> Input | None:
    """What the conversation is told of a message; None for what only wants an acknowledgement."""
    match message:
        case TextMessage(menu_choice=None):
            return Said(message.content)
        case TextMessage():
            return Picked(message.menu_choice or "", message.content)
        case LocationMessage():
            return _located(message)
        case MediaMessage():
            return SentMedia("video" if message.kind == "shortvideo" else message.kind)
        case LinkMessage():
            return SentMedia("link")
        case MenuClicked():
            return Tapped(message.key)
        case Subscribed() | Scanned():
            return Followed()
        case Unsubscribed():
            return Left()
        case _:
            return None


def _located(message: LocationMessage) -> Input:
    """A place in this country, still as the map told it; elsewhere nobody of ours can go."""
    lat, lon = float(message.lat), float(message.lon)
    if not is_shifted(lat, lon):
        return SentMedia("far_place")
    return Located(RawPlace(lat, lon, Datum.GCJ02), message.label)


def _in_danger_words(then: str) -> str:
    return f"{words.SAFETY}\n\n{then}"


def trust_of(known: Settings) -> Trust:
    """Present keys first; during a rotation each old secret goes with each new one."""
    tokens = [known.wechat_token, known.wechat_token_previous]
    aes_keys = [known.wechat_encoding_aes_key, known.wechat_encoding_aes_key_previous]
    return Trust(
        app_id=known.wechat_app_id,
        original_id=known.wechat_original_id,
        keys=[
            CallbackKeys.of(token.reveal(), aes_key.reveal())
            for token in tokens
            if token is not None
            for aes_key in aes_keys
            if aes_key is not None
        ],
        allow_plain=known.wechat_allow_plain,
    )


@cache
def callback() -> Callback:
    """This process's callback, from its settings."""
    return Callback.of(settings())


_AnyRequest = Request[Any, Any, Any]
_NO_SNIFF = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


@get("/wechat/callback", opt={PUBLIC: True}, include_in_schema=False)
async def verify(request: _AnyRequest) -> Response[str]:
    """The platform's test of the address: answers its echo as plain text."""
    echoed = callback().echo(request.scope["query_string"])
    return Response(echoed, media_type=MediaType.TEXT, headers=_NO_SNIFF)


@post(
    "/wechat/callback",
    opt={PUBLIC: True},
    include_in_schema=False,
    status_code=200,
    request_max_body_size=BODY_MAX_BYTES,
)
async def receive(request: _AnyRequest) -> Response[bytes]:
    """One message or event; answered with the sealed reply or `success`."""
    body = await request.body()
    answer = await callback().answer(request.scope["query_string"], body)
    media_type = MediaType.TEXT if answer == ACKNOWLEDGED else MediaType.XML
    return Response(answer, media_type=media_type, headers=_NO_SNIFF)


def router() -> Router:
    """The webhook's two routes."""
    return Router(path="/", route_handlers=[verify, receive])

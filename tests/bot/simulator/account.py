"""The account's side in these tests: a callback that checks every push with another library."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.utils import check_signature

from bot.simulator.config import FollowerSeed, NoticeTemplate, SimulatorConfig

OPENID = "oTEST0000000000000000000000A"
OTHER = "oTEST0000000000000000000000B"
APP_ID = "wxsim0123456789abc"
ORIGINAL_ID = "gh_1234567890ab"

CONFIG = SimulatorConfig(
    app_id=APP_ID,
    app_secret="simulated-secret-0123456789abcdef",
    original_id=ORIGINAL_ID,
    token="simulated-token-01",
    encoding_aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    callback_url="http://127.0.0.1:1/wechat/callback",
    followers=(
        FollowerSeed(openid=OPENID, nickname="向桂英", lat=30.592800, lon=114.305500),
        FollowerSeed(openid=OTHER, nickname="田大山", lat=29.89, lon=110.03),
    ),
)
TEMPLATES = (
    NoticeTemplate(template_id="TPL_REPAIR", title="报修进度", fields=("thing1", "time2")),
    NoticeTemplate(template_id="TPL_LONG", title="停电", fields=("thing1",), long_term=True),
)


@dataclass
class Answer:
    """What the callback answers: text to seal, or raw bytes; after a pause."""

    text: str | None = None
    xml: str | None = None
    raw: bytes = b"success"
    status: int = 200
    pause_s: float = 0.0


@dataclass
class Account:
    """Plans answers (the last one repeats) and keeps what it was sent, decrypted."""

    plan: list[Answer] = field(default_factory=lambda: [Answer()])
    received: list[dict[str, Any]] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    answers: int = 0

    def __post_init__(self) -> None:
        self.crypto = WeChatCrypto(CONFIG.token, CONFIG.encoding_aes_key, CONFIG.app_id)

    def reply_with(self, *answers: Answer) -> None:
        """The next answers, in order."""
        self.plan = list(answers)

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """The ASGI application."""
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        if scope["method"] == "GET":
            await self._echo(scope["query_string"], send)
            return
        query = {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
        self.queries.append(query)
        status, content = await self._handle(query, body)
        start = {"type": "http.response.start", "status": status, "headers": []}
        await send(start)
        await send({"type": "http.response.body", "body": content})

    async def _echo(
        self, query_string: bytes, send: Callable[[dict[str, Any]], Awaitable[None]]
    ) -> None:
        """The address check: the echostr when the signature is right and we play along."""
        query = {k: v[0] for k, v in parse_qs(query_string.decode()).items()}
        check_signature(CONFIG.token, query["signature"], query["timestamp"], query["nonce"])
        echo = query["echostr"] if self.plan[0].status == 200 else "something else"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": echo.encode()})

    async def _handle(self, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        try:
            xml = self._open(query, body)
        except (InvalidSignatureException, InvalidAppIdException) as error:
            self.refused.append(type(error).__name__)
            return 403, b""
        except Exception as error:  # the library lets padding and decoding errors through
            self.refused.append(f"malformed: {type(error).__name__}")
            return 400, b""
        message = xmltodict.parse(xml)["xml"]
        self.received.append(message)
        answer = self.plan[min(self.answers, len(self.plan) - 1)]
        self.answers += 1
        await asyncio.sleep(answer.pause_s)
        inner = answer.xml
        if answer.text is not None:
            inner = reply_xml(message["FromUserName"], answer.text)
        if inner is None:
            return answer.status, answer.raw
        sealed = self.crypto.encrypt_message(inner, query["nonce"], query["timestamp"])
        return answer.status, sealed.encode()

    def _open(self, query: dict[str, str], body: bytes) -> str:
        if query.get("encrypt_type") != "aes":
            return body.decode()
        signature = query.get("msg_signature", "")
        opened = self.crypto.decrypt_message(body, signature, query["timestamp"], query["nonce"])
        return opened if isinstance(opened, str) else opened.decode()


def reply_xml(to: str, text: str, *, sender: str = ORIGINAL_ID, kind: str = "text") -> str:
    """A passive reply as the account's library would write it."""
    return (
        f"<xml><ToUserName><![CDATA[{to}]]></ToUserName>"
        f"<FromUserName><![CDATA[{sender}]]></FromUserName><CreateTime>1700000000</CreateTime>"
        f"<MsgType><![CDATA[{kind}]]></MsgType><Content><![CDATA[{text}]]></Content></xml>"
    )

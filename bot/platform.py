"""The only file that calls WeChat: wechatpy's interfaces over asynchronous, bounded requests.

wechatpy's interface classes only hand path and data to their client, so a client whose `_request`
is a coroutine makes `await client.message.send_text(...)` work with the unmodified library. The
library's own requests have no time-out, retry without end and put secrets into exceptions
(wechat findings W4, W8, W9); none of that code runs here.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
import structlog
from redis.asyncio import Redis
from wechatpy import WeChatClient

from backend.settings import Settings
from bot.access_token import AccessTokens, Fetched
from bot.platform_errors import PlatformAway, PlatformRefused, Remedy
from bot.replies import clean, split_text

#: One call, whole: connect, send, read.
CALL_LIMIT_S = 3.0
#: Answers larger than this are not ours.
_ANSWER_MAX_BYTES = 256 * 1024

log = structlog.get_logger()

#: Below these levels the libraries print addresses with tokens in them, or strings to sign.
logging.getLogger("wechatpy").setLevel(logging.INFO)
for _chatty in ("httpx", "httpcore"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)


class _Client(WeChatClient):  # type: ignore[misc]  # wechatpy has no types
    """wechatpy's client with our way of asking; every interface method returns a coroutine."""

    def __init__(self, app_id: str, platform: "Platform") -> None:
        super().__init__(app_id, "", access_token="-", auto_retry=False)  # noqa: S106 - none
        self._platform = platform

    async def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        return await self._platform.call(
            method, url_or_endpoint, kwargs.get("data"), kwargs.get("params")
        )


class Platform:
    """Calls of one official account. Every failure is PlatformRefused or PlatformAway."""

    def __init__(
        self,
        *,
        app_id: str,
        app_secret: str,
        base_url: str,
        redis: Redis | None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._app_id, self._app_secret = app_id, app_secret
        self._base_url = f"{base_url}/cgi-bin/"
        self._redis = redis
        self._http = http or httpx.AsyncClient(
            timeout=CALL_LIMIT_S, follow_redirects=False, trust_env=False
        )
        self._tokens = AccessTokens(app_id, redis, self._fetch_token)
        self.client = _Client(app_id, self)

    @classmethod
    def of(cls, known: Settings) -> "Platform":
        """From the settings, with the token shared over the transport."""
        redis: Redis = Redis.from_url(
            known.redis_url.reveal(), socket_timeout=1.0, socket_connect_timeout=1.0
        )
        return cls(
            app_id=known.wechat_app_id,
            app_secret=known.wechat_app_secret.reveal(),
            base_url=known.wechat_api_base_url,
            redis=redis,
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()
        if self._redis is not None:
            await self._redis.aclose()

    async def send_text(self, openid: str, text: str) -> None:
        """Customer-service text; a text above the platform's limit goes in several messages."""
        for piece in split_text(text):
            await self.client.message.send_text(openid, piece)

    async def send_menu_choice(
        self, openid: str, head: str, choices: Sequence[tuple[str, str]], tail: str
    ) -> None:
        """A message menu: each choice is (id, words); a tap comes back with the id."""
        listed = [{"id": choice_id, "content": clean(words)} for choice_id, words in choices]
        menu = {"head_content": clean(head), "list": listed, "tail_content": clean(tail)}
        await self.client.message.send_msg_menu(openid, menu)

    async def call(
        self, method: str, endpoint: str, data: Any = None, params: Any = None
    ) -> dict[str, Any]:
        """One interface call with the shared token; a refused token is renewed and tried once."""
        token = await self._tokens.token()
        try:
            return await self._ask(method, endpoint, data, {**(params or {}), _TOKEN: token})
        except PlatformRefused as refused:
            if refused.remedy is not Remedy.RENEW_TOKEN:
                raise
            renewed = await self._tokens.renewed(token)
            if renewed is None:
                raise
        log.info("wechat_token_renewed")
        return await self._ask(method, endpoint, data, {**(params or {}), _TOKEN: renewed})

    async def _fetch_token(self, force: bool) -> Fetched:
        wanted = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._app_secret,
            "force_refresh": force,
        }
        answer = await self._ask("post", "stable_token", wanted, {})
        token, expires_in_s = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(expires_in_s, int):
            raise PlatformAway("no token in the answer")
        return Fetched(token, expires_in_s)

    async def _ask(
        self, method: str, endpoint: str, data: Any, params: dict[str, Any]
    ) -> dict[str, Any]:
        """One HTTP exchange. Raises PlatformRefused, PlatformAway; never with an address in it."""
        if endpoint.startswith(("http://", "https://")):
            raise PlatformAway("foreign address")
        content = None if data is None else msgspec.json.encode(data)
        try:
            async with asyncio.timeout(CALL_LIMIT_S):
                response = await self._http.request(
                    method.upper(),
                    self._base_url + endpoint,
                    params=params,
                    content=content,
                    headers={"Content-Type": "application/json; charset=utf-8"},
                )
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise PlatformAway(type(error).__name__) from None
        return _read(response)


_TOKEN = "access_token"  # noqa: S105 - the parameter's name


def _read(response: httpx.Response) -> dict[str, Any]:
    if response.status_code != 200:
        raise PlatformAway(f"HTTP {response.status_code}")
    if len(response.content) > _ANSWER_MAX_BYTES:
        raise PlatformAway("answer too large")
    try:
        answer = msgspec.json.decode(response.content)
        code = int(answer.get("errcode", 0))
    except (msgspec.MsgspecError, UnicodeError, ValueError, TypeError, AttributeError):
        raise PlatformAway("answer is not JSON of theirs") from None
    if code:
        raise PlatformRefused(code)
    return dict(answer)

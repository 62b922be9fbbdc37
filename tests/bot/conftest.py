"""The webhook as a small web application on the real database, with test keys."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from litestar import Litestar

from backend.http import budgets
from backend.http.problems import EXCEPTION_HANDLERS
from backend.settings import settings
from bot.callback import callback, router
from bot.trust import decrypt
from bot.xml import read_fields
from grid.kit.clock import machine_now
from grid.territory.places import forget_places
from tests.grid.customers.households import Grounds, add_account, add_grounds

from .envelopes import AES_KEY, APP_ID, KEYS, OPENID, ORIGINAL_ID, TOKEN, sealed, text, url

_SECRET = "0123456789abcdef0123456789abcdef"
SETTINGS = {
    "WANGGE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "WANGGE_REDIS_URL": "redis://127.0.0.1:1",
    "WANGGE_BASE_URL": "http://testserver",
    "WANGGE_SESSION_KEYS": f"k1:{_SECRET}",
    "WANGGE_COOKIE_KEYS": f"c1:{_SECRET}",
    "WANGGE_WECHAT_APP_ID": APP_ID,
    "WANGGE_WECHAT_APP_SECRET": _SECRET,
    "WANGGE_WECHAT_ORIGINAL_ID": ORIGINAL_ID,
    "WANGGE_WECHAT_TOKEN": TOKEN,
    "WANGGE_WECHAT_ENCODING_AES_KEY": AES_KEY,
}


@dataclass
class Webhook:
    """The platform's side of the webhook."""

    http: httpx.AsyncClient
    sent: int = field(default=0)

    async def post(self, xml: bytes, **how: object) -> httpx.Response:
        """One sealed delivery, fresh by default."""
        how.setdefault("now_s", machine_now().timestamp())
        query, body = sealed(xml, **how)  # type: ignore[arg-type]
        return await self.http.post(url(query), content=body)

    async def say(self, content: str, openid: str = OPENID) -> str:
        """A new text of a customer; the words of the reply ('' for `success`)."""
        self.sent += 1
        return opened(await self.post(text(content, 10_000 + self.sent, openid=openid)))


def opened(response: httpx.Response) -> str:
    """The words in a sealed reply, or '' when the account had nothing to say."""
    assert response.status_code == 200, response.text
    if response.content == b"success":
        return ""
    sealed_reply = read_fields(response.content)["Encrypt"]
    return read_fields(decrypt(KEYS.aes_key, sealed_reply, APP_ID))["Content"]


@pytest.fixture
def bot_settings() -> Iterator[None]:
    """This process's settings are the test's; budgets are counted in the process, anew."""
    before, counted = dict(os.environ), budgets._Kept.budgets
    os.environ.update(SETTINGS)
    settings.cache_clear()
    callback.cache_clear()
    budgets.open_budgets(None)
    yield
    budgets._Kept.budgets = counted
    os.environ.clear()
    os.environ.update(before)
    settings.cache_clear()
    callback.cache_clear()


@pytest.fixture
async def webhook(committed: None, bot_settings: None) -> AsyncIterator[Webhook]:
    """The two routes, with the porch's one error shape."""
    forget_places()
    app = Litestar(route_handlers=[router()], exception_handlers=EXCEPTION_HANDLERS)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield Webhook(client)


@pytest.fixture
async def grounds(webhook: Webhook) -> Grounds:
    """A station with two grids, and the account 4228280001 of 田文光, meter M4228280001."""
    made = await add_grounds()
    await add_account(made, "4228280001", "田文光")
    return made

"""A running simulator whose pushes go to a real (in-process) callback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from bot.simulator.app import create_simulator
from bot.simulator.config import SimulatorConfig
from bot.simulator.world import World
from tests.bot.simulator.account import CONFIG, OPENID, TEMPLATES, Account


@dataclass
class Stage:
    """The simulator's client, its world, and the account behind the callback."""

    http: httpx.AsyncClient
    world: World
    account: Account

    async def act(self, type_: str = "text", **fields: Any) -> dict[str, Any]:
        """A customer does something; the push's outcome."""
        body = {"openid": OPENID, "type": type_, **fields}
        response = await self.http.post("/control/events", json=body)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def token(self) -> str:
        """A stable token."""
        body = {
            "grant_type": "client_credential",
            "appid": CONFIG.app_id,
            "secret": CONFIG.app_secret,
        }
        response = await self.http.post("/cgi-bin/stable_token", json=body)
        return str(response.json()["access_token"])

    async def call(self, path: str, body: Any, *, token: str | None = None) -> dict[str, Any]:
        """POST to the platform with a good token (or the one given); the JSON answer."""
        params = {"access_token": token if token is not None else await self.token()}
        response = await self.http.post(f"/cgi-bin/{path}", params=params, json=body)
        assert response.status_code == 200
        return dict(response.json())

    async def send_text(self, text: str = "你好", openid: str = OPENID) -> int:
        """A customer-service text; its errcode."""
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        return int((await self.call("message/custom/send", body))["errcode"])

    async def inbox(self, openid: str = OPENID, after: int = 0, **more: Any) -> list[Any]:
        """What a customer received."""
        params = {"openid": openid, "after": after, **more}
        return list((await self.http.get("/control/messages", params=params)).json()["items"])

    async def advance(self, seconds: float) -> None:
        """Time passes."""
        response = await self.http.post("/control/clock", json={"advance_s": seconds})
        assert response.status_code == 200


async def _run(app: Litestar, started: asyncio.Event, stop: asyncio.Event) -> None:
    """Hold the lifespan open in one task, as a server does; fixtures end in another one."""
    async with app.lifespan():
        started.set()
        await stop.wait()


@asynccontextmanager
async def open_stage(config: SimulatorConfig) -> AsyncIterator[Stage]:
    """A started simulator for this configuration."""
    account = Account()
    app = create_simulator(config, callback_transport=httpx.ASGITransport(app=account))
    started, stop = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(_run(app, started, stop))
    await started.wait()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Stage(http, app.state.world, account)
    stop.set()
    await running


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """An account that lists no templates."""
    async with open_stage(CONFIG) as opened:
        yield opened


@pytest.fixture
async def listed() -> AsyncIterator[Stage]:
    """An account with two templates and small quotas."""
    config = msgspec.structs.replace(
        CONFIG, templates=TEMPLATES, quotas={"custom": 3, "token": 2}, messages_per_follower=4
    )
    async with open_stage(config) as opened:
        yield opened

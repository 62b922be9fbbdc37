"""The simulator as a process: a county of followers, a cut connection, an end, a sudden end."""

import asyncio
import time
from pathlib import Path

import httpx
import msgspec
import pytest

from bot.simulator.config import FollowerSeed
from tests.bot.simulator.account import CONFIG, OPENID, OTHER
from tests.bot.simulator.server import free_port, serving

COUNTY = 72_175


async def test_the_whole_county_follows(tmp_path: Path) -> None:
    seeds = tuple(
        FollowerSeed(openid=f"oCOUNTY{n:06}", nickname=f"客户{n}", lat=29.9 + n * 1e-6, lon=110.0)
        for n in range(COUNTY)
    )
    config = msgspec.structs.replace(CONFIG, followers=seeds)
    async with serving(config, tmp_path, free_port()) as (_, client):
        assert (await client.get("/control/counters")).json()["followers"] == COUNTY
        found = (await client.get("/control/followers", params={"q": "客户72174"})).json()
        assert [one["openid"] for one in found["items"]] == ["oCOUNTY072174"]
        near = (await client.get("/control/neighbours/oCOUNTY000100")).json()["items"]
        assert {one["nickname"] for one in near[:2]} == {"客户99", "客户101"}
        page = await client.get("/", params={"openid": "oCOUNTY072174"})
        assert "客户72174" in page.text
        assert page.text.count("<li>") == 50


async def test_a_reset_cuts_the_connection_in_the_middle(tmp_path: Path) -> None:
    async with serving(CONFIG, tmp_path, free_port()) as (_, client):
        fault = {"endpoint": "/cgi-bin/token", "kind": "reset"}
        await client.post("/control/faults", json=fault)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/cgi-bin/token")
        assert (await client.get("/cgi-bin/token")).json()["errcode"] == 40002


async def test_it_ends_in_order_while_a_push_hangs(tmp_path: Path) -> None:
    async with serving(CONFIG, tmp_path, free_port()) as (process, client):
        body = {"openid": OPENID, "type": "text", "content": "x", "wait": False}
        await client.post("/control/events", json={**body, "push": {"delay_ms": 60_000}})
        started = time.monotonic()
        process.terminate()
        async with asyncio.timeout(10):
            await process.wait()
        assert time.monotonic() - started < 5


async def test_people_and_messages_outlive_a_kill(tmp_path: Path) -> None:
    config = msgspec.structs.replace(
        CONFIG, journal_path=str(tmp_path / "journal" / "simulator.jsonl")
    )
    body = {"openid": OPENID, "type": "text", "content": "没电了", "push": {"tries": 1}}
    consent = {"openid": OTHER, "template_id": "TPL_ONE", "count": 2}
    async with serving(config, tmp_path, free_port()) as (process, client):
        await client.post("/control/events", json=body)
        await client.post("/control/consents", json=consent)
        await client.post("/control/clock", json={"advance_s": 3600})
        params = {"openid": OPENID, "direction": "both"}
        before = (await client.get("/control/messages", params=params)).json()
        process.kill()
        await process.wait()
    journal = tmp_path / "journal" / "simulator.jsonl"
    assert journal.stat().st_mode & 0o077 == 0
    with journal.open("ab") as file:
        file.write(b'{"line": "message", "id": 12')
    async with serving(config, tmp_path, free_port()) as (_, client):
        assert (await client.get("/control/messages", params=params)).json() == before
        found = (await client.get(f"/control/followers/{OTHER}")).json()
        assert found["consents"] == {"TPL_ONE": 2}
        assert (await client.get("/control/counters")).json()["clock_offset_s"] == 3600
        credentials = {"appid": CONFIG.app_id, "secret": CONFIG.app_secret}
        answer = await client.get(
            "/cgi-bin/token", params={"grant_type": "client_credential", **credentials}
        )
        sent = await client.post(
            "/cgi-bin/message/custom/send",
            params={"access_token": answer.json()["access_token"]},
            json={"touser": OPENID, "msgtype": "text", "text": {"content": "已派人"}},
        )
        assert sent.json()["errcode"] == 0
        last = (await client.get("/control/messages", params={"openid": OPENID})).json()["items"]
        assert last[-1]["id"] > before["next"]

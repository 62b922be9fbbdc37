"""The province and we, both real, without sockets: orders in, feedback out, and what goes wrong."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from backend.http.problems import EXCEPTION_HANDLERS
from backend.keys import Key, KeyRing, Secret
from backend.province import inbound
from backend.province.adapter import ProvinceHttp
from backend.province.signing import (
    FRESH_S,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    Asked,
    Untrusted,
    check,
    sign,
)
from backend.province.simulator.__main__ import main
from backend.province.simulator.app import create_simulator
from backend.province.simulator.types import SimulatorConfig
from backend.settings import settings
from backend.simulating import SimulatorRefused, load_config
from grid.kit.database import execute, fetch, fetch_value
from grid.partners.feedback import chase_unacknowledged, send_waiting
from grid.partners.port import ProvinceAway
from tests.grid.partners.scene import messages, order, tickets
from tests.grid.work_orders.scene import make_scene
from tests.support.serving import TEST_SECRET, web_settings

pytestmark = pytest.mark.usefixtures("committed")

KEY = Key("p1", Secret(TEST_SECRET))
RING = KeyRing((KEY,))
OURS = "http://testserver/province/v1"


@pytest.fixture
async def wangge(database_url: str) -> AsyncIterator[Litestar]:
    """Our door for the province, with its key in the settings."""
    before = dict(os.environ)
    os.environ.update(web_settings(database_url, "redis://127.0.0.1:9/0"))
    os.environ["WANGGE_PROVINCE_KEYS"] = f"p1:{TEST_SECRET}"
    settings.cache_clear()
    yield Litestar([inbound.router()], exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)
    os.environ.clear()
    os.environ.update(before)
    settings.cache_clear()


class Exchange:
    """The simulator's control side and our port to it."""

    def __init__(self, control: httpx.AsyncClient, port: ProvinceHttp) -> None:
        self._control = control
        self.port = port

    async def send(self, orders: list[Any], **how: Any) -> list[dict[str, Any]]:
        body = msgspec.json.encode({"orders": orders, **how})
        answer = await self._control.post("/control/orders", content=body)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    async def mood(self, mood: str) -> None:
        answer = await self._control.post("/control/mood", json={"mood": mood})
        assert answer.status_code == 200, answer.text

    async def kept(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._control.get("/control/feedback")).json()
        return found

    async def acknowledge(self, **how: Any) -> list[int]:
        found: list[int] = (await self._control.post("/control/acknowledgements", json=how)).json()
        return found


@pytest.fixture
async def exchange(wangge: Litestar) -> AsyncIterator[Exchange]:
    simulator = create_simulator(
        SimulatorConfig(key=f"p1:{TEST_SECRET}", orders_url=OURS),
        orders_transport=httpx.ASGITransport(app=wangge),
    )
    transport = httpx.ASGITransport(app=simulator)
    port = ProvinceHttp("http://127.0.0.1:8803", KEY, transport)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8803") as control:
        yield Exchange(control, port)
    await port.close()


async def due_now() -> None:
    await execute("UPDATE partner_message SET next_try_at = next_try_at - interval '1 day'")


async def test_doubled_shuffled_and_delayed_orders_make_one_ticket_each(exchange: Exchange) -> None:
    scene = await make_scene()
    fault = await order(account_no=scene.home.account_no)
    others = [await order(phone=f"1380000100{n}") for n in range(3)]
    answers = await exchange.send([fault, *others], copies=3, shuffle=5, after_s=0.01)
    assert {one["status"] for one in answers} == {200}
    assert sorted(one["answer"]["outcome"] for one in answers) == ["repeated"] * 8 + ["taken"] * 4
    assert len(await tickets()) == 4
    await send_waiting(exchange.port)
    assert [one["acknowledged"] for one in await exchange.kept()] == [True] * 4


async def test_feedback_that_is_only_received_is_acknowledged_later_and_twice(
    exchange: Exchange,
) -> None:
    await exchange.send([await order(phone="13800001000")])
    await exchange.mood("receive")
    await send_waiting(exchange.port)
    assert [row["state"] for row in await messages()] == ["sent"]
    assert await exchange.acknowledge(copies=2) == [204, 204]
    assert [row["state"] for row in await messages()] == ["acknowledged"]


async def test_a_refusal_stands_and_says_why(exchange: Exchange) -> None:
    await exchange.send([await order(phone="13800001000"), await order(phone="13800001001")])
    await exchange.mood("refuse")
    await send_waiting(exchange.port)
    assert {(row["state"], row["last_error"]) for row in await messages()} == {
        ("refused", "no such order here")
    }


async def test_away_or_forgetful_it_is_tried_again_chased_and_comes_through(
    exchange: Exchange,
) -> None:
    await exchange.send([await order(phone="13800001000")])
    await exchange.mood("away")
    await send_waiting(exchange.port)
    await exchange.mood("forget")
    await due_now()
    await send_waiting(exchange.port)
    assert [row["state"] for row in await messages()] == ["sent"]
    await execute("UPDATE partner_message SET queued_at = queued_at - interval '1 hour'")
    assert await chase_unacknowledged() == 1
    assert await fetch_value("SELECT count(*) FROM supervision_order") == 1
    await exchange.mood("acknowledge")
    await send_waiting(exchange.port)
    (row,) = await messages()
    assert (row["state"], row["chased_at"] is not None) == ("acknowledged", True)
    assert [one["times"] for one in await exchange.kept()] == [1]


async def test_hanging_it_keeps_the_message_and_the_second_copy_means_the_same(
    exchange: Exchange,
) -> None:
    await exchange.send([await order(phone="13800001000")])
    await exchange.mood("hang")
    try:
        async with asyncio.timeout(0.3):
            await send_waiting(exchange.port)
    except TimeoutError:
        await exchange.mood("acknowledge")
    await due_now()
    await send_waiting(exchange.port)
    assert [(one["times"], one["acknowledged"]) for one in await exchange.kept()] == [(2, True)]


async def test_what_the_province_did_not_sign_just_now_changes_nothing(
    exchange: Exchange, wangge: Litestar
) -> None:
    sent = await order(phone="13800001000")
    stale = await exchange.send([sent], stale_s=FRESH_S + 5)
    assert [one["status"] for one in stale] == [403]
    body = msgspec.json.encode(sent)
    path = "/province/v1/orders"
    good = sign(KEY, Asked("POST", path, body), datetime.now(UTC))
    other = sign(Key("p1", Secret("x" * 32)), Asked("POST", path, body), datetime.now(UTC))
    transport = httpx.ASGITransport(app=wangge)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        tries = [
            ({}, body),
            (other, body),
            ({**good, "X-Key-Id": "p2"}, body),
            ({**good, TIME_HEADER: "soon"}, body),
            ({**good, NONCE_HEADER: "short"}, body),
            ({**good, SIGNATURE_HEADER: "0" * 64}, body),
            (good, body.replace(b"13800001000", b"13800001009")),
        ]
        answers = [await client.post(path, content=text, headers=shown) for shown, text in tries]
        assert {answer.status_code for answer in answers} == {403}
        assert len({answer.json()["detail"] for answer in answers}) == 1
        first = await client.post(path, content=body, headers=good)
        replay = await client.post(path, content=body, headers=good)
        assert (first.status_code, replay.status_code) == (200, 403)
        ack = "/province/v1/acknowledgements"
        crossed = await client.post(ack, content=body, headers=good)
        assert crossed.status_code == 403
    assert len(await tickets()) == 1


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("body", b"not json"),
        ("number", b'{"number":"A","kind":"\xe6\x84\x8f\xe8\xa7\x81"}'),
        ("kind", '{"number":"HB20261","kind":"投诉举报"}'.encode()),
        ("body", b'{"surprise":1}'),
        ("body", b"\xff\xfe"),
    ],
)
async def test_a_signed_request_of_another_shape_names_the_field(
    wangge: Litestar, field: str, body: bytes
) -> None:
    path = "/province/v1/orders"
    headers = sign(KEY, Asked("POST", path, body), datetime.now(UTC))
    transport = httpx.ASGITransport(app=wangge)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        answer = await client.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json().get("field")) == (400, field)
    assert await fetch("SELECT 1 FROM partner_order") == []


async def test_without_a_key_in_the_settings_nobody_is_the_province() -> None:
    asked = Asked("POST", "/province/v1/orders", b"{}")
    now = datetime.now(UTC)
    with pytest.raises(Untrusted):
        check(KeyRing(), sign(KEY, asked, now), asked, now, "127.0.0.1")
    bound = KeyRing.parse(f"p1:{TEST_SECRET}@10.1.0.0/16")
    with pytest.raises(Untrusted):
        check(bound, sign(KEY, asked, now), asked, now, "127.0.0.1")
    assert check(bound, sign(KEY, asked, now), asked, now, "10.1.2.3").startswith("p1:")
    with pytest.raises(Untrusted):
        check(RING, sign(KEY, asked, now - timedelta(seconds=FRESH_S + 1)), asked, now, "")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, json={"message_id": "another", "result": "acknowledged"}),
        httpx.Response(200, json={"message_id": "1", "result": "maybe"}),
        httpx.Response(302, json={"message_id": "1", "result": "acknowledged"}),
        httpx.Response(200, content=b" " * 70_000),
    ],
)
async def test_an_answer_that_is_none_means_try_again(answer: httpx.Response) -> None:
    port = ProvinceHttp("http://127.0.0.1:1", KEY, httpx.MockTransport(lambda request: answer))
    with pytest.raises(ProvinceAway):
        await port.tell(b'{"message_id":"1"}')
    await port.close()


async def test_nobody_there_is_an_absence_that_names_no_address() -> None:
    port = ProvinceHttp("http://127.0.0.1:1", KEY)
    with pytest.raises(ProvinceAway) as away:
        await port.tell(b'{"message_id":"1"}')
    assert "127.0.0.1" not in str(away.value)
    await port.close()


def test_the_simulator_refuses_to_start_wrongly(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.json"
    with pytest.raises(SimulatorRefused):
        load_config(config, SimulatorConfig)
    config.write_text('{"key": "short", "orders_url": "http://127.0.0.1/"}')
    assert main([str(config)]) == 2
    assert main([str(config), "--host", "0.0.0.0"]) == 2
    assert "refused" in capsys.readouterr().err


async def test_the_simulator_lets_no_other_site_in(exchange: Exchange) -> None:
    answer = await exchange._control.post(
        "/control/mood", json={"mood": "away"}, headers={"Origin": "http://example.invalid"}
    )
    assert answer.status_code == 403

"""The client against the simulator: one token for all, one bounded retry, no secrets anywhere."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from backend.embedded import EmbeddedValkey
from bot.access_token import AccessTokens, Fetched
from bot.platform import Platform
from bot.platform_errors import REMEDIES, PlatformAway, PlatformRefused, Remedy
from tests.bot.simulator.account import CONFIG, OPENID
from tests.bot.simulator.conftest import Stage, open_stage


@pytest.fixture(scope="module")
async def valkey_url() -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory(prefix="wangge-test-") as place:
        async with EmbeddedValkey(Path(place) / "home") as server:
            yield server.url


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(valkey_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage(CONFIG) as opened:
        await opened.act("text", content="在吗")
        yield opened


def platform_of(stage: Stage, redis: Redis | None = None) -> Platform:
    return Platform(
        app_id=CONFIG.app_id,
        app_secret=CONFIG.app_secret,
        base_url="http://127.0.0.1",
        redis=redis,
        http=stage.http,
    )


async def order(stage: Stage, endpoint: str, kind: str, value: int = 0, times: int = 1) -> None:
    body = {"endpoint": endpoint, "kind": kind, "value": value, "times": times}
    assert (await stage.http.post("/control/faults", json=body)).status_code == 201


async def calls(stage: Stage, path: str) -> int:
    counters = (await stage.http.get("/control/counters")).json()
    return int(counters["calls"].get(f"/cgi-bin/{path}", 0))


async def test_text_and_menu_reach_the_customer(stage: Stage, redis: Redis) -> None:
    platform = platform_of(stage, redis)
    await platform.send_text(OPENID, "您家来电了吗？]]>")
    await platform.send_menu_choice(OPENID, "打个分", [("105", "满意"), ("101", "不满意")], "谢谢")
    text, menu = await stage.inbox()
    assert text["text"] == "您家来电了吗？]]>"
    assert menu["choices"] == [
        {"id": "105", "content": "满意"},
        {"id": "101", "content": "不满意"},
    ]


async def test_a_long_text_goes_in_pieces(stage: Stage) -> None:
    await platform_of(stage).send_text(OPENID, "网" * 1000)
    assert [len(message["text"]) for message in await stage.inbox()] == [682, 318]


async def test_sixteen_cold_processes_make_one_token_request(stage: Stage, redis: Redis) -> None:
    platforms = [platform_of(stage, redis) for _ in range(16)]
    await asyncio.gather(*(each.call("get", "getcallbackip") for each in platforms))
    assert await calls(stage, "stable_token") == 1


async def test_without_valkey_each_process_asks_once(stage: Stage) -> None:
    away: Redis = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.2)
    platform = platform_of(stage, away)
    for _ in range(3):
        await platform.call("get", "getcallbackip")
    assert await calls(stage, "stable_token") == 1
    await away.aclose()


async def test_library_defect_W4_a_voided_token_is_renewed_and_the_call_retried_once(
    stage: Stage, redis: Redis
) -> None:
    platform = platform_of(stage, redis)
    await platform.send_text(OPENID, "一")
    await stage.http.post("/control/tokens/void")
    await asyncio.gather(*(platform.call("get", "getcallbackip") for _ in range(20)))
    assert await calls(stage, "stable_token") == 2


async def test_library_defect_W4_a_token_that_is_always_refused_makes_no_storm(
    stage: Stage, redis: Redis
) -> None:
    await order(stage, "getcallbackip", "errcode", 40001, times=0)
    platform = platform_of(stage, redis)
    for _ in range(5):
        with pytest.raises(PlatformRefused) as refused:
            await platform.call("get", "getcallbackip")
        assert refused.value.remedy is Remedy.RENEW_TOKEN
    # The first token, the renewal and its forced form; then a minute of rest.
    assert await calls(stage, "stable_token") == 3
    assert await calls(stage, "getcallbackip") == 6


@pytest.mark.parametrize(
    ("kind", "value"),
    [("html", 0), ("http_status", 502), ("latency", 60_000)],
)
async def test_an_unusable_answer_is_away_and_in_time(
    stage: Stage, redis: Redis, kind: str, value: int
) -> None:
    platform = platform_of(stage, redis)
    await platform.call("get", "getcallbackip")
    await order(stage, "custom/send", kind, value)
    async with asyncio.timeout(4):
        with pytest.raises(PlatformAway):
            await platform.send_text(OPENID, "你好")
    await platform.send_text(OPENID, "你好")


@pytest.mark.parametrize("answer", [b"", b"[]", b"null", b'{"errcode":"x"}', b"\xff", b"{"])
async def test_answers_that_are_not_theirs(answer: bytes) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("stable_token"):
            return httpx.Response(200, json={"access_token": "t" * 64, "expires_in": 7200})
        return httpx.Response(200, content=answer)

    async with httpx.AsyncClient(transport=httpx.MockTransport(reply)) as http:
        platform = Platform(
            app_id="wx1", app_secret="s", base_url="http://127.0.0.1", redis=None, http=http
        )
        with pytest.raises(PlatformAway):
            await platform.send_text(OPENID, "你好")


async def test_a_broken_connection_is_away_without_its_address() -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError(f"cut at {request.url} with {request.content!r}", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(cut)) as http:
        platform = Platform(
            app_id="wx1", app_secret="hidden", base_url="http://127.0.0.1", redis=None, http=http
        )
        with pytest.raises(PlatformAway) as away:
            await platform.send_text(OPENID, "你好")
    assert str(away.value) == "platform away: ReadError"
    assert away.value.__suppress_context__


async def test_errcode_as_text_counts_and_redirects_are_refused() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("stable_token"):
            return httpx.Response(200, json={"access_token": "t" * 64, "expires_in": 7200})
        if request.url.path.endswith("getcallbackip"):
            return httpx.Response(302, headers={"Location": "http://evil.example/"})
        return httpx.Response(200, json={"errcode": "45015", "errmsg": "x"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(reply)) as http:
        platform = Platform(
            app_id="wx1", app_secret="s", base_url="http://127.0.0.1", redis=None, http=http
        )
        with pytest.raises(PlatformRefused) as refused:
            await platform.send_text(OPENID, "你好")
        assert (refused.value.code, refused.value.remedy) == (45015, Remedy.UNREACHABLE)
        with pytest.raises(PlatformAway):
            await platform.call("get", "getcallbackip")
        with pytest.raises(PlatformAway):
            await platform.call("get", "https://evil.example/steal")


@pytest.mark.parametrize("code", [*REMEDIES, 40013, 48001, 99999])
async def test_every_code_has_a_remedy(stage: Stage, redis: Redis, code: int) -> None:
    await order(stage, "getcallbackip", "errcode", code, times=2)
    with pytest.raises(PlatformRefused) as refused:
        await platform_of(stage, redis).call("get", "getcallbackip")
    assert refused.value.code == code
    assert refused.value.remedy is REMEDIES.get(code, Remedy.ALARM)


async def test_library_defect_W9_no_failure_holds_a_secret(
    stage: Stage, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    platform = platform_of(stage, redis)
    token = await platform._tokens.token()
    await order(stage, "custom/send", "http_status", 502)
    await order(stage, "getcallbackip", "errcode", 48001)
    for attempt in (platform.send_text(OPENID, "你好"), platform.call("get", "getcallbackip")):
        with pytest.raises((PlatformAway, PlatformRefused)) as failed:
            await attempt
        chain = [failed.value, failed.value.__cause__]
        told = "".join(f"{error!r}{vars(error) if error else ''}" for error in chain)
        assert failed.value.__suppress_context__ or failed.value.__context__ is None
        assert token not in told
        assert CONFIG.app_secret not in told
    assert token not in caplog.text
    assert CONFIG.app_secret not in caplog.text


async def test_a_waiter_gives_up_waiting_for_a_process_that_died(redis: Redis) -> None:
    async def fetch(force: bool) -> Fetched:
        return Fetched("t" * 64, 7200)

    tokens = AccessTokens("wx1", redis, fetch)
    await redis.set("wangge:wechat:wx1:access_token:fetching", 1, px=300)
    async with asyncio.timeout(2):
        assert await tokens.token() == "t" * 64


async def test_a_token_is_not_used_in_its_last_minutes(redis: Redis) -> None:
    asked = []

    async def fetch(force: bool) -> Fetched:
        asked.append(force)
        return Fetched(f"token-{len(asked)}", 300)

    tokens = AccessTokens("wx1", redis, fetch)
    assert await tokens.token() == "token-1"
    await asyncio.sleep(1.1)
    assert await tokens.token() == "token-2"


async def test_a_failed_fetch_is_told_and_the_next_one_tries_again(redis: Redis) -> None:
    answers = iter([PlatformAway("HTTP 502"), Fetched("good", 7200)])

    async def fetch(force: bool) -> Fetched:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    tokens = AccessTokens("wx1", redis, fetch)
    with pytest.raises(PlatformAway):
        await tokens.token()
    assert await tokens.token() == "good"

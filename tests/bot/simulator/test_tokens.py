"""Tokens: two series, their lives, limits and quotas."""

from typing import Any

import pytest

from tests.bot.simulator.account import CONFIG
from tests.bot.simulator.conftest import Stage

CREDENTIALS = {
    "grant_type": "client_credential",
    "appid": CONFIG.app_id,
    "secret": CONFIG.app_secret,
}


async def _classic(stage: Stage, **changes: str) -> dict[str, Any]:
    params = {**CREDENTIALS, **changes}
    return dict((await stage.http.get("/cgi-bin/token", params=params)).json())


async def _stable(stage: Stage, **changes: Any) -> dict[str, Any]:
    body = {**CREDENTIALS, **changes}
    return dict((await stage.http.post("/cgi-bin/stable_token", json=body)).json())


async def _code(stage: Stage, token: str) -> int:
    params = {"access_token": token}
    answer = (await stage.http.get("/cgi-bin/getcallbackip", params=params)).json()
    return int(answer.get("errcode", 0))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant_type": "password"}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wxsimsomebodyelse"}, 40013),
        ({"secret": "wrong-secret-0123456789"}, 40125),
    ],
)
async def test_wrong_credentials(stage: Stage, changes: dict[str, str], code: int) -> None:
    assert (await _classic(stage, **changes))["errcode"] == code
    assert (await _stable(stage, **changes))["errcode"] == code


async def test_the_token_itself_is_judged(stage: Stage) -> None:
    assert await _code(stage, "") == 41001
    assert await _code(stage, "short") == 40014
    assert await _code(stage, "x" * 130) == 40001


async def test_a_stable_token_is_the_same_until_its_last_five_minutes(stage: Stage) -> None:
    first = await _stable(stage)
    await stage.advance(6_800)
    again = await _stable(stage)
    assert again["access_token"] == first["access_token"]
    assert 395 <= again["expires_in"] <= 400
    await stage.advance(150)
    renewed = await _stable(stage)
    assert renewed["access_token"] != first["access_token"]
    assert renewed["expires_in"] == 7200
    await stage.advance(290)
    assert await _code(stage, first["access_token"]) == 0
    await stage.advance(20)
    assert await _code(stage, first["access_token"]) == 40001
    assert await _code(stage, renewed["access_token"]) == 0


async def test_an_old_stable_token_has_expired(stage: Stage) -> None:
    token = (await _stable(stage))["access_token"]
    await stage.advance(7_200)
    assert await _code(stage, token) == 42001


async def test_a_forced_refresh_voids_at_once_but_not_twice_in_thirty_seconds(
    stage: Stage,
) -> None:
    first = (await _stable(stage))["access_token"]
    second = (await _stable(stage, force_refresh=True))["access_token"]
    assert await _code(stage, first) == 40001
    assert (await _stable(stage, force_refresh=True))["access_token"] == second
    await stage.advance(30)
    assert (await _stable(stage, force_refresh=True))["access_token"] != second
    assert await _code(stage, second) == 40001


async def test_twenty_forced_refreshes_a_day(stage: Stage) -> None:
    stage.world.quotas.used["stable_token_forced"] = 20
    assert (await _stable(stage, force_refresh=True))["errcode"] == 45009
    assert "access_token" in await _stable(stage)


async def test_classic_tokens_replace_each_other_with_five_minutes_overlap(stage: Stage) -> None:
    first, stable = await _classic(stage), await _stable(stage)
    second = await _classic(stage)
    assert first["access_token"] != second["access_token"]
    assert await _code(stage, first["access_token"]) == 0
    await stage.advance(300)
    assert await _code(stage, first["access_token"]) == 40001
    assert await _code(stage, second["access_token"]) == 0
    assert await _code(stage, stable["access_token"]) == 0


async def test_the_daily_quota_ends_with_the_beijing_day_or_a_clearing(listed: Stage) -> None:
    for _ in range(2):
        assert "access_token" in await _classic(listed)
    assert (await _classic(listed))["errcode"] == 45009
    assert (await listed.call("clear_quota", {"appid": CONFIG.app_id}))["errcode"] == 0
    assert "access_token" in await _classic(listed)
    await _classic(listed)
    assert (await _classic(listed))["errcode"] == 45009
    await listed.advance(86_400)
    assert "access_token" in await _classic(listed)


async def test_ten_clearings_a_month(stage: Stage) -> None:
    codes = [
        (await stage.call("clear_quota", {"appid": CONFIG.app_id}))["errcode"] for _ in range(11)
    ]
    assert codes == [0] * 10 + [48006]
    await stage.advance(31 * 86_400)
    assert (await stage.call("clear_quota", {"appid": CONFIG.app_id}))["errcode"] == 0


async def test_ten_thousand_a_minute(stage: Stage) -> None:
    stage.world.tokens.stable(False)
    stage.world.quotas._used_this_minute["stable_token"] = 10_000
    codes = {(await _stable(stage)).get("errcode") for _ in range(1)}
    await stage.advance(60)
    assert codes == {45011}
    assert "access_token" in await _stable(stage)


async def test_voided_tokens_are_not_the_latest_any_more(stage: Stage) -> None:
    token = (await _stable(stage))["access_token"]
    await stage.http.post("/control/tokens/void")
    assert await _code(stage, token) == 40001

"""Shapeless and spoilt requests: an answer with a code each time, never a 500."""

import json
import random
from typing import Any

from bot.simulator.app import ENDPOINTS
from tests.bot.simulator.account import OPENID
from tests.bot.simulator.conftest import Stage

SEED = 20240101
REQUESTS = 800
WORDS: tuple[Any, ...] = (
    *("", "x", OPENID, "TPL_ONE", "\x00", "电" * 9, "http://[::1", "click", "view", "text", "news"),
    *("msgmenu", "QR_SCENE", "QR_STR_SCENE", "Typing", "event", "raw", "SURROGATE"),
    *(5, -1, 2**70, 1.5, 1e308, True, None),
)
KEYS = (
    *("touser", "msgtype", "text", "content", "news", "articles", "title", "msgmenu", "list", "id"),
    *("template_id", "data", "value", "button", "name", "type", "key", "url", "sub_button", "push"),
    *("action_name", "action_info", "scene", "scene_str", "scene_id", "expire_seconds", "appid"),
    *("openid", "event", "lat", "xml", "templates", "msg_id", "kind", "advance_s", "count"),
)
CONTROL = ("/control/events", "/control/faults", "/control/push", "/control/consents")


def _value(chance: random.Random, depth: int) -> Any:
    draw = chance.random()
    if depth < 4 and draw < 0.35:
        keys = [chance.choice(KEYS) for _ in range(chance.randint(0, 6))]
        return {key: _value(chance, depth + 1) for key in keys}
    if depth < 4 and draw < 0.45:
        return [_value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    return chance.choice(WORDS)


def _body(chance: random.Random) -> bytes:
    kind = chance.choice(("text", "image", "news", "msgmenu"))
    shaped = chance.choice(
        (
            {"touser": OPENID, "msgtype": kind, kind: _value(chance, 1)},
            {"touser": OPENID, "template_id": "TPL_ONE", "data": {"thing1": _value(chance, 2)}},
            {"button": [_value(chance, 1), {"type": "click", "name": _value(chance, 3)}]},
            {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": 5}}},
            {"openid": OPENID, "type": "event", "wait": False, chance.choice(KEYS): "x"},
            _value(chance, 0),
        )
    )
    if chance.random() < 0.1:
        return chance.randbytes(20)
    return json.dumps(shaped).replace("SURROGATE", "\\ud800").encode()


async def test_no_request_makes_a_500(stage: Stage) -> None:
    chance = random.Random(SEED)
    token = await stage.token()
    paths = [*ENDPOINTS, *CONTROL]
    seen = set()
    for number in range(REQUESTS):
        path, body = chance.choice(paths), _body(chance)
        params = {"access_token": token, "type": "image"}
        headers = {"Content-Type": "application/json"}
        answer = await stage.http.post(path, params=params, content=body, headers=headers)
        seen.add(answer.status_code)
        assert answer.status_code < 500, (SEED, number, path, body)
        if path == "/control/faults":
            await stage.http.delete("/control/faults")
        if path == "/control/push":
            await stage.http.post("/control/push", json={"delay_ms": 0, "reorder": False})
    assert {200, 400} <= seen
    await stage.act(openid="oLATER00", content="还在")
    assert stage.account.received[-1]["Content"] == "还在"


async def test_a_body_beyond_the_limit_is_refused(stage: Stage) -> None:
    params = {"access_token": await stage.token()}
    huge = b'{"touser": "' + b"x" * (17 * 1024 * 1024) + b'"}'
    answer = await stage.http.post("/cgi-bin/message/custom/send", params=params, content=huge)
    assert answer.status_code == 413
    large = huge[: 300 * 1024] + b'"}'
    answer = await stage.http.post("/cgi-bin/message/custom/send", params=params, content=large)
    assert answer.json()["errcode"] == 47001

"""Menu, QR codes, people, tickets, OAuth, faults, and who may talk to the control side."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.bot.simulator.account import CONFIG, OPENID
from tests.bot.simulator.conftest import Stage

MENU = {
    "button": [
        {"type": "click", "name": "报修", "key": "REPORT"},
        {
            "name": "我的",
            "sub_button": [
                {"type": "view", "name": "余额", "url": "http://127.0.0.1/h5"},
                {"type": "location_select", "name": "发位置", "key": "PLACE"},
            ],
        },
    ]
}


async def _get(stage: Stage, path: str, **params: Any) -> dict[str, Any]:
    params = {"access_token": await stage.token(), **params}
    return dict((await stage.http.get(f"/cgi-bin/{path}", params=params)).json())


async def test_the_menu_is_kept_shown_and_deleted(stage: Stage) -> None:
    assert (await _get(stage, "menu/get"))["errcode"] == 46003
    assert (await stage.call("menu/create", MENU))["errcode"] == 0
    assert (await _get(stage, "menu/get")) == {"menu": MENU}
    assert (await stage.http.get("/control/menu")).json() == MENU
    assert (await _get(stage, "menu/delete"))["errcode"] == 0
    assert (await stage.http.get("/control/menu")).json() == {"button": None}


@pytest.mark.parametrize(
    ("menu", "code"),
    [
        ({}, 40016),
        ({"button": []}, 40016),
        ({"button": [{"type": "click", "name": "a", "key": "k"}] * 4}, 40016),
        ({"button": ["x"]}, 47001),
        ({"button": [{"type": "click", "name": "", "key": "k"}]}, 40018),
        ({"button": [{"type": "click", "name": "六个汉字太长", "key": "k"}]}, 40018),
        ({"button": [{"type": "click", "name": "a", "key": ""}]}, 40019),
        ({"button": [{"type": "dance", "name": "a", "key": "k"}]}, 40017),
        ({"button": [{"type": "view", "name": "a", "url": "javascript:alert(1)"}]}, 40020),
        ({"button": [{"name": "a", "sub_button": [{"type": "click"}] * 6}]}, 40023),
        ({"button": [{"name": "a", "sub_button": "x"}]}, 40023),
    ],
)
async def test_a_wrong_menu_is_refused(stage: Stage, menu: Any, code: int) -> None:
    assert (await stage.call("menu/create", menu))["errcode"] == code
    assert (await _get(stage, "menu/get"))["errcode"] == 46003


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "x" * 65}}},
        {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": ""}}},
        {"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 0}}},
        {"action_name": "QR_LIMIT_SCENE", "action_info": {"scene": {"scene_id": 100_001}}},
        {"action_name": "QR", "action_info": {"scene": {"scene_id": 1}}},
        {
            "action_name": "QR_SCENE",
            "expire_seconds": 2_592_001,
            "action_info": {"scene": {"scene_id": 1}},
        },
    ],
)
async def test_a_wrong_qr_code_is_refused(stage: Stage, body: Any) -> None:
    assert (await stage.call("qrcode/create", body))["errcode"] == 40053


async def test_people_and_tickets(stage: Stage) -> None:
    info = await _get(stage, "user/info", openid=OPENID)
    assert (info["subscribe"], info["openid"], "nickname" in info) == (1, OPENID, False)
    assert (await _get(stage, "user/info", openid="oNOBODY00"))["errcode"] == 40003
    await stage.act("event", event="unsubscribe")
    assert await _get(stage, "user/info", openid=OPENID) == {"subscribe": 0, "openid": OPENID}
    ticket = await _get(stage, "ticket/getticket", type="jsapi")
    assert (await _get(stage, "ticket/getticket", type="jsapi"))["ticket"] == ticket["ticket"]
    await stage.advance(7_200)
    assert (await _get(stage, "ticket/getticket", type="jsapi"))["ticket"] != ticket["ticket"]
    assert (await _get(stage, "ticket/getticket", type="x"))["errcode"] == 40097


def _authorize(**changes: str) -> dict[str, str]:
    return {
        "appid": CONFIG.app_id,
        "redirect_uri": "http://127.0.0.1:8000/h5/bind?a=1",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "s&t=1",
        "openid": OPENID,
        **changes,
    }


async def _redeem(stage: Stage, code: str, **changes: str) -> dict[str, Any]:
    params = {
        "appid": CONFIG.app_id,
        "secret": CONFIG.app_secret,
        "code": code,
        "grant_type": "authorization_code",
        **changes,
    }
    return dict((await stage.http.get("/sns/oauth2/access_token", params=params)).json())


async def _code_for(stage: Stage) -> str:
    answer = await stage.http.get("/connect/oauth2/authorize", params=_authorize())
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


async def test_oauth_comes_back_with_a_code_that_is_good_once(stage: Stage) -> None:
    answer = await stage.http.get("/connect/oauth2/authorize", params=_authorize())
    target = urlsplit(answer.headers["location"])
    query = parse_qs(target.query)
    assert (answer.status_code, target.netloc, target.path) == (302, "127.0.0.1:8000", "/h5/bind")
    assert (query["a"], query["state"]) == (["1"], ["s&t=1"])
    assert (await _redeem(stage, query["code"][0], secret="wrong-secret"))["errcode"] == 40125
    redeemed = await _redeem(stage, query["code"][0])
    assert (redeemed["openid"], redeemed["scope"]) == (OPENID, "snsapi_base")
    assert (await _redeem(stage, query["code"][0]))["errcode"] == 40163


async def test_oauth_codes_unknown_late_and_missing(stage: Stage) -> None:
    code = await _code_for(stage)
    await stage.advance(300)
    assert (await _redeem(stage, code))["errcode"] == 42003
    assert (await _redeem(stage, "none"))["errcode"] == 40029
    assert (await _redeem(stage, ""))["errcode"] == 41008
    assert (await _redeem(stage, code, grant_type="x"))["errcode"] == 40002


@pytest.mark.parametrize(
    "changes",
    [
        {"appid": "wxsimother0000"},
        {"redirect_uri": "http://evil.example/"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": ""},
        {"redirect_uri": "http://[::1"},
        {"redirect_uri": "http://127.0.0.1:x/"},
        {"redirect_uri": "//127.0.0.1/"},
        {"response_type": "token"},
        {"scope": "all"},
        {"state": "x" * 129},
        {"openid": "oNOBODY00"},
    ],
)
async def test_a_wrong_authorization_never_redirects(stage: Stage, changes: dict[str, str]) -> None:
    params = _authorize(**changes)
    answer = await stage.http.get("/connect/oauth2/authorize", params=params)
    assert "location" not in answer.headers
    assert answer.text.startswith("模拟器")


async def test_oauth_without_openid_takes_the_person_of_the_chat_page(stage: Stage) -> None:
    params = _authorize()
    del params["openid"]
    headers = {"Cookie": f"simulator_openid={OPENID}"}
    answer = await stage.http.get("/connect/oauth2/authorize", params=params, headers=headers)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    assert (await _redeem(stage, code))["openid"] == OPENID


async def _order(stage: Stage, **fault: Any) -> int:
    return (await stage.http.post("/control/faults", json=fault)).status_code


async def test_an_ordered_code_hits_as_often_as_ordered(stage: Stage) -> None:
    await stage.act(content="你好")
    await _order(stage, endpoint="custom/send", kind="errcode", value=45009, times=2)
    assert [await stage.send_text() for _ in range(3)] == [45009, 45009, 0]


async def test_a_fault_without_end_until_cleared(stage: Stage) -> None:
    await _order(stage, endpoint="*", kind="http_status", value=503, times=0)
    for _ in range(3):
        assert (await stage.http.get("/cgi-bin/token")).status_code == 503
    assert (await stage.http.get("/control/faults")).json()["items"][0]["hits"] == 3
    await stage.http.delete("/control/faults")
    assert (await stage.http.get("/cgi-bin/token")).status_code == 200


async def test_html_and_latency(stage: Stage) -> None:
    await _order(stage, endpoint="/cgi-bin/token", kind="latency", value=80)
    await _order(stage, endpoint="/cgi-bin/token", kind="html")
    answer = await stage.http.get("/cgi-bin/token")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert (await stage.http.get("/control/faults")).json()["items"] == []


@pytest.mark.parametrize(
    "fault",
    [
        {"endpoint": "*", "kind": "latency", "value": 0},
        {"endpoint": "*", "kind": "http_status", "value": 200},
        {"endpoint": "*", "kind": "errcode", "value": 0},
        {"endpoint": "*", "kind": "explode"},
        {"endpoint": "", "kind": "html"},
        {"endpoint": "*", "kind": "html", "surprise": 1},
    ],
)
async def test_a_malformed_fault_is_refused(stage: Stage, fault: dict[str, Any]) -> None:
    assert await _order(stage, **fault) == 400


async def test_at_most_a_hundred_faults(stage: Stage) -> None:
    codes = [await _order(stage, endpoint="x", kind="html") for _ in range(101)]
    assert codes == [201] * 100 + [400]


async def test_the_counters_tell_what_happened(stage: Stage) -> None:
    await stage.act(content="你好")
    await stage.send_text()
    await stage.call("message/custom/send", {})
    counters = (await stage.http.get("/control/counters")).json()
    assert counters["calls"]["/cgi-bin/message/custom/send"] == 2
    assert counters["errors"] == {"40003": 1}
    assert counters["pushes"]["answered"] == 1
    assert (counters["tokens_issued"], counters["followers"]) == (1, 2)


@pytest.mark.parametrize("body", [{"advance_s": -1}, {"advance_s": 1e12}, {"advance_s": "x"}, {}])
async def test_the_clock_only_goes_forward(stage: Stage, body: dict[str, Any]) -> None:
    assert (await stage.http.post("/control/clock", json=body)).status_code == 400
    assert stage.world.clock.offset_s == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "["},
        {"Origin": "http://["},
    ],
)
async def test_other_web_sites_cannot_use_the_control_side(
    stage: Stage, headers: dict[str, str]
) -> None:
    body = {"openid": OPENID, "type": "text", "content": "x"}
    answer = await stage.http.post("/control/events", json=body, headers=headers)
    assert answer.status_code in (400, 403)
    assert stage.account.received == []


async def test_unknown_things_are_404(stage: Stage) -> None:
    for path in ("/control/followers/oNOBODY00", "/control/media/none", "/cgi-bin/nothing", "/x"):
        assert (await stage.http.get(path)).status_code == 404
    consent = {"openid": "oNOBODY00", "template_id": "T"}
    assert (await stage.http.post("/control/consents", json=consent)).status_code == 404

"""What customers do, as the account sees it."""

import base64

import pytest

from tests.bot.simulator.account import OPENID, OTHER, Answer
from tests.bot.simulator.conftest import Stage


async def test_a_location_is_pushed_in_gcj02(stage: Stage) -> None:
    await stage.act("location", lat=30.592800, lon=114.305500, label="院坝")
    message = stage.account.received[0]
    assert (message["Location_X"], message["Location_Y"]) == ("30.590391", "114.310945")
    assert (message["Scale"], message["Label"]) == ("16", "院坝")
    sent = (await stage.inbox(direction="both"))[0]
    assert (sent["lat"], sent["lon"], sent["direction"]) == (30.5928, 114.3055, "sent")


async def test_a_location_given_in_gcj02_stays(stage: Stage) -> None:
    await stage.act("location", lat=30.59, lon=114.31, datum="gcj02")
    assert stage.account.received[0]["Location_X"] == "30.590000"


async def test_a_location_event_stays_wgs84(stage: Stage) -> None:
    await stage.act("event", event="LOCATION", lat=30.5928, lon=114.3055, precision_m=20)
    message = stage.account.received[0]
    assert (message["Latitude"], message["Longitude"]) == ("30.592800", "114.305500")
    assert message["Precision"] == "20.000000"


async def test_a_picture_can_be_fetched_from_its_address(stage: Stage) -> None:
    picture = b"\x89PNG\r\n\x1a\n-a picture-"
    await stage.act("image", media_base64=base64.b64encode(picture).decode())
    message = stage.account.received[0]
    fetched = await stage.http.get(message["PicUrl"])
    assert (fetched.content, fetched.headers["content-type"]) == (picture, "image/png")
    params = {"access_token": await stage.token(), "media_id": message["MediaId"]}
    assert (await stage.http.get("/cgi-bin/media/get", params=params)).content == picture


@pytest.mark.parametrize("kind", ["image", "voice", "video", "shortvideo"])
async def test_media_messages_have_samples(stage: Stage, kind: str) -> None:
    await stage.act(kind)
    assert stage.account.received[0]["MsgType"] == kind
    assert stage.account.received[0]["MediaId"]


async def test_a_menu_choice_in_a_message_carries_its_id(stage: Stage) -> None:
    await stage.act(content="满意", bizmsgmenuid="101")
    assert stage.account.received[0]["bizmsgmenuid"] == "101"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"event": "CLICK", "event_key": "BALANCE"}, {"EventKey": "BALANCE"}),
        ({"event": "VIEW", "event_key": "http://127.0.0.1/"}, {"EventKey": "http://127.0.0.1/"}),
        (
            {"event": "scancode_waitmsg", "event_key": "QR", "scan_result": "METER:1"},
            {"ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "METER:1"}},
        ),
        ({"event": "something_new"}, {"Event": "something_new"}),
    ],
)
async def test_events(stage: Stage, fields: dict[str, str], expected: dict[str, object]) -> None:
    outcome = await stage.act("event", **fields)
    assert outcome["msg_id"] is None
    assert expected.items() <= stage.account.received[0].items()


async def test_a_scanned_code_gives_its_scene(stage: Stage) -> None:
    body = {
        "action_name": "QR_STR_SCENE",
        "expire_seconds": 600,
        "action_info": {"scene": {"scene_str": "bind-7F3A"}},
    }
    ticket = (await stage.call("qrcode/create", body))["ticket"]
    await stage.act("event", event="SCAN", ticket=ticket)
    await stage.act("event", event="subscribe", ticket=ticket)
    assert [m["EventKey"] for m in stage.account.received] == ["bind-7F3A", "qrscene_bind-7F3A"]
    await stage.advance(600)
    late = {"openid": OPENID, "type": "event", "event": "SCAN", "ticket": ticket}
    assert (await stage.http.post("/control/events", json=late)).status_code == 409
    picture = await stage.http.get("/cgi-bin/showqrcode", params={"ticket": ticket})
    assert picture.content.startswith(b"\x89PNG")


async def test_who_left_can_only_follow_again(stage: Stage) -> None:
    await stage.act("event", event="unsubscribe")
    body = {"openid": OPENID, "type": "text", "content": "喂"}
    assert (await stage.http.post("/control/events", json=body)).status_code == 409
    assert await stage.send_text() == 43004
    await stage.act("event", event="subscribe")
    assert await stage.send_text() == 0


async def test_a_stranger_follows_by_writing(stage: Stage) -> None:
    stage.account.reply_with(Answer(text="欢迎"))
    outcome = await stage.act(openid="oSTRANGER1", content="你好")
    assert outcome["reply"]["openid"] == "oSTRANGER1"
    found = (await stage.http.get("/control/followers/oSTRANGER1")).json()
    assert found["subscribed"] is True


async def test_silent_events_show_no_failure(stage: Stage) -> None:
    stage.account.reply_with(Answer(raw=b"oops"))
    outcome = await stage.act("event", event="VIEW", event_key="http://127.0.0.1/")
    assert (outcome["answered"], outcome["reply"]) == (False, None)
    assert (await stage.act("event", event="CLICK", event_key="X"))["reply"] is not None


async def test_fifteen_people_may_have_the_same_msg_id(stage: Stage) -> None:
    for openid in (OPENID, OTHER):
        await stage.act(openid=openid, content="好", msg_id=7, create_time=1_700_000_000)
    assert [(m["MsgId"], m["CreateTime"]) for m in stage.account.received] == [
        ("7", "1700000000")
    ] * 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"openid": OPENID},
        {"openid": "x", "type": "text"},
        {"openid": "o" * 65, "type": "text"},
        {"openid": OPENID, "type": "smell"},
        {"openid": OPENID, "type": "text", "surprise": 1},
        {"openid": OPENID, "type": "text", "content": 5},
        {"openid": OPENID, "type": "text", "content": "x" * 20_001},
        {"openid": OPENID, "type": "location", "lat": 91, "lon": 0},
        {"openid": OPENID, "type": "location", "lat": "north", "lon": 0},
        {"openid": OPENID, "type": "event"},
        {"openid": OPENID, "type": "text", "push": {"tries": 9}},
        {"openid": OPENID, "type": "text", "push": {"unknown": 1}},
        {"openid": OPENID, "type": "image", "media_base64": "?"},
        {"openid": OPENID, "type": "image", "media_base64": "PHN2Zz48L3N2Zz4="},
    ],
)
async def test_a_malformed_act_is_refused_and_changes_nothing(
    stage: Stage, body: dict[str, object]
) -> None:
    response = await stage.http.post("/control/events", json=body)
    assert response.status_code == 400
    assert response.json()["detail"]
    assert stage.account.received == []
    assert await stage.inbox(direction="both") == []

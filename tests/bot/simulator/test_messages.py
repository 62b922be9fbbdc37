"""What an account may send to whom, and what is refused with which code."""

from typing import Any

import pytest

from tests.bot.simulator.account import OPENID
from tests.bot.simulator.conftest import Stage


def _custom(kind: str, content: Any, openid: str = OPENID) -> dict[str, Any]:
    return {"touser": openid, "msgtype": kind, kind: content}


async def test_nothing_before_the_customer_wrote(stage: Stage) -> None:
    assert await stage.send_text() == 45015


async def test_five_messages_in_48_hours_after_a_message(stage: Stage) -> None:
    await stage.act(content="你好")
    assert [await stage.send_text() for _ in range(6)] == [0] * 5 + [45047]
    await stage.act(content="还在吗")
    await stage.advance(48 * 3600 - 60)
    assert await stage.send_text() == 0
    await stage.advance(60)
    assert await stage.send_text() == 45015


@pytest.mark.parametrize(
    "fields",
    [
        {"type_": "event", "event": "CLICK", "event_key": "HELP"},
        {"type_": "event", "event": "subscribe"},
        {"type_": "event", "event": "SCAN", "event_key": "1"},
        {"content": "满意", "bizmsgmenuid": "1"},
    ],
)
async def test_three_messages_in_a_minute_after_a_choice(
    stage: Stage, fields: dict[str, str]
) -> None:
    await stage.act(**fields)
    assert [await stage.send_text() for _ in range(4)] == [0] * 3 + [45047]
    await stage.advance(60)
    assert await stage.send_text() == 45015


@pytest.mark.parametrize("event", ["VIEW", "LOCATION", "unsubscribe"])
async def test_other_events_open_no_window(stage: Stage, event: str) -> None:
    await stage.act("event", event=event)
    assert await stage.send_text() in (45015, 43004)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (_custom("text", {"content": "x"}, "oNOBODY00"), 40003),
        (_custom("text", {"content": "x"}, ""), 40003),
        (_custom("text", {"content": "电" * 683}), 45002),
        (_custom("text", {"content": " "}), 44004),
        (_custom("text", {}), 44004),
        (_custom("text", "x"), 47001),
        (_custom("hologram", {"content": "x"}), 40008),
        (_custom("image", {"media_id": "none"}), 40007),
        (_custom("news", {"articles": [{"title": "a"}, {"title": "b"}]}), 45008),
        (_custom("news", {"articles": ["a"]}), 47001),
        (_custom("msgmenu", {"head_content": "x", "list": []}), 47001),
        (_custom("msgmenu", {"head_content": "x", "list": [{"id": []}]}), 47001),
        ([], 47001),
        ("text", 47001),
    ],
)
async def test_a_wrong_message_is_refused_and_costs_nothing(
    stage: Stage, body: Any, code: int
) -> None:
    await stage.act(content="你好")
    assert (await stage.call("message/custom/send", body))["errcode"] == code
    assert [await stage.send_text() for _ in range(6)] == [0] * 5 + [45047]


async def test_bodies_that_are_no_json(stage: Stage) -> None:
    params = {"access_token": await stage.token()}
    for content, code in [(b"", 44002), (b"{", 47001), (b"\xff\xfe", 47001), (b"[" * 9000, 47001)]:
        answer = await stage.http.post(
            "/cgi-bin/message/custom/send", params=params, content=content
        )
        assert (answer.status_code, answer.json()["errcode"]) == (200, code)


async def test_the_wrong_method(stage: Stage) -> None:
    params = {"access_token": await stage.token()}
    answer = await stage.http.get("/cgi-bin/message/custom/send", params=params)
    assert answer.json()["errcode"] == 43002
    answer = await stage.http.post("/cgi-bin/menu/get", params=params)
    assert answer.json()["errcode"] == 43001


async def test_menus_news_and_pictures_are_received(stage: Stage) -> None:
    await stage.act(content="你好")
    menu = {
        "head_content": "满意吗？",
        "tail_content": "谢谢",
        "list": [{"id": 1, "content": "满意"}],
    }
    article = {
        "title": "停电公告",
        "description": "明天",
        "url": "http://127.0.0.1/x",
        "picurl": "",
    }
    upload = await stage.http.post(
        "/cgi-bin/media/upload",
        params={"access_token": await stage.token(), "type": "image"},
        files={"media": ("a.png", b"\x89PNG\r\n\x1a\n-picture-", "image/png")},
    )
    media_id = upload.json()["media_id"]
    for body in (
        _custom("msgmenu", menu),
        _custom("news", {"articles": [article]}),
        _custom("image", {"media_id": media_id}),
    ):
        assert (await stage.call("message/custom/send", body))["errcode"] == 0
    shown = await stage.inbox()
    assert shown[0]["choices"] == [{"id": "1", "content": "满意"}]
    assert shown[0]["text"] == "满意吗？\n满意\n谢谢"
    assert shown[1]["articles"][0]["url"] == "http://127.0.0.1/x"
    assert shown[2]["media_id"] == media_id
    assert [message["raw"]["msgtype"] for message in shown] == ["msgmenu", "news", "image"]


async def test_uploads_are_judged(stage: Stage) -> None:
    params = {"access_token": await stage.token(), "type": "image"}
    url = "/cgi-bin/media/upload"
    wrong_name = {"file": ("a.png", b"\x89PNG\r\n\x1a\n-picture-", "image/png")}
    html = {"media": ("a.png", b"<html></html>", "image/png")}
    assert (await stage.http.post(url, params=params, files=wrong_name)).json()["errcode"] == 41005
    assert (await stage.http.post(url, params=params, files=html)).json()["errcode"] == 40005
    assert (await stage.http.post(url, params=params)).json()["errcode"] == 41005
    params["type"] = "hologram"
    assert (await stage.http.post(url, params=params, files=html)).json()["errcode"] == 40004


async def test_typing(stage: Stage) -> None:
    async def typing(command: str = "Typing") -> int:
        body = {"touser": OPENID, "command": command}
        return int((await stage.call("message/custom/typing", body))["errcode"])

    assert await typing() == 45080
    await stage.act(content="你好")
    assert [await typing(), await typing(), await typing("Dance")] == [0, 45081, 45072]
    assert (await stage.http.get(f"/control/followers/{OPENID}")).json()["typing"] is True
    assert await typing("CancelTyping") == 0
    await stage.advance(30)
    assert await typing() == 45080


async def test_a_template_message_and_its_result(stage: Stage) -> None:
    body = {
        "touser": OPENID,
        "template_id": "TPL_ANY",
        "url": "http://127.0.0.1/h5",
        "data": {"thing1": {"value": "抢修人员已到"}, "keyword2": {"value": "第一行\n" * 9}},
    }
    await stage.http.post("/control/push", json={"finish_delay_ms": 0})
    answer = await stage.call("message/template/send", body)
    await stage.world.settle()
    shown = (await stage.inbox())[0]
    assert (shown["via"], shown["url"]) == ("template", "http://127.0.0.1/h5")
    assert shown["text"].splitlines()[0] == "thing1: 抢修人员已到"
    assert "\n" not in shown["text"].split("keyword2: ")[1]
    event = stage.account.received[0]
    assert (event["Event"], event["MsgID"], event["Status"]) == (
        "TEMPLATESENDJOBFINISH",
        str(answer["msgid"]),
        "success",
    )


async def test_a_blocked_template_is_reported_and_not_shown(stage: Stage) -> None:
    knobs = {"template_status": "failed:user block", "finish_delay_ms": 0}
    await stage.http.post("/control/push", json=knobs)
    body = {"touser": OPENID, "template_id": "TPL_ANY", "data": {"thing1": {"value": "x"}}}
    assert (await stage.call("message/template/send", body))["errcode"] == 0
    await stage.world.settle()
    assert stage.account.received[0]["Status"] == "failed:user block"
    assert await stage.inbox() == []


@pytest.mark.parametrize(
    ("template_id", "data", "code"),
    [
        ("TPL_NONE", {"thing1": {"value": "x"}, "time2": {"value": "10:00"}}, 40037),
        ("", {}, 40037),
        (7, {}, 40037),
        ("TPL_REPAIR", {}, 47003),
        ("TPL_REPAIR", {"thing1": {"value": "x"}}, 47003),
        ("TPL_REPAIR", {"thing1": {"value": ""}, "time2": {"value": "10:00"}}, 47003),
        ("TPL_REPAIR", {"thing1": {"value": "字" * 21}, "time2": {"value": "10:00"}}, 47003),
        ("TPL_REPAIR", {"thing1": {"value": "x\ny"}, "time2": {"value": "10:00"}}, 47003),
        ("TPL_REPAIR", {"thing1": {"value": "x"}, "time2": {"value": "soon"}}, 47003),
        ("TPL_REPAIR", {"thing1": "x", "time2": {"value": "10:00"}}, 47003),
        ("TPL_REPAIR", {"thing1": {"value": "x"}, "time2": {"value": "2024年1月1日 10:00"}}, 0),
    ],
)
async def test_notice_fields_are_judged(
    listed: Stage, template_id: Any, data: Any, code: int
) -> None:
    body = {"touser": OPENID, "template_id": template_id, "data": data}
    assert (await listed.call("message/template/send", body))["errcode"] == code
    consent = {"openid": OPENID, "template_id": "TPL_REPAIR"}
    await listed.http.post("/control/consents", json=consent)
    assert (await listed.call("message/subscribe/bizsend", body))["errcode"] == code
    await listed.world.settle()


async def test_one_subscription_notice_for_each_consent(stage: Stage) -> None:
    await stage.http.post("/control/push", json={"finish_delay_ms": 0})
    body = {"touser": OPENID, "template_id": "TPL_ONE", "data": {"thing1": {"value": "x"}}}
    send = "message/subscribe/bizsend"
    assert (await stage.call(send, body))["errcode"] == 43101
    choice = [{"template_id": "TPL_ONE"}, {"template_id": "TPL_TWO", "status": "reject"}]
    await stage.act("event", event="subscribe_msg_popup_event", templates=choice)
    lists = stage.account.received[0]["SubscribeMsgPopupEvent"]["List"]
    assert [entry["SubscribeStatusString"] for entry in lists] == ["accept", "reject"]
    assert [(await stage.call(send, body))["errcode"] for _ in range(2)] == [0, 43101]
    await stage.world.settle()
    sent = stage.account.received[1]["SubscribeMsgSentEvent"]["List"]
    assert (sent["TemplateId"], sent["ErrorStatus"]) == ("TPL_ONE", "success")
    await stage.act("event", event="subscribe_msg_popup_event", templates=choice)
    await stage.act(
        "event",
        event="subscribe_msg_change_event",
        templates=[{"template_id": "TPL_ONE", "status": "reject"}],
    )
    assert (await stage.call(send, body))["errcode"] == 43101


async def test_a_long_term_template_needs_no_consent(listed: Stage) -> None:
    body = {"touser": OPENID, "template_id": "TPL_LONG", "data": {"thing1": {"value": "x"}}}
    codes = [(await listed.call("message/subscribe/bizsend", body))["errcode"] for _ in range(3)]
    assert codes == [0, 0, 0]
    await listed.world.settle()


async def test_the_daily_quota_of_custom_messages(listed: Stage) -> None:
    await listed.act(content="你好")
    assert [await listed.send_text() for _ in range(4)] == [0, 0, 0, 45009]


async def test_only_the_last_messages_are_kept(listed: Stage) -> None:
    for number in range(6):
        await listed.act(content=str(number))
    kept = await listed.inbox(direction="both")
    assert [message["text"] for message in kept] == ["2", "3", "4", "5"]


async def test_the_cursor_pages_through(stage: Stage) -> None:
    for number in range(3):
        await stage.act(content=str(number))
    params: dict[str, Any] = {"openid": OPENID, "direction": "both", "limit": 2}
    first = (await stage.http.get("/control/messages", params=params)).json()
    params["after"] = first["next"]
    second = (await stage.http.get("/control/messages", params=params)).json()
    assert [item["text"] for item in first["items"] + second["items"]] == ["0", "1", "2"]
    params["after"] = second["next"]
    last = (await stage.http.get("/control/messages", params=params)).json()
    assert last == {"items": [], "next": second["next"]}

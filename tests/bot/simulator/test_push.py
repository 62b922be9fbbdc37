"""Pushes: encryption, retries, duplicates, order, forgery, and the judgement of replies."""

import asyncio

import pytest

from bot.simulator.reply import OUT_OF_SERVICE
from tests.bot.simulator.account import OPENID, ORIGINAL_ID, OTHER, Answer, reply_xml
from tests.bot.simulator.conftest import Stage


async def test_a_text_arrives_encrypted_and_its_reply_is_received(stage: Stage) -> None:
    stage.account.reply_with(Answer(text="收到，请稍等"))
    outcome = await stage.act(content="没电了 ]]> <b>")
    message = stage.account.received[0]
    assert (message["FromUserName"], message["ToUserName"]) == (OPENID, ORIGINAL_ID)
    assert (message["MsgType"], message["Content"]) == ("text", "没电了 ]]> <b>")
    assert message["MsgId"] == str(outcome["msg_id"])
    assert stage.account.queries[0]["encrypt_type"] == "aes"
    assert (outcome["tries"], outcome["answered"]) == (1, True)
    assert outcome["reply"]["text"] == "收到，请稍等"
    received = (await stage.inbox())[0]
    assert (received["direction"], received["via"], received["type"]) == (
        "received",
        "reply",
        "text",
    )


@pytest.mark.parametrize("mode", ["plain", "compatible"])
async def test_the_other_modes_carry_the_plain_text(stage: Stage, mode: str) -> None:
    stage.account.reply_with(Answer(raw=reply_xml(OPENID, "好").encode()))
    outcome = await stage.act(content="余额", push={"mode": mode})
    assert outcome["reply"]["text"] == "好"
    assert stage.account.received[0]["Content"] == "余额"
    assert ("encrypt_type" in stage.account.queries[0]) is (mode == "compatible")


async def test_silence_is_retried_twice_with_the_same_msg_id(stage: Stage) -> None:
    stage.account.reply_with(Answer(pause_s=5), Answer(pause_s=5), Answer(text="终于"))
    outcome = await stage.act(content="在吗", push={"timeout_s": 0.05})
    assert (outcome["tries"], outcome["reply"]["text"]) == (3, "终于")
    assert {message["MsgId"] for message in stage.account.received} == {str(outcome["msg_id"])}
    assert len({query["nonce"] for query in stage.account.queries}) == 3


async def test_a_retry_can_carry_the_same_nonce(stage: Stage) -> None:
    stage.account.reply_with(Answer(pause_s=5), Answer())
    await stage.act(content="在吗", push={"timeout_s": 0.05, "retry_nonce": "same"})
    first, second = stage.account.queries
    assert first == second


async def test_after_three_tries_the_customer_sees_out_of_service(stage: Stage) -> None:
    stage.account.reply_with(Answer(pause_s=5))
    outcome = await stage.act(content="在吗", push={"timeout_s": 0.02})
    assert (outcome["tries"], outcome["answered"], outcome["problem"]) == (3, False, "timeout")
    received = (await stage.inbox())[0]
    assert (received["text"], received["via"]) == (OUT_OF_SERVICE, "platform")


async def test_server_errors_are_retried_and_refusals_are_not(stage: Stage) -> None:
    stage.account.reply_with(Answer(status=502, raw=b""), Answer(text="好了"))
    assert (await stage.act(content="一"))["tries"] == 2
    stage.account.reply_with(Answer(status=404, raw=b"success"))
    outcome = await stage.act(content="二")
    assert (outcome["tries"], outcome["problem"]) == (1, "http_404")


@pytest.mark.parametrize("raw", [b"success", b"", b" \n"])
async def test_success_and_nothing_mean_no_reply(stage: Stage, raw: bytes) -> None:
    stage.account.reply_with(Answer(raw=raw))
    outcome = await stage.act(content="谢谢")
    assert (outcome["answered"], outcome["reply"]) == (True, None)
    assert await stage.inbox() == []


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(raw=b'{"text": "hi"}'), "reply_not_xml"),
        (Answer(raw=b"<html>oops</html>"), "reply_root_is_not_xml"),
        (Answer(raw=reply_xml(OPENID, "x").encode()), "plain_reply_in_safe_mode"),
        (Answer(xml=reply_xml(OTHER, "x")), "reply_to_another_user"),
        (Answer(xml=reply_xml(OPENID, "x", sender="gh_other")), "reply_from_another_account"),
        (Answer(xml=reply_xml(OPENID, "x", kind="hologram")), "reply_type_unknown"),
        (Answer(xml=reply_xml(OPENID, "")), "reply_text_empty"),
        (Answer(xml=reply_xml(OPENID, "x", kind="image")), "reply_Image_missing_or_repeated"),
        (Answer(xml=reply_xml(OPENID, "x").replace("1700000000", "x")), "reply_create_time"),
        (Answer(raw=b"\xff\xfe<xml/>"), "reply_not_xml"),
        (
            Answer(raw=b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>'),
            "reply_not_xml",
        ),
        (Answer(raw=b"x" * 70_000), "reply_too_big"),
    ],
)
async def test_a_bad_reply_shows_out_of_service(stage: Stage, answer: Answer, problem: str) -> None:
    stage.account.reply_with(answer)
    outcome = await stage.act(content="你好")
    assert outcome["answered"] is False
    assert outcome["problem"].startswith(problem)
    assert [message["text"] for message in await stage.inbox()] == [OUT_OF_SERVICE]


async def test_a_reply_sealed_with_a_wrong_signature_is_refused(stage: Stage) -> None:
    stage.account.crypto.token = "another-token-000"
    sealed = stage.account.crypto.encrypt_message(reply_xml(OPENID, "x"), "n", "1700000000")
    stage.account.crypto.token = "simulated-token-01"
    stage.account.reply_with(Answer(raw=sealed.encode()))
    assert (await stage.act(content="你好"))["problem"] == "reply_signature_wrong"


async def test_plain_mode_takes_no_ciphertext(stage: Stage) -> None:
    sealed = stage.account.crypto.encrypt_message(reply_xml(OPENID, "x"), "n", "1700000000")
    stage.account.reply_with(Answer(raw=sealed.encode()))
    outcome = await stage.act(content="你好", push={"mode": "plain"})
    assert outcome["problem"] == "encrypted_reply_in_plain_mode"


async def test_a_text_over_2048_bytes_shows_nothing(stage: Stage) -> None:
    stage.account.reply_with(Answer(text="电" * 682 + "ab"), Answer(text="电" * 683))
    assert (await stage.act(content="一"))["reply"]["text"].endswith("电ab")
    outcome = await stage.act(content="二")
    assert (outcome["reply"], outcome["problem"]) == (None, "reply_text_over_2048_bytes")


async def test_duplicates_come_at_once_and_their_replies_are_compared(stage: Stage) -> None:
    stage.account.reply_with(Answer(text="一"), Answer(text="二"), Answer(text="一"))
    outcome = await stage.act(content="你好", push={"duplicates": 2})
    assert [copy["same_reply"] for copy in outcome["copies"]].count(False) >= 1
    assert len({message["MsgId"] for message in stage.account.received}) == 1
    assert len(await stage.inbox()) == 1


async def test_reorder_lets_the_next_push_overtake(stage: Stage) -> None:
    await stage.http.post("/control/push", json={"reorder": True})
    await asyncio.gather(stage.act(content="先"), stage.act(content="后"))
    assert [message["Content"] for message in stage.account.received] == ["后", "先"]


async def test_a_delay_and_no_waiting(stage: Stage) -> None:
    body = {"openid": OPENID, "type": "text", "content": "晚", "wait": False}
    response = await stage.http.post("/control/events", json={**body, "push": {"delay_ms": 50}})
    assert response.status_code == 202
    assert stage.account.received == []
    await stage.world.settle()
    assert stage.account.received[0]["MsgId"] == str(response.json()["msg_id"])


@pytest.mark.parametrize(
    ("forge", "refusal"),
    [
        ("signature", "InvalidSignatureException"),
        ("unsigned", "InvalidSignatureException"),
        ("app_id", "InvalidAppIdException"),
        ("ciphertext", "malformed"),
    ],
)
async def test_forged_pushes_are_forged(stage: Stage, forge: str, refusal: str) -> None:
    outcome = await stage.act(content="转账", push={"forge": forge})
    assert stage.account.refused[0].startswith(refusal)
    assert outcome["status"] in (400, 403)
    assert stage.account.received == []


async def test_a_stale_push_is_an_hour_old(stage: Stage) -> None:
    await stage.act(content="新")
    await stage.act(content="旧", push={"forge": "stale"})
    fresh, stale = (int(query["timestamp"]) for query in stage.account.queries)
    assert 3_590 <= fresh - stale <= 3_600


async def test_a_raw_push_carries_any_inner_text(stage: Stage) -> None:
    outcome = await stage.act("raw", xml="<xml><a>1</a></xml>")
    assert stage.account.received == [{"a": "1"}]
    assert outcome["msg_id"] is None


async def test_a_dead_callback_is_tried_three_times(stage: Stage) -> None:
    assert stage.world.pusher.client is not None
    async with type(stage.world.pusher.client)(timeout=5) as client:
        stage.world.pusher.client = client
        outcome = await stage.act(content="你好")
    assert (outcome["tries"], outcome["status"]) == (3, 0)
    assert outcome["problem"].startswith("connection")


async def test_the_address_check_wants_its_echo_back(stage: Stage) -> None:
    answer = (await stage.http.post("/control/verify")).json()
    assert answer == {"verified": True, "status": 200, "problem": None}
    stage.account.reply_with(Answer(status=500))
    assert (await stage.http.post("/control/verify")).json()["verified"] is False

"""The webhook over HTTP on the real database: guards, first reply wins, talks with effects."""

import asyncio
import gzip
import random
from contextlib import suppress
from urllib.parse import urlencode

import pytest

from backend.http.budgets import open_budgets
from backend.settings import settings
from bot import words
from bot.budget import MESSAGES_A_MINUTE
from bot.callback import Callback
from bot.conversation.vocabulary import INFO_WORDS, Info
from bot.trust import signature_of
from grid.kit.clock import advance as advance_clock
from grid.kit.clock import machine_now
from grid.kit.database import DB, execute, fetch, fetch_one, fetch_value, transaction
from tests.grid.customers.households import Grounds

from .conftest import Webhook, opened
from .envelopes import (
    OPENID,
    TOKEN,
    event,
    message,
    plain_query,
    sealed,
    text,
    url,
)
from .test_messages import HOSTILE

OTHER = "oTEST0000000000000000000000B"
LOCATION = (
    "<Location_X>{}</Location_X><Location_Y>{}</Location_Y><Scale>16</Scale>"
    "<Label><![CDATA[大溪村]]></Label><MsgId>{}</MsgId>"
)


def now_s() -> float:
    return machine_now().timestamp()


async def count(table: str) -> int:
    return int(await fetch_value(f"SELECT count(*) FROM {table}"))


# --- guards --------------------------------------------------------------------------------------


async def test_the_address_check_echoes_as_plain_text(webhook: Webhook) -> None:
    query = plain_query(now_s=now_s()) | {"echostr": "<b>1234</b>"}
    response = await webhook.http.get(url(query))
    assert (response.status_code, response.text) == (200, "<b>1234</b>")
    assert response.headers["content-type"].startswith("text/plain")
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_forged_stale_or_oversized_address_check_echoes_nothing(webhook: Webhook) -> None:
    good = plain_query(now_s=now_s()) | {"echostr": "secret-echo"}
    for query in (
        good | {"signature": "0" * 40},
        plain_query(now_s=now_s() - 301) | {"echostr": "secret-echo"},
        good | {"echostr": "e" * 257},
        plain_query(now_s=now_s()),
    ):
        response = await webhook.http.get(url(query))
        assert response.status_code == 403
        assert "secret-echo" not in response.text


async def test_a_body_above_64_KiB_is_refused_before_it_is_read(webhook: Webhook) -> None:
    query, body = sealed(text("余额"), now_s=now_s())
    for size in (64 * 1024 + 1, 2_000_000):
        response = await webhook.http.post(url(query), content=body.ljust(size))
        assert response.status_code == 413
    assert (await webhook.http.post(url(query), content=body.ljust(64 * 1024))).status_code == 200


async def test_a_chunked_body_above_the_cap_is_refused(webhook: Webhook) -> None:
    async def parts():
        for _ in range(70):
            yield b"x" * 1024

    query, _ = sealed(text("余额"), now_s=now_s())
    assert (await webhook.http.post(url(query), content=parts())).status_code == 413


async def test_plain_mode_and_gzip_and_other_verbs_are_refused(webhook: Webhook) -> None:
    query = plain_query(now_s=now_s())
    assert (await webhook.http.post(url(query), content=text("余额"))).status_code == 403
    signed, body = sealed(text("余额"), now_s=now_s())
    zipped = await webhook.http.post(
        url(signed), content=gzip.compress(body), headers={"Content-Encoding": "gzip"}
    )
    assert zipped.status_code == 403
    for verb in ("PUT", "DELETE", "PATCH"):
        assert (await webhook.http.request(verb, url(signed))).status_code == 405
    assert await count("bot_inbound") == 0


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "signature=x",
        "signature=%ff&timestamp=%ff&nonce=%ff",
        "&".join(f"a{n}=1" for n in range(50)),
        "timestamp=1&timestamp=2",
        "x=" + "y" * 3000,
    ],
)
async def test_a_broken_query_is_refused(webhook: Webhook, broken: str) -> None:
    for request in (webhook.http.get, webhook.http.post):
        assert (await request(f"/wechat/callback?{broken}")).status_code == 403


async def test_every_forgery_gets_the_same_answer(webhook: Webhook) -> None:
    good, body = sealed(text("余额"), now_s=now_s())
    _, foreign = sealed(text("余额"), app_id="wxffffffffffffffff", now_s=now_s())
    encrypted = foreign.decode().split("CDATA[")[-1].split("]]>")[0]
    signed_foreign = good | {
        "msg_signature": signature_of(TOKEN, good["timestamp"], good["nonce"], encrypted)
    }
    no_signature = {key: value for key, value in good.items() if key != "msg_signature"}
    _, elsewhere = sealed(text("余额", to_user="gh_other"), now_s=now_s())
    answers = [
        await webhook.http.post(url(good | {"signature": "0" * 40}), content=body),
        await webhook.http.post(url(good | {"msg_signature": "0" * 40}), content=body),
        await webhook.http.post(url(signed_foreign), content=foreign),
        await webhook.http.post(url(no_signature), content=body),
        await webhook.http.post(url(good), content=b""),
        await webhook.http.post(url(good), content=elsewhere),
        await webhook.post(text("余额", to_user="gh_other")),
        await webhook.post(text("余额"), now_s=now_s() - 400),
    ]
    assert {response.status_code for response in answers} == {403}
    assert len({response.content for response in answers}) == 1
    assert await count("bot_inbound") == 0


@pytest.mark.parametrize("name", list(HOSTILE))
async def test_hostile_xml_from_the_platform_is_a_400(webhook: Webhook, name: str) -> None:
    response = await webhook.post(HOSTILE[name])
    assert response.status_code == 400
    assert response.json()["code"] == "unreadable_message"


@pytest.mark.parametrize(
    "xml",
    [
        message("hologram", "<MsgId>1</MsgId>"),
        event("brand_new"),
        event("VIEW", "<EventKey><![CDATA[https://pay.example.cn/h5]]></EventKey>"),
        event("LOCATION", "<Latitude>23.1</Latitude><Longitude>113.3</Longitude>"),
        event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID><Status>success</Status>"),
    ],
)
async def test_what_needs_no_words_is_acknowledged_without_a_row(
    webhook: Webhook, xml: bytes
) -> None:
    response = await webhook.post(xml)
    assert (response.status_code, response.content) == (200, b"success")
    assert await count("bot_inbound") == 0


# --- first reply wins ----------------------------------------------------------------------------


async def test_a_retry_gets_the_same_bytes_and_does_nothing_again(webhook: Webhook) -> None:
    first = await webhook.post(text("没电了"))
    again = [await webhook.post(text("没电了")) for _ in range(2)]
    assert {response.content for response in again} == {first.content}
    assert await count("bot_inbound") == 1
    assert await fetch_value("SELECT version FROM bot_conversation") == 1


async def test_three_deliveries_at_once_are_one_message(webhook: Webhook) -> None:
    for number in range(5):
        told = text("没电了", 500 + number, openid=f"oFLOOD{number}")
        answers = await asyncio.gather(*(webhook.post(told) for _ in range(3)))
        assert len({response.content for response in answers}) == 1
    assert await count("bot_inbound") == 5
    assert await fetch_value("SELECT sum(version) FROM bot_conversation") == 5


async def test_deliveries_to_four_processes_have_one_effect_and_one_answer(
    webhook: Webhook, grounds: Grounds
) -> None:
    """Four callbacks share nothing but the database, as processes do."""
    doors = [Callback.of(settings()) for _ in range(4)]
    await bind(webhook)
    await webhook.say("没电了")

    async def deliver(door: Callback, xml: bytes, delay_s: float) -> bytes:
        await asyncio.sleep(delay_s)
        query, body = sealed(xml, now_s=now_s())
        return await door.answer(urlencode(query).encode(), body)

    chosen = text("1", 77_000)
    told = [text("没电了", 78_000 + n, openid=f"oRACE{n:05d}") for n in range(12)]
    chance = random.Random(20)
    tries = [
        deliver(chance.choice(doors), xml, chance.uniform(0, 0.05))
        for xml in [chosen, *told]
        for _ in range(3)
    ]
    answers = await asyncio.gather(*tries)
    for first in range(0, len(answers), 3):
        assert len(set(answers[first : first + 3])) == 1
    assert await count("ticket") == 1
    assert (
        await fetch_value("SELECT sum(version) FROM bot_conversation WHERE openid ~ 'RACE'") == 12
    )


async def test_a_replayed_request_gets_the_stored_reply_and_another_body_is_refused(
    webhook: Webhook,
) -> None:
    query, body = sealed(text("余额"), now_s=now_s(), nonce="4711")
    first = await webhook.http.post(url(query), content=body)
    assert (await webhook.http.post(url(query), content=body)).content == first.content
    at = float(query["timestamp"])
    other = await webhook.post(text("没电了"), now_s=at, nonce="4711")
    assert other.status_code == 403
    assert await count("bot_conversation") == 0


async def test_one_message_id_for_fifteen_people_is_fifteen_messages(webhook: Webhook) -> None:
    people = [f"oPERSON{number:03d}" for number in range(15)]
    answers = await asyncio.gather(*(webhook.post(text("余额", 7, openid=o)) for o in people))
    assert {opened(answer) for answer in answers} == {INFO_WORDS[Info.BALANCE]}
    assert await count("bot_inbound") == 15


async def test_a_reply_is_sealed_for_the_one_who_wrote(webhook: Webhook) -> None:
    response = await webhook.post(text("余额", openid=OTHER))
    assert response.headers["content-type"].startswith("application/xml")
    assert opened(response) == words.BALANCE
    assert words.BALANCE.encode() not in response.content


# --- talks with effects --------------------------------------------------------------------------


async def bind(webhook: Webhook, openid: str = OPENID) -> str:
    for said in ("绑定", "4228280001", "田文光"):
        await webhook.say(said, openid)
    return await webhook.say("M4228280001", openid)


async def test_P1_binding_needs_all_three_proofs_and_says_the_same_for_each_failure(
    webhook: Webhook, grounds: Grounds
) -> None:
    answers = []
    for number, name, meter in (
        ("4228289999", "田文光", "M4228280001"),
        ("4228280001", "田文明", "M4228280001"),
        ("4228280001", "田文光", "M9999999999"),
    ):
        for said in ("绑定", number, name):
            await webhook.say(said)
        answers.append(await webhook.say(meter))
    assert answers == [words.BIND_REFUSED] * 3
    assert await fetch_value("SELECT count(*) FROM binding_try WHERE NOT succeeded") == 3
    assert await bind(webhook) == words.BOUND
    assert await bind(webhook) == words.ALREADY_BOUND


async def test_tries_run_out_and_a_refused_try_stays_counted(
    webhook: Webhook, grounds: Grounds
) -> None:
    answers = []
    for _ in range(7):
        for said in ("绑定", "4228280001", "田文明"):
            await webhook.say(said)
        answers.append(await webhook.say("M1111111111"))
        open_budgets(None)
    assert words.BIND_REFUSED in answers
    assert answers[-1] == words.BIND_TOO_MANY


async def test_no_power_makes_one_ticket_with_its_job(webhook: Webhook, grounds: Grounds) -> None:
    await bind(webhook)
    assert "大溪村01号" in await webhook.say("我家没电了")
    reply = await webhook.say("1")
    row = await fetch_one(
        "SELECT t.number, t.openid, t.channel, t.danger, w.state, w.grid FROM ticket t"
        " JOIN work_order w ON w.ticket = t.id"
    )
    assert row is not None
    assert reply == words.fault_filed(row["number"])
    assert (row["openid"], row["channel"], row["danger"]) == (OPENID, "wechat", False)
    assert row["grid"] == grounds.near_grid
    assert words.STATES["waiting"] in await webhook.say("进度")


async def test_a_picked_place_is_converted_once_and_kept_raw(
    webhook: Webhook, grounds: Grounds
) -> None:
    for said in ("报修", "2"):
        await webhook.say(said)
    assert await webhook.say("13800000000") == words.ASK_ADDRESS
    place = LOCATION.format("29.892000", "110.034000", 900)
    assert opened(await webhook.post(message("location", place))).startswith("登记好了")
    row = await fetch_one("SELECT lat, lon, raw_lat, raw_lon, datum, phone FROM ticket")
    assert row is not None
    assert (row["raw_lat"], row["raw_lon"], row["datum"]) == (29.892, 110.034, "gcj02")
    assert row["phone"] == "13800000000"
    shift = abs(row["lat"] - 29.892) + abs(row["lon"] - 110.034)
    assert 0.001 < shift < 0.012


@pytest.mark.parametrize(("lat", "lon"), [("0", "0"), ("51.5074", "-0.1278"), ("-33.8", "18.4")])
async def test_a_place_abroad_is_not_taken(webhook: Webhook, lat: str, lon: str) -> None:
    reply = opened(await webhook.post(message("location", LOCATION.format(lat, lon, 901))))
    assert reply.startswith(words.MEDIA["far_place"])


async def test_danger_pages_the_dispatcher_bound_or_not(webhook: Webhook, grounds: Grounds) -> None:
    reply = await webhook.say("电线断了掉在路上,有人触电", OTHER)
    assert reply.startswith(words.SAFETY)
    rows = await fetch(
        "SELECT t.number, t.danger, t.account, w.priority FROM ticket t"
        " JOIN work_order w ON w.ticket = t.id"
    )
    assert [(row["danger"], row["account"], row["priority"]) for row in rows] == [
        (True, None, "danger")
    ]
    assert words.danger_paged(rows[0]["number"]) in reply
    said = await fetch_value("SELECT count(*) FROM outbox_event WHERE kind LIKE '%DangerReported'")
    assert said == 1
    place = LOCATION.format("29.892000", "110.034000", 902)
    told = await webhook.post(message("location", place, openid=OTHER))
    assert opened(told) == words.DANGER_PLACE_TOLD
    assert await count("ticket") == 2


async def test_danger_in_the_middle_of_binding_uses_the_bound_account(
    webhook: Webhook, grounds: Grounds
) -> None:
    await bind(webhook)
    await webhook.say("报修")
    await webhook.say("变压器着火了")
    assert await fetch_value("SELECT grid FROM work_order") == grounds.near_grid


async def test_a_fourth_page_in_ten_minutes_is_answered_but_not_sent(
    webhook: Webhook, grounds: Grounds
) -> None:
    replies = [await webhook.say("触电了") for _ in range(4)]
    assert all(reply.startswith(words.SAFETY) for reply in replies)
    assert replies[-1].endswith(words.DANGER_ALREADY_PAGED)
    assert await count("ticket") == 3


async def test_following_and_leaving_are_noted(webhook: Webhook) -> None:
    followed = event("subscribe", "<EventKey><![CDATA[]]></EventKey>")
    assert opened(await webhook.post(followed)) == words.WELCOME
    await webhook.say("绑定")
    left = await webhook.post(event("unsubscribe", created_at_s=1_700_000_009))
    assert left.content == b"success"
    row = await fetch_one("SELECT followed_at, unfollowed_at FROM wechat_follower")
    assert row is not None
    assert row["unfollowed_at"] is not None
    assert await fetch_value("SELECT flow FROM bot_conversation") is None


async def test_a_question_lapses_in_business_time(webhook: Webhook) -> None:
    await webhook.say("绑定")
    await advance_clock(31 * 60)
    await asyncio.sleep(0.6)
    assert (await webhook.say("余额")).startswith(words.lapsed(words.BIND_TITLE))


# --- what is down, and who floods ------------------------------------------------------------------


async def test_a_flood_of_one_sender_is_slowed_and_harms_nobody_else(webhook: Webhook) -> None:
    replies = [await webhook.say("余额") for _ in range(MESSAGES_A_MINUTE + 10)]
    # The minute of this process may turn in between and grant its free messages anew.
    assert 30 <= replies.count(words.BALANCE) <= 35
    assert replies.count(words.BUSY) == 1
    assert "" in replies[-10:]
    assert await webhook.say("余额", OTHER) == words.BALANCE
    assert (await webhook.say("触电了")).startswith(words.SAFETY)


async def test_budgets_are_counted_here_when_valkey_is_away(webhook: Webhook) -> None:
    open_budgets("redis://127.0.0.1:1")
    replies = [await webhook.say("余额") for _ in range(MESSAGES_A_MINUTE + 10)]
    assert 30 <= replies.count(words.BALANCE) <= 35
    assert "" in replies[-10:]


async def test_parallel_messages_of_one_sender_do_not_take_all_connections(
    webhook: Webhook,
) -> None:
    flood = [webhook.say("余额", "oFLOODER0001") for _ in range(25)]
    others = [webhook.say("余额", f"oQUIET{number:04d}") for number in range(10)]
    answers = await asyncio.gather(*flood, *others)
    assert set(answers) == {words.BALANCE}


async def test_a_customer_who_is_locked_elsewhere_gets_honest_words_in_time(
    webhook: Webhook,
) -> None:
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock(1937007990, hashtext($1))", OPENID)
        started = now_s()
        answers = await asyncio.create_task(_in_a_task_of_its_own(webhook))
        assert now_s() - started < 4.6
    assert answers[0] == words.UNSURE
    assert answers[1] == f"{words.SAFETY}\n\n{words.DANGER_NOT_PAGED}"
    assert await count("bot_inbound") == 0
    assert await webhook.say("余额") == words.BALANCE


async def _in_a_task_of_its_own(webhook: Webhook) -> list[str]:
    DB.current_transaction.set(None)
    return list(await asyncio.gather(webhook.say("余额"), webhook.say("触电了")))


async def test_nothing_personal_is_logged(
    webhook: Webhook, capfd: pytest.CaptureFixture[str]
) -> None:
    await webhook.say("我电话13812345678,没电了")
    await webhook.post(HOSTILE["two Content"])
    await webhook.http.post(f"/wechat/callback?{urlencode(plain_query())}", content=b"x")
    logged = "".join(capfd.readouterr())
    for secret in ("13812345678", OPENID, TOKEN, "没电", settings().wechat_app_secret.reveal()):
        assert secret not in logged


async def test_a_cut_connection_leaves_nothing_behind(webhook: Webhook) -> None:
    for number in range(30):
        with suppress(TimeoutError):
            async with asyncio.timeout(0.0005 * (1 + number % 5)):
                await webhook.say("没电了", f"oCUT{number:05d}")
    replies = await asyncio.gather(*(webhook.say("余额", f"oAFTER{n:04d}") for n in range(20)))
    assert set(replies) == {words.BALANCE}

"""The people, jobs and customers that the doors' rows act on, and requests as they send them."""

import json
import secrets
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from backend.http import tokens
from backend.keys import KeyRing
from bot.trust import CallbackKeys, encrypt, signature_of
from grid.kit.clock import business_now
from grid.kit.database import execute, fetch_one, transaction
from grid.kit.ids import new_id
from grid.territory.sessions import open_session
from grid.territory.types import Audience
from grid.work_orders.intake import report_fault
from grid.work_orders.tickets.types import ReportFault
from grid.work_orders.words import Channel
from tests.backend.worker_process import SETTINGS
from tests.support.county import Grid, make_grid
from tests.support.homes import link, make_account, make_customer

KEYS = CallbackKeys.of(SETTINGS["WANGGE_WECHAT_TOKEN"], SETTINGS["WANGGE_WECHAT_ENCODING_AES_KEY"])


class Job(NamedTuple):
    id: UUID
    version: int


class Stage(NamedTuple):
    """Two people of a grid: one whose jobs are acted on, one who reads their own worklist."""

    worker_bearer: str
    jobs: list[Job]
    reader_bearer: str
    reader_jobs: int


async def set_up(jobs: int, reader_jobs: int) -> Stage:
    """One grid; its manager has `jobs` accepted faults, its assistant `reader_jobs`."""
    grid = await make_grid()
    accepted = [await _accepted_job(grid, grid.manager) for _ in range(jobs)]
    for _ in range(reader_jobs):
        await _accepted_job(grid, grid.assistant)
    return Stage(await _bearer(grid.manager), accepted, await _bearer(grid.assistant), reader_jobs)


async def _accepted_job(grid: Grid, staff_id: UUID) -> Job:
    """A family's fault that somebody has accepted."""
    home, customer = await make_account(grid), make_customer()
    await link(customer, home)
    fault = ReportFault(description="没电了", channel=Channel.WECHAT, account_no=home.account_no)
    ticket = await report_fault(customer, fault)
    row = await fetch_one(
        "UPDATE work_order SET state = 'accepted', assignee = $2, accepted_at = $3"
        " WHERE ticket = $1 RETURNING id, version",
        ticket.id,
        staff_id,
        await business_now(),
    )
    assert row is not None
    return Job(row["id"], row["version"])


async def _bearer(staff_id: UUID) -> str:
    """A signed-in phone's access token."""
    async with transaction():
        session_id, _ = await open_session(staff_id, Audience.PHONE, "bench", None, False)
    keys = KeyRing.parse(SETTINGS["WANGGE_SESSION_KEYS"])
    return tokens.issue(session_id, Audience.PHONE, keys)


async def followers(count: int) -> list[str]:
    """Openids of people who follow the account and last wrote an hour ago."""
    openids = [f"oBench{secrets.token_hex(11)}" for _ in range(count)]
    await execute(
        "INSERT INTO wechat_follower (openid, last_seen_at)"
        " SELECT openid, $2 FROM unnest($1::text[]) AS openid",
        openids,
        await business_now() - timedelta(hours=1),
    )
    return openids


def http(method: str, path: str, headers: Sequence[str] = (), body: bytes = b"") -> bytes:
    """One request on a connection that is kept."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *headers]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def callback_request(openid: str, words: str) -> tuple[str, bytes]:
    """Path and body of a safe-mode message, signed now, with a nonce of its own."""
    timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
    xml = (
        f"<xml><ToUserName><![CDATA[{SETTINGS['WANGGE_WECHAT_ORIGINAL_ID']}]]></ToUserName>"
        f"<FromUserName><![CDATA[{openid}]]></FromUserName><CreateTime>{timestamp}</CreateTime>"
        f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content>"
        f"<MsgId>{secrets.randbelow(2**62)}</MsgId></xml>"
    )
    sealed = encrypt(KEYS.aes_key, xml.encode(), SETTINGS["WANGGE_WECHAT_APP_ID"])
    query = {
        "signature": signature_of(KEYS.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": openid,
        "encrypt_type": "aes",
        "msg_signature": signature_of(KEYS.token, timestamp, nonce, sealed),
    }
    body = (
        f"<xml><ToUserName><![CDATA[{SETTINGS['WANGGE_WECHAT_ORIGINAL_ID']}]]></ToUserName>"
        f"<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    )
    return f"/wechat/callback?{urlencode(query)}", body.encode()


def comment_body(version: int) -> bytes:
    return json.dumps({"version": version, "reason": "已联系用户,正在路上"}).encode()


def comment_path(job: Job) -> str:
    return f"/api/v1/work-orders/{job.id}/comment"


def comment_headers(stage: Stage) -> list[str]:
    return [
        f"Authorization: Bearer {stage.worker_bearer}",
        "Content-Type: application/json",
        f"Idempotency-Key: {new_id()}",
    ]

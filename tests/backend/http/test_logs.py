"""Logs hold no secrets, no phone numbers, no bodies: planted and searched for."""

import io
import json
import logging
import sys

import pytest
import structlog

from backend.http import logs

_PLANTED = {
    "a phone number": "客户电话 19900001234 打不通",
    "a secret in an address": "GET http://x/cgi-bin/token?appid=wx1&secret=s3cr3t-value&x=1",
    "an access token": "https://api/x?access_token=TOKEN-value-123",
    "a database address": "cannot reach postgresql://wangge_app:pa55word@127.0.0.1:5432/wangge",
}
_SECRETS = ("19900001234", "s3cr3t-value", "TOKEN-value-123", "pa55word")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Everything that the configured loggers write."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    logs.configure("info")
    structlog.configure(cache_logger_on_first_use=False)
    return out


@pytest.mark.parametrize("what", _PLANTED)
def test_planted_secrets_do_not_come_out(written: io.StringIO, what: str) -> None:
    structlog.get_logger().warning("planted", words=_PLANTED[what])
    logging.getLogger("somebody.else").error("planted %s", _PLANTED[what])
    text = written.getvalue()
    assert text.count("planted") == 2
    assert not [secret for secret in _SECRETS if secret in text], text


def test_a_line_is_json_with_actor_and_request_id(written: io.StringIO) -> None:
    structlog.get_logger().info("hello", count=3)
    line = json.loads(written.getvalue())
    assert line["event"] == "hello"
    assert line["count"] == 3
    assert {"actor", "request_id", "level", "timestamp"} <= line.keys()


def test_ids_survive_the_scrubbing() -> None:
    """A UUID holds long runs of digits and is no phone number."""
    text = "job 01a20093-8c42-7272-bbef-f8aa9146b99e of 2026-11-22T00:06:39.422518Z"
    assert logs.scrub(text) == text

"""Logs are JSON lines: event, time, request id, actor; no bodies, no secrets, no phone numbers."""

import logging
import re
import sys
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from grid.kit import context

#: Mobile numbers and long digit runs that a careless message might carry.
_PHONE = re.compile(r"(?<![0-9A-Fa-f-])1[3-9][0-9]{9}(?![0-9A-Fa-f-])")
#: Secrets as they stand in addresses and query strings.
_SECRET = re.compile(r"(?i)\b(secret|token|password|access_token|signature|code)=[^&\s\"']+")
_LOGIN = re.compile(r"(?<=://)[^/@\s]+(?=@)")
#: Text without any of these has nothing to hide, and most words of a log line are such text.
_SUSPECT = re.compile(r"1[3-9][0-9]{9}|=|://")


def configure(level: str) -> None:
    """Set up structlog and the standard library's loggers for this process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_context,
            _scrubbed,
            _rendered,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s", force=True)
    logging.getLogger().handlers[0].addFilter(_scrub_record)
    # These print request addresses (with tokens) or strings to sign at lower levels.
    for name in ("wechatpy", "httpx", "httpcore", "asyncpg"):
        logging.getLogger(name).setLevel(logging.WARNING)


_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def scrub(text: str) -> str:
    """Text without phone numbers and without what looks like a secret."""
    if _SUSPECT.search(text) is None:
        return text
    return _LOGIN.sub("***", _SECRET.sub(r"\1=***", _PHONE.sub("***", text)))


def _with_context(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event.setdefault("request_id", context.request_id())
    event.setdefault("actor", context.actor_name())
    return event


def _scrubbed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {key: scrub(value) if isinstance(value, str) else value for key, value in event.items()}


def _rendered(_: WrappedLogger, __: str, event: EventDict) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def _scrub_record(record: logging.LogRecord) -> bool:
    message: Any = record.getMessage()
    record.msg, record.args = scrub(str(message)), ()
    return True

"""Who sent this? Signature, freshness and nonce of requests between the province and us. Pure.

`X-Signature` is the lower-case hex HMAC-SHA256, under the shared secret of `X-Key-Id`, of method,
path, timestamp, nonce and the hex SHA-256 of the body, joined by line feeds. Every failure is the
same `Untrusted`, so that an answer never tells which check failed.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from backend.keys import Key, KeyRing

#: How far the sender's clock may be from ours.
FRESH_S = 300
KEY_HEADER, TIME_HEADER = "X-Key-Id", "X-Timestamp"
NONCE_HEADER, SIGNATURE_HEADER = "X-Nonce", "X-Signature"

_TIME = re.compile(r"[0-9]{9,11}")
_NONCE = re.compile(r"[0-9A-Za-z_-]{16,64}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")


class Untrusted(Exception):
    """The request is not the other side's, or is not fresh."""


class Asked(NamedTuple):
    """What is signed of a request, beside time and nonce."""

    method: str
    path: str
    body: bytes


def signature_of(secret: str, asked: Asked, timestamp: str, nonce: str) -> str:
    """The hex signature of a request."""
    digest = hashlib.sha256(asked.body).hexdigest()
    text = "\n".join((asked.method.upper(), asked.path, timestamp, nonce, digest))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def sign(key: Key, asked: Asked, now: datetime) -> dict[str, str]:
    """The headers that prove a request; every request has a nonce of its own."""
    timestamp, nonce = str(int(now.timestamp())), uuid4().hex
    return {
        KEY_HEADER: key.kid,
        TIME_HEADER: timestamp,
        NONCE_HEADER: nonce,
        SIGNATURE_HEADER: signature_of(key.secret.reveal(), asked, timestamp, nonce),
    }


def check(
    keys: KeyRing, headers: Mapping[str, str], asked: Asked, now: datetime, address: str
) -> str:
    """The nonce of a request that is the other side's and fresh. Raises Untrusted.

    Whether the nonce was used before is the caller's to ask: only then is it worth asking.
    """
    shown = {name: headers.get(name, "") for name in (KEY_HEADER, TIME_HEADER, NONCE_HEADER)}
    signature = headers.get(SIGNATURE_HEADER, "")
    key = keys.find(shown[KEY_HEADER])
    well_formed = (
        _TIME.fullmatch(shown[TIME_HEADER])
        and _NONCE.fullmatch(shown[NONCE_HEADER])
        and _SIGNATURE.fullmatch(signature)
    )
    if key is None or not well_formed or not key.allows_address(address):
        raise Untrusted
    wanted = signature_of(key.secret.reveal(), asked, shown[TIME_HEADER], shown[NONCE_HEADER])
    if not hmac.compare_digest(wanted, signature):
        raise Untrusted
    if abs(now.timestamp() - int(shown[TIME_HEADER])) > FRESH_S:
        raise Untrusted
    return f"{key.kid}:{shown[NONCE_HEADER]}"

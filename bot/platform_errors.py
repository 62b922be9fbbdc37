"""What the platform's refusals mean for us: try later, never again, or a person must look.

Nothing here holds an address, a token or a body: the platform's own exceptions carry the request,
and httpx's texts carry query strings with tokens in them.
"""

from collections.abc import Mapping
from enum import StrEnum


class Remedy(StrEnum):
    """What to do about a failed call."""

    LATER = "later"
    RENEW_TOKEN = "renew_token"  # noqa: S105 - a word, not a secret
    NEVER = "never"
    UNREACHABLE = "unreachable"
    ALARM = "alarm"


#: By error code; what is not listed is our mistake or a new rule, and a person must look.
REMEDIES: Mapping[int, Remedy] = {
    -1: Remedy.LATER,
    40001: Remedy.RENEW_TOKEN,
    40014: Remedy.RENEW_TOKEN,
    42001: Remedy.RENEW_TOKEN,
    40003: Remedy.NEVER,
    43004: Remedy.UNREACHABLE,
    43101: Remedy.UNREACHABLE,
    45009: Remedy.LATER,
    45011: Remedy.LATER,
    45015: Remedy.UNREACHABLE,
    45047: Remedy.UNREACHABLE,
    40037: Remedy.NEVER,
    44004: Remedy.NEVER,
    45002: Remedy.NEVER,
    47001: Remedy.NEVER,
    47003: Remedy.NEVER,
}


class PlatformRefused(Exception):
    """The platform answered with an error code; `remedy` says what it means."""

    def __init__(self, code: int) -> None:
        super().__init__(f"platform error {code}")
        self.code = code
        self.remedy = REMEDIES.get(code, Remedy.ALARM)


class PlatformAway(Exception):
    """No usable answer: time-out, broken connection, HTTP error, redirect or not JSON."""

    remedy = Remedy.LATER

    def __init__(self, kind: str) -> None:
        super().__init__(f"platform away: {kind}")
        self.kind = kind

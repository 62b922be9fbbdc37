"""Access tokens: the old `/token` and `stable_token`, two series that do not know each other."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from bot.simulator.clock import VirtualClock
from bot.simulator.errors import PlatformError
from bot.simulator.quotas import QuotaBook

LIFE_S = 7_200
OVERLAP_S = 300
FORCE_SPACING_S = 30
REMEMBERED = 4_096


@dataclass(slots=True)
class AccessToken:
    """One token; `replaced` tells 40001 (not the latest any more) from 42001 (its time is over)."""

    value: str
    expires_at: float
    replaced: bool = False


class TokenBook:
    """Issues and judges tokens. The last 4096 are remembered, so an old one gets its own code."""

    def __init__(self, clock: VirtualClock, quotas: QuotaBook) -> None:
        self._clock = clock
        self._quotas = quotas
        self._known: OrderedDict[str, AccessToken] = OrderedDict()
        self._classic: AccessToken | None = None
        self._stable: AccessToken | None = None
        self._forced_at = float("-inf")
        self.issued = 0

    def classic(self) -> tuple[str, int]:
        """A new token each time (value, seconds left); the one before lives 5 minutes more."""
        self._quotas.spend("token")
        now = self._clock.now()
        if self._classic is not None:
            self._retire(self._classic, min(self._classic.expires_at, now + OVERLAP_S))
        self._classic = self._issue(now)
        return self._classic.value, LIFE_S

    def stable(self, force_refresh: bool) -> tuple[str, int]:
        """The current stable token (value, seconds left), renewed in its last five minutes.

        A forced refresh voids the current one at once; within 30 s of the last forced one it
        changes nothing; more than 20 a day are refused with 45009.
        """
        self._quotas.spend("stable_token")
        now = self._clock.now()
        if force_refresh and now - self._forced_at >= FORCE_SPACING_S:
            self._quotas.spend("stable_token_forced")
            self._forced_at = now
            if self._stable is not None:
                self._retire(self._stable, now)
            self._stable = self._issue(now)
        elif self._stable is None or now >= self._stable.expires_at:
            self._stable = self._issue(now)
        elif now >= self._stable.expires_at - OVERLAP_S:
            self._retire(self._stable, now + OVERLAP_S)
            self._stable = self._issue(now)
        return self._stable.value, max(1, int(self._stable.expires_at - now))

    def check(self, value: str | None) -> None:
        """PlatformError 41001, 40014, 40001 or 42001 unless `value` is good now."""
        if not value:
            raise PlatformError(41001)
        if not 32 <= len(value) <= 512 or not value.isascii():
            raise PlatformError(40014)
        token = self._known.get(value)
        if token is None:
            raise PlatformError(40001)
        if self._clock.now() >= token.expires_at:
            raise PlatformError(40001 if token.replaced else 42001)

    def void_all(self) -> None:
        """As when somebody resets the secret: every token issued so far stops working."""
        for token in self._known.values():
            self._retire(token, 0.0)
        self._classic = self._stable = None

    def _issue(self, now: float) -> AccessToken:
        token = AccessToken(f"SIM_{secrets.token_urlsafe(96)}", now + LIFE_S)
        self._known[token.value] = token
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self.issued += 1
        return token

    @staticmethod
    def _retire(token: AccessToken, expires_at: float) -> None:
        token.expires_at = expires_at
        token.replaced = True

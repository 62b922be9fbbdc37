"""QR codes with a scene, and OAuth codes: small things that live a while and are used once."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.simulator.clock import VirtualClock
from bot.simulator.errors import PlatformError

LARGEST_SHELF = 100_000
CODE_LIFE_S = 300
Thing = TypeVar("Thing")


class BoundedShelf(Generic[Thing]):
    """Things by a random name; the oldest give way beyond 100,000."""

    def __init__(self) -> None:
        self._things: OrderedDict[str, Thing] = OrderedDict()

    def put(self, thing: Thing) -> str:
        """Store and return the name."""
        name = secrets.token_urlsafe(48)
        self._things[name] = thing
        if len(self._things) > LARGEST_SHELF:
            self._things.popitem(last=False)
        return name

    def get(self, name: str) -> Thing | None:
        """The thing or None."""
        return self._things.get(name)


@dataclass(slots=True)
class Scene:
    """The scene of one QR code; `expires_at` is infinite for a permanent one."""

    key: str
    expires_at: float


@dataclass(slots=True)
class AuthorizationCode:
    """An OAuth code: for one person, five minutes, once."""

    openid: str
    scope: str
    expires_at: float
    used: bool = False


class OAuthCodes:
    """Issues and redeems authorization codes."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._codes: BoundedShelf[AuthorizationCode] = BoundedShelf()

    def issue(self, openid: str, scope: str) -> str:
        """A fresh code for this person."""
        return self._codes.put(AuthorizationCode(openid, scope, self._clock.now() + CODE_LIFE_S))

    def redeem(self, code: str) -> AuthorizationCode:
        """Use up `code`; PlatformError 40029 unknown, 40163 used before, 42003 too old."""
        found = self._codes.get(code)
        if found is None:
            raise PlatformError(40029)
        if found.used:
            raise PlatformError(40163)
        if self._clock.now() >= found.expires_at:
            raise PlatformError(42003)
        found.used = True
        return found

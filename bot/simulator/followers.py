"""Everybody who follows the account, as the platform knows them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import islice
from math import cos, radians

from bot.simulator.config import MAX_FOLLOWERS, FollowerSeed
from bot.simulator.errors import ControlRefusal, PlatformError
from bot.simulator.windows import SendingWindow

MAX_CONSENTED_TEMPLATES = 64


@dataclass(slots=True)
class Follower:
    """One person; `consents` counts the one-time notices they agreed to, by template id."""

    openid: str
    nickname: str
    lat: float | None = None
    lon: float | None = None
    subscribed: bool = True
    subscribed_at: float = 0.0
    scene: str = ""
    wrote_at: float = float("-inf")
    typing_until: float = float("-inf")
    window: SendingWindow = field(default_factory=SendingWindow)
    consents: Counter[str] = field(default_factory=Counter)


class FollowerBook:
    """At most 100,000 followers by openid, in the order of the configuration."""

    def __init__(self, seeds: tuple[FollowerSeed, ...], now: float) -> None:
        self._by_openid = {
            seed.openid: Follower(seed.openid, seed.nickname, seed.lat, seed.lon, subscribed_at=now)
            for seed in seeds
        }

    def __len__(self) -> int:
        return len(self._by_openid)

    def __iter__(self) -> Iterator[Follower]:
        return iter(self._by_openid.values())

    def find(self, openid: str) -> Follower | None:
        """The follower or None."""
        return self._by_openid.get(openid)

    def known(self, openid: str) -> Follower:
        """The person behind `openid`, following or not; PlatformError 40003 for nobody."""
        follower = self._by_openid.get(openid)
        if follower is None:
            raise PlatformError(40003)
        return follower

    def reachable(self, openid: str) -> Follower:
        """A person who follows; PlatformError 40003 for nobody, 43004 for one who left."""
        follower = self.known(openid)
        if not follower.subscribed:
            raise PlatformError(43004)
        return follower

    def meet(self, openid: str, now: float) -> Follower:
        """The follower, made on first sight; ControlRefusal when the book is full."""
        follower = self._by_openid.get(openid)
        if follower is None:
            if len(self._by_openid) >= MAX_FOLLOWERS:
                raise ControlRefusal(409, "too_many_followers", f"at most {MAX_FOLLOWERS}")
            follower = Follower(openid, f"访客 {openid[-6:]}", subscribed_at=now)
            self._by_openid[openid] = follower
        return follower

    def search(self, words: str, limit: int) -> list[Follower]:
        """Up to `limit` followers whose nickname or openid contains `words` (any case)."""
        wanted = words.strip().casefold()
        hits = (
            follower
            for follower in self._by_openid.values()
            if wanted in follower.nickname.casefold() or wanted in follower.openid.casefold()
        )
        return list(islice(hits, limit))

    def near(self, openid: str, limit: int) -> list[Follower]:
        """Up to `limit` others with a home, nearest first; none around a person without one."""
        centre = self._by_openid.get(openid)
        if centre is None or centre.lat is None or centre.lon is None:
            return []
        lat, lon, shrink = centre.lat, centre.lon, cos(radians(centre.lat))
        measured = (
            ((one.lat - lat) ** 2 + ((one.lon - lon) * shrink) ** 2, one.openid, one)
            for one in self._by_openid.values()
            if one.lat is not None and one.lon is not None and one is not centre
        )
        return [one for _, _, one in nsmallest(limit, measured)]

    def agree(self, follower: Follower, template_id: str) -> None:
        """One more notice of this template may be sent; ControlRefusal beyond 64 templates."""
        if template_id not in follower.consents and (
            len(follower.consents) >= MAX_CONSENTED_TEMPLATES
        ):
            raise ControlRefusal(409, "too_many_templates", f"at most {MAX_CONSENTED_TEMPLATES}")
        follower.consents[template_id] += 1

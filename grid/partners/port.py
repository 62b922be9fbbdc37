"""How the province is told something: the port that a real side and a simulator have."""

from enum import StrEnum
from typing import Protocol


class Receipt(StrEnum):
    """What the province answered: it has the message, or it will acknowledge it later."""

    ACKNOWLEDGED = "acknowledged"
    RECEIVED = "received"


class ProvinceAway(Exception):
    """No usable answer; the same message may be sent again later. The text holds no address."""


class ProvinceRefused(Exception):
    """The province will never take this message; a person must look. The text is its reason."""


class Province(Protocol):
    """The province's side of the feedback."""

    async def tell(self, body: bytes) -> Receipt:
        """Hand over one message, JSON of `Feedback`. Raises ProvinceAway, ProvinceRefused."""
        ...

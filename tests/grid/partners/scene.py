"""Orders as the province sends them, a province that answers as told, and what was queued."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import msgspec
from asyncpg import Record

from grid.kit.clock import business_now
from grid.kit.database import fetch, fetch_one
from grid.partners.port import ProvinceAway, ProvinceRefused, Receipt
from grid.partners.types import ProvinceKind, ProvinceOrder

_numbers = count(1)


def number() -> str:
    return f"HB2026{next(_numbers):08d}"


async def order(
    kind: ProvinceKind = ProvinceKind.FAULT, *, ago: timedelta = timedelta(minutes=5), **more: Any
) -> ProvinceOrder:
    """An order that the province took a while ago."""
    at: datetime = await business_now() - ago
    fields = {
        "number": number(),
        "kind": kind,
        "accepted_at": at,
        "description": "家里没电",
        **more,
    }
    return ProvinceOrder(**fields)


class Answering:
    """A province that answers as it is told and keeps every body that it was given."""

    def __init__(self, answer: Receipt | Exception = Receipt.ACKNOWLEDGED) -> None:
        self.answer = answer
        self.bodies: list[bytes] = []

    async def tell(self, body: bytes) -> Receipt:
        self.bodies.append(body)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def stages(self) -> list[str]:
        return [msgspec.json.decode(body)["stage"] for body in self.bodies]


AWAY, REFUSED = ProvinceAway("HTTP 503"), ProvinceRefused("编号不存在")


async def messages() -> list[Record]:
    return await fetch("SELECT * FROM partner_message ORDER BY id")


async def tickets() -> list[Record]:
    return await fetch("SELECT * FROM ticket ORDER BY id")


async def ticket_numbered(text: str | None) -> Record:
    row = await fetch_one("SELECT * FROM ticket WHERE number = $1", text)
    assert row is not None
    return row


async def steps_of(ticket: Record) -> list[Record]:
    return await fetch(
        "SELECT * FROM ticket_transition WHERE ticket = $1 ORDER BY version", ticket["id"]
    )

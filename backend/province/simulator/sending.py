"""Sends orders and acknowledgements to Wangge as the province would, or worse."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import msgspec

from backend.keys import Key
from backend.province.signing import Asked, sign
from backend.province.simulator.types import SendOrders, Sent
from grid.partners.types import Acknowledge


class Sender:
    """A client of Wangge's door for the province."""

    def __init__(
        self, orders_url: str, key: Key, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._url = orders_url
        self._key = key
        self._client = httpx.AsyncClient(transport=transport, timeout=20, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def orders(self, wanted: SendOrders) -> list[Sent]:
        """Send orders, doubled, shuffled, delayed or stale as asked; what was answered to each."""
        await asyncio.sleep(wanted.after_s)
        line = [order for order in wanted.orders for _ in range(wanted.copies)]
        if wanted.shuffle is not None:
            random.Random(wanted.shuffle).shuffle(line)  # noqa: S311 - an order, not a secret
        age = timedelta(seconds=wanted.stale_s)
        return [await self._order(order.number, msgspec.json.encode(order), age) for order in line]

    async def _order(self, number: str, body: bytes, age: timedelta) -> Sent:
        answer = await self._post(f"{self._url}/orders", body, age)
        said = msgspec.json.decode(answer.content) if answer.content else None
        return Sent(number=number, status=answer.status_code, answer=said)

    async def acknowledge(self, words: Sequence[Acknowledge]) -> list[int]:
        """Tell Wangge about its messages; the statuses of the answers."""
        return [
            (
                await self._post(
                    f"{self._url}/acknowledgements", msgspec.json.encode(one), timedelta()
                )
            ).status_code
            for one in words
        ]

    async def _post(self, url: str, body: bytes, age: timedelta) -> httpx.Response:
        asked = Asked("POST", urlsplit(url).path, body)
        headers = sign(self._key, asked, datetime.now(UTC) - age)
        headers["Content-Type"] = "application/json"
        return await self._client.post(url, content=body, headers=headers)

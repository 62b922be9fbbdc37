"""Tells Wangge what became of its commands, over HTTP, in the background."""

import asyncio
import logging

import httpx
import msgspec

from backend.head_end.simulator.meters import Reply
from backend.head_end.simulator.types import SimulatorConfig

WAITING_MAX = 5_000
TRIES = 4
FIRST_PAUSE_S = 1.0

log = logging.getLogger("wangge.head_end.simulator")


class Teller:
    """Sends results to the inbound door; without an address it only counts them."""

    def __init__(
        self, config: SimulatorConfig, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url = config.results_url
        self._headers = {"Authorization": f"Bearer {config.results_key}"}
        self._client = httpx.AsyncClient(transport=transport, timeout=10, trust_env=False)
        self._tasks: set[asyncio.Task[None]] = set()
        self.told = 0
        self.lost = 0

    def say(self, reply: Reply) -> None:
        """Send a result when its time has come; over the limit it is lost, and counted."""
        if self._url is None or len(self._tasks) >= WAITING_MAX:
            self.lost += 1
            return
        task = asyncio.create_task(self._send(self._url, reply))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Forget what waits and close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _send(self, url: str, reply: Reply) -> None:
        await asyncio.sleep(reply.after_s)
        body = msgspec.json.encode(reply.result)
        headers = self._headers | {"Content-Type": "application/json"}
        for attempt in range(TRIES):
            try:
                answer = await self._client.post(url, content=body, headers=headers)
            except httpx.HTTPError as error:
                words = type(error).__name__
            else:
                if answer.status_code < 500:
                    self.told += answer.is_success
                    self.lost += not answer.is_success
                    return
                words = str(answer.status_code)
            log.warning("result of %s not taken: %s", reply.result.command_id, words)
            await asyncio.sleep(FIRST_PAUSE_S * 2**attempt)
        self.lost += 1

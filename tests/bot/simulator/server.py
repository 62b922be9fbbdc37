"""Runs the simulator as its own process, as `wangge up` does."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec

from bot.simulator.config import SimulatorConfig

START_S = 30


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(
    config: SimulatorConfig, place: Path, port: int
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """The process and a client for it; the process is ended when the block ends."""
    path = place / "simulator.json"
    path.write_bytes(msgspec.json.encode(config))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.simulator", str(path), "--port", str(port)
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            await _until_it_serves(process, client)
            yield process, client
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until_it_serves(process: asyncio.subprocess.Process, client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(START_S):
        while process.returncode is None:
            try:
                await client.get("/control/counters")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return
    raise AssertionError("the simulator ended before it served")

"""A real web process of ours on the test database: `wangge serve` on a port of its own."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def serving(values: Mapping[str, str], log: Path) -> AsyncIterator[str]:
    """Start a web process with these settings; gives its address, stops it with SIGTERM."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("WANGGE_")}
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environ | dict(values),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    base_url = f"http://127.0.0.1:{port}"
    try:
        await _answers(process, base_url, log)
        yield base_url
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20)


async def _answers(process: "subprocess.Popen[bytes]", base_url: str, log: Path) -> None:
    ends = time.monotonic() + 30
    async with httpx.AsyncClient() as client:
        while time.monotonic() < ends:
            if process.poll() is not None:
                raise AssertionError(f"the web process ended: {log.read_text()[-2000:]}")
            try:
                if (await client.get(f"{base_url}/health/live")).is_success:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    raise AssertionError(f"the web process does not answer: {log.read_text()[-2000:]}")

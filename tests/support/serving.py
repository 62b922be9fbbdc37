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
#: Long enough for every key of a test installation.
TEST_SECRET = "0123456789abcdef0123456789abcdef"


def web_settings(database_url: str, redis_url: str) -> dict[str, str]:
    """The settings of a web process on the test database."""
    return {
        "WANGGE_DATABASE_URL": database_url,
        "WANGGE_REDIS_URL": redis_url,
        "WANGGE_BASE_URL": "http://testserver",
        "WANGGE_SESSION_KEYS": f"k1:{TEST_SECRET}",
        "WANGGE_COOKIE_KEYS": f"c1:{TEST_SECRET}",
        "WANGGE_WECHAT_APP_ID": "wxsim0123456789",
        "WANGGE_WECHAT_APP_SECRET": TEST_SECRET,
        "WANGGE_WECHAT_ORIGINAL_ID": "gh_1234567890ab",
        "WANGGE_WECHAT_TOKEN": "test-token-0123456789",
        "WANGGE_WECHAT_ENCODING_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        "WANGGE_DEMO": "true",
    }


@asynccontextmanager
async def serving(values: Mapping[str, str], log: Path) -> AsyncIterator[str]:
    """Start a web process with these settings; gives its address, stops it with SIGTERM."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = _start(values, log, port)
    base_url = f"http://127.0.0.1:{port}"
    try:
        await _answers(process, base_url, log)
        yield base_url
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20)


def _start(values: Mapping[str, str], log: Path, port: int) -> "subprocess.Popen[bytes]":
    environ = {key: value for key, value in os.environ.items() if not key.startswith("WANGGE_")}
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "backend", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environ | dict(values),
            stdout=out,
            stderr=subprocess.STDOUT,
        )


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8")[-2000:]


async def _answers(process: "subprocess.Popen[bytes]", base_url: str, log: Path) -> None:
    ends = time.monotonic() + 30
    async with httpx.AsyncClient() as client:
        while time.monotonic() < ends:
            if process.poll() is not None:
                raise AssertionError(f"the web process ended: {_tail(log)}")
            try:
                if (await client.get(f"{base_url}/health/live")).is_success:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    raise AssertionError(f"the web process does not answer: {_tail(log)}")

"""Valkey on one machine: a password, odd paths, and nothing lost by kill -9."""

import os
import signal
from pathlib import Path

import pytest
from arq.connections import RedisSettings, create_pool
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from backend.embedded import EmbeddedValkey, HomeInUse
from tests.support.launching import HOLD_VALKEY, first_line, gone, launched, wait_until


async def test_keys_outlive_kill_9_in_an_awkward_path(tmp_path: Path) -> None:
    home = tmp_path / "容美 供电所 home"
    with launched(HOLD_VALKEY, home) as launcher:
        pid, url = first_line(launcher)
        async with Redis.from_url(url) as client:
            await client.set("kept", "7")
        os.kill(int(pid), signal.SIGKILL)
    async with EmbeddedValkey(home) as again, Redis.from_url(again.url) as client:
        assert again.url == url
        assert await client.get("kept") == b"7"


async def test_valkey_ends_with_its_launcher(tmp_path: Path) -> None:
    with launched(HOLD_VALKEY, tmp_path / "home") as launcher:
        pid, _ = first_line(launcher)
    wait_until(lambda: gone(int(pid)), "Valkey ends with its launcher")


async def test_nobody_enters_without_the_password(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path / "home", durable=False) as server:
        async with Redis.from_url(server.url.replace("redis://:", "redis://:x")) as client:
            with pytest.raises(AuthenticationError):
                await client.ping()
        conf = tmp_path / "home" / "valkey" / "valkey.conf"
        assert conf.stat().st_mode & 0o777 == 0o600


async def test_arq_reads_the_address(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path / "home", durable=False) as server:
        pool = await create_pool(RedisSettings.from_dsn(server.url))
        assert await pool.ping()
        await pool.aclose()


async def test_a_restart_keeps_address_and_keys(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path / "home") as server:
        url = server.url
        async with Redis.from_url(url) as client:
            await client.set("kept", "7")
        os.kill(server.child.pid, signal.SIGKILL)
        await server.restart()
        async with Redis.from_url(url) as client:
            assert await client.get("kept") == b"7"


async def test_a_second_start_is_refused(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path / "home", durable=False):
        with pytest.raises(HomeInUse):
            await EmbeddedValkey(tmp_path / "home").__aenter__()

"""The two web processes of rows a, b and c, and one round of load on one of them."""

import asyncio
import os
import pickle
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from backend.embedded.home import free_port
from tests.backend.worker_process import worker_environment
from tests.benchmarks.load import Outcome
from tests.benchmarks.replay import Recipe
from tests.benchmarks.services import Services
from tests.support.launching import ROOT

#: Requests of each connection, in their order.
Plan = list[list[bytes]]


class Server(NamedTuple):
    """One web process under load."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def cpu_s(self) -> float:
        """Processor seconds that the process has used so far, in user and in system mode."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def both(
    services: Services, recipes: dict[str, Recipe]
) -> AsyncIterator[tuple[Server, Server]]:
    """`wangge serve` and the bare application, one process each."""
    values = worker_environment(services.app_url, services.redis_url, demo=False)
    file = services.directory / "recipes"
    file.write_bytes(pickle.dumps(recipes))
    ports = [free_port(), free_port()]
    ours = ["backend", "serve", "--port", str(ports[0])]
    bare = ["tests.benchmarks.bare_web", str(ports[1])]
    servers = [
        Server(port, _start(command, values | {"BENCH_RECIPES": str(file)}, log), log)
        for port, command, log in zip(
            ports,
            (ours, bare),
            (services.directory / "web.log", services.directory / "bare.log"),
            strict=True,
        )
    ]
    try:
        for server in servers:
            await _listens(server)
        yield servers[0], servers[1]
    finally:
        for server in servers:
            server.process.terminate()
            await asyncio.to_thread(server.process.wait, 20)


def _start(module: list[str], values: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", *module], cwd=ROOT, env=values, stdout=out, stderr=out
        )


async def _listens(server: Server) -> None:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        assert server.process.poll() is None, server.log.read_text()[-2000:]
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise AssertionError("the server does not listen")


class Round(NamedTuple):
    """What the load generator saw, and what the server's process used for each request."""

    outcome: Outcome
    cpu_ms: float


async def send(services: Services, server: Server, plan: Plan) -> Round:
    """One round by the load generator's own process; every answer must be a 200."""
    files = [services.directory / name for name in ("plan", "outcome")]
    await asyncio.to_thread(files[0].write_bytes, pickle.dumps(plan))
    used_s = server.cpu_s()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.load", str(server.port), *map(str, files), cwd=ROOT
    )
    assert await process.wait() == 0
    used_s = server.cpu_s() - used_s
    outcome = Outcome(*pickle.loads(await asyncio.to_thread(files[1].read_bytes)))
    assert set(outcome.statuses) == {200}, server.log.read_text()[-3000:]
    return Round(outcome, used_s * 1000 / sum(outcome.statuses.values()))

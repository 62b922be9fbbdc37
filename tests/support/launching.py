"""Small programs that tests start, kill and look at from outside."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from backend.embedded.home import command_of

ROOT = Path(__file__).parents[2]

HOLD_POSTGRES = """
import asyncio, sys
from pathlib import Path
from backend.embedded import EmbeddedPostgres

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1])) as pg:
        print(pg.child.pid, pg.owner_url, flush=True)
        await asyncio.sleep(120)

asyncio.run(main())
"""

HOLD_VALKEY = """
import asyncio, sys
from pathlib import Path
from backend.embedded import EmbeddedValkey

async def main():
    async with EmbeddedValkey(Path(sys.argv[1])) as valkey:
        print(valkey.child.pid, valkey.url, flush=True)
        await asyncio.sleep(120)

asyncio.run(main())
"""


SLEEP = "import time; print('up', flush=True); time.sleep(60)"

HOLD_PORT = """
import socket, sys, time
held = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("held", flush=True)
time.sleep(60)
"""


@contextlib.contextmanager
def launched(
    program: str, *arguments: str | Path, user: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program in its own process; whatever happens, it is gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        user=user,
        group=user,
        extra_groups=[] if user is not None else None,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


NOBODY = 65534


def others_can_run_this() -> bool:
    """Whether another user reaches this checkout and its Python (a private home closes both)."""
    try:
        return (
            subprocess.run(
                [sys.executable, "-c", "import backend.embedded"],
                cwd=ROOT,
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                capture_output=True,
                env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
            ).returncode
            == 0
        )
    except PermissionError:
        return False


def can_become_another_user() -> bool:
    """Root, in a checkout that is not closed to others."""
    return os.geteuid() == 0 and others_can_run_this()


def first_line(process: subprocess.Popen[str]) -> list[str]:
    """The words of the first line, or a failure that shows what the program said instead."""
    assert process.stdout is not None
    line = process.stdout.readline().split()
    assert line, process.communicate()[1]
    return line


def wait_until(condition: Callable[[], bool], what: str, within_s: float = 15.0) -> None:
    """Poll a fact about the outside world until it holds."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"not within {within_s} s: {what}"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    """Whether no live process has this pid (a zombie counts as gone)."""
    return command_of(pid) == ""


def owner_of(pid: int | str) -> int:
    """The user id a live process runs as, as the rest of the machine sees it."""
    return Path(f"/proc/{pid}").stat().st_uid

"""Servers that a dead launcher left behind, and pid files that lie."""

import asyncio
import os
import signal
from pathlib import Path

from backend.embedded.home import EmbeddedError, command_of


def pid_file_status(data: Path) -> tuple[int, str] | None:
    """(pid, status) of PostgreSQL's own pid file: line 1 and line 8; None without one."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
    except OSError:
        return None
    if not lines or not lines[0].strip().isdigit():
        return None
    return int(lines[0]), lines[7].strip() if len(lines) > 7 else ""


async def end_stray_server(data: Path) -> None:
    """End a PostgreSQL still running on `data` and remove its pid file; raises EmbeddedError."""
    status = pid_file_status(data)
    if status is not None:
        await end_process(status[0], str(data), signal.SIGINT)
    (data / "postmaster.pid").unlink(missing_ok=True)


async def end_process(pid: int, mark: str, number: signal.Signals, wait_s: float = 20.0) -> None:
    """End `pid`, but only while its command line holds `mark`.

    After a crash the number may belong to a stranger, who must not be signalled.
    """
    try:
        async with asyncio.timeout(wait_s):
            while mark in command_of(pid):
                os.kill(pid, number)
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise EmbeddedError(f"process {pid} holds {mark} and does not end") from None
    except ProcessLookupError:
        return

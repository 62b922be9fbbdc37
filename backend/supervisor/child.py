"""One child process: in its own session, on the leash, its words in a log file."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.supervisor import leash

LEASH = Path(leash.__file__)
KILL_WAIT_S = 5.0
LOG_MAX_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """What to run and how to end it."""

    name: str
    command: Sequence[str]
    log_path: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    identity: str = "same"
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 10.0
    pass_fds: tuple[int, ...] = ()
    cwd: Path | None = None


def leashed(spec: ChildSpec) -> list[str]:
    """The command line that runs `spec.command` tied to this process."""
    return [
        sys.executable,
        "-I",
        "-S",
        str(LEASH),
        str(os.getpid()),
        str(int(spec.orphan_signal)),
        spec.identity,
        *spec.command,
    ]


class Child:
    """A running process; `wait` tells its exit code, `stop` ends it within its grace."""

    def __init__(self, spec: ChildSpec, process: asyncio.subprocess.Process) -> None:
        self.spec = spec
        self._process = process

    @classmethod
    async def start(cls, spec: ChildSpec) -> "Child":
        """Start `spec` in its own session; raises OSError when it cannot be started.

        The parent-death signal belongs to the thread that starts the child: call this from the
        thread that lives as long as the process, which is the one that runs the event loop.
        """
        with open_log(spec.log_path) as log:
            process = await asyncio.create_subprocess_exec(
                *leashed(spec),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(spec.environ) if spec.environ else None,
                start_new_session=True,
                pass_fds=spec.pass_fds,
                cwd=spec.cwd,
            )
        return cls(spec, process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for the end and return the exit code."""
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a child that has already ended is left in peace."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def stop(self) -> int:
        """Ask it to end, wait its grace, then kill its whole session; return the exit code."""
        self.send(self.spec.stop_signal)
        try:
            await asyncio.wait_for(self.wait(), self.spec.grace_s)
        except TimeoutError:
            self.kill()
            await asyncio.wait_for(self.wait(), KILL_WAIT_S)
        return await self.wait()

    def kill(self) -> None:
        """End the child and whatever it started, now."""
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def last_words(self, max_lines: int = 5) -> str:
        """The end of its log, to be shown when it died."""
        try:
            text = self.spec.log_path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-max_lines:])


@contextlib.contextmanager
def open_log(path: Path) -> Iterator[int]:
    """Open a log file of mode 0600 for appending, for the moment in which a child takes it.

    One that has grown past its limit is put aside first, in the place of the last one put aside.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.stat().st_size > LOG_MAX_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield fd
    finally:
        os.close(fd)

"""Run `wangge up` as a person would: in its own process, and look at it from outside."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support.launching import ROOT, gone

STARTS_WITHIN_S = 90.0
STOPS_WITHIN_S = 40.0


class Running:
    """One `wangge up` and what it says of itself."""

    def __init__(self, home: Path, process: subprocess.Popen[bytes], said: Path) -> None:
        self.home = home
        self.process = process
        self._said = said

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    @property
    def ready(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "ready.json").read_text(encoding="utf-8"))
        return found

    def pid_of(self, name: str) -> int:
        return next(int(one["pid"]) for one in self.ready["processes"] if one["name"] == name)

    def wait_until_ready(self) -> dict[str, Any]:
        """The content of this run's `ready.json`, or a failure that shows what was said instead.

        After a kill -9 the file of the last run lies there until the next start takes it away.
        """
        end = time.monotonic() + STARTS_WITHIN_S
        while not self._is_ready():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.1)
        return self.ready

    def _is_ready(self) -> bool:
        file = self.home / "ready.json"
        return file.exists() and self.ready["pid"] == self.process.pid

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOPS_WITHIN_S)


@contextlib.contextmanager
def up(home: Path, *options: str, user: int | None = None) -> Iterator[Running]:
    """`wangge up --home HOME OPTIONS`; whatever happens, all its processes are gone at the end."""
    said = home.parent / f"said-{home.name}"
    with said.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend", "up", "--home", str(home), *options],
            stdout=output,
            stderr=output,
            cwd=ROOT,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
            env={name: value for name, value in os.environ.items() if "WANGGE" not in name},
        )
    running = Running(home, process, said)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOPS_WITHIN_S)
        if process.poll() is None:
            process.kill()
            process.wait()


def wangge(
    *line: str, given: str = "", settings: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """One command to its end, with what it said; `settings` is all it is told from outside."""
    kept = {name: value for name, value in os.environ.items() if "WANGGE" not in name}
    return subprocess.run(
        [sys.executable, "-m", "backend", *line],
        input=given,
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
        check=False,
        env=kept | dict(settings or {}),
    )


def all_gone(pids: list[int]) -> bool:
    return all(gone(pid) for pid in pids)

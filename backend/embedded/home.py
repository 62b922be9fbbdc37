"""The directory of a one-machine installation: its lock, its private files, its free ports."""

import fcntl
import os
import secrets
import socket
import subprocess
from pathlib import Path

from backend.refused import Refused

LOOPBACK = "127.0.0.1"


class EmbeddedError(Refused):
    """An embedded service cannot run; the text says why in one line."""


class HomeInUse(EmbeddedError):
    """Another process holds this directory."""


def make_private_directory(path: Path) -> None:
    """Make `path` with mode 0700 and its missing parents with ordinary modes.

    A directory that exists keeps the mode it has: a home inside somebody's private directory
    must not open that directory, nor close it.
    """
    if path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, content: str) -> None:
    """Replace a file of mode 0600 in one step: a reader sees the old text or the new."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


class HomeLock:
    """A lock on a directory that the kernel gives back when its holder dies."""

    def __init__(self, directory: Path, what: str) -> None:
        """`what` names the thing in the refusal, as in "this home"."""
        self._path = directory / "lock"
        self._what = what
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock; raises HomeInUse when another process holds it."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(fd, 32).decode(errors="replace").strip() or "another process"
            os.close(fd)
            raise HomeInUse(
                f"{self._what} is already in use by process {holder}: {self._path.parent}"
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Give the lock back; the file stays, for removing it would race with the next holder."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def port_is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on `port` now (it may be taken a moment later)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = LOOPBACK) -> int:
    """A port the kernel says is free on `host`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def command_of(pid: int) -> str:
    """The command line of a live process with NULs as spaces; empty when there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""
        return raw.replace(b"\0", b" ").decode(errors="replace").strip()
    listed = subprocess.run(  # noqa: S603 -- a fixed program and a number
        ["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip()

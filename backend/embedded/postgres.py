"""An embedded PostgreSQL: started, watched and stopped by us, on the loopback address."""

import asyncio
import re
import secrets
import shutil
import signal
from pathlib import Path
from types import TracebackType

import asyncpg
import msgspec

from backend.embedded import installation as places
from backend.embedded.home import (
    LOOPBACK,
    EmbeddedError,
    HomeLock,
    free_port,
    make_private_directory,
    port_is_free,
    write_private,
)
from backend.embedded.installation import Confinement, Installation
from backend.embedded.stray import end_stray_server, pid_file_status
from backend.supervisor.child import Child, ChildSpec

OWNER_ROLE = "wangge_owner"
APP_ROLE = "wangge_app"
DATABASE = "wangge"
SUPERUSER = "postgres"
START_TIMEOUT_S = 60.0
STOP_GRACE_S = 30.0
START_TRIES = 3

_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")

_ALWAYS = {
    "listen_addresses": LOOPBACK,
    # Only the loopback address: no socket file, so no 107-byte limit and nothing stale to remove.
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # Statements and their parameters hold personal text; the log must not.
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # A row that breaks a constraint is told in the details, every column of it.
    "log_error_verbosity": "terse",
}
_FLEETING = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10min",
}


class _State(msgspec.Struct, kw_only=True):
    """What one home remembers between starts, kept in a file of mode 0600."""

    port: int
    superuser_password: str
    owner_password: str
    app_password: str


class EmbeddedPostgres:
    """PostgreSQL 18 below `home/postgres`, with an owner role, a run-time role and a database.

    `durable=False` turns off everything that protects data from a crash, for tests. Use it as an
    async context manager in the thread that lives as long as the process. Raises HomeInUse when
    another process holds the home and EmbeddedError when PostgreSQL cannot run here.
    """

    def __init__(
        self, home: Path, *, durable: bool = True, confinement: Confinement | None = None
    ) -> None:
        self.home = home.resolve()
        self._directory = self.home / "postgres"
        self._durable = durable
        self._confinement = confinement
        self._lock = HomeLock(self._directory, "this PostgreSQL directory")
        self._child: Child | None = None
        self._state: _State | None = None

    async def __aenter__(self) -> "EmbeddedPostgres":
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
    def owner_url(self) -> str:
        """The address of the role that owns the tables (migrations, backups)."""
        return self.url_of(DATABASE, OWNER_ROLE)

    @property
    def app_url(self) -> str:
        """The address of the run-time role."""
        return self.url_of(DATABASE, APP_ROLE)

    @property
    def child(self) -> Child:
        """The running server, for a supervisor to watch."""
        if self._child is None:
            raise EmbeddedError("PostgreSQL is not running")
        return self._child

    @property
    def log_path(self) -> Path:
        return self.home / "logs" / "postgres.log"

    def url_of(self, database: str, role: str = OWNER_ROLE) -> str:
        """The address of `database` for one of the three roles of this server."""
        state = self._remembered()
        passwords = {
            SUPERUSER: state.superuser_password,
            OWNER_ROLE: state.owner_password,
            APP_ROLE: state.app_password,
        }
        # The bundled server speaks no TLS; saying so spares each client a look for certificates.
        return (
            f"postgresql://{role}:{passwords[role]}@{LOOPBACK}:{state.port}/{database}"
            "?sslmode=disable"
        )

    async def create_database(self, name: str, *, template: str | None = None) -> None:
        """Make a database owned by the owner role, empty or as a copy of `template`."""
        source = _checked_name(template) if template else "template0"
        await self._as_superuser(
            f"CREATE DATABASE {_checked_name(name)} OWNER {OWNER_ROLE} TEMPLATE {source}"
        )

    async def drop_database(self, name: str) -> None:
        """Remove a database and cut off whoever still uses it."""
        await self._as_superuser(f"DROP DATABASE IF EXISTS {_checked_name(name)} WITH (FORCE)")

    async def restart(self) -> Child:
        """Start again after the server died; the address and the data stay."""
        if self._child is not None:
            await self._child.stop()
        await self._start(keeps_address=True)
        return self.child

    async def stop(self) -> None:
        """Stop the server in order, write everything down, give the home back."""
        try:
            if self._child is not None:
                await self._child.stop()
        finally:
            self._child = None
            self._lock.release()

    async def _start(self, *, keeps_address: bool = False) -> None:
        place = places.prepare(self._directory, self._confinement)
        self._state = self._load_state()
        await end_stray_server(place.data)
        if not place.data.exists():
            self._initialise(place)
        for attempt in range(1, START_TRIES + 1):
            if not keeps_address:
                self._choose_port()
            self._child = await Child.start(self._spec(place))
            if await self._becomes_ready(place):
                break
            # Between choosing a free port and taking it somebody else may have taken it.
            if attempt == START_TRIES:
                raise EmbeddedError(f"PostgreSQL does not start: {self._child.last_words()}")
        await self._make_roles()

    def _remembered(self) -> _State:
        if self._state is None:
            raise EmbeddedError("PostgreSQL was never started")
        return self._state

    def _load_state(self) -> _State:
        path = self._directory / "state.json"
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=_State)
        state = _State(
            port=free_port(),
            superuser_password=secrets.token_hex(24),
            owner_password=secrets.token_hex(24),
            app_password=secrets.token_hex(24),
        )
        write_private(path, msgspec.json.encode(state).decode())
        return state

    def _choose_port(self) -> None:
        """Keep the port of the last start when it is free, so that addresses stay good."""
        state = self._remembered()
        if not port_is_free(state.port):
            state.port = free_port()
            write_private(self._directory / "state.json", msgspec.json.encode(state).decode())

    def _initialise(self, place: Installation) -> None:
        """Make the data directory beside its final name, so that a half-made one is never used."""
        fresh = place.directory / "data.new"
        password_file = place.directory / "password"
        shutil.rmtree(fresh, ignore_errors=True)
        write_private(password_file, self._remembered().superuser_password + "\n")
        place.give(password_file)
        try:
            places.run_program(
                place, places.initdb_command(place, SUPERUSER, fresh, password_file), self.log_path
            )
        finally:
            password_file.unlink()
        fresh.rename(place.data)

    def _spec(self, place: Installation) -> ChildSpec:
        options = _ALWAYS | ({} if self._durable else _FLEETING)
        options["port"] = str(self._remembered().port)
        command = [place.program("postgres"), "-D", str(place.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return ChildSpec(
            name="postgres",
            command=command,
            log_path=self.log_path,
            environ=places.plain_environment(),
            identity=place.identity,
            # SIGINT is PostgreSQL's fast stop: clients are cut off, everything is written down.
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGINT if self._durable else signal.SIGQUIT,
            grace_s=STOP_GRACE_S,
            cwd=Path("/"),
        )

    async def _becomes_ready(self, place: Installation) -> bool:
        """Wait until the server says it is ready; False when it ended instead."""
        child = self.child
        async with asyncio.timeout(START_TIMEOUT_S):
            while child.exit_code is None:
                if pid_file_status(place.data) == (child.pid, "ready"):
                    return True
                await asyncio.sleep(0.02)
        return False

    async def _make_roles(self) -> None:
        """Make roles and database where they are missing, also after a start that was cut off."""
        state = self._remembered()
        connection = await asyncpg.connect(self.url_of("postgres", SUPERUSER))
        try:
            roles = {row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
            for role, password in (
                (OWNER_ROLE, state.owner_password),
                (APP_ROLE, state.app_password),
            ):
                if role not in roles:
                    await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
            found = await connection.fetchval(
                "SELECT 1 FROM pg_database WHERE datname = $1", DATABASE
            )
        finally:
            await connection.close()
        if not found:
            await self.create_database(DATABASE)
        # So that whoever knows the address finds the home that it belongs to.
        await self._as_superuser(f"COMMENT ON DATABASE {DATABASE} IS {_quoted(str(self.home))}")

    async def _as_superuser(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url_of("postgres", SUPERUSER))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _quoted(text: str) -> str:
    """A literal for statements that take no parameters, under standard_conforming_strings."""
    return "'" + text.replace("'", "''") + "'"


def _checked_name(name: str) -> str:
    if not _NAME.match(name):
        raise EmbeddedError(f"not a database name: {name!r}")
    return name

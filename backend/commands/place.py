"""Which installation a command works on: the environment's, or a one-machine home."""

import argparse
import asyncio
import tomllib
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from backend.commands.words import CommandRefused
from backend.settings import CONFIG_VARIABLE, PREFIX

DEFAULT_HOME = ".wangge"
SETTINGS_FILE = "settings.toml"
HOME_VARIABLE = PREFIX + "HOME"
DATABASE_VARIABLE = PREFIX + "DATABASE_URL"
LOOPBACK = "127.0.0.1"
ASKED_WITHIN_S = 3.0


def add_home_argument(parser: argparse.ArgumentParser) -> None:
    """Let a command be pointed at a home that `wangge up` made."""
    parser.add_argument(
        "--home",
        metavar="DIR",
        help=f"work on the installation of `wangge up --home DIR` (default {DEFAULT_HOME}, "
        "when the environment names no database)",
    )


def split_home(given: Sequence[str]) -> tuple[str | None, list[str]]:
    """Take `--home DIR` out of a command line, wherever it stands: (DIR, the rest).

    A command with verbs of its own would otherwise know the option only before its verb.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, prog="wangge")
    parser.add_argument("--home", metavar="DIR")
    found, rest = parser.parse_known_args(list(given))
    return found.home, rest


def adopt_home(environ: MutableMapping[str, str], home: str | None) -> None:
    """Name the settings file of a home in `environ`, where that is what the caller means.

    A home given by option must exist. Without one, settings that the environment names itself
    win; a home is taken only when it speaks of the same database: the default one, or the one
    that the database itself names, for the address in `ready.json` is all that somebody may have.
    """
    if home is not None:
        path = Path(home).resolve() / SETTINGS_FILE
        if not path.exists():
            raise CommandRefused(f"no installation in {path.parent}: run `wangge up` there first")
        environ[CONFIG_VARIABLE] = str(path)
        return
    if CONFIG_VARIABLE in environ:
        return
    path = Path(environ.get(HOME_VARIABLE, DEFAULT_HOME)).resolve() / SETTINGS_FILE
    if path.exists() and _same_database(environ, path):
        environ[CONFIG_VARIABLE] = str(path)
        return
    named = environ.get(DATABASE_VARIABLE, "")
    found = asyncio.run(_home_named_by(named)) if urlsplit(named).hostname == LOOPBACK else None
    if found and (path := Path(found) / SETTINGS_FILE).exists() and _same_database(environ, path):
        environ[CONFIG_VARIABLE] = str(path)


async def _home_named_by(database_url: str) -> str | None:
    """The home that an embedded database says it belongs to; None when none answers."""
    try:
        connection = await asyncpg.connect(database_url, timeout=ASKED_WITHIN_S)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
    try:
        found: str | None = await connection.fetchval(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = current_database()"
        )
        return found
    finally:
        await connection.close()


def _same_database(environ: Mapping[str, str], path: Path) -> bool:
    named = environ.get(DATABASE_VARIABLE)
    if named is None:
        return True
    try:
        return bool(tomllib.loads(path.read_text(encoding="utf-8")).get("database_url") == named)
    except (OSError, ValueError):
        return False
